#include "common/data/route.h"

const struct route *route_match(const struct routes *t, str from, struct record *r,
                                struct arena *a)
{
    for (uint32_t i = 0; i < t->n; i++) {
        const struct route *row = &t->rows[i];
        bool holds = true;
        str why;

        if (!str_equal(row->from, from))
            continue;
        if (row->condition != ROUTE_ALWAYS &&
            !script_test(t->script, row->condition, r, &holds, &why)) {
            record_settle(
                r, VERDICT_DEAD, STR("condition"),
                arena_printf(a, "row %u of the routes: " STR_FMT, i + 1, STR_ARG(why)));
            return NULL;
        }
        if (holds)
            return row;
    }
    record_settle(
        r, VERDICT_DEAD, STR("no_route"),
        arena_printf(a, "no row of the routes takes it from '" STR_FMT "'", STR_ARG(from)));
    return NULL;
}
