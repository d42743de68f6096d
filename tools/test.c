/* `standpipe test`: the tests that stand in a pipeline file, without Redis and network. */
#include <stddef.h>

#include "tools/apply.h"
#include "tools/commands.h"
#include "tools/test_run.h"

enum { EXIT_BAD_CONFIG = 78 };

struct test_options {
    bool json;
};
static const struct setting options_table[] = {
    {"json", SETTING_BOOL, "false", offsetof(struct test_options, json),
     "Print one JSON object instead of text."},
    {0},
};

static void say_or_null(struct say *s, str text)
{
    if (text.n)
        say_quoted(s, text);
    else
        say(s, "null");
}

static void say_json(struct say *s, const struct pipeline *p, const struct test_result *results)
{
    uint32_t failed = tests_failed(p, results);

    say(s, "{\"v\":1,\"tests\":[");
    for (uint32_t i = 0; i < p->test_count; i++) {
        const struct test_result *r = &results[i];
        say(s, i ? ",{\"name\":" : "{\"name\":");
        say_quoted(s, r->test->name);
        say(s, ",\"line\":%u,\"passed\":%s,\"differences\":[", r->test->node->at.line,
            r->differences ? "false" : "true");
        for (const struct difference *d = r->differences; d; d = d->next) {
            say(s, d == r->differences ? "{\"path\":" : ",{\"path\":");
            say_quoted(s, d->path);
            say(s, ",\"want\":");
            say_or_null(s, d->want);
            say(s, ",\"got\":");
            say_or_null(s, d->got);
            say(s, "}");
        }
        say(s, "]}");
    }
    say(s, "],\"passed\":%u,\"failed\":%u}\n", p->test_count - failed, failed);
}

static int run_tests(struct command_call *call, const struct pipeline *p, struct error *err)
{
    const struct test_options *options = call->options;
    struct test_result *results;
    struct say s;

    if (tests_run(p, call->arena, &results, err))
        return err->code;
    say_begin(&s, stdout);
    if (options->json)
        say_json(&s, p, results);
    else
        tests_say(&s, p, results, true);
    if (say_end(&s, err))
        return err->code;
    return tests_failed(p, results) > 0;
}

static int test_run(struct command_call *call, struct error *err)
{
    struct check_file file;

    if (check_file_load(call, &file, err))
        return err->code;
    apply_report(&file);
    int rc = file.pipeline ? run_tests(call, file.pipeline, err) : EXIT_BAD_CONFIG;
    check_file_free(&file);
    return rc;
}

const struct command command_test = {
    .name = "test",
    .summary = "Run the tests of a pipeline file; exit 1 when one fails.",
    .usage = "FILE",
    .examples = "standpipe test pipeline.yaml\n",
    .options = options_table,
    .options_size = sizeof(struct test_options),
    .run = test_run,
};
