#include "workers/dispatch_door.h"

#include <inttypes.h>

#include "common/data/json.h"
#include "common/data/origin.h"
#include "common/run/dead.h"
#include "common/run/output.h"

static const char only_files[] = "a split stage takes a uri, and nothing else does";

struct sorter {
    const struct door_context *c;
    struct batch *b;
    struct arena *arena;
    struct entry *entry;
    struct admit *admits;
    struct record ***lists; /* per stage */
    uint32_t *lengths;
    int64_t filtered, dead;
};

static struct admit *admit_to(struct sorter *s, str topic)
{
    struct admit *a = arena_zalloc(s->arena, sizeof(*a));

    *a = (struct admit){.next = s->admits, .topic = topic};
    return s->admits = a;
}

static struct admit *dead_admit(struct sorter *s)
{
    for (struct admit *a = s->admits; a; a = a->next)
        if (str_is(a->topic, "dead"))
            return a;
    return admit_to(s, STR("dead"));
}

static void bury(struct sorter *s, const struct record *r)
{
    struct admit *a = dead_admit(s);

    dead_add(s->arena, &a->pack, r, r->reason, r->detail,
             &(struct dead_context){.stage = STR("inbox"), .now_ms = s->c->now_ms});
    a->dead++;
    a->rows++;
    s->dead++;
}

static void bury_entry(struct sorter *s, str reason, str detail)
{
    struct record r = {.entry = s->entry};

    r.line = output_entry_json(s->arena, s->entry->fields, s->entry->field_count);
    record_settle(&r, VERDICT_DEAD, reason, detail);
    bury(s, &r);
}

static str no_route(struct sorter *s, str to)
{
    return arena_printf(s->arena, "'" STR_FMT "' is no stage of pipeline '" STR_FMT "'",
                        STR_ARG(to), STR_ARG(s->c->pipeline->name));
}

/* Nothing of the entry goes on: what it moves, it moves with the dead letters. */
static void count_filtered(struct sorter *s, int64_t filtered)
{
    struct admit *a = dead_admit(s);

    a->filtered += filtered;
    a->rows += filtered;
}

/* Jobs. */

static void put_field(struct pack_entry *e, str name, str value)
{
    if (!value.n)
        return;
    e->args[e->arg_count++] = name;
    e->args[e->arg_count++] = value;
}

/* One came in, whatever the number of splitters; each of them moves through the file on its
 * own.
 */
static void admit_job(struct sorter *s, const struct pipeline_stage *stage)
{
    bool is_first = s->admits == NULL;
    struct admit *a = admit_to(s, stage->name);
    str id = s->entry->id;
    struct pack_entry *e = arena_zalloc(s->arena, sizeof(*e));
    char *at = arena_alloc(s->arena, 20);

    *e = (struct pack_entry){.args = arena_alloc(s->arena, 10 * sizeof(str)),
                             .records = 1,
                             .bytes = s->entry->uri.n};
    put_field(e, STR("uri"), s->entry->uri);
    a->job = is_first ? id
                      : arena_printf(s->arena, STR_FMT ":" STR_FMT, STR_ARG(id),
                                     STR_ARG(stage->name));
    put_field(e, STR("job"), a->job);
    put_field(e, STR("n"), STR("1"));
    put_field(e, STR("at"), (str){at, (size_t)(str_write_u64(at, s->entry->at) - at)});
    put_field(e, STR("run"), s->entry->run);
    a->pack =
        (struct pack){.first = e, .last = e, .entries = 1, .records = 1, .bytes = e->bytes};
    a->high = stage->high_bytes;
    a->is_job = true;
    a->rows = is_first;
}

static void sort_job(struct sorter *s)
{
    const struct pipeline *p = s->c->pipeline;
    struct record r = {.entry = s->entry};
    const struct route *route;
    uint32_t number;

    r.line = output_entry_json(s->arena, s->entry->fields, s->entry->field_count);
    if (s->entry->to.n) {
        const struct pipeline_stage *stage = pipeline_find(p, s->entry->to, &number);
        if (stage && stage->kind->wants_jobs)
            admit_job(s, stage);
        else
            bury_entry(s, STR("no_route"),
                       stage ? str_of(only_files) : no_route(s, s->entry->to));
        return;
    }
    route = route_match(&p->routes, STR("inbox"), &r, s->arena);
    if (route && route->act == ROUTE_DROP) {
        count_filtered(s, 1);
        return;
    }
    if (!route || route->act == ROUTE_DEAD) {
        bury_entry(s, route ? route->reason : r.reason,
                   route ? STR("a route says so") : r.detail);
        return;
    }
    for (uint32_t i = 0; i < route->to_count; i++) {
        const struct pipeline_stage *stage = &p->stages[route->to[i]];
        if (stage->kind->wants_jobs)
            admit_job(s, stage);
    }
    if (!s->admits)
        bury_entry(s, STR("no_route"), str_of(only_files));
}

/* Documents. */

/* `name` is raw text between quotes, and may hide what it says in escapes. */
static bool is_ours(struct arena *a, str name)
{
    str text = name;

    if (name.n && memchr(name.p, '\\', name.n) &&
        !json_unquote(a, (str){name.p - 1, name.n + 2}, &text))
        return false;
    return str_starts(text, STR("sp_"));
}

static bool has_ours(struct arena *a, str line)
{
    str rest, name, value;
    bool found = false;

    for (json_open(line, &rest); !found && json_next_member(&rest, &name, &value);)
        found = is_ours(a, name);
    return found;
}

static char *put(char *out, str s)
{
    if (s.n)
        memcpy(out, s.p, s.n);
    return out + s.n;
}

static char *put_members(struct arena *a, char *out, str line, bool ours)
{
    str rest, name, value;
    bool is_first = true;

    for (json_open(line, &rest); json_next_member(&rest, &name, &value);) {
        if (is_ours(a, name) != ours)
            continue;
        out = put(out, is_first ? STR("\"") : STR(",\""));
        out = put(out, name);
        out = put(out, STR("\":"));
        out = put(out, value);
        is_first = false;
    }
    return out;
}

/* {"a":1,"sp_x":2} -> {"a":1,"sp_extra":{"sp_x":2}}: members that begin with sp_ are ours
 * alone. */
static str move_ours(struct arena *a, str line)
{
    char *start = arena_alloc(a, line.n + 32), *out = put(start, STR("{"));

    out = put_members(a, out, line, false);
    out = put(out, out[-1] == '{' ? STR("\"sp_extra\":{") : STR(",\"sp_extra\":{"));
    out = put_members(a, out, line, true);
    out = put(out, STR("}}"));
    return (str){start, (size_t)(out - start)};
}

bool door_came_with_src(const struct entry *e)
{
    for (uint32_t i = 0; i < e->field_count; i += 2)
        if (str_is(e->fields[i], "src"))
            return true;
    return false;
}

static void adopt_document(struct sorter *s, struct record *r, uint64_t offset)
{
    bool has = has_ours(s->arena, r->line);
    struct origin o;

    if (has && door_came_with_src(s->entry) && origin_of(r, &o))
        return; /* one of ours that is put in again keeps its id */
    if (has)
        r->line = move_ours(s->arena, r->line);
    record_add(s->b, r, STR("sp_id"),
               arena_printf(s->arena, "\"" STR_FMT "-%" PRIu64 "-%" PRIu64 "\"",
                            STR_ARG(s->entry->src), s->entry->row + r->number, offset));
}

static void check_record(struct sorter *s, struct record *r)
{
    size_t at, offset = (size_t)(r->line.p - s->entry->data.p);
    const char *wrong = json_check(r->line, NULL, &at);

    if (!wrong)
        r->line = str_trim(r->line);
    enum json_type want = s->entry->cols.n ? JSON_ARRAY : JSON_OBJECT;

    if (wrong)
        record_settle(r, VERDICT_DEAD, STR("bad_json"),
                      arena_printf(s->arena, "%s at byte %zu", wrong, at));
    else if (json_type(r->line) != want)
        record_settle(r, VERDICT_DEAD, STR("bad_json"),
                      want == JSON_OBJECT
                          ? STR("a line of `data` must be a JSON object")
                          : STR("with `cols` a line of `data` must be a JSON array"));
    else if (want == JSON_OBJECT)
        adopt_document(s, r, offset);
}

/* False: the stage takes files alone. */
static bool list_record(struct sorter *s, struct record *r, uint32_t stage)
{
    if (s->c->pipeline->stages[stage].kind->wants_jobs)
        return false;
    if (!s->lists[stage])
        s->lists[stage] = arena_alloc(s->arena, s->b->record_count * sizeof(struct record *));
    s->lists[stage][s->lengths[stage]++] = r;
    return true;
}

static void send_to(struct sorter *s, struct record *r, str to)
{
    uint32_t number;

    if (!pipeline_find(s->c->pipeline, to, &number))
        record_settle(r, VERDICT_DEAD, STR("no_route"), no_route(s, to));
    else if (!list_record(s, r, number))
        record_settle(r, VERDICT_DEAD, STR("no_route"), str_of(only_files));
}

static void send_along(struct sorter *s, struct record *r)
{
    const struct route *route = route_match(&s->c->pipeline->routes, STR("inbox"), r, s->arena);
    uint32_t taken = 0;

    if (!route)
        return; /* settled */
    for (uint32_t i = 0; i < route->to_count; i++)
        taken += list_record(s, r, route->to[i]);
    s->filtered += route->act == ROUTE_DROP;
    if (route->act == ROUTE_DEAD)
        record_settle(r, VERDICT_DEAD, route->reason, STR("a route says so"));
    if (route->act == ROUTE_TO && taken == 0)
        record_settle(r, VERDICT_DEAD, STR("no_route"), str_of(only_files));
}

static void sort_record(struct sorter *s, struct record *r)
{
    if (r->verdict == VERDICT_PASS && s->entry->to.n)
        send_to(s, r, s->entry->to);
    else if (r->verdict == VERDICT_PASS)
        send_along(s, r);
    if (r->verdict == VERDICT_DEAD)
        bury(s, r);
}

static void sort_records(struct sorter *s)
{
    const struct pipeline *p = s->c->pipeline;

    s->lists = arena_zalloc(s->arena, p->stage_count * sizeof(*s->lists));
    s->lengths = arena_zalloc(s->arena, p->stage_count * sizeof(*s->lengths));
    batch_each(r, s->b) {
        check_record(s, r);
        sort_record(s, r);
    }
    for (uint32_t i = 0; i < p->stage_count; i++) {
        if (!s->lengths[i])
            continue;
        struct admit *a = admit_to(s, p->stages[i].name);
        a->high = p->stages[i].high_bytes;
        a->open = s->lengths[i];
        pack_records(s->arena, &a->pack, s->lists[i], s->lengths[i], NULL);
    }
    /* One of them moves what is of the whole entry; when all was filtered, one without outputs.
     */
    struct admit *one = s->admits ? s->admits : dead_admit(s);
    one->filtered = s->filtered;
    one->rows += s->b->record_count - s->dead;
}

struct admit *door_sort(const struct door_context *c, struct batch *b, struct entry *e,
                        const char *why, str detail)
{
    struct sorter s = {.c = c, .b = b, .arena = &b->arena, .entry = e};

    if (why)
        bury_entry(&s, str_of(why), detail);
    else if (e->uri.n)
        sort_job(&s);
    else
        sort_records(&s);
    return s.admits;
}
