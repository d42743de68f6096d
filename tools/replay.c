/* `standpipe replay`: files, or a span of a kept topic, once more under the name of a run. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/data/event.h"
#include "common/data/json.h"
#include "common/data/keys.h"
#include "common/io/redis.h"
#include "tools/commands.h"
#include "tools/replay.h"
#include "tools/send.h"
#include "tools/snapshot.h"

struct replay_settings {
    str run, topic, to, since, until, rate;
    bool count, wait, dry_run, json;
};
static const struct setting replay_table[] = {
    {"run", SETTING_STR, "", offsetof(struct replay_settings, run),
     "Name of the replay; without it, replay- and the time."},
    {"count", SETTING_BOOL, "false", offsetof(struct replay_settings, count),
     "Move the counts again: the name gets a '+' in front."},
    {"topic", SETTING_STR, "", offsetof(struct replay_settings, topic),
     "Replay what the topic of this stage has kept, and no files."},
    {"since", SETTING_STR, "", offsetof(struct replay_settings, since),
     "Begin of the span: a time, an age (2h), or the id of an entry; without it, all."},
    {"until", SETTING_STR, "", offsetof(struct replay_settings, until),
     "End of the span, itself included: a time, an age, or the id of an entry."},
    {"to", SETTING_STR, "", offsetof(struct replay_settings, to),
     "Stage that gets the entries; without it, the one whose topic they are in."},
    {"rate", SETTING_STR, "", offsetof(struct replay_settings, rate),
     "With --topic: at most so many records, like 500/s."},
    {"wait", SETTING_BOOL, "false", offsetof(struct replay_settings, wait),
     "With files: wait until every record has its end."},
    {"dry_run", SETTING_BOOL, "false", offsetof(struct replay_settings, dry_run),
     "Only count."},
    {"json", SETTING_BOOL, "false", offsetof(struct replay_settings, json),
     "With --topic: print a JSON object."},
    {0},
};

static str run_name(struct arena *a, const struct replay_settings *o)
{
    const char *plus = o->count && !str_starts(o->run, STR("+")) ? "+" : "";
    time_t now = (time_t)(clock_wall_ms(&clock_system) / 1000);
    struct tm t;
    char made[32];

    if (o->run.n)
        return arena_printf(a, "%s" STR_FMT, plus, STR_ARG(o->run));
    gmtime_r(&now, &t);
    strftime(made, sizeof(made), "replay-%Y%m%dT%H%M%SZ", &t);
    return arena_printf(a, "%s%s", plus, made);
}

static bool is_id(str s)
{
    uint64_t n;

    if (str_is(s, "-") || str_is(s, "+"))
        return true;
    return str_to_u64(str_cut(&s, '-'), &n) && s.p && str_to_u64(s, &n);
}

/* An id, a time or an age, to what XRANGE takes. */
static int point(struct arena *a, str text, const char *option, str all, str *id,
                 struct error *err)
{
    uint64_t ms;

    *id = text.n ? text : all;
    if (!text.n || is_id(text))
        return 0;
    if (!event_time_read(text, &ms)) {
        if (setting_parse(SETTING_MSEC, text, &ms) != NULL)
            return error_set(err, ERR_USAGE,
                             "--%s is a time (2026-11-23T01:00:00Z), an age (2h) or an id",
                             option);
        uint64_t now = clock_wall_ms(&clock_system);
        ms = now > ms ? now - ms : 0;
    }
    *id = arena_printf(a, "%" PRIu64, ms);
    return 0;
}

static int resolve(struct command_call *call, const struct pipeline *p, struct replay_span *s,
                   struct error *err)
{
    const struct replay_settings *o = call->options;
    str to = o->to.n ? o->to : o->topic;
    uint32_t number;
    const struct pipeline_stage *from = pipeline_find(p, o->topic, &number);
    const struct pipeline_stage *into = pipeline_find(p, to, &number);

    if (!from || !into) {
        str name = from ? to : o->topic;
        return error_set(err, ERR_USAGE, "the pipeline has no stage '" STR_FMT "'",
                         STR_ARG(name));
    }
    if (from->kind->wants_jobs != into->kind->wants_jobs)
        return error_set(err, ERR_USAGE, "a split stage takes files, and nothing else does");
    const char *wrong = o->rate.n ? setting_parse(SETTING_RATE, o->rate, &s->rate) : NULL;
    if (wrong || (o->rate.n && !s->rate.count))
        return error_set(err, ERR_USAGE, "--rate is a number of records, like 500/s");
    s->topic = o->topic;
    s->to = arena_copy(call->arena, to);
    s->run = run_name(call->arena, o);
    s->high = into->high_bytes;
    if (point(call->arena, o->since, "since", STR("-"), &s->first, err) != 0)
        return err->code;
    return point(call->arena, o->until, "until", STR("+"), &s->last, err);
}

static int show(const struct replay_span *s, const struct replay_sum *sum, bool is_dry,
                bool is_json, struct arena *a)
{
    str run = json_quoted(a, s->run);

    if (is_json)
        printf("{\"v\":1,\"topic\":\"" STR_FMT "\",\"to\":\"" STR_FMT "\",\"run\":" STR_FMT
               ",\"entries\":%" PRIu64 ",\"records\":%" PRIu64 ",\"cursor\":\"" STR_FMT
               "\",\"dry_run\":%s}\n",
               STR_ARG(s->topic), STR_ARG(s->to), STR_ARG(run), sum->entries, sum->records,
               STR_ARG(sum->cursor), is_dry ? "true" : "false");
    else
        printf("%s: %" PRIu64 " entries, %" PRIu64 " records from '" STR_FMT "' to '" STR_FMT
               "'%s" STR_FMT "\n",
               is_dry ? "would replay" : "done", sum->entries, sum->records, STR_ARG(s->topic),
               STR_ARG(s->to), sum->cursor.n ? ", up to " : "", STR_ARG(sum->cursor));
    return fflush(stdout) == 0 ? 0 : 1;
}

static int replay_topic(struct command_call *call, struct redis *redis, struct error *err)
{
    const struct replay_settings *o = call->options;
    struct keys keys = {.prefix = call->common->prefix, .lane = STR("0")};
    struct replay_span s = {0};
    struct replay_sum sum;
    struct pipeline *p;

    if (snapshot_pipeline(redis, &keys, call->kinds, call->arena, &p, err) != 0)
        return err->code;
    int rc = resolve(call, p, &s, err);
    pipeline_free(p);
    if (rc != 0)
        return rc;
    if (o->dry_run) {
        rc = replay_count(redis, &keys, &s, call->arena, &sum, err);
        return rc != 0 ? rc : show(&s, &sum, true, o->json, call->arena);
    }
    fprintf(stderr,
            "when it is interrupted, this goes on: standpipe replay --topic " STR_FMT
            " --to " STR_FMT " --since " STR_FMT " --until " STR_FMT " --run '" STR_FMT "'\n",
            STR_ARG(s.topic), STR_ARG(s.to), STR_ARG(s.first), STR_ARG(s.last), STR_ARG(s.run));
    rc = replay_copy(redis, &keys, &s, call->arena, &sum, err);
    return rc != 0 ? rc : show(&s, &sum, false, o->json, call->arena);
}

static int replay_files(struct command_call *call, struct error *err)
{
    const struct replay_settings *o = call->options;

    if (o->to.n || o->since.n || o->until.n || o->rate.n || o->json)
        return error_set(err, ERR_USAGE,
                         "--to, --since, --until, --rate and --json belong to --topic");
    struct send_settings send = {
        .wait = o->wait, .dry_run = o->dry_run, .run = run_name(call->arena, o)};
    return send_files(call, &send, err);
}

static int run_replay(struct command_call *call, struct error *err)
{
    const struct replay_settings *o = call->options;
    struct loop *loop;
    struct redis *redis;

    if (!o->topic.n && call->argc == 0)
        return error_set(err, ERR_USAGE, "replay takes files, or --topic");
    if (!o->topic.n)
        return replay_files(call, err);
    if (call->argc > 0 || o->wait)
        return error_set(err, ERR_USAGE, "files and --wait do not go with --topic");
    int rc = command_connect(call, &loop, &redis, err);
    if (rc != 0)
        return rc;
    rc = replay_topic(call, redis, err);
    redis_free(redis);
    loop_free(loop);
    return rc;
}

const struct command command_replay = {
    .name = "replay",
    .summary = "Send files, or a span of a kept topic, through once more.",
    .usage = "[FILE...]",
    .examples =
        "standpipe replay --run july data/july.csv\n"
        "standpipe replay --topic tidy --since 2h --dry-run\n"
        "standpipe replay --topic tidy --since 2026-11-22 --until 2026-11-23 --rate 500/s\n",
    .options = replay_table,
    .options_size = sizeof(struct replay_settings),
    .run = run_replay,
};
