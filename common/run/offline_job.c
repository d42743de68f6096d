/* A file on its way: its job goes to the stages that split, step by step. */
#include "common/run/offline_parts.h"
#include "common/run/output.h"

enum { STEP_BYTES = 64 * 1024 }; /* of a file in one step: what is shown keeps its order */

static void take_field(struct offline *o, str name, str value)
{
    for (uint32_t i = 0; i + 1 < o->field_count; i += 2)
        if (str_equal(o->fields[i], name)) {
            if (str_equal(o->fields[i + 1], value))
                return;
            o->fields[i + 1] = arena_copy(&o->file, value);
            return;
        }
    if (o->field_count + 2 > OFFLINE_JOB_FIELDS_MAX)
        return;
    o->fields[o->field_count++] = arena_copy(&o->file, name);
    o->fields[o->field_count++] = arena_copy(&o->file, value);
}

static void tell_begun(struct offline *o, const struct entry *e)
{
    const struct offline_watch *watch = &o->setup.watch;
    const struct offline_file file = {.uri = o->uri,
                                      .src = e->src,
                                      .cols = e->cols,
                                      .fields = o->fields,
                                      .field_count = o->field_count};

    if (e->src.n == OFFLINE_SRC_DIGITS)
        memcpy(o->src, e->src.p, OFFLINE_SRC_DIGITS);
    if (watch->begun)
        watch->begun(watch->ctx, &file);
}

static void run_job(struct offline *o, uint32_t number, struct entry *e)
{
    struct station *s = &o->stations[number];
    struct batch b = {.entries = e, .entry_count = 1, .step_bytes = STEP_BYTES};
    enum work work = WORK_MORE;

    for (bool is_first = true; work == WORK_MORE && !o->err->code; is_first = false) {
        arena_reset(&b.arena);
        b.records = NULL;
        b.record_count = b.record_room = 0;
        b.progress = NULL;
        if (!offline_process(o, s, &b, &work))
            break;
        for (uint32_t i = 0; b.progress && i + 1 < b.progress->field_count; i += 2)
            take_field(o, b.progress->fields[i], b.progress->fields[i + 1]);
        if (is_first)
            tell_begun(o, e);
        o->rows += b.record_count;
        offline_hand_on(o, number, &b);
        if ((o->setup.rows && o->rows >= o->setup.rows) ||
            (o->setup.is_enough && *o->setup.is_enough))
            break;
    }
    arena_free(&b.arena);
}

static void admit_file(struct offline *o, struct entry *e)
{
    const struct pipeline *p = o->setup.pipeline;
    const str fields[] = {STR("uri"), o->uri};
    struct record r = {.entry = e, .line = output_entry_json(&o->file, fields, 2)};
    const struct route *route = route_match(&p->routes, STR("inbox"), &r, &o->file);

    if (offline_ends_by(o, STR("inbox"), &r, route))
        return;
    for (uint32_t i = 0; i < route->to_count && !o->err->code; i++) {
        if (p->stages[route->to[i]].kind->wants_jobs) {
            run_job(o, route->to[i], e);
            continue;
        }
        error_set(o->err, ERR_DATA,
                  "the routes lead a file to stage '" STR_FMT "', which splits none",
                  STR_ARG(p->stages[route->to[i]].name));
    }
}

int offline_file(struct offline *o, str uri, str folder, struct error *err)
{
    offline_begin(o, uri, folder, err);
    struct entry e = {.id = STR("0-1"), .uri = o->uri, .n = 1};
    e.at = clock_wall_ms(o->setup.clock);
    admit_file(o, &e);
    return err->code;
}

str offline_job(const struct offline *o, str name)
{
    for (uint32_t i = 0; i + 1 < o->field_count; i += 2)
        if (str_equal(o->fields[i], name))
            return o->fields[i + 1];
    return STR_NONE;
}
