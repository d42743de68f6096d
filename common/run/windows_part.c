/* Sums of a commit as the arguments of lua/part_window.lua. */
#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "common/run/windows_sums.h"

static const uint64_t time_max_ms = ((uint64_t)1 << 53) - 1; /* more is no number in Lua */

struct list {
    struct arena *arena;
    str *items;
    uint32_t n, room;
};

static void push(struct list *l, str s)
{
    assert(l->n < l->room);
    l->items[l->n++] = s;
}

static void push_u64(struct list *l, uint64_t v)
{
    char *p = arena_alloc(l->arena, 20);

    push(l, str_between(p, str_write_u64(p, v)));
}

/* A whole number of units with its point; what is not exact is more than Redis takes. */
static str decimal_text(struct arena *a, const struct window_cell *c, uint32_t decimals)
{
    char digits[32];

    if (c->n == 0)
        return STR("");
    if (c->is_beyond)
        return STR("99999999999999999999");
    int n = snprintf(digits, sizeof(digits), "%0*.0f", (int)decimals + 1, fabs(c->number));
    str all = {digits, (size_t)n}, whole = {all.p, all.n - decimals};
    return arena_printf(a, "%s" STR_FMT "%s%s", c->number < 0 ? "-" : "", STR_ARG(whole),
                        decimals ? "." : "", str_end(whole));
}

static void push_texts(struct list *l, const struct window_cell *c, bool with_counts)
{
    push_u64(l, c->n);
    for (const struct window_text *t = c->texts; t; t = t->next) {
        push(l, t->text);
        if (with_counts)
            push_u64(l, t->n);
    }
}

static void push_by_time(struct list *l, const struct window_cell *c)
{
    if (c->n)
        push_u64(l, c->ms);
    else
        push(l, STR(""));
    push(l, c->id);
    push(l, c->text);
}

static void push_cell(struct list *l, const struct window_value *v, const struct window_cell *c)
{
    switch (v->op) {
    case WINDOW_COUNT:
        push_u64(l, c->n);
        break;
    case WINDOW_SUM:
        push(l, decimal_text(l->arena, c, v->decimals));
        break;
    case WINDOW_AVG:
        push(l, decimal_text(l->arena, c, v->decimals));
        push_u64(l, c->n);
        break;
    case WINDOW_MIN:
    case WINDOW_MAX:
        push(l, c->text);
        break;
    case WINDOW_FIRST:
    case WINDOW_LAST:
        push_by_time(l, c);
        break;
    case WINDOW_DISTINCT:
    case WINDOW_TOP:
        push_texts(l, c, v->op == WINDOW_TOP);
        break;
    case WINDOW_OPS:
        break;
    }
}

static uint32_t count_arguments(const struct pipeline_window *rule, const struct window_sums *s)
{
    uint32_t n = 5 + 3 * rule->value_count;

    for (const struct window_pane *p = s->panes; p; p = p->next) {
        n += 3;
        for (const struct window_group *g = p->groups; g; g = g->next) {
            n += 1 + 3 * rule->value_count;
            for (uint32_t i = 0; i < rule->value_count; i++)
                n += rule->values[i].op >= WINDOW_DISTINCT ? 2 * (uint32_t)g->cells[i].n : 0;
        }
    }
    return n;
}

/* What has results to go out stays until it was closed; that sets its end. */
static uint64_t expiry(const struct pipeline_window *rule, const struct window_pane *p,
                       uint64_t now_ms)
{
    uint64_t end = MAX(p->start_ms, now_ms) + rule->over_ms + rule->lateness_ms + rule->keep_ms;

    return rule->has_to ? 0 : MIN(end, time_max_ms);
}

static void push_pane(struct list *l, const struct pipeline_window *rule,
                      const struct window_pane *p, uint64_t now_ms)
{
    push_u64(l, p->start_ms / 1000);
    push_u64(l, expiry(rule, p, now_ms));
    push_u64(l, p->group_count);
    for (const struct window_group *g = p->groups; g; g = g->next) {
        push(l, g->key);
        for (uint32_t i = 0; i < rule->value_count; i++)
            push_cell(l, &rule->values[i], &g->cells[i]);
    }
}

void window_part(struct arena *a, const struct pipeline_window *rule,
                 const struct window_sums *s, const struct output_context *c,
                 struct commit_part *part)
{
    const struct keys *keys = c->keys;
    struct list k = {.arena = a, .room = 2 + s->pane_count};
    struct list l = {.arena = a, .room = count_arguments(rule, s)};

    k.items = arena_alloc(a, k.room * sizeof(str));
    l.items = arena_alloc(a, l.room * sizeof(str));
    push(&k, keys_window(keys, a, rule->name));
    push(&k, keys_panes(keys, a, rule->name));
    push_u64(&l, rule->every_ms);
    push_u64(&l, rule->max_keys);
    push_u64(&l, s->newest_ms);
    push_u64(&l, s->late);
    push_u64(&l, rule->value_count);
    for (uint32_t i = 0; i < rule->value_count; i++) {
        push(&l, rule->values[i].name);
        push(&l, str_of(window_op_names[rule->values[i].op]));
        push_u64(&l, rule->values[i].decimals);
    }
    for (const struct window_pane *p = s->panes; p; p = p->next) {
        push(&k, keys_pane(keys, a, rule->name, p->start_ms / 1000));
        push_pane(&l, rule, p, c->now_ms);
    }
    *part = (struct commit_part){.kind = STR("window"),
                                 .keys = k.items,
                                 .key_count = k.n,
                                 .args = l.items,
                                 .arg_count = l.n};
}
