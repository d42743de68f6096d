/* The stage that sends documents away. It keeps batches until their last document is settled;
 * what a destination wants stands in its sink, when to send and what to send again in
 * deliver_call.c. */
#include "workers/deliver.h"

#include <inttypes.h>
#include <stdlib.h>

#include "workers/stages.h"

static const struct setting settings[] = {
    {"linger", SETTING_MSEC, "200ms", offsetof(struct deliver, linger_ms),
     "How long a document may wait for others to fill a call, at most 60s."},
    {"attempts", SETTING_COUNT, "50", offsetof(struct deliver, attempts),
     "How often a record is tried that the destination fails to take while it takes others. "
     "Throttling and outages do not count."},
    {"firehose", SETTING_NODE, "", offsetof(struct deliver, firehose),
     "Send to an Amazon Data Firehose stream.", INSIDE_KEYS, sink_firehose_settings},
    {0},
};

static void deliver_check(void *state, const struct node *config, struct findings *f)
{
    const struct deliver *s = state;

    if (s->linger_ms > 60000)
        findings_error(f, node_at(config, "linger"), 1, "linger must be at most 60s");
    if (s->attempts < 1)
        findings_error(f, node_at(config, "attempts"), 1, "attempts must be at least 1");
    if (!s->firehose) {
        findings_error(f, node_at(config, "firehose"), 1,
                       "deliver needs a destination: firehose: {stream: name}");
        return;
    }
    void *sink = arena_zalloc(f->arena, sink_firehose.state_size);
    if (setting_fill(sink_firehose.settings, s->firehose, sink, f))
        sink_firehose.check(sink, s->firehose, f);
}

/* The same texts as in the check, which has passed by now. */
static int open_sink(struct deliver *s, struct error *err)
{
    struct arena *a = s->worker->arena;
    struct findings *f = arena_zalloc(a, sizeof(*f));

    f->arena = a;
    s->sink = &sink_firehose;
    s->sink_state = arena_zalloc(a, s->sink->state_size);
    setting_fill(s->sink->settings, s->firehose, s->sink_state, f);
    if (f->errors)
        return error_at(err, f->list[0].at, STR_FMT, STR_ARG(f->list[0].text));
    const struct remote *remote = s->worker->services->remote;
    return s->sink->open(s->sink_state, a, remote ? remote->credentials : NULL, &s->limits,
                         err);
}

static void get_metrics(struct deliver *s)
{
    str labels =
        arena_printf(s->worker->arena, "stage=\"" STR_FMT "\"", STR_ARG(s->worker->name));

    s->ambiguous =
        metrics_get("standpipe_ambiguous_records_total", METRIC_COUNTER,
                    "Records whose answer left it open whether they were taken.", labels);
    s->calls = metrics_get("standpipe_deliver_calls_total", METRIC_COUNTER,
                           "Calls to the destination that ended.", labels);
    s->failed_calls = metrics_get("standpipe_deliver_failed_calls_total", METRIC_COUNTER,
                                  "Calls that failed as a whole.", labels);
    s->seconds = metrics_get("standpipe_deliver_call_seconds", METRIC_HISTOGRAM,
                             "Duration of a call to the destination.", labels);
}

static void on_timer(void *ctx)
{
    deliver_pump(ctx);
    answer_finish(ctx);
}

static int deliver_probe(struct worker *w, str *url, struct error *err)
{
    struct deliver *s = w->state;

    s->worker = w;
    if (open_sink(s, err) != 0)
        return err->code;
    *url = arena_copy(w->arena, s->sink->url(s->sink_state));
    s->sink->close(s->sink_state);
    return 0;
}

static int deliver_open(struct worker *w, struct error *err)
{
    struct deliver *s = w->state;

    if (!w->services->http)
        return error_set(err, ERR_HTTP, "deliver '" STR_FMT "': no HTTP client",
                         STR_ARG(w->name));
    if (!s->firehose)
        return error_at(err, node_at(w->config, "firehose"), "deliver needs a destination");
    s->worker = w;
    if (open_sink(s, err) != 0)
        return err->code;
    s->flights = xalloc(s->limits.in_flight * sizeof(*s->flights));
    for (uint32_t i = 0; i < s->limits.in_flight; i++) {
        s->flights[i].owner = s;
        s->flights[i].notes.done = call_on_noted;
        s->flights[i].notes.ctx = &s->flights[i];
        s->flights[i].call.parcels = xalloc(s->limits.call_parcels * sizeof(struct parcel *));
    }
    s->timer = timer_new(w->services->loop, on_timer, s);
    get_metrics(s);
    return 0;
}

/* Made once for each source and time of acceptance in a batch: few, so a list will do. */
static const struct provenance *find_provenance(struct worker *w, struct batch *b,
                                                const struct entry *e, struct provenance **list)
{
    const struct provenance *same_source = NULL;
    struct source_info info = {0};

    for (const struct provenance *p = *list; p; p = p->next) {
        if (!str_equal(p->src, e->src))
            continue;
        if (p->at == e->at)
            return p;
        same_source = p;
    }
    str head;
    if (same_source)
        head = same_source->head;
    else if (w->host->source(w, e->src, &info))
        head = provenance_head(&b->arena, info.uri, info.version);
    else
        head = provenance_head(&b->arena, STR_NONE, STR_NONE);
    struct provenance *p =
        provenance_new(&b->arena, e->src, head, e->at, w->services->pipeline_version);
    p->next = *list;
    return *list = p;
}

static bool is_object(str line)
{
    if (line.n >= 2 && line.p[0] == '{' && line.p[line.n - 1] == '}')
        return true;
    line = str_trim(line);
    return line.n >= 2 && line.p[0] == '{' && line.p[line.n - 1] == '}';
}

/* False: it goes nowhere, and is settled. */
static bool take(struct deliver *s, struct batch *b, struct record *r, struct document *d)
{
    if (!is_object(r->line)) {
        record_settle(r, VERDICT_DEAD, STR("not_a_document"),
                      STR("only JSON objects can be delivered"));
        return false;
    }
    document_measure(d);
    if (d->length <= s->limits.document_bytes)
        return true;
    record_settle(r, VERDICT_DEAD, STR("too_large"),
                  arena_printf(&b->arena,
                               "%" PRIu32 " bytes as sent; %s takes %zu in one record",
                               d->length, s->sink->name, s->limits.document_bytes));
    return false;
}

static enum work deliver_process(struct worker *w, struct batch *b)
{
    struct deliver *s = w->state;
    uint64_t now = clock_mono_us(w->services->clock);
    struct held *h = arena_zalloc(&b->arena, sizeof(*h));
    struct document *d = arena_alloc(&b->arena, b->record_count * sizeof(*d));
    struct provenance *list = NULL;
    const struct provenance *from = NULL;
    const struct entry *last = NULL;

    h->batch = b;
    batch_each(r, b) {
        if (s->limits.wants_source && r->entry != last)
            from = find_provenance(w, b, r->entry, &list);
        last = r->entry;
        *d = (struct document){
            .record = r, .held = h, .from = from, .has_newline = s->limits.wants_newline};
        if (!take(s, b, r, d))
            continue;
        h->open++;
        pack_add(s, d++, now);
    }
    if (h->open == 0)
        return WORK_DONE;
    s->held_count++;
    s->is_alone = b->is_alone;
    deliver_pump(s);
    return WORK_LATER;
}

static void deliver_flush(struct worker *w)
{
    struct deliver *s = w->state;

    s->is_flushing = true;
    deliver_pump(s);
}

static void free_list(struct parcel *p)
{
    for (struct parcel *next; p; p = next) {
        next = p->next;
        free(p);
    }
}

/* When the time to stop is over there may be calls in flight: their entries stay pending. */
static void deliver_close(struct worker *w)
{
    struct deliver *s = w->state;

    deliver_cancel(s);
    pack_close(s);
    free_list(s->fresh.first);
    free_list(s->again.first);
    free_list(s->spare);
    for (uint32_t i = 0; i < s->limits.in_flight; i++) {
        buf_free(&s->flights[i].call.body);
        arena_free(&s->flights[i].call.arena);
        arena_free(&s->flights[i].arena);
        free(s->flights[i].call.parcels);
        free(s->flights[i].notes.list);
    }
    free(s->flights);
    timer_free(s->timer);
    s->sink->close(s->sink_state);
}

const struct stage stage_deliver = {
    .name = "deliver",
    .summary = "Send documents to Amazon Data Firehose.",
    .state_size = sizeof(struct deliver),
    .settings = settings,
    .check = deliver_check,
    .open = deliver_open,
    .process = deliver_process,
    .flush = deliver_flush,
    .close = deliver_close,
    .probe = deliver_probe,
    .max_inflight = DELIVER_BATCHES,
    .is_end = true,
};
