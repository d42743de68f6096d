/* The stage that adds to records what others know of them. */
#include "workers/enrich.h"

#include "common/io/loop.h"
#include "workers/stages.h"

enum {
    PATIENCE_US = 10 * 1000 * 1000, /* how long settled records wait for those beside them */
    STOP_US = 3 * 1000 * 1000,      /* how long calls in flight may take when we stop */
};

static uint64_t now_us(const struct enrich *s)
{
    return clock_mono_us(s->worker->services->clock);
}

/* Wants. */

static struct want *want_new(struct enrich *s, struct held *h, struct record *r)
{
    struct want *w = s->spare;

    if (w)
        s->spare = w->next;
    else
        w = arena_alloc(&s->wants, sizeof(*w));
    *w = (struct want){.next = h->wants, .link = &h->wants, .held = h, .owner = s, .record = r};
    if (w->next)
        w->next->link = &w->next;
    h->wants = w;
    h->open++;
    return w;
}

static void want_detach(struct want *w)
{
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    w->held->open--;
    w->held = NULL;
}

static void want_free(struct want *w)
{
    w->next = w->owner->spare;
    w->owner->spare = w;
}

/* Batches. */

static struct held *hold(struct enrich *s, struct batch *b)
{
    struct held *h = arena_zalloc(&b->arena, sizeof(*h));

    h->batch = b;
    h->since_us = now_us(s);
    b->kept = h;
    return h;
}

static void held_link(struct enrich *s, struct held *h)
{
    h->next = s->held;
    h->link = &s->held;
    if (h->next)
        h->next->link = &h->next;
    s->held = h;
}

static void finish(struct enrich *s, struct held *h)
{
    *h->link = h->next;
    if (h->next)
        h->next->link = h->link;
    s->worker->host->finish(s->worker, h->batch);
}

/* The records that are settled go on; those that still wait do so as entries of their own. */
static void part(struct enrich *s, struct held *h)
{
    while (h->wants) {
        record_settle(h->wants->record, VERDICT_RETRY, STR("lookup_failed"),
                      STR("the answer was not there in time"));
        want_detach(h->wants);
    }
    finish(s, h);
}

static void on_timer(void *ctx)
{
    struct enrich *s = ctx;
    uint64_t now = now_us(s), patience = s->is_stopping ? 0 : PATIENCE_US, next = 0;

    for (struct held *h = s->held, *after; h; h = after) {
        after = h->next;
        if (now - h->since_us >= patience)
            part(s, h);
        else
            next = next ? MIN(next, h->since_us + patience) : h->since_us + patience;
    }
    if (next)
        timer_start(s->timer, next - now);
}

/* Answers. */

static void take_answer(struct enrich *s, struct batch *b, struct record *r,
                        const struct lookup_answer *a)
{
    str members;

    switch (a->result) {
    case LOOKUP_FOUND:
        if (enrich_map_read(&s->plan.map, a->body, &b->arena, &members))
            enrich_found(s, b, r, members);
        else
            enrich_missing(s, b, r, STR("the answer has nothing that 'set' asks for"));
        break;
    case LOOKUP_MISSING:
        enrich_missing(s, b, r, STR("the service says that there is none"));
        break;
    case LOOKUP_FAILED:
        enrich_failed(s, b, r, a);
        break;
    }
}

static void on_answer(void *ctx, const struct lookup_answer *a)
{
    struct want *w = ctx;
    struct enrich *s = w->owner;
    struct held *h = w->held;

    if (!h) { /* its record has gone on */
        want_free(w);
        return;
    }
    take_answer(s, h->batch, w->record, a);
    want_detach(w);
    want_free(w);
    if (h->open == 0)
        finish(s, h);
}

/* Records. */

/* Does the condition hold? One that raises makes a dead letter. */
static bool is_wanted(struct enrich *s, struct batch *b, struct record *r)
{
    bool holds = true;
    str why;

    if (s->plan.script && !script_test(s->plan.script, s->plan.condition, r, &holds, &why)) {
        record_settle(r, VERDICT_DEAD, STR("condition"),
                      arena_printf(&b->arena, "'when' of the stage: " STR_FMT, STR_ARG(why)));
        return false;
    }
    return holds;
}

static bool is_document(struct record *r)
{
    str line = str_trim(r->line);

    if (line.n >= 2 && line.p[0] == '{' && line.p[line.n - 1] == '}')
        return true;
    record_settle(r, VERDICT_DEAD, STR("not_a_document"),
                  STR("only JSON objects can be enriched: normalise rows first"));
    return false;
}

/* What a test of the pipeline says. False: there is nobody to ask. */
static bool answer_offline(struct enrich *s, struct batch *b, struct record *r)
{
    static const enum lookup_result results[] = {[CANNED_ANSWER] = LOOKUP_FOUND,
                                                 [CANNED_MISSING] = LOOKUP_MISSING,
                                                 [CANNED_FAILED] = LOOKUP_FAILED};
    const struct services *services = s->worker->services;
    struct lookup_answer a = {
        .reason = STR("no_answer"), .detail = STR("as the test says"), .may_retry = true};
    enum canned canned = services->canned
                             ? services->canned(services->canned_ctx, s->worker->name, &a.body)
                             : CANNED_NONE;

    if (canned == CANNED_NONE)
        return false;
    a.result = results[canned];
    take_answer(s, b, r, &a);
    return true;
}

static void ask(struct enrich *s, struct batch *b, struct held *h, struct record *r)
{
    struct lookup_request q = {0};
    struct url_expanded e = {0};

    if (lookup_plan_fill(s->plan.lookups, r, &b->arena, &q, &e) != URL_EXPANDED) {
        enrich_no_key(s, b, r, &e);
        return;
    }
    if (!s->lookup && answer_offline(s, b, r))
        return;
    struct want *w = want_new(s, h, r);
    if (s->lookup)
        lookup_send(s->lookup, &q, on_answer, w);
}

static enum work enrich_process(struct worker *w, struct batch *b)
{
    struct enrich *s = w->state;
    struct held *h = hold(s, b);

    batch_each(r, b) {
        if (!is_document(r))
            continue;
        if (is_wanted(s, b, r))
            ask(s, b, h, r);
        else
            metric_add(s->skipped, 1);
    }
    if (h->open == 0)
        return WORK_DONE;
    if (!s->lookup) /* offline: whoever asked has to stop before this stage */
        return WORK_LATER;
    held_link(s, h);
    if (!timer_is_running(s->timer))
        timer_start(s->timer, PATIENCE_US);
    return WORK_LATER;
}

/* The stage. */

static void enrich_check(void *state, const struct node *config, struct findings *f)
{
    struct enrich *s = state;

    enrich_plan_load(&s->plan, config, STR("enrich"), f->arena, f);
    enrich_plan_free(&s->plan);
}

static struct metric *counter(struct enrich *s, const char *result)
{
    return metrics_get("standpipe_enrich_records_total", METRIC_COUNTER,
                       "Records by what a look-up said of them.",
                       arena_printf(s->worker->arena, "stage=\"" STR_FMT "\",result=\"%s\"",
                                    STR_ARG(s->worker->name), result));
}

static int load(struct enrich *s, struct error *err)
{
    struct worker *w = s->worker;
    struct findings *f = arena_zalloc(w->arena, sizeof(*f));

    f->arena = w->arena;
    enrich_plan_load(&s->plan, w->config, w->name, w->arena, f);
    if (!f->errors)
        return 0;
    enrich_plan_free(&s->plan);
    return error_at(err, f->list[0].at, STR_FMT, STR_ARG(f->list[0].text));
}

static int open_lookup(struct enrich *s, struct error *err)
{
    const struct services *services = s->worker->services;

    if (!services->http)
        return 0;
    if (lookup_plan_open(s->plan.lookups, err) != 0)
        return err->code;
    s->lookup = lookup_new(lookup_plan_config(s->plan.lookups), services, NULL, err);
    return s->lookup ? 0 : err->code;
}

static int enrich_open(struct worker *w, struct error *err)
{
    struct enrich *s = w->state;

    s->worker = w;
    if (load(s, err) != 0)
        return err->code;
    if (open_lookup(s, err) != 0) {
        enrich_plan_free(&s->plan);
        return err->code;
    }
    if (w->services->loop)
        s->timer = timer_new(w->services->loop, on_timer, s);
    s->found = counter(s, "found");
    s->missing = counter(s, "missing");
    s->failed = counter(s, "failed");
    s->skipped = counter(s, "skipped");
    s->no_key = counter(s, "no_key");
    return 0;
}

static void enrich_flush(struct worker *w)
{
    struct enrich *s = w->state;

    s->is_stopping = true;
    if (s->lookup)
        lookup_stop(s->lookup);
    timer_start(s->timer, STOP_US);
}

/* When the time to stop is over batches may be held: their entries stay pending. */
static void enrich_close(struct worker *w)
{
    struct enrich *s = w->state;

    lookup_free(s->lookup);
    if (s->timer)
        timer_free(s->timer);
    enrich_plan_free(&s->plan);
    arena_free(&s->wants);
    arena_free(&s->answer);
}

static int enrich_probe(struct worker *w, str *url, struct error *err)
{
    struct enrich *s = w->state;

    s->worker = w;
    if (load(s, err) != 0)
        return err->code;
    int rc = lookup_plan_open(s->plan.lookups, err);
    *url = arena_copy(w->arena, lookup_plan_origin(s->plan.lookups));
    enrich_plan_free(&s->plan);
    return rc;
}

const struct stage stage_enrich = {
    .name = "enrich",
    .summary = "Add to documents what a service or a table knows of them.",
    .state_size = sizeof(struct enrich),
    .settings = enrich_settings,
    .check = enrich_check,
    .open = enrich_open,
    .process = enrich_process,
    .flush = enrich_flush,
    .close = enrich_close,
    .probe = enrich_probe,
    .max_inflight = ENRICH_BATCHES,
};
