#include "workers/dispatch_gauges.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/run/metrics.h"

enum { EVERY_US = 1000 * 1000 };

struct gauges {
    struct process *process;
    struct timer *timer;
    struct arena arena;
    struct metric *version; /* of the pipeline in force */
    uint64_t told;          /* that version; 0: none yet */
    uint32_t waiting;
};
struct row { /* a field of the books and its metric */
    const char *field, *name;
    enum metric_type type;
    const char *help;
};

static const struct row rows[] = {
    {"records", "standpipe_topic_records", METRIC_GAUGE, "Records waiting in the topic."},
    {"bytes", "standpipe_topic_bytes", METRIC_GAUGE, "Bytes of data waiting in the topic."},
    {"in", "standpipe_records_accepted_total", METRIC_COUNTER,
     "Records that came into the topic."},
    {"out", "standpipe_records_out_total", METRIC_COUNTER,
     "Records that the stage handed on or delivered."},
    {"delivered", "standpipe_records_delivered_total", METRIC_COUNTER,
     "Records that the destination took."},
    {"dead", "standpipe_records_dead_total", METRIC_COUNTER,
     "Records that became dead letters in the stage."},
    {"filtered", "standpipe_records_filtered_total", METRIC_COUNTER,
     "Records that were dropped on purpose."},
    {"ambiguous", "standpipe_records_ambiguous_total", METRIC_COUNTER,
     "Records sent again because the destination's answer left it open."},
};

static void tell(const struct row *row, str label, str value)
{
    struct metric *m = metrics_get(row->name, row->type, row->help, label);
    uint64_t v;

    if (!str_to_u64(value, &v))
        return;
    if (row->type == METRIC_GAUGE)
        metric_set(m, (double)v);
    else if (v > metric_value(m))
        metric_add(m, v - metric_value(m));
}

static void tell_field(str field, str label, str value)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_is(field, rows[i].field))
            tell(&rows[i], label, value);
}

/* What it hands on is delivered. */
static bool is_last(const struct pipeline *p, str stage)
{
    uint32_t number;
    const struct pipeline_stage *s = pipeline_find(p, stage, &number);

    return s && s->kind->is_end;
}

/* "table:<name>:refused" */
static void tell_table(struct gauges *g, str field, str value)
{
    static const struct row refused = {"refused", "standpipe_table_refused_total",
                                       METRIC_COUNTER,
                                       "New rows that a full table did not take."};
    str what = field, name = str_cut(&what, ':');

    if (str_is(what, refused.field))
        tell(&refused, arena_printf(&g->arena, "table=\"" STR_FMT "\"", STR_ARG(name)), value);
}

/* "<stage>:<field>", value, ... */
static void tell_books(struct gauges *g, const struct reply *books)
{
    for (uint32_t i = 0; i + 1 < books->n; i += 2) {
        str field = books->items[i].text;
        str stage = str_cut(&field, ':');
        str label = arena_printf(&g->arena, "stage=\"" STR_FMT "\"", STR_ARG(stage));
        tell_field(field, label, books->items[i + 1].text);
        if (str_is(stage, "table"))
            tell_table(g, field, books->items[i + 1].text);
        if (str_is(field, "out") && is_last(g->process->pipeline, stage))
            tell_field(STR("delivered"), label, books->items[i + 1].text);
    }
}

static void rest(struct gauges *g)
{
    if (--g->waiting == 0)
        timer_start(g->timer, EVERY_US);
    process_settled(g->process);
}

static void on_books(void *ctx, const struct reply *reply)
{
    struct gauges *g = ctx;

    if (reply && reply->type == REPLY_ARRAY)
        tell_books(g, reply);
    rest(g);
}

struct age { /* a question about a stage, or about all of them */
    struct gauges *gauges;
    const char *stage;
};

static str first_id(const struct reply *reply)
{
    if (reply->type == REPLY_STRING)
        return reply->text; /* of a kept topic */
    return reply->type == REPLY_ARRAY && reply->n && reply->items[0].n
               ? reply->items[0].items[0].text
               : STR_NONE;
}

/* The id of a topic's first entry begins with the time it was added. */
static void on_first(void *ctx, const struct reply *reply)
{
    struct age *a = ctx;
    str label = arena_printf(&a->gauges->arena, "stage=\"%s\"", a->stage);
    uint64_t ms = 0;

    if (reply && reply->type != REPLY_ERROR) {
        str id = first_id(reply);
        if (!str_to_u64(str_cut(&id, '-'), &ms))
            ms = 0;
        metric_set(metrics_get("standpipe_topic_oldest_timestamp_seconds", METRIC_GAUGE,
                               "When the oldest waiting entry was added; 0: none waits.",
                               label),
                   (double)ms / 1000);
    }
    rest(a->gauges);
}

/* XPENDING's summary: [count, ...]; what is parked is claimed as well, by `~later`. */
static void on_pending(void *ctx, const struct reply *reply)
{
    struct age *a = ctx;
    str label = arena_printf(&a->gauges->arena, "stage=\"%s\"", a->stage);

    if (reply && reply->type == REPLY_ARRAY && reply->n)
        metric_set(metrics_get("standpipe_pending_entries", METRIC_GAUGE,
                               "Entries that are claimed: in hand, parked or given back.",
                               label),
                   (double)reply->items[0].integer);
    rest(a->gauges);
}

static void on_later(void *ctx, const struct reply *reply)
{
    if (reply && reply->type == REPLY_INTEGER)
        metric_set(metrics_get("standpipe_later_entries", METRIC_GAUGE,
                               "Entries that wait for their next attempt.", STR("")),
                   (double)reply->integer);
    rest(ctx);
}

static void on_dead(void *ctx, const struct reply *reply)
{
    if (reply && reply->type == REPLY_INTEGER)
        metric_set(metrics_get("standpipe_dead_entries", METRIC_GAUGE,
                               "Dead letters that stand there.", STR("")),
                   (double)reply->integer);
    rest(ctx);
}

static void ask_first(struct process *p, struct arena *a, const struct pipeline_stage *stage,
                      struct age *age)
{
    str topic = keys_topic(&p->keys, a, stage->name);

    if (pipeline_keeps(stage))
        redis_say(p->redis, a, on_first, age, STR("FCALL"), STR("sp1_oldest"), STR("1"), topic,
                  STR("sp"));
    else
        redis_say(p->redis, a, on_first, age, STR("XRANGE"), topic, STR("-"), STR("+"),
                  STR("COUNT"), STR("1"));
}

static void tell_marks(struct gauges *g)
{
    const struct pipeline *p = g->process->pipeline;

    for (uint32_t i = 0; i < p->stage_count; i++) {
        str label =
            arena_printf(&g->arena, "stage=\"" STR_FMT "\"", STR_ARG(p->stages[i].name));
        metric_set(metrics_get("standpipe_topic_high_bytes", METRIC_GAUGE,
                               "Bytes at which the topic's feeders stop.", label),
                   (double)p->stages[i].high_bytes);
    }
}

static void tell_version(struct gauges *g)
{
    uint64_t version = g->process->pipeline->version;

    if (version == g->told)
        return;
    str label = arena_printf(&g->arena, "version=\"%" PRIu64 "\"", version);
    metric_relabel(g->version, label);
    metric_set(g->version, 1);
    g->told = version;
}

static void on_timer(void *ctx)
{
    struct gauges *g = ctx;
    struct process *p = g->process;
    struct arena *a = &g->arena;

    arena_reset(a);
    tell_marks(g);
    tell_version(g);
    g->waiting = 4; /* three, and this call: early answers do not end the round */
    redis_say(p->redis, a, on_books, g, STR("HGETALL"), keys_lane(&p->keys, a, "books"));
    redis_say(p->redis, a, on_later, g, STR("ZCARD"), keys_lane(&p->keys, a, "later"));
    redis_say(p->redis, a, on_dead, g, STR("XLEN"), keys_lane(&p->keys, a, "dead"));
    for (uint32_t i = 0; i < p->pipeline->stage_count; i++) {
        struct age *age = arena_alloc(a, sizeof(*age));
        *age = (struct age){.gauges = g, .stage = arena_copy(a, p->pipeline->stages[i].name).p};
        g->waiting += 2;
        ask_first(p, a, &p->pipeline->stages[i], age);
        redis_say(p->redis, a, on_pending, age, STR("XPENDING"),
                  keys_topic(&p->keys, a, p->pipeline->stages[i].name), STR("sp"));
    }
    rest(g);
}

struct gauges *gauges_open(struct process *p)
{
    struct gauges *g = xalloc(sizeof(*g));

    g->process = p;
    metric_set(metrics_get("standpipe_build_info", METRIC_GAUGE, "The build that runs.",
                           STR("version=\"" STANDPIPE_VERSION "\"")),
               1);
    g->version = metrics_get("standpipe_pipeline_info", METRIC_GAUGE,
                             "The pipeline in force, by its version.", STR(""));
    g->timer = timer_new(p->loop, on_timer, g);
    timer_start(g->timer, 0);
    return g;
}

void gauges_close(struct gauges *g)
{
    timer_free(g->timer);
    arena_free(&g->arena);
    free(g);
}

bool gauges_is_idle(const struct gauges *g)
{
    return g->waiting == 0;
}
