#pragma once
/* A table of cells and what a coercer makes of them. */
#include "common/data/coerce.h"
#include "common/data/json.h"
#include "tests/unit/check.h"

struct coerce_case {
    const char *text, *want; /* NULL: refused */
    struct coerce_setup setup;
    const char *issue; /* NULL: none of a value; `unparsed` of what is refused */
};

static inline void check_case(const char *word, const struct coerce_case *c)
{
    struct arena a = {0};
    struct coerced out = {0};
    size_t at;
    bool good = coercer_find(str_of(word))->run(&c->setup, &a, str_of(c->text), &out);
    int failures = check_failures;

    CHECK(good == (c->want != NULL));
    CHECK_STR(out.issue, str_of(c->issue || good ? c->issue : "unparsed"));
    CHECK((out.issue.n > 0) == (out.why.n > 0));
    if (good && c->want) {
        CHECK_STR(out.value, str_of(c->want));
        CHECK(!json_check(out.value, NULL, &at));
    }
    if (check_failures > failures)
        printf("# of %s '%s': " STR_FMT " " STR_FMT "\n", word, c->text, STR_ARG(out.value),
               STR_ARG(out.why));
    arena_free(&a);
}

static inline void check_cases(const char *word, const struct coerce_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_case(word, &cases[i]);
}
