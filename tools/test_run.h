#pragma once
/* The tests of a pipeline file, run. For `test` and `apply`. */
#include "common/run/pipeline.h"
#include "tools/test_match.h"

struct test_result {
    const struct pipeline_test *test;
    struct difference *differences; /* NULL: passed */
};
/* One result a test, in `a`. ERR_CONFIG, ERR_DATA: they could not be run. */
int tests_run(const struct pipeline *p, struct arena *a, struct test_result **results,
              struct error *err) MUST_CHECK;
uint32_t tests_failed(const struct pipeline *p, const struct test_result *results);
/* Those that failed, with what differs; all of them when `all`. */
void tests_say(struct say *s, const struct pipeline *p, const struct test_result *results,
               bool all);
