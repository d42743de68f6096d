#pragma once
/* Cells with a quantity in them, and the parts that are taken of it. */
#include "common/data/json.h"
#include "common/data/quantity.h"
#include "common/data/quantity_words.h"
#include "tests/unit/check.h"

struct quantity_case {
    const char *text, *want; /* NULL: refused */
    const char *max, *note;  /* NULL: null, when `want` is set; for `currency` see there */
    const char *issue;       /* of a refusal; NULL: unparsed */
};
static struct arena arena;

static inline struct coerced take(const char *word, const struct coerce_setup *setup,
                                  enum coerce_take part, const char *text, bool *good)
{
    struct coerce_setup taking = *setup;
    struct coerced out = {0};
    size_t at;

    taking.take = part;
    *good = coercer_find(str_of(word))->run(&taking, &arena, str_of(text), &out);
    if (*good)
        CHECK(!json_check(out.value, NULL, &at));
    else
        CHECK(out.why.n > 0 && out.issue.n > 0);
    return out;
}

static inline void check_taken(const char *word, const struct coerce_setup *setup,
                               enum coerce_take part, const char *text, const char *want)
{
    bool good;
    struct coerced out = take(word, setup, part, text, &good);
    char quoted[64];

    if (want && part != TAKE_VALUE && part != TAKE_MAX) {
        snprintf(quoted, sizeof(quoted), "\"%s\"", want);
        want = quoted;
    }
    if (!good || !str_is(out.value, want ? want : "null")) {
        printf("# %s '%s', part %u: want '%s', got '" STR_FMT "' " STR_FMT "\n", word, text,
               part, want ? want : "null", STR_ARG(out.value), STR_ARG(out.why));
        check_failures++;
    }
}

static inline void check_cases(const char *word, const struct coerce_setup *setup,
                               const struct quantity_case *cases, size_t n)
{
    for (const struct quantity_case *c = cases; c < cases + n; c++) {
        bool good;
        if (c->want) {
            check_taken(word, setup, TAKE_VALUE, c->text,
                        str_is(str_of(c->want), "null") ? NULL : c->want);
            check_taken(word, setup, TAKE_MAX, c->text, c->max);
            check_taken(word, setup, TAKE_NOTE, c->text, c->note);
            continue;
        }
        struct coerced out = take(word, setup, TAKE_VALUE, c->text, &good);
        if (good || !str_is(out.issue, c->issue ? c->issue : "unparsed")) {
            printf("# %s '%s': got '" STR_FMT "' " STR_FMT "\n", word, c->text,
                   STR_ARG(out.value), STR_ARG(out.issue));
            check_failures++;
        }
    }
    arena_free(&arena);
}

#define CHECK_CASES(word, setup, cases) check_cases(word, setup, cases, ARRAY_LEN(cases))

static inline const struct unit *unit(const char *name)
{
    return unit_named(str_of(name), DIMENSION_ANY);
}
