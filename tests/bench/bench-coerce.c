/* bench-coerce: CPU seconds of a million cells, by coercer, on cells as the files have them; as
 * JSON on stdout. */
#include <stdio.h>
#include <time.h>

#include "common/data/coerce.h"
#include "common/data/units.h"

enum { TIMES = 250000, CELLS = 4 };

static double measure(const char *word, const struct coerce_setup *setup,
                      const char *const *cells)
{
    const struct coercer *c = coercer_find(str_of(word));
    struct arena a = {0};
    str texts[CELLS];

    for (size_t i = 0; i < CELLS; i++)
        texts[i] = str_of(cells[i]);
    clock_t started = clock();
    for (int n = 0; n < TIMES; n++) {
        for (size_t i = 0; i < CELLS; i++) {
            struct coerced out = {0};
            if (!c->run(setup, &a, texts[i], &out))
                die("%s: '%s' cannot be read", word, cells[i]);
        }
        arena_reset(&a);
    }
    double seconds = (double)(clock() - started) / CLOCKS_PER_SEC;
    arena_free(&a);
    return seconds;
}

int main(void)
{
    static const str english[] = {{"en", 2}};
    const struct unit *m2 = unit_named(STR("m2"), DIMENSION_AREA);
    const struct unit *sqft = unit_named(STR("sqft"), DIMENSION_AREA);
    const struct unit *km = unit_named(STR("km"), DIMENSION_DISTANCE);
    const struct unit *kw = unit_named(STR("kW"), DIMENSION_POWER);
    const struct coerce_setup numbers = {.groups = {','}};
    const struct coerce_setup money = {
        .groups = {','}, .currency = STR("USD"), .languages = english, .language_count = 1};
    const struct coerce_setup area = {
        .groups = {','}, .digits = -1, .unit = m2, .assume = sqft};
    const struct coerce_setup distance = {.groups = {','}, .unit = km, .is_integral = true};
    const struct coerce_setup power = {.groups = {','}, .digits = -1, .unit = kw};
    const struct {
        const char *word;
        const struct coerce_setup *setup;
        const char *cells[CELLS];
    } cases[] = {
        {"number", &numbers, {"13328", "1,234.56", "80000.00", "4,25,000"}},
        {"money", &money, {"$10,300", "$1,375+ 1 bd", "$350+/mo", "Ask For Price"}},
        {"area", &area, {"1056", "3,420 sq ft", "2100 - 2850", "34.46Sq. Meter"}},
        {"distance", &distance, {"51,000 mi.", "186005 km", "150,000km", "1,30,000 kms"}},
        {"power",
         &power,
         {"178 PS", "74 bhp", "110 kW (150 PS)",
          "300.0HP 3.7L V6 Cylinder Engine Diesel Fuel"}},
        {"coordinate", &numbers, {"51.2045371", "-77.0065", "4.41", "51°12'16.3\"N"}},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        printf("%s\"%s\":%.3f", i ? "," : "{", cases[i].word,
               measure(cases[i].word, cases[i].setup, cases[i].cells));
    printf("}\n");
    return 0;
}
