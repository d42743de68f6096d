/* What can be said about the routes as a whole. */
#include "common/run/pipeline_load.h"

enum { UNSEEN, OPEN, CLOSED };

struct walk {
    struct loader *l;
    uint8_t state[PIPELINE_STAGES_MAX];
    uint32_t path[PIPELINE_STAGES_MAX], depth;
};

static const struct pipeline_stage *stage(const struct loader *l, uint32_t number)
{
    return &l->p->stages[number];
}

static void report_cycle(struct walk *w, uint32_t back_to, const struct node *to)
{
    struct arena *a = w->l->f->arena;
    str path = STR("");
    uint32_t first = 0;

    while (w->path[first] != back_to)
        first++;
    for (uint32_t i = first; i < w->depth; i++)
        path = arena_printf(a, STR_FMT STR_FMT " -> ", STR_ARG(path),
                            STR_ARG(stage(w->l, w->path[i])->name));
    findings_error(w->l->f, to->at, node_width(to),
                   "the routes run in a circle: " STR_FMT STR_FMT, STR_ARG(path),
                   STR_ARG(stage(w->l, back_to)->name));
}

static void visit(struct walk *w, uint32_t number);

static void follow(struct walk *w, uint32_t to, const struct node *where)
{
    if (w->state[to] == OPEN)
        report_cycle(w, to, where);
    else if (w->state[to] == UNSEEN)
        visit(w, to);
}

/* Depth first; at most PIPELINE_STAGES_MAX deep. */
static void visit(struct walk *w, uint32_t number)
{
    const struct pipeline *p = w->l->p;

    w->state[number] = OPEN;
    w->path[w->depth++] = number;
    for (uint32_t i = 0; i < p->routes.n; i++) {
        const struct route *r = &p->routes.rows[i];
        if (!str_equal(r->from, stage(w->l, number)->name))
            continue;
        for (uint32_t k = 0; k < r->to_count; k++)
            follow(w, r->to[k], node_get(w->l->row_nodes[i], "to"));
    }
    for (uint32_t i = 0; i < p->window_count; i++) {
        const struct pipeline_window *v = &p->windows[i];
        if (v->on == number && v->has_to)
            follow(w, v->to, node_get(v->node, "to"));
        if (v->on == number && v->has_late)
            follow(w, v->late, node_get(v->node, "late"));
    }
    w->depth--;
    w->state[number] = CLOSED;
}

static void check_cycles(struct loader *l)
{
    struct walk w = {.l = l};

    for (uint32_t i = 0; i < l->p->stage_count; i++)
        if (w.state[i] == UNSEEN)
            visit(&w, i);
}

static bool is_fed(const struct loader *l, uint32_t number)
{
    for (uint32_t i = 0; i < l->p->routes.n; i++)
        for (uint32_t k = 0; k < l->p->routes.rows[i].to_count; k++)
            if (l->p->routes.rows[i].to[k] == number)
                return true;
    for (const struct pipeline_window *w = l->p->windows;
         w < l->p->windows + l->p->window_count; w++)
        if ((w->has_to && w->to == number) || (w->has_late && w->late == number))
            return true;
    return false;
}

static bool is_source_of_row(const struct loader *l, str from)
{
    for (uint32_t i = 0; i < l->p->routes.n; i++)
        if (str_equal(l->p->routes.rows[i].from, from))
            return true;
    return false;
}

static void check_stages(struct loader *l)
{
    const struct node *stages = node_get(l->p->root, "stages");
    uint32_t i = 0;

    for (const struct node *n = stages->children; n; n = n->next, i++) {
        const struct pipeline_stage *s = stage(l, i);
        if (!is_fed(l, i))
            findings_warn(l->f, n->key_at, (uint32_t)n->key.n,
                          "no route leads to '" STR_FMT "'", STR_ARG(s->name));
        if (s->kind && !str_is(str_of(s->kind->name), "deliver") &&
            !is_source_of_row(l, s->name) && !pipeline_reduces(l->p, i))
            findings_warn(l->f, n->key_at, (uint32_t)n->key.n,
                          "no route leads on from '" STR_FMT
                          "': all that comes out of it dies as 'no_route'",
                          STR_ARG(s->name));
    }
}

/* Each row against the earlier and later ones of the same `from`. */
static void check_rows(struct loader *l)
{
    const struct routes *t = &l->p->routes;

    for (uint32_t i = 0; i < t->n; i++) {
        const struct node *row = l->row_nodes[i], *when = node_get(row, "when");
        bool is_reached = true, is_last = true;
        uint32_t before = 0;
        for (uint32_t k = 0; k < t->n; k++) {
            if (!str_equal(t->rows[k].from, t->rows[i].from))
                continue;
            bool is_open = !node_get(l->row_nodes[k], "when");
            if (k < i && is_reached && is_open) {
                is_reached = false;
                before = l->row_nodes[k]->at.line;
            }
            is_last = is_last && k <= i;
        }
        if (!is_reached)
            findings_warn(l->f, row->at, 1,
                          "nothing gets here: line %u takes all from '" STR_FMT "'", before,
                          STR_ARG(t->rows[i].from));
        else if (is_last && when)
            findings_warn(l->f, when->at, node_width(when),
                          "the last row from '" STR_FMT
                          "' has a condition; what matches no row dies as 'no_route'",
                          STR_ARG(t->rows[i].from));
    }
}

void pipeline_check_graph(struct loader *l)
{
    check_rows(l);
    if (l->has_broken_rows)
        return;
    check_stages(l);
    check_cycles(l);
}
