#include "common/run/windows.h"

#include "tests/unit/check.h"

enum { HOUR = 3600 * 1000 };
static const uint64_t now_ms = 1800000000000;
static const struct keys keys = {{"sp", 2}, {"0", 1}};

static const struct window_value values[] = {
    {.name = {"n", 1}, .op = WINDOW_COUNT},
    {.name = {"sum", 3}, .op = WINDOW_SUM, .member = {"price", 5}, .decimals = 2},
    {.name = {"low", 3}, .op = WINDOW_MIN, .member = {"price", 5}},
    {.name = {"high", 4}, .op = WINDOW_MAX, .member = {"price", 5}},
    {.name = {"mean", 4}, .op = WINDOW_AVG, .member = {"price", 5}, .decimals = 0},
    {.name = {"old", 3}, .op = WINDOW_FIRST, .member = {"who", 3}},
    {.name = {"new", 3}, .op = WINDOW_LAST, .member = {"who", 3}},
    {.name = {"some", 4}, .op = WINDOW_DISTINCT, .member = {"who", 3}},
    {.name = {"best", 4}, .op = WINDOW_TOP, .member = {"who", 3}},
};
static const str country[] = {{"country", 7}, {"city", 4}};
static struct arena arena;
static struct entry entry = {.src = {"0123456789abcdef", 16}, .row = 7, .at = 1800000000000};

/* What a window makes of documents, as the part's arguments with blanks between them. */
static str moved(struct pipeline_window rule, const char *const *lines, uint64_t *late)
{
    const struct pipeline p = {.windows = &rule, .window_count = 1};
    uint64_t closed = 5 * HOUR;
    const struct output_context c = {
        .pipeline = &p, .keys = &keys, .now_ms = now_ms, .closed = &closed};
    const struct batch b = {0};
    struct commit commit = {0};

    arena_reset(&arena);
    struct parts *sums = parts_new(&arena, &c, &b);
    struct windows *w = parts_sums(sums, &part_windows);
    for (uint32_t i = 0; lines[i]; i++) {
        struct record r = {.entry = &entry, .line = str_of(lines[i]), .number = i};
        *late |= windows_add(w, &r) << i;
    }
    parts_build(sums, &commit);
    const struct commit_part *parts = commit.parts;
    CHECK_INT(commit.part_count, 1);
    CHECK_STR(parts->kind, STR("window"));
    CHECK_STR(parts->keys[0], STR("sp:{0}:window:w"));
    CHECK_STR(parts->keys[1], STR("sp:{0}:window:w:panes"));
    str all = STR("");
    for (uint32_t i = 2; i < parts->key_count; i++)
        all = arena_printf(&arena, STR_FMT STR_FMT " ", STR_ARG(all), STR_ARG(parts->keys[i]));
    for (uint32_t i = 5 + 3 * rule.value_count; i < parts->arg_count; i++)
        all = arena_printf(&arena, STR_FMT "%s" STR_FMT, STR_ARG(all),
                           i > 5 + 3 * rule.value_count ? " " : "", STR_ARG(parts->args[i]));
    return all;
}

static struct pipeline_window one_value(uint32_t number)
{
    return (struct pipeline_window){.name = STR("w"),
                                    .every_ms = HOUR,
                                    .over_ms = HOUR,
                                    .time = STR("at"),
                                    .values = &values[number],
                                    .value_count = 1,
                                    .max_keys = 9,
                                    .has_to = true};
}

static void test_values_of_one_group(void)
{
    static const char *const lines[] = {
        "{\"sp_id\":\"s-1-0\",\"at\":\"1970-01-01T06:00:03Z\",\"price\":1.255,\"who\":\"ann\"}",
        "{\"sp_id\":\"s-2-0\",\"at\":\"1970-01-01T06:00:01Z\",\"price\":\" -2.5 \",\"who\":7}",
        "{\"sp_id\":\"s-3-0\",\"at\":\"1970-01-01T06:00:03Z\",\"price\":null}",
        "{\"sp_id\":\"s-4-0\",\"at\":\"1970-01-01T06:00:03Z\",\"price\":\"POA\",\"who\":"
        "\"ann\"}",
        "{\"sp_id\":\"s-5-0\",\"at\":\"1970-01-01T06:00:02Z\",\"price\":1e2,\"who\":[\"x\"]}",
        NULL};
    const struct {
        uint32_t value;
        const char *want;
    } rows[] = {
        {0, "5"},
        {1, "98.76"},
        {2, "-2.5"},
        {3, "1e2"},
        {4, "98 3"},
        {5, "21601000 s-2-0 7"},
        {6, "21603000 s-4-0 \"ann\""},
        {7, "3 [\"x\"] 7 ann"},
        {8, "3 [\"x\"] 1 7 1 ann 2"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t late = 0;
        str got = moved(one_value(rows[i].value), lines, &late);
        CHECK_STR(
            got, arena_printf(&arena, "sp:{0}:window:w:21600 21600 0 1 ~all %s", rows[i].want));
        CHECK_INT(late, 0);
    }
}

static void test_groups_and_panes(void)
{
    static const char *const lines[] = {"{\"at\":21600,\"country\":\"GB\",\"city\":\"York\"}",
                                        "{\"at\":25200,\"country\":\"GB\"}",
                                        "{\"at\":25201,\"country\":\"GB\",\"city\":null}",
                                        "{\"at\":17999,\"country\":\"GB\"}",
                                        "{\"at\":\"soon\",\"country\":1}",
                                        NULL};
    struct pipeline_window rule = one_value(0);
    uint64_t late = 0;

    rule.keys = country;
    rule.key_count = 2;
    CHECK_STR(moved(rule, lines, &late),
              STR("sp:{0}:window:w:1800000000 sp:{0}:window:w:25200 sp:{0}:window:w:21600 "
                  "1800000000 0 1 [\"1\",null] 1 25200 0 1 [\"GB\",null] 2 21600 0 1 "
                  "[\"GB\",\"York\"] 1"));
    CHECK_INT(late, 8);
    rule.key_count = 1;
    rule.has_to = false;
    rule.keep_ms = 1000;
    CHECK_STR(moved(rule, (const char *const[]){"{\"at\":21600}", NULL}, &late),
              STR("sp:{0}:window:w:21600 21600 1800003601000 1 ~none 1"));
}

static void test_sums_beyond_what_is_exact(void)
{
    uint64_t late = 0;
    static const char *const lines[] = {"{\"at\":21600,\"price\":90071992547409.91}",
                                        "{\"at\":21600,\"price\":0.01}", NULL};

    CHECK_STR(moved(one_value(1), lines, &late),
              STR("sp:{0}:window:w:21600 21600 0 1 ~all 99999999999999999999"));
    CHECK_STR(moved(one_value(1), lines + 1, &late),
              STR("sp:{0}:window:w:21600 21600 0 1 ~all 0.01"));
}

static void test_long_texts_stand_by_their_hash(void)
{
    char line[600];
    uint64_t late = 0;
    struct pipeline_window rule = one_value(0);

    snprintf(line, sizeof(line), "{\"at\":21600,\"country\":\"%0300d\"}", 0);
    rule.keys = country;
    rule.key_count = 1;
    str got = moved(rule, (const char *const[]){line, NULL}, &late);
    CHECK(got.n < 80);
    CHECK(memmem(got.p, got.n, " ~", 2));
}

static void test_replays_are_not_summed_again(void)
{
    struct pipeline_window rule = one_value(0);
    struct pipeline p = {.windows = &rule, .window_count = 1};
    uint64_t closed = 0;
    struct output_context c = {.pipeline = &p, .keys = &keys, .closed = &closed};
    const struct batch b = {0};
    struct entry e = entry;
    struct record r = {.entry = &e, .line = STR("{}")};

    for (uint32_t wanted = 0; wanted < 3; wanted++) {
        struct commit commit = {0};
        arena_reset(&arena);
        rule.replays = wanted == 2;
        e.run = wanted == 1 ? STR("+again") : STR("again");
        struct parts *sums = parts_new(&arena, &c, &b);
        CHECK_INT(windows_add(parts_sums(sums, &part_windows), &r), 0);
        parts_build(sums, &commit);
        CHECK_INT(commit.part_count, wanted > 0);
    }
    c.stage = 1;
    CHECK(parts_sums(parts_new(&arena, &c, &b), &part_windows) == NULL);
}

static void test_learns_what_is_closed(void)
{
    struct pipeline_window rules[] = {{.name = STR("v")}, {.name = STR("w")}};
    const struct pipeline p = {.windows = rules, .window_count = 2};
    uint64_t closed[2] = {0};
    const struct output_context c = {.pipeline = &p, .keys = &keys, .closed = closed};

    CHECK(parts_learn(&c, STR("CLOSED sp:{0}:window:w 3600000")));
    CHECK_INT(closed[0], 0);
    CHECK_INT(closed[1], HOUR);
    CHECK(
        parts_learn(&c, STR("CLOSED sp:{0}:window:w 1800000"))); /* by a commit built before */
    CHECK(!parts_learn(&c, STR("CLOSED sp:{0}:window:x 7200000")));
    CHECK(!parts_learn(&c, STR("CLOSED sp:{0}:window:w")));
}

static void test_late_copies_say_so(void)
{
    struct pipeline_window rule = one_value(0);
    struct batch b = {0};
    struct record r = {.entry = &entry, .line = STR("{\"a\":1}")};
    char line[100];

    record_add(&b, &r, STR("b"), STR("2"));
    const struct record *copy = windows_late_copy(&b.arena, &rule, &r);
    CHECK_STR(str_between(line, record_write(copy, line)),
              STR("{\"a\":1,\"sp_late\":\"w\",\"b\":2}"));
    CHECK_STR(str_between(line, record_write(&r, line)), STR("{\"a\":1,\"b\":2}"));
    arena_free(&b.arena);
}

int main(void)
{
    RUN(test_values_of_one_group);
    RUN(test_groups_and_panes);
    RUN(test_sums_beyond_what_is_exact);
    RUN(test_long_texts_stand_by_their_hash);
    RUN(test_replays_are_not_summed_again);
    RUN(test_learns_what_is_closed);
    RUN(test_late_copies_say_so);
    arena_free(&arena);
    return check_done();
}
