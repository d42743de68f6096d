#include "tools/init_guess.h"

#include "common/data/coerce.h"
#include "common/data/shape.h"

enum { PACKED = 32 }; /* bytes of a value from which on a part of it is not what it is about */

enum need { /* what a value must show besides being readable */
            NEED_NOTHING,
            NEED_CURRENCY,
            NEED_UNIT,
            NEED_PERCENT,
            NEED_RANGES,
};
enum kind {
    KIND_WORDS,
    KIND_NUMBER,
    KIND_AMOUNT,
    KIND_DATE,
    KIND_OTHER
}; /* amount: money, too */
struct rule {
    enum kind kind;
    const char *coercer;
    char decimal;
    const char *groups, *format; /* format: NULL for ISO 8601 */
    enum need need;
    const char *yaml;
};

#define DATE(f)                                                                                \
    {                                                                                          \
        KIND_DATE, "date", '.', "", f, NEED_NOTHING, "parse: date, formats: '" f "'"           \
    }
#define TIME(f)                                                                                \
    {                                                                                          \
        KIND_DATE, "timestamp", '.', "", f, NEED_NOTHING, "parse: timestamp, formats: '" f "'" \
    }
#define AMOUNT(name, need)                                                                     \
    {KIND_AMOUNT, name, '.', ",", NULL, need, "parse: " name},                                 \
        {KIND_AMOUNT, name, '.', " ", NULL, need, "parse: " name ", group: ' '"},              \
    {                                                                                          \
        KIND_AMOUNT, name, ',', ". ", NULL, need,                                              \
            "parse: " name ", decimal: ',', group: ['.', ' ']"                                 \
    }

/* The earlier one wins where several fit as well. */
static const struct rule rules[] = {
    {KIND_OTHER, "integer", '.', "", NULL, NEED_NOTHING, "parse: integer"},
    {KIND_WORDS, "boolean", '.', "", NULL, NEED_NOTHING, "parse: boolean"},
    {KIND_DATE, "date", '.', "", NULL, NEED_NOTHING, "parse: date"},
    {KIND_DATE, "timestamp", '.', "", NULL, NEED_NOTHING, "parse: timestamp"},
    {KIND_NUMBER, "number", '.', ",", NULL, NEED_NOTHING, "parse: number"},
    {KIND_NUMBER, "number", '.', " ", NULL, NEED_NOTHING, "parse: number, group: ' '"},
    {KIND_NUMBER, "number", ',', ". ", NULL, NEED_NOTHING,
     "parse: number, decimal: ',', group: ['.', ' ']"},
    DATE("%d/%m/%Y"),
    DATE("%m/%d/%Y"),
    DATE("%d.%m.%Y"),
    DATE("%d-%m-%Y"),
    DATE("%m-%d-%Y"),
    DATE("%Y/%m/%d"),
    DATE("%d/%m/%y"),
    DATE("%m/%d/%y"),
    DATE("%d %b %Y"),
    DATE("%d %B %Y"),
    DATE("%b %d, %Y"),
    DATE("%B %d, %Y"),
    DATE("%d-%b-%Y"),
    DATE("%d-%b-%y"),
    DATE("%y-%b"),
    TIME("%d/%m/%Y %H:%M"),
    TIME("%m/%d/%Y %H:%M"),
    TIME("%d/%m/%Y %H:%M:%S"),
    TIME("%m/%d/%Y %H:%M:%S"),
    AMOUNT("money", NEED_CURRENCY),
    AMOUNT("area", NEED_UNIT),
    AMOUNT("distance", NEED_UNIT),
    AMOUNT("power", NEED_UNIT),
    AMOUNT("volume", NEED_UNIT),
    AMOUNT("mass", NEED_UNIT),
    AMOUNT("speed", NEED_UNIT),
    AMOUNT("energy", NEED_UNIT),
    AMOUNT("torque", NEED_UNIT),
    AMOUNT("consumption", NEED_UNIT),
    {KIND_OTHER, "percent", '.', ",", NULL, NEED_PERCENT, "parse: percent"},
    {KIND_OTHER, "range", '.', "", NULL, NEED_RANGES, "parse: range"},
};
_Static_assert(ARRAY_LEN(rules) <= GUESS_RULES_MAX, "room in struct guess");

static const char *const nothings[] = {"-",    "–",    "—",   "--",   "...", "n/a",
                                       "#n/a", "n.a.", "nan", "null", "?"};

static bool is_nothing(struct guess *g, str text)
{
    for (size_t i = 0; i < ARRAY_LEN(nothings); i++) {
        if (text.n != strlen(nothings[i]) || strncasecmp(text.p, nothings[i], text.n) != 0)
            continue;
        for (uint32_t k = 0; k < g->word_count; k++)
            if (str_is(g->words[k], nothings[i]))
                return true;
        if (g->word_count < GUESS_WORDS_MAX)
            g->words[g->word_count++] = str_of(nothings[i]);
        return true;
    }
    return false;
}

static struct coerce_setup setup_of(const struct rule *r, str *format)
{
    struct coerce_setup s = {.decimal = r->decimal, .digits = -1};

    memcpy(s.groups, r->groups, strlen(r->groups));
    if (r->format) {
        *format = str_of(r->format);
        s.formats = format;
        s.format_count = 1;
    }
    return s;
}

enum fit { FIT_NO, FIT_SILENT, FIT_YES };

/* Horsepower that is taxed: what the law makes of an engine, and no power. */
static bool is_of_tax(str text)
{
    static const char *const words[] = {"fisc", "Fisc", "FISC", "CVF", "tax", "Tax"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (memmem(text.p, text.n, words[i], strlen(words[i])))
            return true;
    return false;
}

static enum fit read_as(const struct rule *r, const struct coercer *c, enum coerce_take take,
                        str text, struct arena *scratch, bool *is_several)
{
    struct coerced out = {0};
    str format;
    struct coerce_setup setup = setup_of(r, &format);

    setup.take = take;
    bool is_read = c->run(&setup, scratch, text, &out);
    *is_several = take == TAKE_CURRENCY && !is_read && str_is(out.issue, "ambiguous");
    if (*is_several)
        return FIT_YES;
    if (!is_read || out.issue.n || (r->need == NEED_UNIT && out.is_part && text.n > PACKED))
        return FIT_NO;
    return str_is(out.value, "null") ? FIT_SILENT : FIT_YES;
}

static enum fit fits(struct guess *g, const struct rule *r, str text, struct arena *scratch)
{
    const struct coercer *c = coercer_find(str_of(r->coercer));
    bool is_several = false;

    if (!c || (r->need == NEED_PERCENT && !memchr(text.p, '%', text.n)) ||
        (c->run == coerce_power && is_of_tax(text)))
        return FIT_NO;
    enum fit fit = read_as(r, c, TAKE_VALUE, text, scratch, &is_several);
    if (fit != FIT_YES || (r->need != NEED_CURRENCY && r->need != NEED_UNIT))
        return fit;
    enum coerce_take part = r->need == NEED_UNIT ? TAKE_UNIT : TAKE_CURRENCY;
    if (read_as(r, c, part, text, scratch, &is_several) != FIT_YES)
        return FIT_NO;
    g->has_several |= is_several;
    return FIT_YES;
}

static bool has_digit(str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (ascii_is_digit(text.p[i]))
            return true;
    return false;
}

static bool is_sign_in_number(str text, size_t i)
{
    return (text.p[i] == '.' || text.p[i] == ',') && i > 0 && i + 1 < text.n &&
           ascii_is_digit(text.p[i - 1]) && ascii_is_digit(text.p[i + 1]);
}

static void look_at(struct guess *g, str text, struct arena *scratch)
{
    bool is_digits = true;
    struct coerce_setup plain = {.decimal = '.', .digits = -1};
    struct coerced range = {0};

    g->ranges += coerce_range(&plain, scratch, text, &range) && range.is_part;

    for (size_t i = 0; i < text.n; i++) {
        is_digits &= ascii_is_digit(text.p[i]);
        g->is_signed |= is_sign_in_number(text, i);
    }
    g->is_long |= is_digits && (text.n > 15 || (text.n > 1 && text.p[0] == '0'));
    g->is_json |= text.p[0] == '{' || text.p[0] == '[';
}

static uint64_t misfits_of(const struct guess *g, size_t i)
{
    return g->values - g->fits[i] - g->silent[i];
}

/* Those that speak against it: words in place of an amount do not. */
static uint64_t errors_of(const struct guess *g, size_t i)
{
    return misfits_of(g, i) - (rules[i].kind == KIND_AMOUNT ? g->wordy[i] : 0);
}

/* A rule that failed on every tenth of the first hundreds is not tried any more. */
static bool is_out(const struct guess *g, size_t i)
{
    if (rules[i].kind == KIND_DATE)
        return misfits_of(g, i) > 0;
    return (errors_of(g, i) > 20 && errors_of(g, i) * 5 > g->values) ||
           (misfits_of(g, i) > 200 && !g->fits[i]);
}

void guess_add(struct guess *g, struct arena *a, str text, struct arena *scratch)
{
    text = str_trim(text);
    if (!text.n || is_nothing(g, text)) {
        g->empty++;
        return;
    }
    look_at(g, text, scratch);
    bool is_wordy = !has_digit(text);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        enum fit fit = is_out(g, i) ? FIT_NO : fits(g, &rules[i], text, scratch);
        g->fits[i] += fit == FIT_YES;
        g->silent[i] += fit == FIT_SILENT;
        g->wordy[i] += fit == FIT_NO && is_wordy;
        if (fit == FIT_NO && !g->odd[i].n)
            g->odd[i] = arena_copy(a, shape_cut(text, 60));
    }
    g->values++;
}

/* One of its words, in a folded header. */
static bool has_word(str name, const char *const *words)
{
    while (name.n) {
        str word = str_cut(&name, '_');
        for (size_t i = 0; words[i]; i++)
            if (str_is(word, words[i]))
                return true;
    }
    return false;
}

/* Numbers that nobody counts with. */
static bool is_of_text(str name)
{
    static const char *const words[] = {"id",        "ids",  "ref",    "phone",   "tel",
                                        "telephone", "fax",  "zip",    "zipcode", "postcode",
                                        "mobile",    "code", "vin",    "isbn",    "ean",
                                        "sku",       "plz",  "postal", "cep",     NULL};

    return has_word(name, words);
}

static bool is_tax(str name)
{
    static const char *const words[] = {"tax",     "taxed",    "fiscal", "fiscale", "fiscali",
                                        "fiscaux", "fiscales", "cvf",    NULL};

    return has_word(name, words);
}

static bool is_good(const struct guess *g, size_t i)
{
    uint64_t misfits = misfits_of(g, i);

    if (!g->fits[i] || (rules[i].need == NEED_RANGES && g->ranges * 10 < g->values))
        return false;
    if (rules[i].kind == KIND_DATE || rules[i].kind == KIND_WORDS)
        return misfits == 0;
    return errors_of(g, i) * 10 <= g->values && misfits * 2 <= g->values;
}

/* Others that read the same values otherwise: both signs of numbers, both orders of a date. */
static void find_others(const struct guess *g, size_t best, struct guessed *out)
{
    enum kind kind = rules[best].kind;

    if (kind == KIND_OTHER || kind == KIND_WORDS || (kind != KIND_DATE && !g->is_signed))
        return;
    if (kind == KIND_DATE && !rules[best].format)
        return;
    for (size_t i = best + 1; i < ARRAY_LEN(rules); i++) {
        bool is_other =
            rules[i].kind == kind && is_good(g, i) && g->fits[i] == g->fits[best] &&
            (kind == KIND_DATE || strcmp(rules[i].coercer, rules[best].coercer) == 0) &&
            (kind == KIND_DATE || rules[i].decimal != rules[best].decimal);
        if (!is_other || out->other_count == ARRAY_LEN(out->others))
            continue;
        out->others[out->other_count++] = rules[i].yaml;
    }
    if (!out->other_count)
        return;
    memmove(out->others + 1, out->others,
            MIN(out->other_count, (uint32_t)ARRAY_LEN(out->others) - 1) * sizeof(char *));
    out->others[0] = rules[best].yaml;
    out->other_count = MIN(out->other_count + 1, (uint32_t)ARRAY_LEN(out->others));
    out->rule = "";
}

struct guessed guess_best(const struct guess *g, str name)
{
    size_t best = ARRAY_LEN(rules);
    struct guessed out = {.rule = ""};

    if (!g->values || g->is_long || g->is_json || is_of_text(name))
        return out;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (is_good(g, i) && (best == ARRAY_LEN(rules) || g->fits[i] > g->fits[best]))
            best = i;
    if (best == ARRAY_LEN(rules))
        return out;
    out.rule = rules[best].yaml;
    if (str_is(str_of(rules[best].coercer), "power") && is_tax(name)) {
        out.rule = "match: '/([0-9]+)/', parse: integer";
        out.remark = "horsepower that is taxed, which is no power";
        return out;
    }
    find_others(g, best, &out);
    if (!out.other_count) {
        out.misfits = misfits_of(g, best);
        out.odd = g->odd[best];
    }
    if (rules[best].need == NEED_CURRENCY && g->has_several)
        out.remark =
            "its sign is that of several currencies: add `currency: USD`, or whose it is";
    return out;
}
