#include "tools/top_view.h"

#include <inttypes.h>
#include <stdio.h>

#include "tools/show.h"

static double rate(uint64_t now, uint64_t before, uint64_t ms)
{
    return ms && now > before ? (double)(now - before) * 1000 / (double)ms : 0;
}

/* The same stage one snapshot ago, or itself when it is new. */
static const struct snapshot_stage *before(const struct top_view *v, uint32_t i)
{
    const struct snapshot *now = v->now, *old = v->before;

    if (i < old->stage_count && str_equal(old->stages[i].name, now->stages[i].name))
        return &old->stages[i];
    return &now->stages[i];
}

static str state_text(struct arena *a, const struct snapshot_stage *s)
{
    switch (snapshot_state(s)) {
    case STAGE_ALONE:
        return STR("no workers");
    case STAGE_HELD:
        return arena_printf(a, "held: " STR_FMT " is full", STR_ARG(s->held_by));
    case STAGE_BEHIND:
        return STR("behind: add workers");
    case STAGE_OK:
        break;
    }
    return STR("ok");
}

static const char *state_colour(const struct snapshot_stage *s)
{
    static const char *const colours[] = {
        [STAGE_OK] = "\033[32m",
        [STAGE_BEHIND] = "\033[33m",
        [STAGE_HELD] = "\033[33m",
        [STAGE_ALONE] = "\033[31m",
    };
    return colours[snapshot_state(s)];
}

struct cells { /* of a row, as text */
    struct show in, out, waiting, bytes, fill, oldest, workers, dead;
};

static struct show raw(uint64_t n)
{
    struct show out;

    snprintf(out.text, sizeof(out.text), "%" PRIu64, n);
    return out;
}

static struct cells cells_of(const struct top_view *v, uint32_t i)
{
    const struct snapshot_stage *stage = &v->now->stages[i], *old = before(v, i);
    uint64_t ms = v->now->at_ms - v->before->at_ms;
    uint64_t in = (uint64_t)rate(stage->in, old->in, ms);
    uint64_t out = (uint64_t)rate(stage->out, old->out, ms);
    struct show (*count)(uint64_t) = v->is_human ? show_count : raw;
    struct cells c = {
        .in = count(in),
        .out = count(out),
        .waiting = count(stage->records),
        .bytes = v->is_human ? show_bytes(stage->bytes) : raw(stage->bytes),
        .oldest = show_age(stage->oldest_ms),
        .workers = raw(stage->workers),
        .dead = count(stage->dead),
    };
    snprintf(c.fill.text, sizeof(c.fill.text), "%u%%", snapshot_fill(stage));
    if (!v->is_human)
        snprintf(c.oldest.text, sizeof(c.oldest.text), "%" PRIu64 ".%" PRIu64,
                 stage->oldest_ms / 1000, stage->oldest_ms % 1000 / 100);
    return c;
}

bool top_table(const struct top_view *v, struct buf *out)
{
    const struct snapshot *s = v->now;
    int width = 5;

    for (uint32_t i = 0; i < s->stage_count; i++)
        width = MAX(width, (int)MIN(s->stages[i].name.n, (size_t)40));
    bool fits = buf_printf(out, "%-*s  %-9s %9s %9s %9s %10s %5s %7s %7s %8s  %s\n", width,
                           "STAGE", "KIND", "IN/s", "OUT/s", "WAITING", "BYTES", "FILL",
                           "OLDEST", "WORKERS", "DEAD", "STATE");
    for (uint32_t i = 0; i < s->stage_count && fits; i++) {
        const struct snapshot_stage *stage = &s->stages[i];
        struct cells c = cells_of(v, i);
        str state = state_text(v->arena, stage);
        fits = buf_printf(out,
                          "%-*.*s  %-9.*s %9s %9s %9s %10s %5s %7s %7s %8s  %s" STR_FMT "%s\n",
                          width, STR_ARG(stage->name), STR_ARG(stage->kind), c.in.text,
                          c.out.text, c.waiting.text, c.bytes.text, c.fill.text, c.oldest.text,
                          c.workers.text, c.dead.text, v->has_colour ? state_colour(stage) : "",
                          STR_ARG(state), v->has_colour ? "\033[0m" : "");
    }
    return fits && buf_printf(out,
                              "inbox %" PRIu64 "  dead letters %" PRIu64 "  workers %" PRIu64
                              "  pipeline version %" PRIu64 "%s\n",
                              s->inbox, s->dead_records, s->workers, s->version,
                              s->has_dispatcher ? "" : "  NO DISPATCHER");
}

bool top_json(const struct top_view *v, struct buf *out)
{
    static const char *const words[] = {
        [STAGE_OK] = "ok",
        [STAGE_BEHIND] = "behind",
        [STAGE_HELD] = "held",
        [STAGE_ALONE] = "no_workers",
    };
    const struct snapshot *s = v->now;
    uint64_t ms = s->at_ms - v->before->at_ms;
    bool fits =
        buf_printf(out,
                   "{\"v\":1,\"at\":%" PRIu64 ",\"pipeline_version\":%" PRIu64
                   ",\"inbox\":%" PRIu64 ",\"dead_records\":%" PRIu64 ",\"dead_bytes\":%" PRIu64
                   ",\"workers\":%" PRIu64 ",\"dispatcher\":%s,\"stages\":[",
                   s->at_ms, s->version, s->inbox, s->dead_records, s->dead_bytes, s->workers,
                   s->has_dispatcher ? "true" : "false");

    for (uint32_t i = 0; i < s->stage_count && fits; i++) {
        const struct snapshot_stage *g = &s->stages[i], *old = before(v, i);
        fits =
            buf_printf(out,
                       "%s{\"stage\":\"" STR_FMT "\",\"kind\":\"" STR_FMT "\",\"in\":%" PRIu64
                       ",\"out\":%" PRIu64 ",\"dead\":%" PRIu64 ",\"filtered\":%" PRIu64
                       ",\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"high_bytes\":%" PRIu64
                       ",\"fill\":%u,\"oldest_ms\":%" PRIu64 ",\"workers\":%" PRIu64
                       ",\"in_per_second\":%.1f,\"out_per_second\":%.1f,\"state\":\"%s\"}",
                       i ? "," : "", STR_ARG(g->name), STR_ARG(g->kind), g->in, g->out, g->dead,
                       g->filtered, g->records, g->bytes, g->high_bytes, snapshot_fill(g),
                       g->oldest_ms, g->workers, rate(g->in, old->in, ms),
                       rate(g->out, old->out, ms), words[snapshot_state(g)]);
    }
    return fits && buf_printf(out, "]}\n");
}
