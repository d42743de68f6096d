#include "tools/dead_groups.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/data/json.h"
#include "tools/show.h"

enum { WORD_MAX = 64, SAMPLE_MAX = 100 };

static str short_text(struct arena *a, str s, size_t max)
{
    return arena_copy(a, letter_printable(a, (str){s.p, MIN(s.n, max)}));
}

static struct dead_group *find(struct dead_groups *g, const struct dead_group *like)
{
    for (uint32_t i = 0; i < g->count; i++) {
        struct dead_group *one = &g->list[i];
        if (one->stays == like->stays && str_equal(one->stage, like->stage) &&
            str_equal(one->reason, like->reason) && str_equal(one->to, like->to))
            return one;
    }
    return NULL;
}

void groups_add(struct dead_groups *g, const struct letter *l, str to, const char *stays)
{
    struct arena_mark mark = arena_mark(g->arena);
    const struct dead_group fresh = {
        .stage = short_text(g->arena, l->stage, WORD_MAX),
        .reason = short_text(g->arena, l->reason, WORD_MAX),
        .to = arena_copy(g->arena, to),
        .stays = stays,
        .oldest_ms = UINT64_MAX,
    };
    struct dead_group *one = find(g, &fresh);

    if (!one && g->count < DEAD_GROUPS_MAX) {
        one = &g->list[g->count++];
        *one = fresh;
        one->sample = short_text(g->arena, l->detail, SAMPLE_MAX);
    } else {
        arena_rewind(g->arena, mark);
    }
    if (!one) {
        g->left_out++;
        return;
    }
    one->count++;
    one->oldest_ms = MIN(one->oldest_ms, l->at_ms);
    one->newest_ms = MAX(one->newest_ms, l->at_ms);
}

static struct show age(uint64_t now_ms, uint64_t at_ms)
{
    return show_age(now_ms > at_ms ? now_ms - at_ms : 0);
}

static bool add_row(const struct dead_group *one, bool has_plan, uint64_t now_ms,
                    struct buf *out)
{
    char count[24];
    bool fits;

    snprintf(count, sizeof(count), "%" PRIu64, one->count);
    fits = buf_printf(out, "%-12.*s %-20.*s %9s ", STR_ARG(one->stage), STR_ARG(one->reason),
                      show_is_terminal(1) ? show_count(one->count).text : count);
    if (!fits)
        return false;
    if (has_plan)
        return one->stays ? buf_printf(out, " stays: %s\n", one->stays)
                          : buf_printf(out, " " STR_FMT "\n", STR_ARG(one->to));
    return buf_printf(out, "%8s %8s  " STR_FMT "\n", age(now_ms, one->oldest_ms).text,
                      age(now_ms, one->newest_ms).text, STR_ARG(one->sample));
}

bool groups_table(const struct dead_groups *g, bool has_plan, uint64_t now_ms, struct buf *out)
{
    bool fits = buf_printf(out, "%-12s %-20s %9s ", "STAGE", "REASON", "COUNT") &&
                (has_plan ? buf_printf(out, " GOES TO\n")
                          : buf_printf(out, "%8s %8s  %s\n", "OLDEST", "NEWEST", "SAMPLE"));

    for (uint32_t i = 0; i < g->count && fits; i++)
        fits = add_row(&g->list[i], has_plan, now_ms, out);
    return fits;
}

static bool add_text(struct buf *out, struct arena *a, const char *name, str value)
{
    str quoted = json_quoted(a, value);

    return buf_printf(out, ",\"%s\":" STR_FMT, name, STR_ARG(quoted));
}

bool groups_json(const struct dead_groups *g, struct buf *out)
{
    bool fits = true;

    for (uint32_t i = 0; i < g->count && fits; i++) {
        const struct dead_group *one = &g->list[i];
        fits = buf_printf(out, "{\"v\":1") && add_text(out, g->arena, "stage", one->stage) &&
               add_text(out, g->arena, "reason", one->reason) &&
               buf_printf(out,
                          ",\"count\":%" PRIu64 ",\"oldest_ms\":%" PRIu64
                          ",\"newest_ms\":%" PRIu64,
                          one->count, one->oldest_ms, one->newest_ms) &&
               add_text(out, g->arena, "sample", one->sample) &&
               (!one->to.n || add_text(out, g->arena, "to", one->to)) &&
               (!one->stays || add_text(out, g->arena, "stays", str_of(one->stays))) &&
               buf_printf(out, "}\n");
    }
    return fits;
}
