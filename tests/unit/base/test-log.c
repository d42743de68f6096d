#include "common/base/log.h"

#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/data/json.h"
#include "tests/unit/check.h"

static struct arena arena;
static int out[2];

/* What was logged since the last look. */
static str logged(void)
{
    static char text[64 * 1024];

    log_info("end of the look");
    ssize_t n = read(out[0], text, sizeof(text));
    str all = {text, n > 0 ? (size_t)n : 0};
    size_t last = all.n ? all.n - 1 : 0;
    while (last && text[last - 1] != '\n')
        last--;
    return arena_copy(&arena, (str){text, last});
}

/* Behind the time stamp. */
static str tail_of(str line)
{
    str rest = line;

    str_cut(&rest, ' ');
    return rest;
}

static void test_log_writes_logfmt(void)
{
    log_open("split", LOG_LOGFMT, LEVEL_INFO);
    log_debug("not said");
    log_warn("batch retried", LOG_STR("stream", STR("sp:{0}:rows")), LOG_U64("attempt", 3),
             LOG_STR("src", STR_NONE), LOG_CSTR("why", "a \"b\"\n\x1b[0m"));
    str line = logged();
    CHECK(str_starts(line, STR("at=2")));
    CHECK_STR(tail_of(line),
              STR("level=warn role=split event=\"batch retried\" stream=sp:{0}:rows attempt=3 "
                  "src=\"\" why=\"a \\\"b\\\"\\u000a\\u001b[0m\"\n"));
}

static void test_log_writes_json(void)
{
    str value;

    log_open("deliver", LOG_JSON, LEVEL_INFO);
    log_error("refused", LOG_STR("bytes", STR("\xff\0\"\\")), LOG_U64("n", 12));
    str line = logged();
    CHECK(!json_check(line, NULL, NULL));
    CHECK(json_find(line, STR("bytes"), &value));
    CHECK_STR(value, STR("\"\\u00ff\\u0000\\\"\\\\\""));
    CHECK(json_find(line, STR("n"), &value));
    CHECK_STR(value, STR("12"));
    CHECK(json_find(line, STR("role"), &value));
    CHECK_STR(value, STR("\"deliver\""));
}

static void test_log_lines_stay_whole_however_long_the_fields(void)
{
    char text[2000];
    str value, wide = {text, sizeof(text)};

    memset(text, '\x01', sizeof(text));
    log_open("dispatch", LOG_JSON, LEVEL_INFO);
    log_info("long", LOG_STR("a", wide), LOG_STR("b", wide), LOG_STR("c", wide),
             LOG_U64("n", 1));
    str line = logged();
    CHECK(!json_check(line, NULL, NULL));
    CHECK(json_find(line, STR("a"), &value) && value.n == 256 * 6 + 5);
    CHECK(json_find(line, STR("n"), &value)); /* what still fits is said */
    CHECK(line.n < 4097);
}

static void say_often(uint32_t times)
{
    for (uint32_t i = 0; i < times; i++)
        log_info("again", LOG_U64("i", i));
}

static void test_log_limits_a_site_and_counts_what_it_left_out(void)
{
    struct log_site site = {0};
    uint32_t lines = 0;

    log_open("split", LOG_LOGFMT, LEVEL_INFO);
    say_often(1000);
    for (str rest = logged(); rest.n; str_cut(&rest, '\n'))
        lines++;
    CHECK(lines >= 10 && lines <= 20); /* a second may have turned meanwhile */

    site = (struct log_site){.window_us = clock_mono_us(&clock_system) - 2000000, .dropped = 7};
    log_write(&site, LEVEL_INFO, "spoke again", NULL, 0);
    CHECK_STR(tail_of(logged()),
              STR("level=info role=split event=\"spoke again\" left_out=7\n"));
}

int main(void)
{
    if (pipe(out) != 0)
        return 1;
    log_to(out[1]);
    RUN(test_log_writes_logfmt);
    RUN(test_log_writes_json);
    RUN(test_log_lines_stay_whole_however_long_the_fields);
    RUN(test_log_limits_a_site_and_counts_what_it_left_out);
    arena_free(&arena);
    return check_done();
}
