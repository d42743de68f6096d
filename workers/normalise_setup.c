/* What a rule tells its coercer. */
#include "common/data/quantity_words.h"
#include "common/data/text.h"
#include "common/data/units.h"
#include "workers/normalise_load.h"

enum { DIGITS_MAX = 12 };

static void complain_at(struct load *l, const struct rule *r, const char *key, const char *what)
{
    const struct node *n = node_get(r->node, key);

    load_complain(l, n ? n : r->node, what);
}

static bool is_sign(str s)
{
    return s.n == 1 && s.p[0] > 0 && !strchr("0123456789+-eE", s.p[0]);
}

static void load_groups(struct load *l, const struct rule *r, struct coerce_setup *setup)
{
    uint32_t n, used = 0;
    const struct node **signs = load_words(l, r->group, &n);
    char decimal = setup->decimal ? setup->decimal : '.';

    setup->groups[0] = setup->decimal == ',' ? '.' : ',';
    if (!r->group)
        return;
    memset(setup->groups, 0, sizeof(setup->groups));
    for (uint32_t i = 0; i < n; i++) {
        str sign = signs[i]->text;
        if (str_is(sign, "none") || !sign.n)
            continue;
        if (str_is(sign, "\u00a0") || str_is(sign, "\u202f"))
            sign = STR(" ");
        if (!is_sign(sign) || sign.p[0] == decimal || used == sizeof(setup->groups))
            load_complain(
                l, signs[i],
                "must be one sign that is not the decimal one, or none; at most four");
        else
            setup->groups[used++] = sign.p[0];
    }
}

static void load_signs(struct load *l, const struct rule *r, struct coerce_setup *setup)
{
    if (is_sign(r->decimal))
        setup->decimal = r->decimal.p[0];
    else if (r->decimal.n)
        complain_at(l, r, "decimal", "must be one sign, as . or ,");
    load_groups(l, r, setup);
}

/* A map of words to what they stand for. */
static const struct coerce_word *load_meanings(struct load *l, const struct node *map,
                                               uint32_t *count)
{
    struct coerce_word *words;

    *count = 0;
    if (!map || map->type == NODE_EMPTY)
        return NULL;
    if (map->type != NODE_MAP) {
        load_complain(l, map, "must be a map of words to what they stand for");
        return NULL;
    }
    words = arena_alloc(l->arena, (map->count + 1) * sizeof(*words));
    for (const struct node *n = map->children; n; n = n->next)
        if (n->type == NODE_TEXT)
            words[(*count)++] = (struct coerce_word){text_fold(l->arena, n->key), n->text};
        else
            findings_error(l->findings, n->at, node_width(n), "a text is wanted here");
    return words;
}

static void load_languages(struct load *l, const struct rule *r, struct coerce_setup *setup)
{
    uint32_t count;
    const struct node **codes = load_words(l, r->languages, &count);

    for (uint32_t i = 0; i < count; i++)
        if (!coerce_is_language(codes[i]->text))
            load_complain(l, codes[i], "is none of en de fr nl es it pt pl ru");
    setup->languages = load_texts(l, r->languages, false, &setup->language_count);
}

static void load_formats(struct load *l, const struct rule *r, struct coerce_setup *setup)
{
    uint32_t count;
    const struct node **formats = load_words(l, r->formats, &count);

    for (uint32_t i = 0; i < count; i++) {
        const char *problem = coerce_check_format(formats[i]->text);
        if (problem)
            load_complain(l, formats[i], problem);
    }
    setup->formats = load_texts(l, r->formats, false, &setup->format_count);
}

/* What the coercer measures, by its name. */
static enum dimension dimension_of(str coercer)
{
    for (enum dimension d = DIMENSION_ANY + 1; d < DIMENSION_COUNT; d++)
        if (str_is(coercer, dimension_name(d)))
            return d;
    return DIMENSION_ANY;
}

/* A word that names a unit: one of the source's own, or a known one. */
static const struct unit *load_unit(struct load *l, const struct rule *r, const char *key,
                                    str word, const struct coerce_setup *setup)
{
    enum dimension wanted = dimension_of(r->parse);

    if (!word.n)
        return NULL;
    for (uint32_t i = 0; i < setup->unit_count; i++)
        if (str_is(word, setup->units[i].name))
            return &setup->units[i];
    const struct unit *unit = unit_named(word, wanted);
    if (!unit || (wanted != DIMENSION_ANY && unit->dimension != wanted))
        complain_at(l, r, key, wanted ? "is no unit of that" : "is no unit");
    return unit;
}

/* {ground: {m2: 222.967}} */
static void load_units(struct load *l, const struct rule *r, struct coerce_setup *setup)
{
    struct unit *units;

    if (!r->units || r->units->type == NODE_EMPTY)
        return;
    if (r->units->type != NODE_MAP) {
        load_complain(l, r->units, "must be a map: {ground: {m2: 222.967}}");
        return;
    }
    setup->units = units = arena_zalloc(l->arena, (r->units->count + 1) * sizeof(*units));
    for (const struct node *n = r->units->children; n; n = n->next) {
        const struct node *of = n->type == NODE_MAP && n->count == 1 ? n->children : NULL;
        const struct unit *base = of ? unit_named(of->key, dimension_of(r->parse)) : NULL;
        if (base && unit_declare(l->arena, n->key, of->text, base, &units[setup->unit_count]))
            setup->unit_count++;
        else
            findings_error(l->findings, n->at, node_width(n),
                           "a unit is so many of a known one: {ground: {m2: 222.967}}");
    }
}

static void load_numbers(struct load *l, const struct rule *r, struct coerce_setup *setup)
{
    uint64_t digits;

    load_signs(l, r, setup);
    load_units(l, r, setup);
    setup->unit = load_unit(l, r, "unit", r->unit, setup);
    setup->wants_unit = str_is(r->assume, "none");
    if (!setup->wants_unit)
        setup->assume = load_unit(l, r, "assume", r->assume, setup);
    setup->currency = r->currency;
    setup->currencies = load_meanings(l, r->currencies, &setup->currency_count);
    setup->notes = load_meanings(l, r->notes, &setup->note_count);
    setup->multiplier = quantity_multiplier_named(r->multiplier);
    if (r->multiplier.n && !setup->multiplier.n)
        complain_at(l, r, "multiplier",
                    "is no number above zero, nor thousand, lakh, million or crore");
    setup->digits = -1;
    if (r->digits.n && (!str_to_u64(r->digits, &digits) || digits > DIGITS_MAX))
        complain_at(l, r, "digits", "must be a number from 0 to 12");
    else if (r->digits.n)
        setup->digits = (int8_t)digits;
}

/* A day, or the column that holds it. */
static void load_scraped(struct load *l, const struct rule *r, struct normalise_field *field)
{
    struct coerce_setup *setup = &field->setup;

    if (!r->scraped.n)
        return;
    setup->has_now = coerce_moment(r->scraped, &setup->now);
    if (setup->has_now)
        return;
    if (ascii_is_digit(r->scraped.p[0]))
        complain_at(l, r, "scraped", "is no day: write 2021-05-26, or the name of a column");
    else
        field->scraped = text_fold(l->arena, r->scraped);
}

static void load_time(struct load *l, const struct rule *r, struct coerce_setup *setup)
{
    if (r->zone.n) {
        setup->has_zone = coerce_zone(r->zone, &setup->zone);
        if (!setup->has_zone)
            complain_at(l, r, "zone", "is no zone: write UTC or +01:00");
    }
}

static void load_coercer(struct load *l, const struct rule *r, const char *key, str word,
                         const struct coercer **coercer)
{
    str valid[64];
    uint32_t n = 0;

    for (; coercers[n].name && n < ARRAY_LEN(valid); n++)
        valid[n] = str_of(coercers[n].name);
    *coercer = coercer_find(word);
    if (!*coercer)
        findings_unknown(l->findings, node_at(r->node, key), word, "coercer", valid, n);
}

/* What the schema's type makes of numbers, dates and words. */
static void load_type(struct normalise_field *field)
{
    static const enum coerce_form forms[] = {
        [SCHEMA_PLAIN] = FORM_TEXT,
        [SCHEMA_DATE] = FORM_DAYS,
        [SCHEMA_TIME_MILLIS] = FORM_MILLIS,
        [SCHEMA_TIME_MICROS] = FORM_MICROS,
        [SCHEMA_TIMESTAMP_MILLIS] = FORM_MILLIS,
        [SCHEMA_TIMESTAMP_MICROS] = FORM_MICROS,
        [SCHEMA_DECIMAL] = FORM_TEXT,
        [SCHEMA_UUID] = FORM_TEXT,
    };
    const struct schema_type *t = field->type;
    struct coerce_setup *setup = &field->setup;

    if (t && t->kind == SCHEMA_ARRAY && t->branch_count) /* that of its items */
        t = t->branches[0];
    if (!t)
        return;
    setup->form = forms[t->logical];
    setup->is_integral =
        (t->kind == SCHEMA_INT || t->kind == SCHEMA_LONG) && t->logical == SCHEMA_PLAIN;
    if (t->kind == SCHEMA_ENUM && !setup->symbol_count) {
        setup->symbols = t->symbols;
        setup->symbol_count = t->symbol_count;
    }
}

static void load_words_of(struct load *l, const struct rule *r, struct normalise_field *field)
{
    struct coerce_setup *setup = &field->setup;

    setup->truthy = load_texts(l, r->truthy, true, &setup->truthy_count);
    setup->falsy = load_texts(l, r->falsy, true, &setup->falsy_count);
    setup->symbols = load_texts(l, r->symbols, false, &setup->symbol_count);
    setup->separator = r->separator;
    setup->country = r->country;
    if (r->country.n && !coerce_is_country(r->country))
        complain_at(l, r, "country",
                    "is no country whose telephone numbers are known: write GB, DE, US");
    load_coercer(l, r, "item", r->item, &setup->item);
    if (setup->item && setup->item->run == coerce_list) {
        complain_at(l, r, "item", "cannot be what a list is made of");
        setup->item = NULL;
    }
}

/* When also the schema has spoken. */
static void check_symbols(struct load *l, const struct rule *r,
                          const struct normalise_field *field)
{
    const struct coerce_setup *setup = &field->setup;
    bool is_enum = (field->coercer && field->coercer->run == coerce_enum) ||
                   (setup->item && setup->item->run == coerce_enum);

    if (is_enum && !setup->symbol_count)
        complain_at(l, r, "parse", "needs `symbols`");
}

void load_setup(struct load *l, const struct rule *r, struct normalise_field *field)
{
    static const char *const takes[] = {"value", "max", "note", "currency", "period",
                                        "unit",  "age", "lat",  "lon",      NULL};
    struct coerce_setup *setup = &field->setup;

    if (r->parse.n)
        load_coercer(l, r, "parse", r->parse, &field->coercer);
    setup->take = load_choice(l, r, "take", r->take, takes);
    load_words_of(l, r, field);
    load_formats(l, r, setup);
    load_languages(l, r, setup);
    load_numbers(l, r, setup);
    load_time(l, r, setup);
    load_scraped(l, r, field);
    load_type(field);
    check_symbols(l, r, field);
}
