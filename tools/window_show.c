/* What a window says so far: groups by their names, in the form of results. */
#include <stdlib.h>

#include "common/data/json.h"
#include "common/data/text_map.h"
#include "common/io/redis.h"
#include "common/run/windows_close.h"
#include "tools/show.h"
#include "tools/window.h"

enum { SLICE = 256 };

struct groups {
    str *list;
    uint32_t n, room;
    struct text_map seen;
};

static int by_name(const void *a, const void *b)
{
    return str_compare(*(const str *)a, *(const str *)b);
}

static int gather(struct window_call *w, str pane, struct groups *g, struct error *err)
{
    const struct reply *r;
    bool is_new;

    if (WINDOW_ASK(w, g->seen.arena, &r, err, STR("HKEYS"), pane))
        return err->code;
    str *list = arena_alloc(g->seen.arena, (g->n + r->n + 1) * sizeof(*list));
    for (uint32_t i = 0; i < g->n; i++)
        list[i] = g->list[i];
    g->list = list;
    for (uint32_t i = 0; i < r->n; i++) {
        text_map_get(&g->seen, g, r->items[i].text, 1, &is_new);
        if (is_new)
            g->list[g->n++] = r->items[i].text;
    }
    return 0;
}

static void say_result(const struct window_call *w, struct say *s, str result)
{
    str rest, name, value;

    if (w->options->json) {
        say_text(s, result);
        say(s, "\n");
        return;
    }
    json_open(result, &rest);
    for (uint32_t i = 0; json_next_member(&rest, &name, &value); i++) {
        if (i < 3) /* window, start, end: above */
            continue;
        say(s, "  ");
        say_seen(s, name);
        say(s, "=");
        say_seen(s, value);
    }
    say(s, "\n");
}

/* What is asked of some groups: the same but for these. */
struct question {
    str *args; /* with room for a slice of groups behind them */
    uint32_t count;
};

static struct question ask_about(struct window_call *w, struct arena *a, const str *panes,
                                 uint32_t pane_count, uint64_t end_ms)
{
    struct question q = {0};

    q.args = arena_alloc(a, (16 + pane_count + WINDOW_ARGS_MAX + SLICE) * sizeof(*q.args));
    q.args[q.count++] = STR("FCALL");
    q.args[q.count++] = STR("sp1_results");
    q.args[q.count++] = arena_printf(a, "%u", pane_count);
    memcpy(q.args + q.count, panes, pane_count * sizeof(*panes));
    q.count += pane_count;
    q.args[q.count++] = w->window->name;
    q.args[q.count++] =
        arena_printf(a, "%llu", (unsigned long long)(end_ms - w->window->over_ms));
    q.args[q.count++] = arena_printf(a, "%llu", (unsigned long long)end_ms);
    q.count += window_result_arguments(a, w->window, q.args + q.count);
    return q;
}

static int say_groups(struct window_call *w, struct say *s, const struct groups *g,
                      const struct question *q, struct error *err)
{
    uint64_t limit = w->options->limit ? w->options->limit : UINT64_MAX;
    uint32_t shown = (uint32_t)MIN(limit, (uint64_t)g->n);
    const struct reply *r;

    for (uint32_t at = 0; at < shown; at += SLICE) {
        uint32_t n = MIN(shown - at, (uint32_t)SLICE);
        memcpy(q->args + q->count, g->list + at, n * sizeof(*q->args));
        if (redis_call(w->redis, q->args, q->count + n, g->seen.arena, &r, err))
            return err->code;
        for (uint32_t i = 0; i < r->n; i++)
            say_result(w, s, r->items[i].text);
    }
    if (shown < g->n && !w->options->json)
        say(s, "  ... and %s groups more: --limit 0\n", show_digits(g->n - shown).text);
    return 0;
}

static int show_one(struct window_call *w, struct say *s, struct arena *a, uint64_t end_ms,
                    struct error *err)
{
    const struct pipeline_window *v = w->window;
    uint32_t panes = (uint32_t)(v->over_ms / v->every_ms);
    str *keys = arena_alloc(a, panes * sizeof(*keys));
    struct groups g = {.seen = {.arena = a}};

    for (uint32_t i = 0; i < panes; i++) {
        uint64_t start_ms = end_ms - v->over_ms + i * v->every_ms;
        keys[i] = keys_pane(&w->keys, a, v->name, start_ms / 1000);
        if (gather(w, keys[i], &g, err))
            return err->code;
    }
    if (!w->options->json)
        say(s, STR_FMT " to %llu, %s groups\n", STR_ARG(v->name),
            (unsigned long long)(end_ms / 1000), show_digits(g.n).text);
    if (g.n)
        qsort(g.list, g.n, sizeof(*g.list), by_name);
    struct question q = ask_about(w, a, keys, panes, end_ms);
    return say_groups(w, s, &g, &q, err);
}

/* Ends of windows that hold one of the panes, in order. */
static uint64_t *ends_of(const struct pipeline_window *v, struct arena *a,
                         const struct reply *starts, uint32_t *count)
{
    uint32_t steps = (uint32_t)(v->over_ms / v->every_ms);
    uint64_t *ends = arena_alloc(a, (starts->n * steps + 1) * sizeof(*ends)), start;

    *count = 0;
    for (uint32_t i = 0; i < starts->n; i++) {
        if (!str_to_u64(starts->items[i].text, &start))
            continue;
        for (uint32_t k = 1; k <= steps; k++) {
            uint64_t end = start * 1000 + k * v->every_ms;
            if (*count == 0 || ends[*count - 1] < end)
                ends[(*count)++] = end;
        }
    }
    return ends;
}

int window_show(struct window_call *w, struct say *s, struct arena *a, struct error *err)
{
    const struct pipeline_window *v = w->window;
    const struct reply *starts;
    uint32_t n;

    if (WINDOW_ASK(w, a, &starts, err, STR("ZRANGE"), keys_panes(&w->keys, a, v->name),
                   STR("0"), STR("-1")))
        return err->code;
    uint64_t *ends = ends_of(v, a, starts, &n);
    uint32_t last = starts->n ? n - (uint32_t)(v->over_ms / v->every_ms) : 0;
    if (n == 0 && !w->options->json)
        say(s, "nothing has been summed up yet\n");
    for (uint32_t i = w->options->all ? 0 : last; i < (w->options->all ? n : MIN(last + 1, n));
         i++)
        if (show_one(w, s, a, ends[i], err))
            return err->code;
    return 0;
}
