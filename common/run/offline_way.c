/* Records on their way: from stage to stage along the routes, until they end. */
#include <assert.h>
#include <inttypes.h>

#include "common/data/entry.h"
#include "common/data/pack.h"
#include "common/run/offline_parts.h"
#include "common/run/output.h"

void offline_tell(const struct offline *o, const struct offline_end *end)
{
    const struct offline_watch *watch = &o->setup.watch;

    if (watch->ended)
        watch->ended(watch->ctx, end);
}

bool offline_ends_by(struct offline *o, str stage, const struct record *r,
                     const struct route *route)
{
    if (!route) {
        offline_tell(o, &(struct offline_end){OFFLINE_DEAD, stage, r, r->reason, r->detail});
        return true;
    }
    if (route->act == ROUTE_TO)
        return false;
    offline_tell(
        o, &(struct offline_end){route->act == ROUTE_DEAD ? OFFLINE_DEAD : OFFLINE_FILTERED,
                                 stage, r, route->reason, STR("a row of the routes says so")});
    return true;
}

/* Where a record leaves the pipeline; false: it goes on along its route. */
static bool ends(struct offline *o, uint32_t number, const struct record *r)
{
    const struct pipeline_stage *def = &o->setup.pipeline->stages[number];

    switch (r->verdict) {
    case VERDICT_DEAD:
    case VERDICT_RETRY: /* nobody waits here */
        offline_tell(o,
                     &(struct offline_end){OFFLINE_DEAD, def->name, r, r->reason, r->detail});
        return true;
    case VERDICT_DROP:
        offline_tell(
            o, &(struct offline_end){OFFLINE_FILTERED, def->name, r, r->reason, r->detail});
        return true;
    case VERDICT_PASS:
        break;
    }
    if (number == o->stop || def->kind->is_end) {
        offline_tell(o, &(struct offline_end){OFFLINE_OUT, def->name, r, STR_NONE, STR_NONE});
        return true;
    }
    if (pipeline_reduces(o->setup.pipeline, number)) {
        offline_tell(o, &(struct offline_end){OFFLINE_FILTERED, def->name, r, STR("reduced"),
                                              STR("it ends in a window or a table")});
        return true;
    }
    assert(r->route);
    return offline_ends_by(o, def->name, r, r->route);
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
            offline_tell(o, &(struct offline_end){OFFLINE_OUT, def->name, records[i], STR_NONE,
                                                  STR_NONE});
        return;
    }
    pack_records(&b.arena, &pack, records, n, cols);
    unpack(o, &b, &pack);
    offline_work_on(o, number, &b);
    arena_free(&b.arena);
}

void offline_go_along(struct offline *o, const struct route *route,
                      struct record *const *records, uint32_t n, const str *cols)
{
    for (uint32_t i = 0; route && i < route->to_count; i++)
        run_stage(o, route->to[i], records, n, cols);
}

/* Neighbours that go the same way go together, so that everything keeps its order. */
void offline_hand_on(struct offline *o, uint32_t number, struct batch *b)
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
            offline_go_along(o, route, run, n, cols);
            n = 0;
        }
        if (ends(o, number, r))
            continue;
        route = r->route;
        run[n++] = r;
    }
    if (n)
        offline_go_along(o, route, run, n, cols);
}

bool offline_process(struct offline *o, struct station *s, struct batch *b, enum work *work)
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

void offline_work_on(struct offline *o, uint32_t number, struct batch *b)
{
    struct station *s = &o->stations[number];
    const struct offline_watch *watch = &o->setup.watch;
    str *were = arena_alloc(&b->arena, (b->record_count + 1) * sizeof(*were));
    enum work work;

    for (uint32_t i = 0; i < b->record_count; i++)
        were[i] = b->records[i].line;
    if (!offline_process(o, s, b, &work))
        return;
    for (uint32_t i = 0; i < b->record_count && watch->worked; i++)
        watch->worked(watch->ctx, &s->worker, &b->records[i], were[i]);
    offline_hand_on(o, number, b);
}
