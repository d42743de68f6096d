/* Money and quantities: what is wanted of a cell, the rest is quantity.c. */
#include "common/data/coerce.h"
#include "common/data/decimal.h"
#include "common/data/quantity.h"

static bool coerce_wish(const struct coerce_setup *setup, const struct quantity_wish *wish,
                        struct arena *a, str text, struct coerced *out)
{
    struct quantity q;

    return quantity_read(setup, wish, a, text, &q, out) && quantity_take(setup, a, &q, out);
}

#define COERCE(name, what, why)                                                                \
    const struct quantity_wish quantity_##name = {.dimension = (what), .none = (why)};         \
    bool coerce_##name(const struct coerce_setup *setup, struct arena *a, str text,            \
                       struct coerced *out)                                                    \
    {                                                                                          \
        return coerce_wish(setup, &quantity_##name, a, text, out);                             \
    }

COERCE(area, DIMENSION_AREA, "is no area")
COERCE(consumption, DIMENSION_CONSUMPTION, "is no consumption")
COERCE(distance, DIMENSION_DISTANCE, "is no distance")
COERCE(energy, DIMENSION_ENERGY, "is no energy")
COERCE(mass, DIMENSION_MASS, "is no mass")
COERCE(power, DIMENSION_POWER, "is no power")
COERCE(speed, DIMENSION_SPEED, "is no speed")
COERCE(torque, DIMENSION_TORQUE, "is no torque")
COERCE(volume, DIMENSION_VOLUME, "is no volume")

const struct quantity_wish quantity_money = {.is_money = true, .none = "is no amount of money"};

bool coerce_money(const struct coerce_setup *setup, struct arena *a, str text,
                  struct coerced *out)
{
    return coerce_wish(setup, &quantity_money, a, text, out);
}

bool coerce_quantity(const struct coerce_setup *setup, struct arena *a, str text,
                     struct coerced *out)
{
    const struct unit *unit = setup->unit ? setup->unit : setup->assume;
    struct quantity_wish wish = {.dimension = unit ? unit->dimension : DIMENSION_ANY,
                                 .none = "is no such quantity"};

    return coerce_wish(setup, &wish, a, text, out);
}

static str hundredths_of(const struct unit *unit)
{
    return unit ? str_of(unit->factor) : STR("0.01");
}

/* Hundredths, unless the cell says something else: 92 and 92% are 0.92. */
bool coerce_percent(const struct coerce_setup *setup, struct arena *a, str text,
                    struct coerced *out)
{
    static const struct quantity_wish wish = {.dimension = DIMENSION_RATIO,
                                              .none = "is no percentage"};
    struct coerce_setup hundredths = *setup;
    struct quantity q;

    hundredths.unit = hundredths.assume = NULL;
    if (!quantity_read(&hundredths, &wish, a, text, &q, out))
        return false;
    q.amount.multiplier = hundredths_of(q.amount.unit);
    q.amount.max_multiplier = hundredths_of(q.amount.max_unit);
    q.amount.unit = q.amount.max_unit = NULL;
    return quantity_take(&hundredths, a, &q, out);
}

/* Whole numbers: more than 5 is 6 or more. */
static bool step(struct arena *a, str *number, int by)
{
    int64_t value;

    if (!str_to_i64(*number, &value) || value > INT64_MAX - 1 || value < INT64_MIN + 1)
        return false;
    *number = arena_printf(a, "%lld", (long long)value + by);
    return true;
}

/* Its two ends, either of which may be missing; between whole numbers both belong to it. */
static bool find_ends(const struct coerce_setup *setup, struct arena *a, struct amount *x,
                      str *least, str *most)
{
    bool is_below = x->note == QUANTITY_LESS_THAN || x->note == QUANTITY_UP_TO;

    *least = is_below && !x->is_range ? STR_NONE : x->min;
    *most = is_below && !x->is_range ? x->min : x->max;
    if (!setup->is_integral || x->is_range)
        return true;
    if (x->note == QUANTITY_MORE_THAN)
        x->note = QUANTITY_FROM;
    else if (x->note == QUANTITY_LESS_THAN)
        x->note = QUANTITY_UP_TO;
    else
        return true;
    return step(a, is_below ? most : least, is_below ? -1 : 1);
}

bool coerce_range(const struct coerce_setup *setup, struct arena *a, str text,
                  struct coerced *out)
{
    static const struct quantity_wish wish = {.dimension = DIMENSION_ANY};
    struct amounts all UNSET;
    str least, most;

    amounts_read(setup, &wish, a, text, &all);
    if (all.wrong)
        return all.is_ambiguous ? quantity_refuse_ambiguous(out, all.wrong)
                                : coerce_refuse(out, all.wrong);
    struct amount *x = all.at;
    if (all.n != 1 || all.has_words || x->unit || x->has_currency || x->multiplier.n)
        return coerce_refuse(out, "is no range of numbers");
    if (!find_ends(setup, a, x, &least, &most))
        return coerce_refuse(out, "is no range of whole numbers");
    if (x->is_range && decimal_compare(least, most) > 0)
        return quantity_refuse_ambiguous(out, "has a range that runs backwards");
    const char *note = quantity_note_name(x->note);
    out->is_part = setup->take != TAKE_VALUE || most.n > 0 || note;
    out->value = setup->take == TAKE_VALUE ? least : setup->take == TAKE_MAX ? most : STR_NONE;
    if (setup->take == TAKE_NOTE && note)
        out->value = arena_printf(a, "\"%s\"", note);
    if (!out->value.n)
        out->value = STR("null");
    return true;
}
