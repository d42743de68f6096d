/* Tokens to amounts: amount = signs, number, what belongs to it; range = amount, joint, amount.
 */
#include "common/data/decimal.h"
#include "common/data/quantity.h"

struct parser {
    struct tokens *tokens;
    struct amounts *out;
    struct arena *arena;
    uint32_t i;
    enum quantity_note pending; /* said in front of the next amount */
    str declared_pending;
};

static enum token_kind kind_at(const struct parser *p, uint32_t i)
{
    return i < p->tokens->n ? p->tokens->at[i].kind : TOKEN_STOP;
}

static enum token_kind kind_here(const struct parser *p)
{
    return kind_at(p, p->i);
}

/* A minus has nothing but a sign between itself and its number; behind a number a dash makes a
 * range. */
static bool is_minus(const struct parser *p, uint32_t i)
{
    enum token_kind next = kind_at(p, i + 1);

    return kind_at(p, i) == TOKEN_DASH && p->out->n == 0 && i + 1 < p->tokens->n &&
           p->tokens->at[i + 1].is_glued && (next == TOKEN_NUMBER || next == TOKEN_CURRENCY);
}

static bool is_amount_at(const struct parser *p, uint32_t i)
{
    while (kind_at(p, i) == TOKEN_CURRENCY || is_minus(p, i) ||
           (kind_at(p, i) == TOKEN_PLUS && kind_at(p, i + 1) == TOKEN_NUMBER))
        i++;
    return kind_at(p, i) == TOKEN_NUMBER;
}

static void refuse_ambiguous(struct parser *p, const char *why)
{
    if (p->out->wrong)
        return;
    p->out->wrong = why;
    p->out->is_ambiguous = true;
}

static void set_currency(struct amount *x, const struct token *t)
{
    str both = x->has_currency ? quantity_currency_both(x->currency, t->text) : t->text;

    x->currency = both.n ? both : x->currency;
    x->has_currency = true;
}

/* Behind a number a currency is its own, unless it is glued to the next one: 500 €600. */
static bool is_currency_behind(const struct parser *p, const struct amount *x)
{
    bool is_next = p->i + 1 < p->tokens->n && kind_at(p, p->i + 1) == TOKEN_NUMBER;
    const struct token *t = &p->tokens->at[p->i];

    if (x->has_currency) /* $1,200 CAD */
        return !is_next && quantity_currency_both(x->currency, t->text).n > 0;
    return !is_next || t->is_glued || !p->tokens->at[p->i + 1].is_glued;
}

static bool take_suffix(struct parser *p, struct amount *x)
{
    const struct token *t = &p->tokens->at[p->i];

    if (p->i == p->tokens->n)
        return false;
    if (t->kind == TOKEN_CURRENCY && is_currency_behind(p, x))
        set_currency(x, t);
    else if (t->kind == TOKEN_UNIT && !x->unit)
        x->unit = t->unit;
    else if (t->kind == TOKEN_MULTIPLIER && !x->multiplier.n && !x->unit)
        x->multiplier = t->text;
    else if (t->kind == TOKEN_PERIOD && !x->period.n)
        x->period = t->text;
    else if (t->kind == TOKEN_PLUS && t->is_glued) /* not "$500 + bills" */
        x->note = QUANTITY_FROM;
    else
        return false;
    p->i++;
    return true;
}

/* "/m²" or "per m²" behind a price; "/-" as one writes in India. */
static void take_rate(struct parser *p, struct amount *x)
{
    enum token_kind next = kind_at(p, p->i + 1);

    if (kind_here(p) != TOKEN_PER)
        return;
    if (next == TOKEN_UNIT)
        x->is_rate = true;
    p->i += next == TOKEN_UNIT || next == TOKEN_DASH ? 2 : 1;
}

static struct amount read_amount(struct parser *p)
{
    struct amount x = {.note = p->pending, .declared_note = p->declared_pending};
    bool is_negative = false;

    p->pending = QUANTITY_NO_NOTE;
    p->declared_pending = STR_NONE;
    for (; kind_here(p) != TOKEN_NUMBER; p->i++) {
        is_negative = is_negative || kind_here(p) == TOKEN_DASH;
        if (kind_here(p) == TOKEN_CURRENCY)
            set_currency(&x, &p->tokens->at[p->i]);
    }
    x.min = p->tokens->at[p->i++].text;
    if (is_negative)
        x.min = arena_printf(p->arena, "-" STR_FMT, STR_ARG(x.min));
    while (take_suffix(p, &x))
        continue;
    take_rate(p, &x);
    bool is_tied = kind_here(p) == TOKEN_DASH && p->tokens->at[p->i].is_glued &&
                   kind_at(p, p->i + 1) == TOKEN_WORD;
    x.is_open = kind_here(p) == TOKEN_WORD || is_tied;
    return x;
}

/* 20 - 25 Lac: both; 950 - 1.2k: only the second. */
static void share_multiplier(struct amount *x, struct amount *y)
{
    x->max_multiplier = y->multiplier;
    if (decimal_compare(x->min, y->min) > 0)
        return;
    if (!x->multiplier.n)
        x->multiplier = y->multiplier;
    else if (!y->multiplier.n)
        x->max_multiplier = x->multiplier;
}

static void join(struct parser *p, struct amount *x, struct amount y)
{
    str currency = x->has_currency ? x->currency : y.currency;

    if (x->has_currency && y.has_currency) {
        currency = quantity_currency_both(x->currency, y.currency);
        if (!currency.n)
            refuse_ambiguous(p, "has a range in two currencies");
    }
    if (x->is_range)
        refuse_ambiguous(p, "has more than two ends of a range");
    share_multiplier(x, &y);
    x->max = y.min;
    x->is_range = true;
    x->max_unit = y.unit ? y.unit : x->unit;
    x->unit = x->unit ? x->unit : y.unit;
    x->currency = currency;
    x->has_currency = x->has_currency || y.has_currency;
    x->period = x->period.n ? x->period : y.period;
    x->is_open = y.is_open;
    x->is_rate = x->is_rate || y.is_rate;
    x->note = y.note; /* "from 5 to 10" is no more than the range */
}

static bool is_joint(const struct parser *p)
{
    const struct token *t = &p->tokens->at[p->i];

    if (kind_here(p) != TOKEN_DASH &&
        (kind_here(p) != TOKEN_NOTE || t->text.n || t->note != QUANTITY_TO))
        return false;
    return is_amount_at(p, p->i + 1);
}

static void take_amount(struct parser *p)
{
    struct amount x = read_amount(p);

    while (is_joint(p)) {
        p->i++;
        join(p, &x, read_amount(p));
    }
    if (p->out->n == AMOUNTS_MAX)
        refuse_ambiguous(p, "has too many numbers");
    else
        p->out->at[p->out->n++] = x;
}

static bool is_of_number(enum quantity_note note)
{
    return note >= QUANTITY_TO && note <= QUANTITY_UP_TO;
}

/* A note goes to the number behind it, else to the one before, else it stands for itself. */
static void take_note(struct parser *p)
{
    const struct token *t = &p->tokens->at[p->i++];
    struct amount *before = p->out->n ? &p->out->at[p->out->n - 1] : NULL;
    enum quantity_note note = t->note == QUANTITY_TO ? QUANTITY_UP_TO : t->note;

    if (!t->text.n &&
        (note == QUANTITY_FILLER || (note == QUANTITY_UP_TO && !is_amount_at(p, p->i)))) {
        p->out->has_words = p->out->has_words || note != QUANTITY_FILLER;
        return;
    }
    if (is_amount_at(p, p->i) && (t->text.n || is_of_number(note))) {
        p->pending = note;
        p->declared_pending = t->text;
    } else if (before && before->note == QUANTITY_NO_NOTE && !before->declared_note.n) {
        before->note = note;
        before->declared_note = t->text;
    } else if (t->text.n || !is_of_number(note)) {
        p->out->note = note;
        p->out->declared_note = t->text;
    } else {
        p->pending = note;
    }
}

/* "$500 (AUD)" */
static void take_stray_currency(struct parser *p)
{
    struct amount *before = p->out->n ? &p->out->at[p->out->n - 1] : NULL;

    if (before && before->has_currency)
        set_currency(before, &p->tokens->at[p->i]);
}

/* 54 + 12 m²: neither of them is all of it. */
static bool is_sum(const struct parser *p)
{
    const struct amount *before = p->out->n ? &p->out->at[p->out->n - 1] : NULL;
    bool is_plus = kind_here(p) == TOKEN_PLUS && kind_at(p, p->i + 1) == TOKEN_NUMBER;
    bool was_plus =
        p->i > 0 && kind_at(p, p->i - 1) == TOKEN_PLUS && kind_here(p) == TOKEN_NUMBER;

    return (is_plus || was_plus) && before && !before->unit && !before->has_currency;
}

static void take_item(struct parser *p)
{
    if (is_sum(p))
        refuse_ambiguous(p, "has a sum of numbers");
    if (is_amount_at(p, p->i)) {
        take_amount(p);
        return;
    }
    if (kind_here(p) == TOKEN_NOTE) {
        take_note(p);
        return;
    }
    if (kind_here(p) == TOKEN_PERIOD && p->out->n && !p->out->at[p->out->n - 1].period.n)
        p->out->at[p->out->n - 1].period = p->tokens->at[p->i].text;
    if (kind_here(p) == TOKEN_CURRENCY)
        take_stray_currency(p);
    p->out->has_words = p->out->has_words || kind_here(p) == TOKEN_WORD;
    p->i++;
}

/* A dash in place of the number before a unit says that there is none. */
static bool is_nothing(const struct tokens *t)
{
    bool has_dash = false, has_unit = false;

    for (uint32_t i = 0; i < t->n; i++) {
        enum token_kind kind = t->at[i].kind;
        has_dash = has_dash || kind == TOKEN_DASH;
        has_unit = has_unit || kind == TOKEN_UNIT || kind == TOKEN_CURRENCY;
        if (kind == TOKEN_NUMBER || kind == TOKEN_WORD || kind == TOKEN_NOTE)
            return false;
    }
    return has_dash && has_unit;
}

/* All but the amounts, of which there are none yet. */
static void begin(struct amounts *out)
{
    out->n = 0;
    out->note = QUANTITY_NO_NOTE;
    out->declared_note = STR_NONE;
    out->has_words = out->is_nothing = out->is_ambiguous = false;
    out->wrong = "is longer than 1000 bytes";
}

void amounts_read(const struct coerce_setup *setup, const struct quantity_wish *wish,
                  struct arena *a, str text, struct amounts *out)
{
    struct tokens tokens UNSET;
    struct parser p = {.tokens = &tokens, .out = out, .arena = a};

    begin(out);
    if (text.n > QUANTITY_TEXT_MAX)
        return;
    tokens_read(setup, wish, a, text, &tokens);
    out->wrong = tokens.wrong;
    out->is_ambiguous = tokens.wrong && tokens.is_ambiguous;
    out->is_nothing = is_nothing(&tokens);
    while (p.i < tokens.n && !out->wrong)
        take_item(&p);
}
