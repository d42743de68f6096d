#include "common/data/route.h"

#include <stdlib.h>

#include "tests/unit/check.h"

static struct arena arena;
static struct route rows[5];
static struct routes table;

static void set_up(void)
{
    static const char *const conditions[] = {"kind == 'x'", "price > 100"};
    struct error error;
    uint32_t number[2];

    table = (struct routes){.rows = rows, .n = 5, .script = script_new()};
    for (int i = 0; i < 2; i++)
        if (script_compile(table.script, str_of(conditions[i]), &number[i], &error))
            die("%s", error.text);
    rows[0] = (struct route){.from = STR("other"), .condition = ROUTE_ALWAYS};
    rows[1] = (struct route){.from = STR("tidy"), .condition = number[0], .act = ROUTE_DROP};
    rows[2] = (struct route){.from = STR("tidy"), .condition = number[1]};
    rows[3] = (struct route){.from = STR("rows"), .condition = ROUTE_ALWAYS};
    rows[4] = (struct route){.from = STR("rows"), .condition = number[0]};
}

static const struct {
    const char *from, *line;
    int row; /* -1: none */
    const char *reason, *detail;
} cases[] = {
    {"tidy", "{\"kind\":\"x\",\"price\":200}", 1, "", ""},
    {"tidy", "{\"kind\":\"y\",\"price\":200}", 2, "", ""},
    {"tidy", "{\"kind\":\"y\"}", -1, "no_route", "no row of the routes takes it from 'tidy'"},
    {"tidy", "{\"price\":\"high\"}", -1, "condition",
     "row 3 of the routes: attempt to compare number with string (price is \"high\")"},
    {"rows", "{\"kind\":\"x\"}", 3, "", ""},
    {"ship", "{}", -1, "no_route", "no row of the routes takes it from 'ship'"},
};

static void test_route_match_takes_the_first_row_that_holds(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct record r = {.line = str_of(cases[i].line)};
        const struct route *found = route_match(&table, str_of(cases[i].from), &r, &arena);
        CHECK_INT(found ? found - rows : -1, cases[i].row);
        CHECK_INT(r.verdict, cases[i].row < 0 ? VERDICT_DEAD : VERDICT_PASS);
        CHECK_STR(r.reason, str_of(cases[i].reason));
        CHECK_STR(r.detail, str_of(cases[i].detail));
    }
}

int main(void)
{
    set_up();
    RUN(test_route_match_takes_the_first_row_that_holds);
    script_free(table.script);
    arena_free(&arena);
    return check_done();
}
