/* Sorted by country. Lengths are those of ITU's national numbering plans. */
#include "common/data/phone_plans.h"

static const struct phone_plan plans[] = {
    {"AE", "971", "0", 8, 9, false},  {"AM", "374", "0", 8, 8, true},
    {"AR", "54", "0", 10, 11, true},  {"AT", "43", "0", 5, 13, false},
    {"AU", "61", "0", 9, 9, true},    {"AZ", "994", "0", 9, 9, true},
    {"BD", "880", "0", 8, 10, false}, {"BE", "32", "0", 8, 9, false},
    {"BG", "359", "0", 7, 9, false},  {"BR", "55", "0", 10, 11, true},
    {"BY", "375", "80", 9, 9, true},  {"CA", "1", "1", 10, 10, true},
    {"CH", "41", "0", 9, 9, true},    {"CL", "56", "", 9, 9, true},
    {"CN", "86", "0", 9, 11, true},   {"CO", "57", "", 10, 10, true},
    {"CY", "357", "", 8, 8, true},    {"CZ", "420", "", 9, 9, true},
    {"DE", "49", "0", 5, 12, false},  {"DK", "45", "", 8, 8, true},
    {"DZ", "213", "0", 8, 9, false},  {"EE", "372", "", 7, 8, true},
    {"EG", "20", "0", 8, 10, false},  {"ES", "34", "", 9, 9, true},
    {"FI", "358", "0", 5, 12, false}, {"FR", "33", "0", 9, 9, true},
    {"GB", "44", "0", 9, 10, false},  {"GE", "995", "0", 9, 9, true},
    {"GH", "233", "0", 9, 9, true},   {"GR", "30", "", 10, 10, true},
    {"HK", "852", "", 8, 8, true},    {"HR", "385", "0", 8, 9, false},
    {"HU", "36", "06", 8, 9, true},   {"ID", "62", "0", 8, 12, false},
    {"IE", "353", "0", 7, 10, false}, {"IL", "972", "0", 8, 9, false},
    {"IN", "91", "0", 10, 10, true},  {"IS", "354", "", 7, 9, true},
    {"IT", "39", "", 6, 12, true},    {"JP", "81", "0", 9, 10, false},
    {"KE", "254", "0", 9, 10, false}, {"KR", "82", "0", 8, 10, false},
    {"KZ", "7", "8", 10, 10, true},   {"LK", "94", "0", 9, 9, true},
    {"LT", "370", "0", 8, 8, true},   {"LU", "352", "", 4, 11, true},
    {"LV", "371", "", 8, 8, true},    {"MA", "212", "0", 9, 9, true},
    {"MT", "356", "", 8, 8, true},    {"MX", "52", "", 10, 10, true},
    {"MY", "60", "0", 8, 10, false},  {"NG", "234", "0", 8, 10, false},
    {"NL", "31", "0", 9, 9, true},    {"NO", "47", "", 8, 8, true},
    {"NZ", "64", "0", 8, 10, false},  {"PE", "51", "0", 8, 9, false},
    {"PH", "63", "0", 8, 10, false},  {"PK", "92", "0", 9, 10, false},
    {"PL", "48", "", 9, 9, true},     {"PT", "351", "", 9, 9, true},
    {"RO", "40", "0", 9, 9, true},    {"RS", "381", "0", 8, 9, false},
    {"RU", "7", "8", 10, 10, true},   {"SA", "966", "0", 8, 9, false},
    {"SE", "46", "0", 7, 9, false},   {"SG", "65", "", 8, 8, true},
    {"SI", "386", "0", 8, 8, true},   {"SK", "421", "0", 9, 9, true},
    {"TH", "66", "0", 8, 9, false},   {"TN", "216", "", 8, 8, true},
    {"TR", "90", "0", 10, 10, true},  {"TW", "886", "0", 8, 9, false},
    {"UA", "380", "0", 9, 9, true},   {"US", "1", "1", 10, 10, true},
    {"UY", "598", "0", 8, 8, true},   {"VE", "58", "0", 10, 10, true},
    {"VN", "84", "0", 9, 10, false},  {"ZA", "27", "0", 9, 9, true},
};

const struct phone_plan *phone_plan_of(str country)
{
    for (size_t i = 0; i < ARRAY_LEN(plans); i++)
        if (country.n == 2 && memcmp(country.p, plans[i].country, 2) == 0)
            return &plans[i];
    return NULL;
}

const struct phone_plan *phone_plan_called(str digits)
{
    for (size_t i = 0; i < ARRAY_LEN(plans); i++)
        if (str_starts(digits, str_of(plans[i].code)))
            return &plans[i];
    return NULL;
}
