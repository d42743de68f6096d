#pragma once
/* The harness of the unit tests: TAP on stdout. A failed check prints file:line, what was got
 * and what was wanted; the run goes on.
 *
 *     static void test_str_cut_keeps_rest(void) { CHECK_STR(rest, STR("b")); }
 *     int main(void) { RUN(test_str_cut_keeps_rest); return check_done(); }
 */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/str.h"

static int check_tests, check_failed_tests, check_failures;

#define CHECK(what)                                                                            \
    do {                                                                                       \
        if (!(what)) {                                                                         \
            printf("# %s:%d: not so: %s\n", __FILE__, __LINE__, #what);                        \
            check_failures++;                                                                  \
        }                                                                                      \
    } while (0)

#define CHECK_STR(got, want)                                                                   \
    do {                                                                                       \
        str got_ = (got), want_ = (want);                                                      \
        if (!str_equal(got_, want_)) {                                                         \
            printf("# %s:%d: %s\n#   got  '" STR_FMT "'\n#   want '" STR_FMT "'\n", __FILE__,  \
                   __LINE__, #got, STR_ARG(got_), STR_ARG(want_));                             \
            check_failures++;                                                                  \
        }                                                                                      \
    } while (0)

#define CHECK_INT(got, want)                                                                   \
    do {                                                                                       \
        int64_t got_ = (int64_t)(got), want_ = (int64_t)(want);                                \
        if (got_ != want_) {                                                                   \
            printf("# %s:%d: %s\n#   got  %" PRId64 "\n#   want %" PRId64 "\n", __FILE__,      \
                   __LINE__, #got, got_, want_);                                               \
            check_failures++;                                                                  \
        }                                                                                      \
    } while (0)

#define RUN(test)                                                                              \
    do {                                                                                       \
        check_failures = 0;                                                                    \
        test();                                                                                \
        check_tests++;                                                                         \
        check_failed_tests += check_failures > 0;                                              \
        printf("%s %d - %s\n", check_failures ? "not ok" : "ok", check_tests, #test);          \
    } while (0)

#define SKIP(test, reason)                                                                     \
    do {                                                                                       \
        check_tests++;                                                                         \
        printf("ok %d - %s # SKIP %s\n", check_tests, #test, reason);                          \
    } while (0)

static inline int check_done(void)
{
    printf("1..%d\n", check_tests);
    return check_failed_tests > 0;
}
