/* `standpipe trace`: a delivered record's source bytes, and where the record is now. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/data/digest.h"
#include "common/data/json.h"
#include "common/data/text.h"
#include "common/io/redis.h"
#include "common/run/pipeline.h"
#include "tools/commands.h"
#include "tools/snapshot.h"
#include "tools/trace.h"
#include "tools/trace_world.h"

enum { OUT_MAX = 16 << 20 };

struct trace_settings {
    uint64_t limit, timeout_ms;
    str http_allow, s3_allow, s3_endpoint, s3_region;
    bool json;
};
static const struct setting trace_table[] = {
    {"limit", SETTING_COUNT, "10k", offsetof(struct trace_settings, limit),
     "Entries to look at in each topic and among the dead letters."},
    {"json", SETTING_BOOL, "false", offsetof(struct trace_settings, json),
     "Print one JSON object."},
    {"http_allow", SETTING_STR, "", offsetof(struct trace_settings, http_allow),
     "As of split: hosts that may be asked for the source, HOST[:PORT][=ADDRESS],...; empty: "
     "none."},
    {"s3_allow", SETTING_STR, "", offsetof(struct trace_settings, s3_allow),
     "As of split: BUCKET[/PREFIX],... that may be read; *: all; empty: none."},
    {"s3_endpoint", SETTING_STR, "", offsetof(struct trace_settings, s3_endpoint),
     "Base URL of S3; else AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the region's own."},
    {"s3_region", SETTING_STR, "", offsetof(struct trace_settings, s3_region),
     "Region of S3; else AWS_REGION, AWS_DEFAULT_REGION, us-east-1."},
    {"timeout", SETTING_MSEC, "30s", offsetof(struct trace_settings, timeout_ms),
     "Longest wait for an answer of a source that is not of this machine."},
    {0},
};

struct trace {
    str id;
    struct origin origin;
    struct trace_source source;
    struct trace_row row;
    struct trace_finds finds;
    struct arena *arena;
};

static bool is_same(const struct trace *t)
{
    return str_equal(t->row.version, t->source.version);
}

/* Nothing that a terminal would obey. */
static str escaped(struct arena *a, str s)
{
    char *out = arena_reserve(a, 4 * s.n + 1), *end = out;

    while (s.n) {
        unsigned char c = (unsigned char)*s.p;
        unsigned n = text_utf8_length(s);
        bool is_escaped =
            c < 0x20 || c == 0x7f || c == '\\' || (c == 0xc2 && n == 2 && (s.p[1] & 0x60) == 0);
        if (n && !is_escaped) {
            memcpy(end, s.p, n);
            end += n;
        } else {
            const char *known = strchr("\nn\rr\tt\\\\", c);
            n = 1;
            end += c && known ? sprintf(end, "\\%c", known[1]) : sprintf(end, "\\x%02x", c);
        }
        s = (str){s.p + n, s.n - n};
    }
    arena_trim(a, end);
    return (str){out, (size_t)(end - out)};
}

/* For people. */

static void say_source(const struct trace *t)
{
    const struct trace_source *s = &t->source;
    str uri = escaped(t->arena, s->uri);

    fprintf(stderr, "source   " STR_FMT "\n", STR_ARG(uri));
    if (!t->row.version.n)
        fprintf(stderr, "version  " STR_FMT "\n", STR_ARG(s->version));
    else if (is_same(t))
        fprintf(stderr, "version  " STR_FMT ", the file is unchanged\n", STR_ARG(s->version));
    else
        fprintf(stderr,
                "version  " STR_FMT ": THE FILE HAS CHANGED, now " STR_FMT
                "; these may be other bytes\n",
                STR_ARG(s->version), STR_ARG(t->row.version));
    fprintf(stderr,
            "books    %" PRIu64 " rows, %" PRIu64 " delivered, %" PRIu64 " dead, %" PRIu64
            " filtered, %" PRIu64 " on their way\n",
            s->rows, s->delivered, s->dead, s->filtered, s->open);
}

/* `[offset,end,"text"]`: escaped as it stands there. */
static void say_aside(const char *where, str aside)
{
    if (aside.n)
        fprintf(stderr, "%s   the records: " STR_FMT "\n", where, STR_ARG(aside));
}

static void say_drift(const struct trace *t)
{
    const struct trace_job *job = &t->source.job;
    str uri = escaped(t->arena, job->drift_before);

    if (job->drift.n)
        fprintf(stderr, "drift    " STR_FMT " since " STR_FMT "\n", STR_ARG(job->drift),
                STR_ARG(uri));
}

static void say_places(const struct trace *t)
{
    const struct trace_finds *f = &t->finds;

    for (const struct trace_place *p = f->places; p; p = p->next) {
        str detail = escaped(t->arena, p->detail);
        if (p->stage.n)
            fprintf(stderr,
                    "now      dead in '" STR_FMT "', " STR_FMT ": " STR_FMT " (letter " STR_FMT
                    ")\n",
                    STR_ARG(p->stage), STR_ARG(p->reason), STR_ARG(detail), STR_ARG(p->id));
        else
            fprintf(stderr, "now      %s topic '" STR_FMT "', entry " STR_FMT "\n",
                    p->is_done ? "done, and kept in" : "in", STR_ARG(p->topic), STR_ARG(p->id));
    }
    if (!f->places)
        fprintf(stderr, "now      %s\n",
                !f->is_whole     ? "not among what was looked at; see --limit"
                : t->source.open ? "in no topic and not dead; records of its source are "
                                   "still on their way"
                                 : "in no topic and not dead: delivered or filtered");
    fprintf(stderr, "looked   at %" PRIu64 " entries and %" PRIu64 " dead letters%s\n",
            f->entries, f->letters, f->is_whole ? "" : ", not at all of them");
}

static bool write_bytes(const struct trace *t)
{
    bool is_terminal = isatty(STDOUT_FILENO);
    str bytes = is_terminal ? escaped(t->arena, t->row.bytes) : t->row.bytes;

    if (t->row.is_cut)
        fprintf(stderr, "only the first %zu bytes are shown\n", t->row.bytes.n);
    return fwrite(bytes.p, 1, bytes.n, stdout) == bytes.n &&
           (!is_terminal || fputc('\n', stdout) != EOF) && fflush(stdout) == 0;
}

static int print_text(const struct trace *t, struct error *err)
{
    str cols = escaped(t->arena, t->row.cols);

    say_source(t);
    say_drift(t);
    say_aside("before", t->source.job.before);
    say_aside("behind", t->source.job.behind);
    say_places(t);
    if (t->row.problem.n) {
        fprintf(stderr, "bytes    " STR_FMT "\n", STR_ARG(t->row.problem));
        return 0;
    }
    fprintf(stderr, "columns  " STR_FMT "%s\n", STR_ARG(cols),
            t->source.job.cols.n ? "" : " (as the file looks: its job has expired)");
    fprintf(stderr, "row      %" PRIu64 ", bytes %" PRIu64 " to %" PRIu64 "%s" STR_FMT "\n",
            t->origin.row, t->origin.offset, t->row.end, t->row.reason.n ? ", " : "",
            STR_ARG(t->row.reason));
    return write_bytes(t) ? 0 : error_set(err, ERR_SYSTEM, "stdout is closed");
}

/* For programs. */

static bool add_text(struct buf *out, struct arena *a, const char *name, str value)
{
    str quoted = json_quoted(a, value);

    return buf_printf(out, ",\"%s\":" STR_FMT, name, STR_ARG(quoted));
}

static bool add_aside(struct buf *out, const char *name, str aside)
{
    return !aside.n || buf_printf(out, ",\"%s\":" STR_FMT, name, STR_ARG(aside));
}

static bool add_row(struct buf *out, const struct trace *t)
{
    struct arena *a = t->arena;
    const struct trace_row *r = &t->row;
    bool fits = true;

    if (r->version.n)
        fits = buf_printf(out, ",\"same_version\":%s", is_same(t) ? "true" : "false");
    if (r->problem.n)
        return fits && add_text(out, a, "problem", r->problem);
    char *text = arena_alloc(a, BASE64_LENGTH(r->bytes.n));
    str coded = {text, (size_t)(base64_encode(text, r->bytes) - text)};
    fits =
        fits &&
        buf_printf(out, ",\"end\":%" PRIu64 ",\"cols\":" STR_FMT, r->end, STR_ARG(r->cols)) &&
        add_text(out, a, "bytes", r->bytes) && add_text(out, a, "base64", coded);
    if (r->reason.n)
        return fits && add_text(out, a, "reason", r->reason);
    return fits && buf_printf(out, ",\"cells\":" STR_FMT, STR_ARG(r->line));
}

static bool add_places(struct buf *out, const struct trace *t)
{
    struct arena *a = t->arena;
    bool fits = buf_add(out, STR(",\"places\":["));

    for (const struct trace_place *p = t->finds.places; p && fits; p = p->next) {
        str topic = json_quoted(a, p->topic);
        fits = buf_printf(out, "%s{\"topic\":" STR_FMT, p == t->finds.places ? "" : ",",
                          STR_ARG(topic)) &&
               add_text(out, a, "id", p->id);
        fits = fits && buf_printf(out, ",\"done\":%s", p->is_done ? "true" : "false");
        if (p->stage.n)
            fits = fits && add_text(out, a, "stage", p->stage) &&
                   add_text(out, a, "reason", p->reason) &&
                   add_text(out, a, "detail", p->detail);
        fits = fits && buf_add(out, STR("}"));
    }
    return fits &&
           buf_printf(out,
                      "],\"looked\":{\"entries\":%" PRIu64 ",\"letters\":%" PRIu64
                      ",\"whole\":%s}}\n",
                      t->finds.entries, t->finds.letters, t->finds.is_whole ? "true" : "false");
}

static int print_json(const struct trace *t, struct error *err)
{
    const struct trace_source *s = &t->source;
    str id = json_quoted(t->arena, t->id);
    struct buf out;

    buf_init(&out, OUT_MAX);
    bool fits = buf_printf(&out, "{\"v\":1,\"sp_id\":" STR_FMT, STR_ARG(id)) &&
                add_text(&out, t->arena, "uri", s->uri) &&
                add_text(&out, t->arena, "version", s->version) &&
                buf_printf(&out,
                           ",\"row\":%" PRIu64 ",\"offset\":%" PRIu64 ",\"rows\":%" PRIu64
                           ",\"delivered\":%" PRIu64 ",\"dead\":%" PRIu64
                           ",\"filtered\":%" PRIu64 ",\"open\":%" PRIu64,
                           t->origin.row, t->origin.offset, s->rows, s->delivered, s->dead,
                           s->filtered, s->open) &&
                add_aside(&out, "drift", s->job.drift) &&
                add_aside(&out, "before_records", s->job.before) &&
                add_aside(&out, "behind_records", s->job.behind) && add_row(&out, t) &&
                add_places(&out, t);
    return command_print(&out, fits, err);
}

static int read_source(struct trace *t, struct loop *loop, const struct trace_settings *o,
                       struct error *err)
{
    struct trace_world w = {.loop = loop,
                            .patience_ms = o->timeout_ms,
                            .remote = {.http_allow = o->http_allow,
                                       .s3_allow = o->s3_allow,
                                       .s3_endpoint = o->s3_endpoint,
                                       .s3_region = o->s3_region}};

    if (trace_world_open(&w, err))
        return err->code;
    trace_read(&w, &t->source, &t->origin, t->arena, &t->row);
    trace_world_close(&w);
    return 0;
}

static int trace(struct trace *t, struct loop *loop, struct redis *redis,
                 struct command_call *call, struct error *err)
{
    const struct trace_settings *o = call->options;
    struct keys keys = {.prefix = call->common->prefix, .lane = STR("0")};
    struct pipeline *p;

    if (trace_source(redis, &keys, t->origin.src, t->arena, &t->source, err) != 0 ||
        snapshot_pipeline(redis, &keys, call->kinds, t->arena, &p, err) != 0)
        return err->code;
    int rc = trace_find(redis, &keys, p, t->id, o->limit, t->arena, &t->finds, err);
    pipeline_free(p);
    if (rc == 0)
        rc = read_source(t, loop, o, err);
    if (rc != 0)
        return rc;
    rc = o->json ? print_json(t, err) : print_text(t, err);
    return rc == 0 ? t->row.problem.n && !t->source.is_by_hand : rc;
}

static int run_trace(struct command_call *call, struct error *err)
{
    struct trace t = {.arena = call->arena};
    struct loop *loop;
    struct redis *redis;

    if (call->argc != 1)
        return error_set(err, ERR_USAGE, "trace takes one sp_id");
    t.id = str_of(call->argv[0]);
    if (!origin_parse(t.id, &t.origin))
        return error_set(err, ERR_USAGE, "'%s' is no sp_id: <source>-<row>-<offset>",
                         call->argv[0]);
    int rc = command_connect(call, &loop, &redis, err);
    if (rc != 0)
        return rc;
    rc = trace(&t, loop, redis, call, err);
    redis_free(redis);
    loop_free(loop);
    return rc;
}

const struct command command_trace = {
    .name = "trace",
    .summary = "Show the source bytes of a record, and where it is now.",
    .usage = "SP_ID",
    .examples = "standpipe trace 9f2c41d07be3a655-17-1840\n"
                "standpipe trace --json 9f2c41d07be3a655-17-1840\n"
                "standpipe trace --s3-allow data 9f2c41d07be3a655-17-1840\n",
    .options = trace_table,
    .options_size = sizeof(struct trace_settings),
    .run = run_trace,
};
