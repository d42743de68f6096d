/* What Redis knows of a record: its source, and the entries that hold it. */
#include "common/io/redis.h"
#include "common/run/pipeline.h"
#include "tools/trace.h"

enum { PAGE = 50 }; /* entries of up to a megabyte */

struct finder {
    struct redis *redis;
    struct arena *arena;
    struct arena page;
    struct trace_finds *finds;
    struct origin origin;
    str quoted; /* the id as it stands in a document */
    uint64_t limit;
    str needed; /* first entry of a kept topic that is not done; empty: all are */
    bool is_kept;
    struct error *err;
};

static str field_of(const struct reply *fields, const char *name)
{
    for (uint32_t i = 0; i + 1 < fields->n; i += 2)
        if (str_is(fields->items[i].text, name))
            return fields->items[i + 1].text;
    return STR_NONE;
}

static uint64_t number_of(const struct reply *fields, const char *name)
{
    uint64_t n;

    return str_to_u64(field_of(fields, name), &n) ? n : 0;
}

static int read_hash(struct redis *r, str key, struct arena *a, const struct reply **fields,
                     struct error *err)
{
    if (redis_call(r, (const str[]){STR("HGETALL"), key}, 2, a, fields, err) != 0)
        return err->code;
    if ((*fields)->type != REPLY_ARRAY)
        return error_set(err, ERR_REDIS, "HGETALL '%s': an answer of the wrong form", key.p);
    return 0;
}

int trace_source(struct redis *r, const struct keys *k, str src, struct arena *a,
                 struct trace_source *s, struct error *err)
{
    const struct reply *source, *job;
    str key = keys_source(k, a, src);

    if (read_hash(r, key, a, &source, err) != 0)
        return err->code;
    *s = (struct trace_source){
        .uri = field_of(source, "uri"),
        .version = field_of(source, "version"),
        .rows = number_of(source, "rows"),
        .delivered = number_of(source, "delivered"),
        .dead = number_of(source, "dead"),
        .filtered = number_of(source, "filtered"),
        .open = number_of(source, "open"),
        .job = {.id = field_of(source, "job")},
    };
    if (!s->uri.n)
        return error_set(err, ERR_DATA,
                         "'%s' does not exist: no such source, or it was last seen more than "
                         "30 days ago",
                         key.p);
    s->is_by_hand = str_starts(s->uri, STR("inbox:"));
    if (!s->job.id.n)
        return 0;
    if (read_hash(r, keys_job(k, a, s->job.id), a, &job, err) != 0)
        return err->code;
    s->job.state = field_of(job, "state");
    s->job.cols = field_of(job, "cols");
    s->job.format = field_of(job, "format");
    s->job.records = field_of(job, "records");
    s->job.delimiter = field_of(job, "delimiter");
    s->job.quote = field_of(job, "quote");
    s->job.newline = field_of(job, "newline");
    s->job.encoding = field_of(job, "encoding");
    s->job.mark = (struct source_mark){.in = number_of(job, "packed_at"),
                                       .out = number_of(job, "unpacked_at")};
    s->job.drift = field_of(job, "drift");
    s->job.drift_before = field_of(job, "drift_before");
    s->job.before = field_of(job, "before_records");
    s->job.behind = field_of(job, "behind_records");
    return 0;
}

/* Rows of an entry follow each other; of its documents some may have gone elsewhere. */
static bool holds(const struct finder *f, const struct reply *fields)
{
    str data = field_of(fields, "data");
    uint64_t row = number_of(fields, "row"), n = number_of(fields, "n");

    if (!str_equal(field_of(fields, "src"), f->origin.src))
        return false;
    if (field_of(fields, "stage").n) /* a dead letter */
        return row == f->origin.row;
    if (field_of(fields, "cols").n)
        return f->origin.row >= row && f->origin.row - row < n;
    return data.n && memmem(data.p, data.n, f->quoted.p, f->quoted.n);
}

static bool is_before(str a, str b)
{
    uint64_t a_ms = 0, a_seq = 0, b_ms = 0, b_seq = 0;

    return str_to_u64(str_cut(&a, '-'), &a_ms) && str_to_u64(a, &a_seq) &&
           str_to_u64(str_cut(&b, '-'), &b_ms) && str_to_u64(b, &b_seq) &&
           (a_ms != b_ms ? a_ms < b_ms : a_seq < b_seq);
}

static void add_place(struct finder *f, str topic, const struct reply *entry)
{
    struct arena *a = f->arena;
    const struct reply *fields = &entry->items[1];
    bool is_done = f->is_kept && (!f->needed.n || is_before(entry->items[0].text, f->needed));

    if (is_done && field_of(fields, "copy").n)
        return; /* the entry that it was taken out of stands there, too */
    struct trace_place *p = arena_alloc(a, sizeof(*p));
    *p = (struct trace_place){
        .next = f->finds->places,
        .topic = arena_copy(a, topic),
        .id = arena_copy(a, entry->items[0].text),
        .is_done = is_done,
        .stage = arena_copy(a, field_of(fields, "stage")),
        .reason = arena_copy(a, field_of(fields, "reason")),
        .detail = arena_copy(a, field_of(fields, "detail")),
    };
    f->finds->places = p;
}

static int read_page(struct finder *f, str key, bool is_forward, str from, uint64_t count,
                     const struct reply **entries)
{
    char digits[20];
    str n = {digits, (size_t)(str_write_u64(digits, count) - digits)};
    const str args[] = {is_forward ? STR("XRANGE") : STR("XREVRANGE"),
                        key,
                        from,
                        is_forward ? STR("+") : STR("-"),
                        STR("COUNT"),
                        n};

    return redis_call(f->redis, args, ARRAY_LEN(args), &f->page, entries, f->err);
}

static int look_into(struct finder *f, str topic, str key, bool is_forward, uint64_t *read)
{
    str from = is_forward ? STR("-") : STR("+");
    uint64_t left = f->limit;
    uint32_t n = PAGE;
    int rc = 0;

    while (left && n == PAGE) {
        const struct reply *entries;
        uint32_t want = (uint32_t)MIN(left, (uint64_t)PAGE);
        rc = read_page(f, key, is_forward, from, want, &entries);
        if (rc != 0 || entries->type != REPLY_ARRAY || entries->n == 0)
            break;
        n = entries->n;
        left -= MIN(left, (uint64_t)n);
        *read += n;
        for (uint32_t i = 0; i < n; i++)
            if (entries->items[i].n == 2 && holds(f, &entries->items[i].items[1]))
                add_place(f, topic, &entries->items[i]);
        from =
            arena_printf(f->arena, "(" STR_FMT, STR_ARG(entries->items[n - 1].items[0].text));
        arena_reset(&f->page);
    }
    f->finds->is_whole &= left > 0;
    return rc;
}

static int look_into_stage(struct finder *f, const struct pipeline_stage *s,
                           const struct keys *k)
{
    str key = keys_topic(k, f->arena, s->name);
    const str ask[] = {STR("FCALL_RO"), STR("sp1_oldest"), STR("1"), key, STR("sp")};
    const struct reply *needed;

    f->is_kept = pipeline_keeps(s);
    if (f->is_kept && redis_call(f->redis, ask, ARRAY_LEN(ask), f->arena, &needed, f->err) != 0)
        return f->err->code;
    f->needed = f->is_kept ? needed->text : STR_NONE;
    return look_into(f, s->name, key, true, &f->finds->entries);
}

int trace_find(struct redis *r, const struct keys *k, const struct pipeline *p, str id,
               uint64_t limit, struct arena *a, struct trace_finds *finds, struct error *err)
{
    struct finder f = {.redis = r, .arena = a, .finds = finds, .limit = limit, .err = err};
    int rc = 0;

    *finds = (struct trace_finds){.is_whole = true};
    f.quoted = arena_printf(a, "\"" STR_FMT "\"", STR_ARG(id));
    if (!origin_parse(id, &f.origin))
        return error_set(err, ERR_USAGE, "an sp_id is <source>-<row>-<offset>");
    for (uint32_t i = 0; i < p->stage_count && rc == 0; i++)
        if (!p->stages[i].kind->wants_jobs)
            rc = look_into_stage(&f, &p->stages[i], k);
    f.is_kept = false;
    if (rc == 0)
        rc = look_into(&f, STR("dead"), keys_lane(k, a, "dead"), false, &finds->letters);
    arena_free(&f.page);
    return rc;
}
