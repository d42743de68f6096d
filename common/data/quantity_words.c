/* Periods that a price is for, and multipliers. Keys (words.h) in the order of their bytes. */
#include "common/data/quantity_words.h"

#include "common/data/decimal.h"
#include "common/data/words.h"

enum { PERIOD_YEAR, PERIOD_MONTH, PERIOD_WEEK, PERIOD_NIGHT, PERIOD_DAY, PERIOD_HOUR };
static const char *const period_names[] = {"year", "month", "week", "night", "day", "hour"};

/* In front of a noun: a slash, or one of these. The nouns of one letter want the slash. */
static const char *const each[] = {"/",  "per", "pro", "par", "por", "al",  "je",
                                   "na", "za",  "за",  "в",   "a",   "each"};

/* Powers of ten by their exponents. */
static const char *const powers[] = {"1",         "10",        "100",     "1000",
                                     "10000",     "100000",    "1000000", "10000000",
                                     "100000000", "1000000000"};
enum { ONLY_MONEY = 0x100, EXPONENT_MASK = 0xff };

static const struct word nouns[] = {
    {"a", PERIOD_YEAR},        {"an", PERIOD_YEAR},      {"anno", PERIOD_YEAR},
    {"annum", PERIOD_YEAR},    {"année", PERIOD_YEAR},   {"ano", PERIOD_YEAR},
    {"año", PERIOD_YEAR},      {"d", PERIOD_DAY},        {"dag", PERIOD_DAY},
    {"day", PERIOD_DAY},       {"dia", PERIOD_DAY},      {"dzień", PERIOD_DAY},
    {"día", PERIOD_DAY},       {"giorno", PERIOD_DAY},   {"h", PERIOD_HOUR},
    {"heure", PERIOD_HOUR},    {"hour", PERIOD_HOUR},    {"hr", PERIOD_HOUR},
    {"jaar", PERIOD_YEAR},     {"jahr", PERIOD_YEAR},    {"jour", PERIOD_DAY},
    {"m", PERIOD_MONTH},       {"maand", PERIOD_MONTH},  {"mc", PERIOD_MONTH},
    {"mes", PERIOD_MONTH},     {"mese", PERIOD_MONTH},   {"mies", PERIOD_MONTH},
    {"miesiąc", PERIOD_MONTH}, {"mnd", PERIOD_MONTH},    {"mnth", PERIOD_MONTH},
    {"mo", PERIOD_MONTH},      {"mois", PERIOD_MONTH},   {"monat", PERIOD_MONTH},
    {"month", PERIOD_MONTH},   {"months", PERIOD_MONTH}, {"mth", PERIOD_MONTH},
    {"mês", PERIOD_MONTH},     {"nacht", PERIOD_NIGHT},  {"night", PERIOD_NIGHT},
    {"noche", PERIOD_NIGHT},   {"noite", PERIOD_NIGHT},  {"notte", PERIOD_NIGHT},
    {"nt", PERIOD_NIGHT},      {"nuit", PERIOD_NIGHT},   {"rok", PERIOD_YEAR},
    {"semaine", PERIOD_WEEK},  {"semana", PERIOD_WEEK},  {"settimana", PERIOD_WEEK},
    {"std", PERIOD_HOUR},      {"tag", PERIOD_DAY},      {"tydzień", PERIOD_WEEK},
    {"w", PERIOD_WEEK},        {"week", PERIOD_WEEK},    {"wk", PERIOD_WEEK},
    {"woche", PERIOD_WEEK},    {"y", PERIOD_YEAR},       {"year", PERIOD_YEAR},
    {"yr", PERIOD_YEAR},       {"г", PERIOD_YEAR},       {"год", PERIOD_YEAR},
    {"день", PERIOD_DAY},      {"мес", PERIOD_MONTH},    {"месяц", PERIOD_MONTH},
    {"нед", PERIOD_WEEK},      {"неделю", PERIOD_WEEK},  {"неделя", PERIOD_WEEK},
    {"ночь", PERIOD_NIGHT},    {"сутки", PERIOD_DAY}};

static const struct word adverbs[] = {{"annual", PERIOD_YEAR},
                                      {"annually", PERIOD_YEAR},
                                      {"annuel", PERIOD_YEAR},
                                      {"annum", PERIOD_YEAR},
                                      {"calendarmonthly", PERIOD_MONTH},
                                      {"daily", PERIOD_DAY},
                                      {"hourly", PERIOD_HOUR},
                                      {"jaarlijks", PERIOD_YEAR},
                                      {"jährlich", PERIOD_YEAR},
                                      {"maandelijks", PERIOD_MONTH},
                                      {"mensal", PERIOD_MONTH},
                                      {"mensile", PERIOD_MONTH},
                                      {"mensual", PERIOD_MONTH},
                                      {"mensuel", PERIOD_MONTH},
                                      {"mensuelle", PERIOD_MONTH},
                                      {"monatlich", PERIOD_MONTH},
                                      {"monthly", PERIOD_MONTH},
                                      {"mtl", PERIOD_MONTH},
                                      {"nightly", PERIOD_NIGHT},
                                      {"p/a", PERIOD_YEAR},
                                      {"p/d", PERIOD_DAY},
                                      {"p/h", PERIOD_HOUR},
                                      {"p/m", PERIOD_MONTH},
                                      {"p/n", PERIOD_NIGHT},
                                      {"p/w", PERIOD_WEEK},
                                      {"pa", PERIOD_YEAR},
                                      {"pcm", PERIOD_MONTH},
                                      {"pcpm", PERIOD_MONTH},
                                      {"pm", PERIOD_MONTH},
                                      {"pn", PERIOD_NIGHT},
                                      {"pppw", PERIOD_WEEK},
                                      {"ppw", PERIOD_WEEK},
                                      {"pw", PERIOD_WEEK},
                                      {"semanal", PERIOD_WEEK},
                                      {"täglich", PERIOD_DAY},
                                      {"weekly", PERIOD_WEEK},
                                      {"wekelijks", PERIOD_WEEK},
                                      {"wöchentlich", PERIOD_WEEK},
                                      {"yearly", PERIOD_YEAR},
                                      {"ежемесячно", PERIOD_MONTH}};

static const struct word multipliers[] = {{"b", 9 | ONLY_MONEY},
                                          {"billion", 9},
                                          {"bn", 9},
                                          {"cr", 7 | ONLY_MONEY},
                                          {"crore", 7},
                                          {"crores", 7},
                                          {"crs", 7 | ONLY_MONEY},
                                          {"jt", 6},
                                          {"juta", 6},
                                          {"k", 3},
                                          {"l", 5 | ONLY_MONEY},
                                          {"lac", 5},
                                          {"lacs", 5},
                                          {"lakh", 5},
                                          {"lakhs", 5},
                                          {"m", 6 | ONLY_MONEY},
                                          {"mil", 3 | ONLY_MONEY},
                                          {"milhões", 6},
                                          {"miliar", 9},
                                          {"milioni", 6},
                                          {"mille", 3 | ONLY_MONEY},
                                          {"milliarden", 9},
                                          {"million", 6},
                                          {"millionen", 6},
                                          {"millions", 6},
                                          {"millones", 6},
                                          {"mio", 6},
                                          {"mld", 9},
                                          {"mln", 6},
                                          {"mm", 6 | ONLY_MONEY},
                                          {"mn", 6},
                                          {"mrd", 9},
                                          {"rb", 3},
                                          {"ribu", 3},
                                          {"thousand", 3},
                                          {"thousands", 3},
                                          {"tsd", 3},
                                          {"tys", 3},
                                          {"миллионов", 6},
                                          {"млн", 6},
                                          {"млрд", 9},
                                          {"тыс", 3},
                                          {"тысяч", 3}};

static bool cut_prefix(str *key, const char *prefix)
{
    if (key->p[0] != prefix[0])
        return false;
    str front = str_of(prefix);
    if (key->n <= front.n || !str_starts(*key, front))
        return false;
    *key = (str){key->p + front.n, key->n - front.n};
    return true;
}

str quantity_period_of(str key)
{
    const struct word *w = word_find(adverbs, ARRAY_LEN(adverbs), key);

    if (w)
        return str_of(period_names[w->value]);
    for (size_t i = 0; i < ARRAY_LEN(each); i++) {
        str noun = key;
        if (!cut_prefix(&noun, each[i]) || (noun.n < 3 && i > 0))
            continue;
        w = word_find(nouns, ARRAY_LEN(nouns), noun);
        if (w)
            return str_of(period_names[w->value]);
    }
    return STR_NONE;
}

str quantity_multiplier_of(str key, bool is_money)
{
    const struct word *w = word_find(multipliers, ARRAY_LEN(multipliers), key);

    if (!w || (w->value & ONLY_MONEY && !is_money))
        return STR_NONE;
    return str_of(powers[w->value & EXPONENT_MASK]);
}

str quantity_multiplier_named(str word)
{
    struct word_keys k;

    if (decimal_is_factor(word))
        return word;
    word_keys(word, 1, &k);
    if (!k.count || k.ends[k.count - 1].at != str_end(word))
        return STR_NONE;
    return quantity_multiplier_of((str){k.key, k.ends[k.count - 1].n}, true);
}

bool quantity_word_starts(str front)
{
    for (size_t i = 0; i < ARRAY_LEN(each); i++)
        if (str_starts(front, str_of(each[i])) || str_starts(str_of(each[i]), front))
            return true;
    return word_starts(adverbs, ARRAY_LEN(adverbs), front) ||
           word_starts(multipliers, ARRAY_LEN(multipliers), front) ||
           quantity_currency_starts(front) || quantity_note_starts(front);
}

bool quantity_words_are_sorted(void)
{
    return word_is_sorted(nouns, ARRAY_LEN(nouns)) &&
           word_is_sorted(adverbs, ARRAY_LEN(adverbs)) &&
           word_is_sorted(multipliers, ARRAY_LEN(multipliers)) &&
           quantity_currencies_are_sorted() && quantity_notes_are_sorted();
}
