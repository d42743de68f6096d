#pragma once
/* A cell with a quantity in it: numbers with their units, currencies, periods and notes; then
 * the one that is wanted. Nothing is guessed: several amounts that are no range are refused,
 * unless just one of them is of the wanted kind, or all say the same ("85 kW (116 PS)"). */
#include "common/data/coerce.h"
#include "common/data/quantity_tokens.h"

struct amount {
    str min, max;                       /* digits as JSON has them; max empty: no range */
    const struct unit *unit, *max_unit; /* NULL: none in the cell */
    str currency;                       /* ISO 4217; of a sign of several all of them */
    bool has_currency, is_range;
    bool is_rate; /* for each of some unit: "€ 12 /m²", "17 km/kg" */
    bool is_open; /* a word that we do not know stands behind its bare number */
    str multiplier, max_multiplier, period; /* empty: none */
    enum quantity_note note;
    str declared_note; /* as the setup says; empty: see `note` */
};
enum { AMOUNTS_MAX = 8 };
struct amounts {
    struct amount at[AMOUNTS_MAX];
    uint32_t n;
    enum quantity_note note; /* that stands for itself: on_request */
    str declared_note;
    bool has_words;    /* that mean nothing to us */
    bool is_nothing;   /* a dash where a number would be: "— sq ft" */
    const char *wrong; /* NULL, or why the cell cannot be read */
    bool is_ambiguous; /* `wrong` is that it can be read in several ways */
};
void amounts_read(const struct coerce_setup *setup, const struct quantity_wish *wish,
                  struct arena *a, str text, struct amounts *out);

struct quantity { /* what was chosen, not yet converted */
    struct amount amount;
    bool has_amount, has_more; /* `more`: words, other amounts */
    str note;                  /* empty: none */
};
/* False: `out` says why it is refused. */
bool quantity_read(const struct coerce_setup *setup, const struct quantity_wish *wish,
                   struct arena *a, str text, struct quantity *q,
                   struct coerced *out) MUST_CHECK;
/* The part that `setup` takes; multiplied, converted, rounded. */
bool quantity_take(const struct coerce_setup *setup, struct arena *a, const struct quantity *q,
                   struct coerced *out) MUST_CHECK;

/* What the coercers of money and of one dimension each want. */
extern const struct quantity_wish quantity_money, quantity_area, quantity_consumption,
    quantity_distance, quantity_energy, quantity_mass, quantity_power, quantity_speed,
    quantity_torque, quantity_volume;

/* False; the cell can be read in several ways. */
bool quantity_refuse_ambiguous(struct coerced *out, const char *why);
