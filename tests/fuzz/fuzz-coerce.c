/* A format of dates, a tab, and the text of a cell, through every coercer under several setups:
 * what comes out is JSON of the right kind and is read as itself again. */
#include "common/data/coerce.h"
#include "common/data/json.h"
#include "common/data/text.h"
#include "common/data/units.h"
#include "tests/fuzz/fuzz.h"

enum { PLAIN_MAX = 900 }; /* longer ones may have grown past what is read */
static struct arena arena;

static void check_part(enum coerce_take part, str value)
{
    enum json_type type = json_type(value);
    str word = STR_NONE;

    if (type == JSON_NULL)
        return;
    if (part == TAKE_MAX || part == TAKE_LAT || part == TAKE_LON)
        PROMISE(type == JSON_NUMBER);
    else
        PROMISE(json_unquote(&arena, value, &word) && word.n > 0);
}

/* What else is said in it: each part is null, a number, or a word. */
static void run_parts(const struct coercer *c, const struct coerce_setup *setup, str text)
{
    struct coerce_setup taking = *setup;

    for (enum coerce_take part = TAKE_MAX; part <= TAKE_LON; part++) {
        struct coerced out = {0};
        taking.take = part;
        if (!c->run(&taking, &arena, text, &out)) {
            PROMISE(out.why.n > 0 && out.issue.n > 0);
            continue;
        }
        PROMISE(!json_check(out.value, NULL, NULL));
        check_part(part, out.value);
    }
}

static bool has_parts(const struct coercer *c)
{
    return c->run == coerce_money || c->run == coerce_quantity || c->run == coerce_range ||
           c->run == coerce_coordinate;
}

static void check_phone(str value)
{
    PROMISE(value.n >= 10 && value.n <= 18 && str_starts(value, STR("\"+")));
    for (size_t i = 2; i < value.n - 1; i++)
        PROMISE(value.p[i] >= '0' && value.p[i] <= '9');
}

/* What is read as itself again under the same setup; false: another kind. */
static bool check_words(const struct coercer *c, const struct coerce_setup *setup, str value)
{
    struct coerced out = {0};
    str text = value;

    if (c->run == coerce_phone)
        check_phone(value);
    else if (c->run == coerce_list)
        PROMISE(json_type(value) == JSON_ARRAY);
    else if (c->run != coerce_json && c->run != coerce_enum)
        return false;
    if (!c->takes_array)
        PROMISE(json_unquote(&arena, value, &text));
    PROMISE(c->run(setup, &arena, text, &out) && str_equal(out.value, value));
    return true;
}

static void check_kind(const struct coercer *c, str text, str value)
{
    static const struct coerce_setup plain = {.decimal = '.'};
    enum json_type type = json_type(value);
    str again = STR_NONE;
    struct coerced out = {0};

    if (c->run == coerce_text || c->run == coerce_id) {
        PROMISE(json_unquote(&arena, value, &again) && str_equal(again, text));
        return;
    }
    if (type == JSON_NULL) /* never, a week ago */
        return;
    if (c->run == coerce_date || c->run == coerce_timestamp || c->run == coerce_time) {
        PROMISE(json_unquote(&arena, value, &text));
        PROMISE(c->run(&plain, &arena, text, &out) && str_equal(out.value, value));
        return;
    }
    if (c->run == coerce_percent || value.n > PLAIN_MAX)
        return;
    if (c->run == coerce_boolean)
        PROMISE(type == JSON_TRUE || type == JSON_FALSE);
    else
        PROMISE(type == JSON_NUMBER);
    PROMISE(c->run(&plain, &arena, value, &out) && str_equal(out.value, value));
}

static void run_all(const struct coerce_setup *setup, str text)
{
    for (const struct coercer *c = coercers; c->name; c++) {
        struct coerced out = {0};
        size_t at;
        if (has_parts(c))
            run_parts(c, setup, text);
        if (!c->run(setup, &arena, text, &out)) {
            PROMISE(out.why.n > 0 && out.issue.n > 0);
            continue;
        }
        PROMISE(!json_check(out.value, NULL, &at));
        if (!check_words(c, setup, out.value))
            check_kind(c, text, out.value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    str text = {(const char *)bytes, n}, format = str_cut(&text, '\t');
    static const str languages[] = {{"de", 2}, {"fr", 2}, {"nl", 2}, {"es", 2}, {"it", 2},
                                    {"pt", 2}, {"pl", 2}, {"ru", 2}, {"en", 2}};
    const struct coerce_setup setups[] = {
        {.groups = {',', ' '},
         .digits = -1,
         .unit = unit_named(STR("m2"), DIMENSION_AREA),
         .assume = unit_named(STR("sqft"), DIMENSION_AREA),
         .multiplier = STR("100000"),
         .currency = STR("INR")},
        {.groups = {'.', '\''},
         .decimal = ',',
         .unit = unit_named(STR("km/l"), DIMENSION_CONSUMPTION),
         .assume = unit_named(STR("l/100km"), DIMENSION_CONSUMPTION),
         .languages = languages,
         .language_count = ARRAY_LEN(languages),
         .is_integral = true},
        {.decimal = '.', .groups = {','}},
        {.decimal = ',', .groups = {'.'}},
        {.decimal = ',', .groups = {' '}},
        {.decimal = '.', .formats = &format, .format_count = !coerce_check_format(format)},
        {.formats = &format,
         .format_count = !coerce_check_format(format),
         .languages = languages,
         .language_count = ARRAY_LEN(languages),
         .has_zone = true,
         .zone = -90,
         .has_now = true,
         .now = 1443873600},
        {.symbols = languages,
         .symbol_count = ARRAY_LEN(languages),
         .country = STR("GB"),
         .separator = format},
        {.country = STR("US"),
         .separator = STR("braces"),
         .item = coercer_find(STR("integer"))},
        {.country = STR("IT"), .separator = STR("json"), .item = coercer_find(STR("date"))},
        {.country = STR("KZ"), .separator = STR("json"), .item = coercer_find(STR("json"))},
    };

    text = str_trim(text);
    if (!text.n || !text_is_utf8(text))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(setups); i++)
        run_all(&setups[i], text);
    arena_reset(&arena);
    return 0;
}
