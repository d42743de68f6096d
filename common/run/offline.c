#include "common/run/offline.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/base/hash.h"
#include "common/data/entry.h"
#include "common/data/json.h"
#include "common/data/pack.h"
#include "common/run/output.h"

enum {
    STEP_BYTES = 64 * 1024, /* of a file in one step: what is shown keeps its order */
    JOB_FIELDS_MAX = 64,
    SRC_DIGITS = 16,
};

struct station { /* a stage at work */
    struct worker worker;
    struct arena arena;
    bool is_open;
};
struct offline {
    struct offline_setup setup;
    struct services services;
    struct station *stations;   /* one a stage of the pipeline; owned */
    struct arena file;          /* of the file at hand: */
    str fields[JOB_FIELDS_MAX]; /* of its job */
    uint32_t field_count;
    str folder, uri;
    char src[SRC_DIGITS];
    uint32_t stop;    /* number of a stage; UINT32_MAX: none */
    uint64_t rows;    /* of the file, so far */
    bool is_finished; /* the stage at work has called back */
    struct error *err;
};

static void run_stage(struct offline *o, uint32_t number, struct record *const *records,
                      uint32_t n, const str *cols);

/* What a stage finds behind it. */

static void on_finish(struct worker *w, struct batch *b)
{
    struct offline *o = w->runner;

    (void)b;
    o->is_finished = true;
}

static void on_give_up(struct worker *w, struct batch *b, const struct error *err)
{
    struct offline *o = w->runner;

    (void)b;
    error_set(o->err, ERR_DATA, "stage '" STR_FMT "' cannot work: %s", STR_ARG(w->name),
              err->text);
}

static void on_note(struct worker *w, struct notes *n)
{
    (void)w;
    n->done(n->ctx, true);
}

static str on_job(struct worker *w, const struct batch *b, const str **fields, uint32_t *count)
{
    struct offline *o = w->runner;

    (void)b;
    *fields = o->fields;
    *count = o->field_count;
    return STR("job");
}

static bool on_source(struct worker *w, str src, struct source_info *info)
{
    const struct offline *o = w->runner;

    if (!o->uri.n || !str_equal(src, (str){o->src, SRC_DIGITS}))
        return false;
    *info = (struct source_info){.uri = o->uri};
    return true;
}

static const struct host host = {
    .finish = on_finish,
    .give_up = on_give_up,
    .note = on_note,
    .job = on_job,
    .source = on_source,
};

static uint64_t random_bits(void *ctx)
{
    uint64_t bits = 0;

    (void)ctx;
    if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
        die("no random bytes");
    return bits;
}

/* Opening and closing. */

static int open_station(struct offline *o, const struct pipeline_stage *def, struct station *s,
                        struct error *err)
{
    struct findings findings = {.arena = &s->arena};

    s->worker = (struct worker){.stage = def->kind,
                                .services = &o->services,
                                .name = def->name,
                                .config = def->config,
                                .arena = &s->arena,
                                .host = &host,
                                .runner = o};
    if (def->kind->is_end)
        return 0; /* its destination is not here */
    s->worker.state = arena_zalloc(&s->arena, def->kind->state_size);
    setting_fill(def->kind->settings, def->config, s->worker.state, &findings);
    if (findings.errors)
        return error_set(err, ERR_CONFIG, "stage '" STR_FMT "': " STR_FMT, STR_ARG(def->name),
                         STR_ARG(findings.list[0].text));
    if (def->kind->open && def->kind->open(&s->worker, err))
        return err->code;
    s->is_open = true;
    return 0;
}

struct offline *offline_open(const struct offline_setup *setup, struct error *err)
{
    struct offline *o = xalloc(sizeof(*o));
    const struct pipeline *p = setup->pipeline;
    int rc = 0;

    *o = (struct offline){.setup = *setup, .stop = UINT32_MAX};
    o->services = (struct services){.clock = setup->clock,
                                    .random = random_bits,
                                    .roots = &o->folder,
                                    .root_count = 1,
                                    .canned = setup->canned,
                                    .canned_ctx = setup->canned_ctx,
                                    .pipeline_version = p->version};
    o->stations = xalloc((p->stage_count + 1) * sizeof(*o->stations));
    if (setup->stop.n && !pipeline_find(p, setup->stop, &o->stop))
        rc = error_set(err, ERR_CONFIG, "the pipeline has no stage '" STR_FMT "'",
                       STR_ARG(setup->stop));
    for (uint32_t i = 0; i < p->stage_count && rc == 0; i++)
        rc = open_station(o, &p->stages[i], &o->stations[i], err);
    if (rc == 0)
        return o;
    offline_close(o);
    return NULL;
}

void offline_close(struct offline *o)
{
    if (!o)
        return;
    for (uint32_t i = 0; i < o->setup.pipeline->stage_count; i++) {
        struct station *s = &o->stations[i];
        if (s->is_open && s->worker.stage->close)
            s->worker.stage->close(&s->worker);
        arena_free(&s->arena);
    }
    free(o->stations);
    arena_free(&o->file);
    free(o);
}

/* Records on their way. */

static void end(struct offline *o, enum offline_fate fate, str stage, const struct record *r,
                str reason, str detail)
{
    const struct offline_watch *watch = &o->setup.watch;
    const struct offline_end what = {fate, stage, r, reason, detail};

    if (watch->ended)
        watch->ended(watch->ctx, &what);
}

/* Where a record leaves the pipeline; false: it goes on along its route. */
static bool ends(struct offline *o, uint32_t number, const struct record *r)
{
    const struct pipeline_stage *def = &o->setup.pipeline->stages[number];

    switch (r->verdict) {
    case VERDICT_DEAD:
    case VERDICT_RETRY: /* nobody waits here */
        end(o, OFFLINE_DEAD, def->name, r, r->reason, r->detail);
        return true;
    case VERDICT_DROP:
        end(o, OFFLINE_FILTERED, def->name, r, r->reason, r->detail);
        return true;
    case VERDICT_PASS:
        break;
    }
    if (number == o->stop || def->kind->is_end) {
        end(o, OFFLINE_OUT, def->name, r, STR_NONE, STR_NONE);
        return true;
    }
    if (pipeline_reduces(o->setup.pipeline, number)) {
        end(o, OFFLINE_FILTERED, def->name, r, STR("reduced"),
            STR("it ends in a window or a table"));
        return true;
    }
    assert(r->route);
    if (r->route->act == ROUTE_TO)
        return false;
    end(o, r->route->act == ROUTE_DEAD ? OFFLINE_DEAD : OFFLINE_FILTERED, def->name, r,
        r->route->reason, STR("a row of the routes says so"));
    return true;
}

static void go_along(struct offline *o, const struct route *route,
                     struct record *const *records, uint32_t n, const str *cols)
{
    for (uint32_t i = 0; route && i < route->to_count; i++)
        run_stage(o, route->to[i], records, n, cols);
}

/* Neighbours that go the same way go together, so that everything keeps its order. */
static void hand_on(struct offline *o, uint32_t number, struct batch *b)
{
    const struct pipeline *p = o->setup.pipeline;
    const struct output_context c = {.pipeline = p, .stage = number};
    struct record **run = arena_alloc(&b->arena, (b->record_count + 1) * sizeof(*run));
    const struct route *route = NULL;
    const str *cols = b->progress ? &b->entries[0].cols : NULL;
    uint32_t n = 0;

    if (number != o->stop)
        output_route(&c, b);
    batch_each(r, b) {
        bool is_over = r->verdict != VERDICT_PASS || number == o->stop || !r->route ||
                       r->route->act != ROUTE_TO;
        if (n && (is_over || r->route != route)) {
            go_along(o, route, run, n, cols);
            n = 0;
        }
        if (ends(o, number, r))
            continue;
        route = r->route;
        run[n++] = r;
    }
    if (n)
        go_along(o, route, run, n, cols);
}

static void unpack(struct offline *o, struct batch *b, const struct pack *pack)
{
    str id = arena_printf(&b->arena, "%" PRIu64 "-0", clock_wall_ms(o->setup.clock)), detail;

    b->entries = arena_zalloc(&b->arena, pack->entries * sizeof(*b->entries));
    for (const struct pack_entry *e = pack->first; e; e = e->next)
        if (entry_decode(&b->arena, &b->entries[b->entry_count++], id, e->args, e->arg_count,
                         &detail))
            die("an entry of our own: " STR_FMT, STR_ARG(detail));
    batch_cut(b);
}

/* False, and an error: it waits for what is not here. */
static bool process(struct offline *o, struct station *s, struct batch *b, enum work *work)
{
    o->is_finished = false;
    *work = s->worker.stage->process(&s->worker, b);
    if (*work != WORK_LATER || o->is_finished)
        return true;
    if (!o->err->code)
        error_set(o->err, ERR_DATA,
                  "stage '" STR_FMT
                  "' does not work offline: stop before it with --stage; a test says what "
                  "it is answered under 'replies'",
                  STR_ARG(s->worker.name));
    return false;
}

static void work_on(struct offline *o, uint32_t number, struct batch *b)
{
    struct station *s = &o->stations[number];
    const struct offline_watch *watch = &o->setup.watch;
    str *were = arena_alloc(&b->arena, (b->record_count + 1) * sizeof(*were));
    enum work work;

    for (uint32_t i = 0; i < b->record_count; i++)
        were[i] = b->records[i].line;
    if (!process(o, s, b, &work))
        return;
    for (uint32_t i = 0; i < b->record_count && watch->worked; i++)
        watch->worked(watch->ctx, &s->worker, &b->records[i], were[i]);
    hand_on(o, number, b);
}

static void run_stage(struct offline *o, uint32_t number, struct record *const *records,
                      uint32_t n, const str *cols)
{
    const struct pipeline_stage *def = &o->setup.pipeline->stages[number];
    struct batch b = {0};
    struct pack pack = {0};

    if (o->err->code)
        return;
    if (def->kind->is_end) {
        for (uint32_t i = 0; i < n; i++)
            end(o, OFFLINE_OUT, def->name, records[i], STR_NONE, STR_NONE);
        return;
    }
    pack_records(&b.arena, &pack, records, n, cols);
    unpack(o, &b, &pack);
    work_on(o, number, &b);
    arena_free(&b.arena);
}

/* Files. */

static void take_field(struct offline *o, str name, str value)
{
    for (uint32_t i = 0; i + 1 < o->field_count; i += 2)
        if (str_equal(o->fields[i], name)) {
            if (str_equal(o->fields[i + 1], value))
                return;
            o->fields[i + 1] = arena_copy(&o->file, value);
            return;
        }
    if (o->field_count + 2 > JOB_FIELDS_MAX)
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

    if (e->src.n == SRC_DIGITS)
        memcpy(o->src, e->src.p, SRC_DIGITS);
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
        if (!process(o, s, &b, &work))
            break;
        for (uint32_t i = 0; b.progress && i + 1 < b.progress->field_count; i += 2)
            take_field(o, b.progress->fields[i], b.progress->fields[i + 1]);
        if (is_first)
            tell_begun(o, e);
        o->rows += b.record_count;
        hand_on(o, number, &b);
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

    if (!route) {
        end(o, OFFLINE_DEAD, STR("inbox"), &r, r.reason, r.detail);
        return;
    }
    if (route->act != ROUTE_TO) {
        end(o, route->act == ROUTE_DEAD ? OFFLINE_DEAD : OFFLINE_FILTERED, STR("inbox"), &r,
            route->reason, STR("a row of the routes says so"));
        return;
    }
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

static void begin(struct offline *o, str uri, str folder, struct error *err)
{
    arena_reset(&o->file);
    o->field_count = 0;
    o->rows = 0;
    o->err = err;
    o->uri = arena_copy(&o->file, uri);
    o->folder = arena_copy(&o->file, folder);
    hash_hex(hash_bytes(uri), o->src);
}

int offline_file(struct offline *o, str uri, str folder, struct error *err)
{
    begin(o, uri, folder, err);
    struct entry e = {.id = STR("0-1"), .uri = o->uri, .n = 1};
    e.at = clock_wall_ms(o->setup.clock);
    admit_file(o, &e);
    return err->code;
}

/* Records of one's own. */

static void admit_records(struct offline *o, struct batch *b, str from)
{
    struct record **one = arena_alloc(&b->arena, sizeof(*one));

    batch_each(r, b) {
        const struct route *route = route_match(&o->setup.pipeline->routes, from, r, &b->arena);
        *one = r;
        if (!route)
            end(o, OFFLINE_DEAD, from, r, r->reason, r->detail);
        else if (route->act == ROUTE_TO)
            go_along(o, route, one, 1, NULL);
        else
            end(o, route->act == ROUTE_DEAD ? OFFLINE_DEAD : OFFLINE_FILTERED, from, r,
                route->reason, STR("a row of the routes says so"));
    }
}

static void admit(struct offline *o, struct batch *b, const struct offline_records *in)
{
    const struct pipeline *p = o->setup.pipeline;
    uint32_t number = 0, stop = o->stop;
    bool is_inbox = in->entrance == OFFLINE_BEHIND && str_is(in->at, "inbox");
    const struct pipeline_stage *def = pipeline_find(p, in->at, &number);

    if (!is_inbox && !def)
        error_set(o->err, ERR_CONFIG, "the pipeline has no stage '" STR_FMT "'",
                  STR_ARG(in->at));
    else if (in->entrance == OFFLINE_BEHIND)
        admit_records(o, b, in->at);
    else if (def->kind->wants_jobs)
        error_set(o->err, ERR_DATA, "stage '" STR_FMT "' works on files, not on records",
                  STR_ARG(in->at));
    else if (def->kind->is_end)
        batch_each(r, b)
            end(o, OFFLINE_OUT, def->name, r, STR_NONE, STR_NONE);
    else {
        o->stop = in->entrance == OFFLINE_ALONE ? number : stop;
        work_on(o, number, b);
        o->stop = stop;
    }
}

int offline_records(struct offline *o, const struct offline_records *in, struct error *err)
{
    struct batch b = {0};

    begin(o, in->uri, STR_NONE, err);
    struct entry e = {.id = STR("0-1"),
                      .data = in->data,
                      .cols = in->cols,
                      .src = (str){o->src, SRC_DIGITS},
                      .row = 1,
                      .at = clock_wall_ms(o->setup.clock)};
    b.entries = &e;
    b.entry_count = 1;
    batch_cut(&b);
    admit(o, &b, in);
    arena_free(&b.arena);
    return err->code;
}

/* Places. */

str offline_job(const struct offline *o, str name)
{
    for (uint32_t i = 0; i + 1 < o->field_count; i += 2)
        if (str_equal(o->fields[i], name))
            return o->fields[i + 1];
    return STR_NONE;
}

uint64_t offline_rows(const struct offline *o)
{
    return o->rows;
}

uint64_t offline_row(const struct record *r)
{
    return r->entry->row + r->number;
}

bool offline_offset(const struct record *r, uint64_t *offset)
{
    str rest, value;

    if (str_starts(r->line, STR("[")))
        return json_open(r->line, &rest) && json_next_item(&rest, &value) &&
               str_to_u64(value, offset);
    if (!record_find(r, STR("sp_id"), &value) || value.n < 2)
        return false;
    const char *dash = memrchr(value.p, '-', value.n - 1);
    return dash && str_to_u64(str_between(dash + 1, str_end(value) - 1), offset);
}
