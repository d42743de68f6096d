#include "common/base/error.h"

#include "tests/unit/check.h"

static void test_error_is_one_safe_line(void)
{
    struct error e = {0};

    CHECK_INT(error_set(&e, ERR_DATA, "reply '%s': odd", "a\nb\x1b[31m\x7f"), ERR_DATA);
    CHECK_INT(e.code, ERR_DATA);
    CHECK_STR(str_of(e.text), STR("reply 'a.b.[31m.': odd"));
    CHECK_INT(error_at(&e, (struct mark){3, 9}, "no such stage"), ERR_CONFIG);
    CHECK_INT(e.at.line, 3);
    CHECK_INT(e.at.column, 9);
    CHECK_INT(error_set(&e, ERR_REDIS, "later"), ERR_REDIS);
    CHECK_INT(e.at.line, 0);
}

static void test_error_wrap_puts_words_in_front(void)
{
    struct error e = {0};

    error_at(&e, (struct mark){2, 1}, "no such file");
    CHECK_INT(error_wrap(&e, "read '%s'", "a.yaml"), ERR_CONFIG);
    CHECK_STR(str_of(e.text), STR("read 'a.yaml': no such file"));
    CHECK_INT(e.at.line, 2);
}

static void test_error_is_cut_and_not_overrun(void)
{
    struct error e = {0};
    char text[400];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    error_set(&e, ERR_SYSTEM, "%s", text);
    CHECK_INT(strlen(e.text), sizeof(e.text) - 1);
    error_wrap(&e, "open");
    CHECK_INT(strlen(e.text), sizeof(e.text) - 1);
    CHECK(str_starts(str_of(e.text), STR("open: xxx")));
    error_wrap(&e, "%s", text);
    CHECK_INT(strlen(e.text), sizeof(e.text) - 1);
}

static void test_error_exit_status_tells_a_supervisor(void)
{
    const struct {
        int code, status;
    } cases[] = {{0, 0},         {ERR_CONFIG, 78}, {ERR_REDIS, 69},
                 {ERR_HTTP, 69}, {ERR_USAGE, 2},   {ERR_SYSTEM, 1}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_INT(error_exit_status(&(struct error){.code = cases[i].code}), cases[i].status);
}

int main(void)
{
    RUN(test_error_is_one_safe_line);
    RUN(test_error_wrap_puts_words_in_front);
    RUN(test_error_is_cut_and_not_overrun);
    RUN(test_error_exit_status_tells_a_supervisor);
    return check_done();
}
