#include "common/data/quantity.h"

#include "common/data/decimal.h"
#include "common/data/json.h"

bool quantity_refuse_ambiguous(struct coerced *out, const char *why)
{
    *out = (struct coerced){.issue = STR("ambiguous"), .why = str_of(why)};
    return false;
}

static bool is_of_kind(const struct quantity_wish *wish, const struct amount *x)
{
    if (wish->is_money)
        return x->has_currency && !x->is_rate;
    if (!x->unit || x->has_currency || x->is_rate)
        return false;
    return wish->dimension == DIMENSION_ANY || x->unit->dimension == wish->dimension;
}

static bool is_bare(const struct amount *x)
{
    return !x->unit && !x->has_currency && !x->is_open && !x->is_rate;
}

static double per_year(str period)
{
    static const struct {
        const char *name;
        double times;
    } periods[] = {{"month", 12}, {"week", 365.25 / 7}, {"night", 365.25}, {"day", 365.25}};

    for (size_t i = 0; i < ARRAY_LEN(periods); i++)
        if (str_is(period, periods[i].name))
            return periods[i].times;
    return 1;
}

static double about(str factor)
{
    return factor.n ? decimal_about(factor) : 1;
}

static double size_of(const struct amount *x)
{
    double size = decimal_about(x->min) * about(x->multiplier) * per_year(x->period);

    if (!x->unit)
        return size;
    return size * decimal_about(str_of(x->unit->factor)) / about(str_of(x->unit->per));
}

/* "85 kW (116 PS)", "£1,200 pcm (£277 pw)", a price that stands there twice: alike but for what
 * rounding leaves. */
static bool is_same(const struct amount *x, const struct amount *y)
{
    double one = size_of(x), other = size_of(y), larger = one > other ? one : other;
    bool is_inverse = (x->unit && x->unit->is_inverse) || (y->unit && y->unit->is_inverse);
    double slack = x->unit == y->unit && str_equal(x->period, y->period) ? 0 : larger * 0.02;

    if (x->is_range || y->is_range || is_inverse || x->has_currency != y->has_currency ||
        !x->unit != !y->unit)
        return false;
    if (x->has_currency && !quantity_currency_both(x->currency, y->currency).n)
        return false;
    return larger - (one > other ? other : one) <= slack;
}

/* Without a unit or a sign, a number has to be alone, but for its repetition. */
static const struct amount *choose_bare(const struct amounts *all, const char **wrong)
{
    const struct amount *end = all->at + all->n, *chosen = all->at;

    while (chosen < end && !is_bare(chosen))
        chosen++;
    for (const struct amount *x = all->at; x < end && chosen < end; x++)
        if (x != chosen && (!is_bare(x) || !is_same(chosen, x)))
            *wrong = "has several numbers that are no range";
    return *wrong || chosen == end ? NULL : chosen;
}

/* Of several that say the same, the one that needs no conversion. */
static const struct amount *choose(const struct coerce_setup *setup,
                                   const struct quantity_wish *wish, const struct amounts *all,
                                   const char **wrong)
{
    const struct amount *chosen = NULL;

    for (const struct amount *x = all->at; x < all->at + all->n; x++) {
        if (!is_of_kind(wish, x))
            continue;
        if (chosen && !is_same(chosen, x)) {
            *wrong = "has several amounts that are no range";
            return NULL;
        }
        if (!chosen || (x->unit == setup->unit && chosen->unit != setup->unit))
            chosen = x;
    }
    return chosen ? chosen : choose_bare(all, wrong);
}

static str name_of_note(enum quantity_note note, str declared)
{
    return declared.n ? declared : str_of(quantity_note_name(note));
}

static bool refuse_without_amount(const struct quantity_wish *wish, const struct amounts *all,
                                  struct coerced *out)
{
    if (!all->n)
        return coerce_refuse(out, "has no number");
    for (uint32_t i = 0; i < all->n; i++)
        if (all->at[i].is_open && !all->at[i].unit && !all->at[i].has_currency)
            return coerce_refuse(out, "has a word behind its number that is no known unit");
    return coerce_refuse(out, wish->none);
}

bool quantity_read(const struct coerce_setup *setup, const struct quantity_wish *wish,
                   struct arena *a, str text, struct quantity *q, struct coerced *out)
{
    struct amounts all UNSET;
    const char *wrong = NULL;

    *q = (struct quantity){0};
    amounts_read(setup, wish, a, text, &all);
    if (all.wrong)
        return all.is_ambiguous ? quantity_refuse_ambiguous(out, all.wrong)
                                : coerce_refuse(out, all.wrong);
    q->note = name_of_note(all.note, all.declared_note);
    const struct amount *chosen = all.n ? choose(setup, wish, &all, &wrong) : NULL;
    if (wrong)
        return quantity_refuse_ambiguous(out, wrong);
    q->has_more = all.has_words || all.n > 1;
    if (!chosen)
        return q->note.n || all.is_nothing || refuse_without_amount(wish, &all, out);
    if (setup->wants_unit && !wish->is_money && !chosen->unit)
        return quantity_refuse_ambiguous(out, "has no unit: declare it with `assume`");
    q->has_amount = true;
    q->amount = *chosen;
    str note = name_of_note(chosen->note, chosen->declared_note);
    q->note = note.n ? note : q->note;
    return true;
}

static str multiplier_of(const struct coerce_setup *setup, str own)
{
    return own.n ? own : setup->multiplier;
}

/* 5.0 is a whole number, too. */
static str without_zeros(str number)
{
    size_t n = number.n;

    if (!memchr(number.p, '.', number.n))
        return number;
    while (number.p[n - 1] == '0')
        n--;
    return number.p[n - 1] == '.' ? (str){number.p, n - 1} : number;
}

static bool multiply(const struct coerce_setup *setup, struct arena *a, str by, str *number)
{
    struct decimal d;

    if (!decimal_read(&d, *number) || !decimal_multiply(&d, by))
        return false;
    if (setup->is_integral || setup->digits > 0)
        decimal_round(&d, setup->is_integral ? 0 : (uint32_t)setup->digits);
    *number = decimal_write(&d, a);
    return true;
}

/* Digits stay digits where nothing is computed. */
static bool compute(const struct coerce_setup *setup, struct arena *a, const struct amount *x,
                    const struct unit *own, str multiplier, str *number)
{
    const struct unit *to = setup->unit ? setup->unit : x->unit;
    const struct unit *from = own ? own : setup->assume;

    multiplier = multiplier_of(setup, multiplier);
    if (multiplier.n && !multiply(setup, a, multiplier, number))
        return false;
    if (to && from && from != to)
        return from->dimension == to->dimension &&
               unit_convert(a, *number, from, to, setup->is_integral ? 0 : setup->digits,
                            number);
    *number = setup->is_integral ? without_zeros(*number) : *number;
    return true;
}

static bool take_number(const struct coerce_setup *setup, struct arena *a,
                        const struct quantity *q, struct coerced *out)
{
    const struct amount *x = &q->amount;
    str min = x->min, max = x->max;

    if (!q->has_amount) {
        out->value = STR("null");
        return true;
    }
    if (!compute(setup, a, x, x->unit, x->multiplier, &min) ||
        (x->is_range && !compute(setup, a, x, x->max_unit, x->max_multiplier, &max)))
        return coerce_refuse(out, "cannot be converted");
    if (x->is_range && decimal_compare(min, max) > 0)
        return quantity_refuse_ambiguous(out, "has a range that runs backwards");
    out->value = setup->take == TAKE_VALUE ? min : max;
    if (!out->value.n)
        out->value = STR("null");
    return true;
}

/* Of a bare number and of a sign of several currencies, the declared one. */
static bool take_currency(const struct coerce_setup *setup, struct arena *a,
                          const struct quantity *q, struct coerced *out)
{
    bool is_several = quantity_currency_is_several(q->amount.currency);
    bool is_declared = !q->amount.currency.n || (is_several && setup->currency.n);
    str code = is_declared ? setup->currency : q->amount.currency;

    if (is_several && !is_declared)
        return quantity_refuse_ambiguous(out, "has a sign of several currencies: declare it");
    out->value = code.n ? json_quoted(a, code) : STR("null");
    return true;
}

/* A conversion is none of it: the cell's number is found again from the rounded one. */
static bool says_more(const struct coerce_setup *setup, const struct quantity *q)
{
    const struct amount *x = &q->amount;
    bool is_other = x->currency.n && !quantity_currency_is_several(x->currency) &&
                    !str_equal(x->currency, setup->currency);

    return q->has_more || q->note.n || x->period.n || x->is_range || is_other;
}

bool quantity_take(const struct coerce_setup *setup, struct arena *a, const struct quantity *q,
                   struct coerced *out)
{
    str word = STR_NONE;
    const struct unit *unit = q->amount.unit ? q->amount.unit : setup->assume;

    out->is_part = setup->take != TAKE_VALUE || says_more(setup, q);
    if (setup->take == TAKE_VALUE || setup->take == TAKE_MAX)
        return take_number(setup, a, q, out);
    if (setup->take == TAKE_CURRENCY)
        return take_currency(setup, a, q, out);
    if (setup->take == TAKE_NOTE)
        word = q->note;
    else if (setup->take == TAKE_PERIOD)
        word = q->amount.period;
    else if (setup->take == TAKE_UNIT && q->has_amount && unit)
        word = str_of(unit->name);
    out->value = word.n ? json_quoted(a, word) : STR("null");
    return true;
}
