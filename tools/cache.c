/* `standpipe cache`: what look-ups of a stage found, as it stands in Redis for all workers. */
#include "tools/cache.h"

#include <inttypes.h>

#include "common/base/clock.h"
#include "common/io/loop.h"
#include "common/io/redis.h"
#include "common/run/pipeline.h"
#include "tools/commands.h"
#include "tools/say.h"
#include "tools/show.h"

static const struct setting cache_table[] = {
    {"key", SETTING_STR, "", offsetof(struct cache_settings, key),
     "show, drop: this key alone: what the request is made of, or the texts of the members in "
     "`key:`, as HKEYS shows them."},
    {"json", SETTING_BOOL, "false", offsetof(struct cache_settings, json),
     "Print JSON objects, one a line."},
    {"dry_run", SETTING_BOOL, "false", offsetof(struct cache_settings, dry_run),
     "drop: say how many entries would go, and change nothing."},
    {"yes", SETTING_BOOL, "false", offsetof(struct cache_settings, yes), "drop: do not ask."},
    {0},
};

static void say_row(struct say *out, const struct cache_seen *s)
{
    uint64_t saved = s->local + s->shared + s->waited + s->joined + s->stale;
    uint64_t all = saved + s->fetched;

    say_seen(out, s->stage);
    say(out, "%*s " STR_FMT " %9s %9s %9s %9s %8s %8s %8s %8s %6.1f%%\n",
        s->stage.n < 14 ? (int)(14 - s->stage.n) : 0, "", STR_ARG(s->fingerprint),
        show_count(s->young.entries).text, show_count(s->old.entries).text,
        show_bytes(s->young.bytes + s->old.bytes).text, show_count(s->local).text,
        show_count(s->shared).text, show_count(s->waited + s->joined).text,
        show_count(s->stale).text, show_count(s->fetched).text,
        all ? 100.0 * (double)saved / (double)all : 0.0);
}

static void say_json(struct say *out, const struct cache_seen *s)
{
    say(out, "{\"v\":1,\"stage\":");
    say_quoted(out, s->stage);
    say(out, ",\"fingerprint\":");
    say_quoted(out, s->fingerprint);
    say(out,
        ",\"new\":{\"entries\":%" PRIu64 ",\"bytes\":%" PRIu64 "},\"old\":{\"entries\":%" PRIu64
        ",\"bytes\":%" PRIu64 "},\"turned\":%" PRIu64 ",\"puts\":%" PRIu64 ",\"local\":%" PRIu64
        ",\"shared\":%" PRIu64 ",\"waited\":%" PRIu64 ",\"joined\":%" PRIu64
        ",\"stale\":%" PRIu64 ",\"fetched\":%" PRIu64 "}\n",
        s->young.entries, s->young.bytes, s->old.entries, s->old.bytes, s->turned, s->puts,
        s->local, s->shared, s->waited, s->joined, s->stale, s->fetched);
}

/* `+<fresh until> <members>`, or `-<fresh until>`. */
static void say_value(struct say *out, const struct cache_call *c, const struct cache_seen *s,
                      str value)
{
    str members = value, head = str_cut(&members, ' ');
    uint64_t until = 0, now = clock_wall_ms(&clock_system);
    bool is_found = head.n && head.p[0] == '+';

    if (head.n)
        (void)!str_to_u64((str){head.p + 1, head.n - 1}, &until);
    if (c->options->json) {
        say(out, "{\"v\":1,\"fingerprint\":");
        say_quoted(out, s->fingerprint);
        say(out, ",\"found\":%s,\"until\":%" PRIu64 ",\"members\":" STR_FMT "}\n",
            is_found ? "true" : "false", until, STR_ARG(is_found ? members : STR("null")));
        return;
    }
    say(out, STR_FMT "  %s %s  ", STR_ARG(s->fingerprint),
        until > now ? "fresh for" : "stale since",
        show_age(until > now ? until - now : now - until).text);
    if (is_found)
        say_seen(out, members);
    else
        say(out, "there is none");
    say(out, "\n");
}

static int show_key(struct cache_call *c, const struct cache_seen *list, uint32_t n,
                    struct say *out, struct error *err)
{
    bool is_there = false;

    for (uint32_t i = 0; i < n; i++) {
        str value;
        if (cache_value(c, &list[i], &value, err) != 0)
            return err->code;
        if (value.n)
            say_value(out, c, &list[i], value);
        is_there |= value.n > 0;
    }
    return is_there ? 0 : error_set(err, ERR_DATA, "the cache does not hold this key");
}

static int cache_show(struct cache_call *c, struct error *err)
{
    struct cache_seen *list;
    struct say out;
    struct error ignored = {0};
    uint32_t n;
    int rc = 0;

    if (cache_find(c, &list, &n, err) != 0)
        return err->code;
    say_begin(&out, stdout);
    if (c->options->key.n)
        rc = show_key(c, list, n, &out, err);
    else if (!c->options->json)
        say(&out, "%-14s %-16s %9s %9s %9s %9s %8s %8s %8s %8s %7s\n", "STAGE", "CACHE", "NEW",
            "OLD", "BYTES", "LOCAL", "SHARED", "WAITED", "STALE", "FETCHED", "SAVED");
    for (uint32_t i = 0; !c->options->key.n && i < n; i++)
        (c->options->json ? say_json : say_row)(&out, &list[i]);
    return say_end(&out, rc ? &ignored : err) != 0 && rc == 0 ? err->code : rc;
}

static const struct verb {
    const char *word;
    int (*run)(struct cache_call *c, struct error *err);
    bool needs_stage;
} verbs[] = {
    {"show", cache_show, false},
    {"drop", cache_drop, true},
};

static const struct verb *find_verb(const struct command_call *call, struct error *err)
{
    const struct verb *verb = &verbs[0];

    if (call->argc) {
        verb = NULL;
        for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
            if (str_is(str_of(call->argv[0]), verbs[i].word))
                verb = &verbs[i];
    }
    if (!verb)
        error_set(err, ERR_USAGE, "cache takes show or drop, not '%s'", call->argv[0]);
    else if (call->argc > 2 || (verb->needs_stage && call->argc < 2))
        error_set(err, ERR_USAGE, "cache %s takes the name of %s stage", verb->word,
                  verb->needs_stage ? "a" : "at most one");
    return err->code ? NULL : verb;
}

static int run_cache(struct command_call *call, struct error *err)
{
    struct cache_call c = {.call = call,
                           .options = call->options,
                           .keys = {.prefix = call->common->prefix, .lane = STR("0")},
                           .stage = call->argc > 1 ? str_of(call->argv[1]) : STR_NONE};
    const struct verb *verb = find_verb(call, err);
    struct loop *loop;

    if (!verb)
        return err->code;
    if (c.stage.n && !pipeline_is_name(c.stage)) /* it stands in a pattern */
        return error_set(err, ERR_USAGE, "'%s' is no name of a stage", call->argv[1]);
    if (command_connect(call, &loop, &c.redis, err) != 0)
        return err->code;
    int rc = verb->run(&c, err);
    redis_free(c.redis);
    loop_free(loop);
    return rc;
}

const struct command command_cache = {
    .name = "cache",
    .summary = "Show what look-ups found and how much that saves; drop it.",
    .usage = "[show [STAGE] | drop STAGE]",
    .examples =
        "standpipe cache\nstandpipe cache show locate --key 'GET https://geo.example/GB'\n"
        "standpipe cache drop locate\n",
    .options = cache_table,
    .options_size = sizeof(struct cache_settings),
    .run = run_cache,
};
