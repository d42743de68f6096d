/* Telephone numbers to E.164: +441709230035. */
#include "common/data/coerce.h"
#include "common/data/phone_plans.h"
#include "common/data/words.h"

enum { DIGITS_MIN = 7, DIGITS_MAX = 15, TEXT_DIGITS = 24 };

struct phone {
    char digits[TEXT_DIGITS];
    uint32_t n;
    bool has_plus;
};

/* "(0)" between a country's code and the number is for those who call from inside. */
static bool is_inner_trunk(const struct phone *phone, str rest)
{
    bool is_international =
        phone->has_plus || (phone->n > 2 && phone->digits[0] == '0' && phone->digits[1] == '0');

    return phone->n && is_international && str_starts(rest, STR("(0)"));
}

static const char *read_digits(str text, struct phone *phone)
{
    const char *p = text.p, *end = str_end(text);

    while (p < end) {
        uint32_t point;
        str rest = str_between(p, end);
        enum word_class class = word_step(&p, end, &point);
        if (class == WORD_DIGIT) {
            if (phone->n == TEXT_DIGITS)
                return "is too long for a telephone number";
            phone->digits[phone->n++] = (char)point;
        } else if (point == '+' && !phone->n && !phone->has_plus) {
            phone->has_plus = true;
        } else if (point == '(' && is_inner_trunk(phone, rest)) {
            p = rest.p + 3;
        } else if (class != WORD_BLANK && class != WORD_DASH && point != '(' && point != ')' &&
                   point != '.' && point != '/') {
            return "is no telephone number";
        }
    }
    return phone->n ? NULL : "is no telephone number";
}

static str without(str s, str prefix)
{
    return prefix.n && str_starts(s, prefix) ? (str){s.p + prefix.n, s.n - prefix.n} : s;
}

static bool has_length(const struct phone_plan *plan, str national)
{
    return national.n >= plan->least && national.n <= plan->most;
}

/* Behind the + or the 00: the trunk prefix is dropped, for those who wrote it all the same. */
static const char *settle_international(str digits, str *code, str *national)
{
    const struct phone_plan *plan = phone_plan_called(digits);

    *national = digits;
    if (!plan)
        return digits.n >= DIGITS_MIN && digits.n <= DIGITS_MAX && digits.p[0] != '0'
                   ? NULL
                   : "is no telephone number of any country";
    *code = str_of(plan->code);
    *national = without(digits, *code);
    if (plan->trunk[0] == '0')
        *national = without(*national, str_of(plan->trunk));
    bool has_zero = plan->trunk[0] == '0' && str_starts(*national, STR("0"));
    return has_length(plan, *national) && !has_zero
               ? NULL
               : "has not the length of its country's numbers";
}

static const char *settle_national(const struct phone_plan *plan, str digits, str *code,
                                   str *national)
{
    *code = str_of(plan->code);
    *national = without(digits, str_of(plan->trunk));
    bool has_trunk = national->n < digits.n;
    if (has_trunk && has_length(plan, *national))
        return NULL;
    if (!plan->is_bare && !has_trunk)
        return "does not begin as its country's numbers do";
    *national = digits;
    return has_length(plan, digits) && (!plan->trunk[0] || digits.p[0] != '0')
               ? NULL
               : "has not the length of its country's numbers";
}

static const char *settle(const struct coerce_setup *setup, const struct phone *phone,
                          str *code, str *national)
{
    str digits = {phone->digits, phone->n};

    *code = STR_NONE;
    if (phone->has_plus || str_starts(digits, STR("00")))
        return settle_international(phone->has_plus ? digits : without(digits, STR("00")), code,
                                    national);
    const struct phone_plan *plan = phone_plan_of(setup->country);
    if (!plan)
        return "names no country: declare `country`";
    return settle_national(plan, digits, code, national);
}

bool coerce_phone(const struct coerce_setup *setup, struct arena *a, str text,
                  struct coerced *out)
{
    struct phone phone = {0};
    str code, national;
    const char *why = read_digits(text, &phone);

    if (!why)
        why = settle(setup, &phone, &code, &national);
    if (why)
        return coerce_refuse(out, why);
    out->value = arena_printf(a, "\"+" STR_FMT STR_FMT "\"", STR_ARG(code), STR_ARG(national));
    return true;
}

bool coerce_is_country(str code)
{
    return phone_plan_of(code) != NULL;
}
