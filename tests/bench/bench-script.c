/* What a condition costs a record: bench-script [records]. Best of five rounds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/data/script.h"

static const char document[] =
    "{\"id\":\"A1029\",\"price\":250000,\"currency\":\"GBP\",\"area_m2\":78.97,\"bedrooms\":2,"
    "\"country\":\"GB\",\"postcode\":\"N1 9GU\",\"title\":\"2 bed flat\",\"listed_on\":"
    "\"2026-08-01\",\"sp_id\":\"9f2c41d07be3a655-17-2048\"}";
static const char *const conditions[] = {
    "true",
    "price ~= nil",
    "missing ~= nil",
    "country == \"GB\" and price > 100",
    "postcode ~= nil and title:lower():find('flat') ~= nil",
};

static uint64_t measure(struct script *s, uint32_t condition, uint32_t n)
{
    struct record r = {.line = STR(document)};
    uint64_t start_us = clock_mono_us(&clock_system);
    bool holds;
    str why;

    for (uint32_t i = 0; i < n; i++)
        if (!script_test(s, condition, &r, &holds, &why))
            die("%s: %.*s", conditions[condition], STR_ARG(why));
    return clock_mono_us(&clock_system) - start_us;
}

int main(int argc, char **argv)
{
    uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
    struct script *s = script_new();
    struct error error;

    for (uint32_t i = 0; i < ARRAY_LEN(conditions); i++) {
        uint32_t number;
        uint64_t best = UINT64_MAX;
        if (script_compile(s, str_of(conditions[i]), &number, &error))
            die("%s", error.text);
        for (int round = 0; round < 5; round++) {
            uint64_t took = measure(s, number, n);
            best = MIN(best, took);
        }
        printf("%6.3f us  %s\n", (double)best / n, conditions[i]);
    }
    script_free(s);
    return 0;
}
