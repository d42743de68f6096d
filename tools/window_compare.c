/* Two windows of the same panes, row by row: one, and its recount. */
#include "common/data/text_map.h"
#include "common/io/redis.h"
#include "tools/show.h"
#include "tools/window.h"

enum { LINES_MAX = 20 };

struct compare {
    struct window_call *call;
    struct say *say;
    str names[2]; /* of the windows */
    uint64_t differences;
};
struct pair { /* of a pane, and of a group in it; what each of the two has */
    struct arena *arena;
    str panes[2];
    str group, rows[2];
};

static void differs(struct compare *c, const struct pair *p, str value, const str has[2])
{
    if (c->differences++ >= LINES_MAX)
        return;
    say(c->say, "  ");
    say_seen(c->say, p->panes[0]);
    say(c->say, " ");
    say_seen(c->say, p->group);
    say(c->say, value.n ? " " STR_FMT ": " : "" STR_FMT ": ", STR_ARG(value));
    say_seen(c->say, has[0].n ? has[0] : STR("not there"));
    say(c->say, ", counted ");
    say_seen(c->say, has[1].n ? has[1] : STR("not there"));
    say(c->say, "\n");
}

static str text_of(struct arena *a, const struct reply *r)
{
    str all = STR("");

    if (r->type == REPLY_INTEGER)
        return arena_printf(a, "%lld", (long long)r->integer);
    for (uint32_t i = 0; i < r->n; i++)
        all = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(all), i ? " " : "",
                           STR_ARG(r->items[i].text));
    return all;
}

static int ask_sketch(const struct compare *c, struct arena *a, const struct window_value *v,
                      str key, str *text, struct error *err)
{
    const struct reply *told;
    int rc = v->op == WINDOW_DISTINCT ? WINDOW_ASK(c->call, a, &told, err, STR("PFCOUNT"), key)
                                      : WINDOW_ASK(c->call, a, &told, err, STR("ZRANGE"), key,
                                                   STR("0"), STR("-1"), STR("WITHSCORES"));

    if (rc == 0)
        *text = text_of(a, told);
    return rc;
}

/* HyperLogLogs of the same texts tell the same. */
static int compare_sketch(struct compare *c, const struct pair *p, const struct window_value *v,
                          struct error *err)
{
    str has[2];

    for (int i = 0; i < 2; i++) {
        str key = arena_printf(p->arena, STR_FMT ":" STR_FMT ":" STR_FMT, STR_ARG(p->panes[i]),
                               STR_ARG(v->name), STR_ARG(p->group));
        if (ask_sketch(c, p->arena, v, key, &has[i], err))
            return err->code;
    }
    if (!str_equal(has[0], has[1]))
        differs(c, p, v->name, has);
    return 0;
}

static int compare_group(struct compare *c, const struct pair *p, struct error *err)
{
    const struct pipeline_window *w = c->call->window;
    int rc = 0;

    if (!str_equal(p->rows[0], p->rows[1]))
        differs(c, p, STR_NONE, p->rows);
    for (uint32_t i = 0; i < w->value_count && rc == 0; i++)
        if (w->values[i].op >= WINDOW_DISTINCT)
            rc = compare_sketch(c, p, &w->values[i], err);
    return rc;
}

static int compare_pane(struct compare *c, uint64_t start_s, struct error *err)
{
    struct arena a = {0};
    struct text_map groups = {.arena = &a};
    str panes[2];
    const struct reply *rows;
    bool is_new;
    int rc = 0;

    for (int i = 0; i < 2 && rc == 0; i++) {
        panes[i] = keys_pane(&c->call->keys, &a, c->names[i], start_s);
        rc = WINDOW_ASK(c->call, &a, &rows, err, STR("HGETALL"), panes[i]);
        for (uint32_t k = 0; rc == 0 && k + 1 < rows->n; k += 2) {
            struct pair *p = text_map_get(&groups, c, rows->items[k].text, sizeof(*p), &is_new);
            p->group = rows->items[k].text;
            p->rows[i] = rows->items[k + 1].text;
        }
    }
    for (uint32_t i = 0; i < groups.room && rc == 0; i++) {
        struct pair *p = groups.slots[i].thing;
        if (!p)
            continue;
        p->arena = &a;
        memcpy(p->panes, panes, sizeof(panes));
        rc = compare_group(c, p, err);
    }
    arena_free(&a);
    return rc;
}

int window_compare(struct window_call *w, struct say *s, str recount, uint64_t *differences,
                   struct error *err)
{
    struct compare c = {.call = w, .say = s, .names = {w->window->name, recount}};
    struct text_map seen = {.arena = w->call->arena};
    const struct reply *starts;
    bool is_new;
    uint64_t start;

    for (int i = 0; i < 2; i++) {
        if (WINDOW_ASK(w, w->call->arena, &starts, err, STR("ZRANGE"),
                       keys_panes(&w->keys, w->call->arena, c.names[i]), STR("0"), STR("-1")))
            return err->code;
        for (uint32_t k = 0; k < starts->n; k++) {
            text_map_get(&seen, &c, starts->items[k].text, 1, &is_new);
            if (is_new && str_to_u64(starts->items[k].text, &start) &&
                compare_pane(&c, start, err))
                return err->code;
        }
    }
    if (c.differences > LINES_MAX)
        say(s, "  ... and %s more\n", show_digits(c.differences - LINES_MAX).text);
    *differences = c.differences;
    return 0;
}
