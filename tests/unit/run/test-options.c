#include "common/run/options.h"

#include <stddef.h>
#include <stdlib.h>

#include "tests/unit/check.h"

struct state {
    str file;
    bool json;
    uint64_t slow_start_ms;
};
static const struct setting table[] = {
    {"file", SETTING_STR, "-", offsetof(struct state, file), "File to read."},
    {"json", SETTING_BOOL, "false", offsetof(struct state, json), "Answer as JSON."},
    {"slow_start", SETTING_MSEC, "1s", offsetof(struct state, slow_start_ms), "Time to start."},
    {0},
};
static struct arena arena;
static struct error error;
static struct state state;
static char *words[9];
static int count;

static int parse(bool leave_unknown, const char *line)
{
    static char text[256];

    arena_reset(&arena);
    error = (struct error){0};
    state = (struct state){0};
    count = 0;
    snprintf(text, sizeof(text), "%s", line);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        words[count++] = word;
    return options_parse(table, &state, leave_unknown, &count, words, &arena, &error);
}

static void test_options_stand_anywhere_before_the_dashes(void)
{
    CHECK_INT(parse(false, "check --slow-start 5s a.yaml --json - --file=b=c -- --json"), 0);
    CHECK_INT(state.slow_start_ms, 5000);
    CHECK(state.json);
    CHECK_STR(state.file, STR("b=c"));
    CHECK_INT(count, 4);
    CHECK_STR(str_of(words[1]), STR("a.yaml"));
    CHECK_STR(str_of(words[2]), STR("-"));
    CHECK_STR(str_of(words[3]), STR("--json"));
}

static void test_options_leave_what_other_tables_know(void)
{
    CHECK_INT(parse(true, "check --limit 3 --json=false --file x -- y"), 0);
    CHECK(!state.json);
    CHECK_INT(count, 5);
    CHECK_STR(str_of(words[1]), STR("--limit"));
    CHECK_STR(str_of(words[2]), STR("3"));
    CHECK_STR(str_of(words[3]), STR("--"));
}

static void test_options_flag_over_environment_over_default(void)
{
    setenv("STANDPIPE_SLOW_START", "7s", 1);
    CHECK_INT(parse(false, "x"), 0);
    CHECK_INT(state.slow_start_ms, 7000);
    CHECK_STR(state.file, STR("-"));
    CHECK_INT(parse(false, "--slow-start 9s"), 0);
    CHECK_INT(state.slow_start_ms, 9000);
    setenv("STANDPIPE_SLOW_START", "7", 1);
    CHECK_INT(parse(false, "x"), ERR_USAGE);
    CHECK_STR(str_of(error.text), STR("STANDPIPE_SLOW_START: 7 what? write 7s"));
    setenv("STANDPIPE_SLOW_START", "", 1);
    CHECK_INT(parse(false, "x"), 0);
    CHECK_INT(state.slow_start_ms, 1000);
    unsetenv("STANDPIPE_SLOW_START");
}

static const struct {
    const char *line, *says;
} mistakes[] = {
    {"--slow-stat 5s", "unknown option '--slow-stat' (did you mean '--slow-start'? one of: "
                       "--file, --json, --slow-start)"},
    {"--slow-start", "'--slow-start' wants a value: Time to start."},
    {"--slow-start --json", "'--slow-start' wants a value: Time to start."},
    {"--slow-start 5", "--slow-start: 5 what? write 5s"},
    {"--json=perhaps", "--json: 'perhaps' is neither true nor false"},
    {"-x", "unknown option '-x' (one of: --file, --json, --slow-start)"},
};

static void test_options_name_the_mistake(void)
{
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        CHECK_INT(parse(false, mistakes[i].line), ERR_USAGE);
        CHECK_STR(str_of(error.text), str_of(mistakes[i].says));
    }
}

static void test_options_miss_what_is_required(void)
{
    static const struct setting required[] = {
        {"to", SETTING_STR, NULL, offsetof(struct state, file), "Stage to send to."}, {0}};
    char *one[] = {(char[]){"--to=x"}};
    int n = 0;

    CHECK_INT(options_parse(required, &state, false, &n, one, &arena, &error), ERR_USAGE);
    CHECK_STR(str_of(error.text), STR("'--to' is missing: Stage to send to."));
    n = 1;
    CHECK_INT(options_parse(required, &state, false, &n, one, &arena, &error), 0);
    CHECK_STR(state.file, STR("x"));
}

static void test_options_help_shows_flag_default_and_twin(void)
{
    struct buf out;

    buf_init(&out, 1000);
    CHECK(options_help(table + 1, &out));
    CHECK_STR(buf_str(&out), STR("  --json                       Answer as JSON. [false] "
                                 "(STANDPIPE_JSON)\n"
                                 "  --slow-start TIME            Time to start. [1s] "
                                 "(STANDPIPE_SLOW_START)\n"));
    buf_free(&out);
}

static void test_options_common_have_their_defaults(void)
{
    struct options_common common;
    int none = 0;

    CHECK_INT(options_parse(options_common, &common, true, &none, words, &arena, &error), 0);
    CHECK_STR(common.redis, STR("redis://127.0.0.1:6379/0"));
    CHECK_STR(common.prefix, STR("sp"));
    CHECK_STR(common.log, STR("logfmt"));
    CHECK_STR(common.log_level, STR("info"));
}

int main(void)
{
    RUN(test_options_stand_anywhere_before_the_dashes);
    RUN(test_options_leave_what_other_tables_know);
    RUN(test_options_flag_over_environment_over_default);
    RUN(test_options_name_the_mistake);
    RUN(test_options_miss_what_is_required);
    RUN(test_options_help_shows_flag_default_and_twin);
    RUN(test_options_common_have_their_defaults);
    arena_free(&arena);
    return check_done();
}
