#include "common/base/buf.h"

#include "tests/unit/check.h"

static void test_buf_grows_up_to_its_cap_and_not_beyond(void)
{
    struct buf b;
    size_t n = 0;

    buf_init(&b, 1000);
    while (buf_add(&b, STR("seven b")))
        n += 7;
    CHECK_INT(n, 994);
    CHECK_INT(b.n, 994);
    CHECK(!buf_reserve(&b, 7));
    CHECK(buf_reserve(&b, 6));
    CHECK(buf_add(&b, STR("sixsix")));
    CHECK_STR(((str){b.p + 987, 13}), STR("seven bsixsix"));
    CHECK(!buf_add(&b, STR("!")));
    CHECK(!buf_reserve(&b, SIZE_MAX));
    CHECK_INT(b.n, 1000);
    buf_free(&b);
}

static void test_buf_printf_changes_nothing_when_it_does_not_fit(void)
{
    struct buf b;

    buf_init(&b, 10);
    CHECK(buf_printf(&b, "%s", ""));
    CHECK_STR(buf_str(&b), STR(""));
    CHECK(buf_printf(&b, "%d-%s", 12, "ab"));
    CHECK(!buf_printf(&b, "%s", "123456"));
    CHECK_STR(buf_str(&b), STR("12-ab"));
    CHECK(buf_printf(&b, "%s", "12345")); /* the cap counts no NUL */
    CHECK_STR(buf_str(&b), STR("12-ab12345"));
    buf_free(&b);
}

static void test_buf_reset_keeps_memory_and_free_keeps_the_cap(void)
{
    struct buf b, zeroed = {0};

    buf_init(&b, 100);
    CHECK(buf_add(&b, STR("text")));
    char *p = b.p;
    buf_reset(&b);
    CHECK_STR(buf_str(&b), STR(""));
    CHECK(buf_add(&b, STR("more")) && b.p == p);
    buf_free(&b);
    CHECK(buf_add(&b, STR("again")));
    CHECK_STR(buf_str(&b), STR("again"));
    buf_free(&b);
    buf_free(&zeroed);
    CHECK(!buf_add(&zeroed, STR("x")));
    CHECK(buf_add(&zeroed, STR_NONE));
}

int main(void)
{
    RUN(test_buf_grows_up_to_its_cap_and_not_beyond);
    RUN(test_buf_printf_changes_nothing_when_it_does_not_fit);
    RUN(test_buf_reset_keeps_memory_and_free_keeps_the_cap);
    return check_done();
}
