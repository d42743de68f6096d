#include "tools/apply.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/random.h>

#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/data/json.h"
#include "common/data/keys.h"
#include "common/io/library.h"
#include "tools/apply_left.h"
#include "tools/commands.h"
#include "tools/test_run.h"

enum {
    REPORT_MAX = 4 * 1024 * 1024,
    EXIT_BAD_CONFIG = 78,
    ATTEMPTS_MAX = 10,
    MARK_WORDS = 2,
};

struct apply_options {
    bool no_tests;
};
static const struct setting apply_table[] = {
    {"no_tests", SETTING_BOOL, "false", offsetof(struct apply_options, no_tests),
     "Apply it though its tests fail."},
    {0},
};

struct apply {
    struct command_call *call;
    struct redis *redis;
    struct keys keys;
    const struct pipeline *pipeline;
    str was; /* what stood there before; empty: nothing */
    struct error *err;
};

static int call_redis(struct apply *a, const str *args, uint32_t n, const struct reply **reply)
{
    return redis_call(a->redis, args, n, a->call->arena, reply, a->err);
}
#define CALL(a, reply, ...)                                                                    \
    call_redis((a), (const str[]){__VA_ARGS__},                                                \
               (uint32_t)(sizeof((const str[]){__VA_ARGS__}) / sizeof(str)), (reply))

/* The name of this data set: workers stop when it changes under them. */
static int set_mark(struct apply *a)
{
    uint64_t random[MARK_WORDS];
    char text[MARK_WORDS * 16];
    const struct reply *reply;

    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        return error_set(a->err, ERR_SYSTEM, "no random bytes");
    for (size_t i = 0; i < MARK_WORDS; i++)
        hash_hex(random[i], text + 16 * i);
    return CALL(a, &reply, STR("SET"), keys_global(&a->keys, a->call->arena, "mark"),
                ((str){text, sizeof(text)}), STR("NX"));
}

static int read_version(struct apply *a, str key, uint64_t *version)
{
    const struct reply *reply;
    str number;
    size_t at;

    if (CALL(a, &reply, STR("GET"), key))
        return a->err->code;
    *version = 0;
    a->was = reply->text;
    if (reply->type == REPLY_NIL)
        return 0;
    if (json_check(reply->text, NULL, &at) ||
        !json_find(reply->text, STR("version"), &number) || !str_to_u64(number, version))
        return error_set(a->err, ERR_CONFIG,
                         "'" STR_FMT "' holds something that is no pipeline of ours",
                         STR_ARG(key));
    return 0;
}

/* MULTI, SET, PUBLISH, EXEC. ERR_AGAIN: another apply was faster. A call on a connection that
 * was lost fails, it never goes out on the next one: so the WATCH before still holds here. */
static int write_version(struct apply *a, str key, str json, uint64_t version)
{
    struct arena *arena = a->call->arena;
    const struct reply *reply;
    char digits[20];
    str number = {digits, (size_t)(str_write_u64(digits, version) - digits)};

    if (CALL(a, &reply, STR("MULTI")) || CALL(a, &reply, STR("SET"), key, json) ||
        CALL(a, &reply, STR("PUBLISH"), keys_global(&a->keys, arena, "pipeline"), number) ||
        CALL(a, &reply, STR("EXEC")))
        return a->err->code;
    if (reply->type == REPLY_NIL)
        return error_set(a->err, ERR_AGAIN, "another apply was faster");
    for (uint32_t i = 0; i < reply->n; i++)
        if (reply->items[i].type == REPLY_ERROR)
            return error_set(a->err, ERR_REDIS, "SET '" STR_FMT "': " STR_FMT, STR_ARG(key),
                             STR_ARG(reply->items[i].text));
    return 0;
}

static int write_once(struct apply *a, struct buf *json, uint64_t *version)
{
    str key = keys_global(&a->keys, a->call->arena, "pipeline");
    const struct reply *reply;

    if (CALL(a, &reply, STR("WATCH"), key) || read_version(a, key, version))
        return a->err->code;
    ++*version;
    buf_reset(json);
    if (!pipeline_to_json(a->pipeline, *version, clock_wall_ms(&clock_system), json))
        return error_set(a->err, ERR_LIMIT, "the pipeline is longer than %zu bytes as JSON",
                         json->max);
    return write_version(a, key, buf_str(json), *version);
}

static int write_pipeline(struct apply *a, uint64_t *version)
{
    struct buf json;
    int rc = ERR_AGAIN;

    buf_init(&json, 1024 * 1024); /* what yaml_load() takes */
    for (int i = 0; i < ATTEMPTS_MAX && rc == ERR_AGAIN; i++)
        rc = write_once(a, &json, version);
    buf_free(&json);
    return rc;
}

int apply_pipeline(struct command_call *call, struct redis *redis, const struct pipeline *p,
                   uint64_t *version, struct error *err)
{
    struct apply a = {.call = call,
                      .redis = redis,
                      .keys = {.prefix = call->common->prefix, .lane = STR("0")},
                      .pipeline = p,
                      .err = err};

    if (library_load(redis, call->arena, err) || set_mark(&a))
        return err->code;
    if (write_pipeline(&a, version))
        return err->code;
    apply_warn_of_left(redis, &a.keys, a.was, p, call->arena);
    return 0;
}

static int connect_and_apply(struct command_call *call, const struct pipeline *p,
                             struct error *err)
{
    struct loop *loop;
    struct redis *redis;
    uint64_t version = 0;

    if (command_connect(call, &loop, &redis, err))
        return err->code;
    int rc = apply_pipeline(call, redis, p, &version, err);
    redis_free(redis);
    loop_free(loop);
    if (rc)
        return rc;
    char digits[21] = {0};
    str_write_u64(digits, version);
    printf("pipeline '" STR_FMT "', version %s, is in force\n", STR_ARG(p->name), digits);
    return fflush(stdout) == 0 ? 0 : error_set(err, ERR_SYSTEM, "stdout is closed");
}

void apply_report(const struct check_file *file)
{
    struct buf out;

    if (!file->findings.n)
        return;
    buf_init(&out, REPORT_MAX);
    if (check_file_report(file, &out) && check_file_summary(file, &out))
        (void)fwrite(out.p, 1, out.n, stderr);
    buf_free(&out);
}

int apply_tests(struct command_call *call, const struct pipeline *p, struct error *err)
{
    struct test_result *results;
    struct say s;

    if (tests_run(p, call->arena, &results, err))
        return err->code;
    if (!tests_failed(p, results))
        return 0;
    say_begin(&s, stderr);
    tests_say(&s, p, results, false);
    if (say_end(&s, err))
        return err->code;
    return error_set(
        err, ERR_CONFIG,
        "its tests fail, so nothing was changed; --no-tests applies it all the same");
}

static int apply_run(struct command_call *call, struct error *err)
{
    const struct apply_options *options = call->options;
    struct check_file file;

    if (check_file_load(call, &file, err))
        return err->code;
    apply_report(&file);
    int rc = file.pipeline ? 0 : EXIT_BAD_CONFIG;
    if (rc == 0 && !options->no_tests)
        rc = apply_tests(call, file.pipeline, err);
    if (rc == 0)
        rc = connect_and_apply(call, file.pipeline, err);
    check_file_free(&file);
    return rc;
}

const struct command command_apply = {
    .name = "apply",
    .summary = "Check a pipeline file and put it into force.",
    .usage = "FILE",
    .examples = "standpipe apply pipeline.yaml\n"
                "standpipe apply --redis unix:///run/redis.sock pipeline.yaml\n",
    .options = apply_table,
    .options_size = sizeof(struct apply_options),
    .run = apply_run,
};
