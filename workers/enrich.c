/* The stage that adds to documents what others know of them. */
#include "workers/enrich.h"

#include "common/data/json.h"
#include "common/data/record_key.h"
#include "workers/stages.h"

/* Records. */

static bool is_document(struct record *r)
{
    str line = str_trim(r->line);

    if (line.n >= 2 && line.p[0] == '{' && line.p[line.n - 1] == '}')
        return true;
    record_settle(r, VERDICT_DEAD, STR("not_a_document"),
                  STR("only JSON objects can be enriched: normalise rows first"));
    return false;
}

/* Does the condition hold? One that raises makes a dead letter. */
static bool is_wanted(struct enrich *s, struct batch *b, struct record *r)
{
    bool holds = true;
    str why;

    if (!s->plan.script)
        return true;
    if (!script_test(s->plan.script, s->plan.condition, r, &holds, &why)) {
        record_settle(r, VERDICT_DEAD, STR("condition"),
                      arena_printf(&b->arena, "'when' of the stage: " STR_FMT, STR_ARG(why)));
        return false;
    }
    if (!holds)
        metric_add(s->skipped, 1);
    return holds;
}

/* False: there is none, and the record is settled. */
static bool make_key(struct enrich *s, struct batch *b, struct record *r, str *key)
{
    const struct enrich_plan *p = &s->plan;
    struct lookup_request q = {0};
    struct url_expanded e = {0};
    bool is_there;

    if (p->member_count) {
        is_there = record_key(&b->arena, r, p->members, p->member_count, key) && key->n;
        e.member = p->members[0];
        for (uint32_t i = 0; i < p->member_count && !is_there; i++) {
            str value;
            if (!record_find(r, p->members[i], &value) || json_type(value) == JSON_NULL) {
                e.member = p->members[i];
                break;
            }
        }
    } else {
        is_there = lookup_plan_fill(p->lookups, r, &b->arena, &q, &e) == URL_EXPANDED;
        *key = q.key;
    }
    if (!is_there)
        enrich_no_key(s, b, r, &e);
    return is_there;
}

/* What a test of the pipeline says. False: there is nobody to ask. */
static bool answer_offline(struct enrich *s, struct batch *b, struct record *r)
{
    const struct services *services = s->worker->services;
    struct lookup_answer a = {
        .reason = STR("no_answer"), .detail = STR("as the test says"), .may_retry = true};
    str body;
    enum canned canned = services->canned
                             ? services->canned(services->canned_ctx, s->worker->name, &body)
                             : CANNED_NONE;

    if (canned == CANNED_NONE)
        return false;
    a.result = canned == CANNED_FAILED ? LOOKUP_FAILED : LOOKUP_MISSING;
    if (canned == CANNED_ANSWER && enrich_map_read(&s->plan.map, body, &b->arena, &a.body))
        a.result = LOOKUP_FOUND;
    enrich_answered(s, b, r, &a);
    return true;
}

static enum cached look(struct enrich *s, str key, str *members)
{
    return s->table ? enrich_table_look(s, key, members)
                    : lookup_cache_look(s->cache, key, members);
}

static void work_on(struct enrich *s, struct held *h, struct record *r)
{
    struct batch *b = h->batch;
    str key, members;

    if (!make_key(s, b, r, &key))
        return;
    if (!s->table && !s->cache) {
        h->open += !answer_offline(s, b, r);
        return;
    }
    switch (look(s, key, &members)) {
    case CACHED_FOUND:
        enrich_found(s, b, r, arena_copy(&b->arena, members));
        break;
    case CACHED_MISSING:
        enrich_missing(s, b, r);
        break;
    case CACHED_NOT:
        enrich_want(s, h, r, key);
        break;
    }
}

/* What is wanted may be answered at once, while we are at it: then the batch is not finished
 * by the last answer, but here. */
static enum work enrich_process(struct worker *w, struct batch *b)
{
    struct enrich *s = w->state;
    struct held *h = enrich_hold(s, b);

    h->open = 1;
    batch_each(r, b)
        if (is_document(r) && is_wanted(s, b, r))
            work_on(s, h, r);
    if (s->table)
        enrich_table_ask(s);
    if (s->cache)
        enrich_fetch_tell(s);
    h->open--;
    if (h->open == 0 || !s->timer) {
        enrich_let_go(h);
        return h->open ? WORK_LATER : WORK_DONE; /* offline: nobody can answer */
    }
    return WORK_LATER;
}

/* The stage. */

static void enrich_check(void *state, const struct node *config, struct findings *f)
{
    struct enrich *s = state;

    enrich_plan_load(&s->plan, config, STR("enrich"), f->arena, f);
    enrich_plan_free(&s->plan);
}

static struct metric *counter(struct enrich *s, const char *name, const char *help,
                              const char *result)
{
    return metrics_get(name, METRIC_COUNTER, help,
                       arena_printf(s->worker->arena, "stage=\"" STR_FMT "\",result=\"%s\"",
                                    STR_ARG(s->worker->name), result));
}

static void open_metrics(struct enrich *s)
{
    static const char records[] = "standpipe_enrich_records_total",
                      cache[] = "standpipe_enrich_cache_total",
                      records_help[] = "Records by what a look-up said of them.",
                      cache_help[] = "Look-ups by who answered them.";

    s->found = counter(s, records, records_help, "found");
    s->missing = counter(s, records, records_help, "missing");
    s->failed = counter(s, records, records_help, "failed");
    s->skipped = counter(s, records, records_help, "skipped");
    s->no_key = counter(s, records, records_help, "no_key");
    s->cached_local = counter(s, cache, cache_help, "local");
    s->cached_shared = counter(s, cache, cache_help, "shared");
    s->cached_joined = counter(s, cache, cache_help, "joined");
    s->cached_stale = counter(s, cache, cache_help, "stale");
    s->fetched = counter(s, cache, cache_help, "fetched");
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

static int enrich_open(struct worker *w, struct error *err)
{
    struct enrich *s = w->state;

    s->worker = w;
    if (load(s, err) != 0)
        return err->code;
    open_metrics(s);
    if (!w->services->redis) /* offline */
        return 0;
    if (s->plan.table)
        enrich_table_open(s);
    else if (enrich_fetch_open(s, err) != 0) {
        enrich_plan_free(&s->plan);
        return err->code;
    }
    enrich_hold_open(s);
    return 0;
}

static void enrich_flush(struct worker *w)
{
    struct enrich *s = w->state;

    if (s->cache)
        lookup_cache_stop(s->cache);
    enrich_hold_stop(s);
}

static void enrich_close(struct worker *w)
{
    struct enrich *s = w->state;

    enrich_fetch_close(s);
    enrich_table_close(s);
    enrich_hold_close(s);
    enrich_plan_free(&s->plan);
    arena_free(&s->scratch);
}

static int enrich_probe(struct worker *w, str *url, struct error *err)
{
    struct enrich *s = w->state;
    int rc = 0;

    s->worker = w;
    *url = STR_NONE;
    if (load(s, err) != 0)
        return err->code;
    if (s->plan.lookups) {
        rc = lookup_plan_open(s->plan.lookups, err);
        *url =
            arena_printf(w->arena, STR_FMT "/", STR_ARG(lookup_plan_origin(s->plan.lookups)));
    }
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
