/* What becomes of each record of a commit. */
#include <assert.h>

#include "common/run/dead.h"
#include "common/run/output_build.h"

static struct source_sums *sums_of(struct builder *w, str src)
{
    for (struct source_sums *s = w->sources; s; s = s->next)
        if (str_equal(s->src, src))
            return s;
    struct source_sums *s = arena_zalloc(w->arena, sizeof(*s));
    *s = (struct source_sums){.next = w->sources, .src = src};
    w->source_count++;
    return w->sources = s;
}

static void drop(struct builder *w, struct source_sums *s, str reason)
{
    struct drop_sum *sum = s->drops;

    w->filtered++;
    s->filtered++;
    if (!reason.n)
        return;
    while (sum && !str_equal(sum->reason, reason))
        sum = sum->next;
    if (!sum) {
        sum = arena_alloc(w->arena, sizeof(*sum));
        *sum = (struct drop_sum){.next = s->drops, .reason = reason};
        s->drops = sum;
        s->drop_count++;
    }
    sum->n++;
}

static void end_record(struct builder *w, struct source_sums *s, struct record *r)
{
    const struct output_context *c = w->c;
    str reason = r->reason, detail = r->detail;
    bool is_drop = r->verdict == VERDICT_DROP;

    if (r->verdict == VERDICT_PASS) { /* a route ends it */
        assert(r->route);
        reason = r->route->reason;
        is_drop = r->route->act == ROUTE_DROP;
    }
    if (is_drop) {
        drop(w, s, reason);
        return;
    }
    dead_add(w->arena, &w->dead, r, reason, detail,
             &(struct dead_context){.stage = w->stage->name,
                                    .now_ms = c->now_ms,
                                    .uri = c->uri_of ? c->uri_of(c->uri_ctx, r->entry->src)
                                                     : STR_NONE});
    w->dead_count++;
    s->dead++;
}

/* A small entry of its own: it must not hold up those that it came with. */
static bool try_again(struct builder *w, struct source_sums *s, struct record *r)
{
    const struct entry *e = r->entry;
    const struct pack_again again = {.try = e->try + 1,
                                     .tried = e->tried ? e->tried : w->c->now_ms,
                                     .reason = r->reason,
                                     .is_copy = pipeline_keeps(w->stage)};

    assert(!w->stage->kind->wants_jobs);
    if (again.try >= w->stage->retry.attempts)
        return false;
    pack_record_again(w->arena, &w->again, r, &again);
    s->open++;
    return true;
}

static bool is_as_old(const struct entry *a, const struct entry *b)
{
    return a->try == b->try && a->tried == b->tried;
}

/* No attempts, and no reason to be alone: they wait for the same. One attempt at least is what
 * makes an entry wait. */
static void put_untried(struct builder *w)
{
    for (uint32_t i = 0, n; i < w->untried_count; i += n) {
        const struct entry *e = w->untried[i]->entry;
        const struct pack_again again = {.try = MAX(e->try, 1u),
                                         .tried = e->tried ? e->tried : w->c->now_ms,
                                         .reason = w->untried[i]->reason,
                                         .is_copy = pipeline_keeps(w->stage)};
        n = 1;
        while (i + n < w->untried_count && is_as_old(e, w->untried[i + n]->entry))
            n++;
        pack_records_again(w->arena, &w->again, w->untried + i, n, &again);
    }
}

static void wait_again(struct builder *w, struct source_sums *s, struct record *r)
{
    if (!w->untried)
        w->untried = arena_alloc(w->arena, w->record_count * sizeof(struct record *));
    w->untried[w->untried_count++] = r;
    s->open++;
}

/* No attempt: the entry is only cut apart. */
static void put_back(struct builder *w, struct source_sums *s, struct record *r)
{
    const struct pack_again as_it_was = {
        .try = r->entry->try, .tried = r->entry->tried, .is_copy = pipeline_keeps(w->stage)};

    pack_record_again(w->arena, &w->again, r, &as_it_was);
    s->open++;
}

static void send(struct builder *w, struct source_sums *s, uint32_t to, struct record *r)
{
    w->lists[to][w->list_lengths[to]++] = r;
    s->open++;
}

/* A copy goes to where late records are looked at. True: to one such stage at least. */
static bool send_late(struct builder *w, struct source_sums *s, struct record *r, uint64_t late)
{
    const struct pipeline_window *rules = w->c->pipeline->windows;
    bool is_sent = false;

    for (uint32_t i = 0; late >> i; i++) {
        if (!(late >> i & 1) || !rules[i].has_late)
            continue;
        send(w, s, rules[i].late, windows_late_copy(w->arena, &rules[i], r));
        is_sent = true;
    }
    return is_sent;
}

static void count(struct builder *w, const struct record *r)
{
    counts_add(w->counts, r);
    parts_add(w->parts, r);
}

static void leaves_well(struct builder *w, struct source_sums *s, struct record *r)
{
    w->out++;
    count(w, r);
    (void)send_late(w, s, r, windows_add(w->windows, r));
}

/* It ends in a window, but for those that come late. */
static void reduce(struct builder *w, struct source_sums *s, struct record *r)
{
    count(w, r);
    uint64_t late = windows_add(w->windows, r);
    if (send_late(w, s, r, late))
        w->out++;
    else
        drop(w, s, late ? STR("late") : STR("reduced"));
}

static void sort_record(struct builder *w, struct source_sums *s, struct record *r)
{
    bool is_new =
        w->stage->kind->wants_jobs || !r->entry->is_booked; /* to its source's books */
    bool goes_on = r->verdict == VERDICT_PASS && r->route && r->route->act == ROUTE_TO;
    bool is_reduced = r->verdict == VERDICT_PASS && w->reduces;
    str reason = STR_NONE;

    s->rows += is_new;
    s->open -= !is_new;
    if (w->b->is_cut) {
        put_back(w, s, r);
    } else if ((goes_on || is_reduced) && !parts_admit(w->parts, r, &reason)) {
        drop(w, s, reason);
    } else if (is_reduced) {
        reduce(w, s, r);
    } else if (goes_on) {
        for (uint32_t i = 0; i < r->route->to_count; i++)
            send(w, s, r->route->to[i], r);
        leaves_well(w, s, r);
    } else if (r->verdict == VERDICT_PASS && w->stage->kind->is_end) {
        s->delivered++;
        leaves_well(w, s, r);
    } else if (r->verdict == VERDICT_RETRY && r->is_untried) {
        wait_again(w, s, r);
    } else if (r->verdict != VERDICT_RETRY || !try_again(w, s, r)) {
        end_record(w, s, r);
    }
}

static bool is_within(const struct builder *w, const struct record *r, uint32_t from,
                      uint32_t n)
{
    const struct entry *first = &w->b->entries[from];

    return r->entry >= first && r->entry < first + n;
}

/* How often one record may go to the same stage. */
static uint32_t copies_most(const struct builder *w)
{
    uint32_t n = 1;

    for (uint32_t i = 0; w->windows && i < w->c->pipeline->window_count; i++)
        n += w->c->pipeline->windows[i].has_late;
    return n;
}

/* Room for what may go to each stage: a batch is built entry by entry, too. */
static void make_lists(struct builder *w, uint32_t from, uint32_t n)
{
    uint32_t stages = w->c->pipeline->stage_count, copies = copies_most(w);

    batch_each(r, w->b)
        w->record_count += is_within(w, r, from, n);
    w->lists = arena_alloc(w->arena, stages * sizeof(*w->lists));
    w->list_lengths = arena_zalloc(w->arena, stages * sizeof(*w->list_lengths));
    for (uint32_t i = 0; i < stages; i++)
        w->lists[i] = arena_alloc(w->arena, w->record_count * copies * sizeof(**w->lists));
}

/* What the books do not know of, by the entry or because it claims another number, comes in as
 * it leaves. */
static void add_entries(struct builder *w, uint32_t from, uint32_t n)
{
    if (w->b->progress && !w->b->progress->is_last)
        return; /* held */
    for (uint32_t i = from; i < from + n; i++) {
        const struct entry *e = &w->b->entries[i];
        w->ambiguous += e->ambiguous;
        if (!e->is_booked)
            continue;
        w->booked_records += e->n;
        w->booked_bytes += (int64_t)(e->data.n ? e->data.n : e->uri.n);
    }
    w->in = (int64_t)(w->stage->kind->wants_jobs ? n : w->record_count) - w->booked_records;
}

void output_sort(struct builder *w, uint32_t from, uint32_t n)
{
    struct source_sums *s = NULL;

    make_lists(w, from, n);
    batch_each(r, w->b) {
        if (!is_within(w, r, from, n))
            continue;
        if (!s || !str_equal(s->src, r->entry->src))
            s = sums_of(w, r->entry->src);
        sort_record(w, s, r);
    }
    put_untried(w);
    add_entries(w, from, n);
}
