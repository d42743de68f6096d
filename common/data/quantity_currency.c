/* Currencies by sign, word and code (ISO 4217). A sign of several is one that a pipeline has to
 * declare. Keys (words.h) in the order of their bytes. */
#include "common/data/quantity_words.h"
#include "common/data/words.h"

/* clang-format off */
#define CODES(X)                                                                               \
    X(AED) X(AMD) X(ARS) X(AUD) X(AZN) X(BDT) X(BGN) X(BHD) X(BRL) X(BYN) X(CAD) X(CHF)        \
    X(CLP) X(CNY) X(COP) X(CZK) X(DKK) X(DZD) X(EGP) X(EUR) X(GBP) X(GEL) X(GHS) X(HKD)        \
    X(HUF) X(IDR) X(ILS) X(INR) X(ISK) X(JPY) X(KES) X(KGS) X(KRW) X(KWD) X(KZT) X(LKR)        \
    X(MAD) X(MXN) X(MYR) X(NGN) X(NOK) X(NPR) X(NZD) X(OMR) X(PEN) X(PHP) X(PKR) X(PLN)        \
    X(QAR) X(RON) X(RSD) X(RUB) X(SAR) X(SEK) X(SGD) X(THB) X(TND) X(TRY) X(TWD) X(TZS)        \
    X(UAH) X(UGX) X(USD) X(UYU) X(UZS) X(VND) X(XAF) X(XOF) X(ZAR)
/* clang-format on */

#define CODE(code) CODE_##code,
#define NAME(code) #code,

enum {
    DOLLARS_OR_PESOS,
    DOLLARS,
    YEN_OR_YUAN,
    CROWNS,
    RUPEES,
    FRANCS,
    CFA,
    PESOS,
    DINARS,
    CODES(CODE)
};
static const char *const names[] = {[DOLLARS_OR_PESOS] =
                                        "USD AUD CAD NZD HKD SGD TWD MXN ARS CLP COP UYU BRL",
                                    [DOLLARS] = "USD AUD CAD NZD HKD SGD TWD",
                                    [YEN_OR_YUAN] = "JPY CNY",
                                    [CROWNS] = "SEK NOK DKK ISK",
                                    [RUPEES] = "INR PKR LKR NPR",
                                    [FRANCS] = "CHF XOF XAF",
                                    [CFA] = "XOF XAF",
                                    [PESOS] = "MXN ARS CLP COP UYU PHP",
                                    [DINARS] = "RSD KWD BHD TND DZD",
                                    CODES(NAME)};

static const struct word currencies[] = {
    {"$", DOLLARS_OR_PESOS}, {"$us", CODE_USD},   {"a$", CODE_AUD},
    {"aed", CODE_AED},       {"amd", CODE_AMD},   {"ar$", CODE_ARS},
    {"ars", CODE_ARS},       {"au$", CODE_AUD},   {"aud", CODE_AUD},
    {"azn", CODE_AZN},       {"baht", CODE_THB},  {"bdt", CODE_BDT},
    {"bgn", CODE_BGN},       {"bhd", CODE_BHD},   {"brl", CODE_BRL},
    {"byn", CODE_BYN},       {"c$", CODE_CAD},    {"ca$", CODE_CAD},
    {"cad", CODE_CAD},       {"cad$", CODE_CAD},  {"cfa", CFA},
    {"chf", CODE_CHF},       {"cl$", CODE_CLP},   {"clp", CODE_CLP},
    {"clp$", CODE_CLP},      {"cny", CODE_CNY},   {"cn¥", CODE_CNY},
    {"co$", CODE_COP},       {"cop", CODE_COP},   {"cop$", CODE_COP},
    {"czk", CODE_CZK},       {"dh", CODE_AED},    {"dhs", CODE_AED},
    {"din", CODE_RSD},       {"dinar", DINARS},   {"dirham", CODE_AED},
    {"dirhams", CODE_AED},   {"dkk", CODE_DKK},   {"dollar", DOLLARS},
    {"dollars", DOLLARS},    {"dzd", CODE_DZD},   {"egp", CODE_EGP},
    {"eur", CODE_EUR},       {"euro", CODE_EUR},  {"euros", CODE_EUR},
    {"evro", CODE_EUR},      {"e£", CODE_EGP},    {"fcfa", CFA},
    {"forint", CODE_HUF},    {"fr", FRANCS},      {"gbp", CODE_GBP},
    {"gb£", CODE_GBP},       {"gel", CODE_GEL},   {"ghs", CODE_GHS},
    {"gh¢", CODE_GHS},       {"gh₵", CODE_GHS},   {"hk$", CODE_HKD},
    {"hkd", CODE_HKD},       {"huf", CODE_HUF},   {"idr", CODE_IDR},
    {"ils", CODE_ILS},       {"inr", CODE_INR},   {"isk", CODE_ISK},
    {"jpy", CODE_JPY},       {"jp¥", CODE_JPY},   {"kc", CODE_CZK},
    {"kd", CODE_KWD},        {"kes", CODE_KES},   {"kgs", CODE_KGS},
    {"kr", CROWNS},          {"krw", CODE_KRW},   {"ksh", CODE_KES},
    {"kshs", CODE_KES},      {"kwd", CODE_KWD},   {"kzt", CODE_KZT},
    {"kč", CODE_CZK},        {"lei", CODE_RON},   {"lkr", CODE_LKR},
    {"mad", CODE_MAD},       {"manat", CODE_AZN}, {"mx$", CODE_MXN},
    {"mxn", CODE_MXN},       {"mxn$", CODE_MXN},  {"myr", CODE_MYR},
    {"naira", CODE_NGN},     {"ngn", CODE_NGN},   {"nis", CODE_ILS},
    {"nok", CODE_NOK},       {"npr", CODE_NPR},   {"nt$", CODE_TWD},
    {"nz$", CODE_NZD},       {"nzd", CODE_NZD},   {"omr", CODE_OMR},
    {"pen", CODE_PEN},       {"peso", PESOS},     {"pesos", PESOS},
    {"php", CODE_PHP},       {"pkr", CODE_PKR},   {"pln", CODE_PLN},
    {"pounds", CODE_GBP},    {"qar", CODE_QAR},   {"qr", CODE_QAR},
    {"r", CODE_ZAR},         {"r$", CODE_BRL},    {"reais", CODE_BRL},
    {"rm", CODE_MYR},        {"rmb", CODE_CNY},   {"ron", CODE_RON},
    {"rp", CODE_IDR},        {"rs", RUPEES},      {"rsd", CODE_RSD},
    {"rub", CODE_RUB},       {"rupees", RUPEES},  {"rupiah", CODE_IDR},
    {"s$", CODE_SGD},        {"s/", CODE_PEN},    {"sar", CODE_SAR},
    {"sek", CODE_SEK},       {"sfr", CODE_CHF},   {"sg$", CODE_SGD},
    {"sgd", CODE_SGD},       {"thb", CODE_THB},   {"tk", CODE_BDT},
    {"tl", CODE_TRY},        {"tnd", CODE_TND},   {"try", CODE_TRY},
    {"tsh", CODE_TZS},       {"twd", CODE_TWD},   {"tzs", CODE_TZS},
    {"u$", CODE_UYU},        {"u$s", CODE_USD},   {"uah", CODE_UAH},
    {"ugx", CODE_UGX},       {"us$", CODE_USD},   {"usd", CODE_USD},
    {"usd$", CODE_USD},      {"ush", CODE_UGX},   {"uyu", CODE_UYU},
    {"uzs", CODE_UZS},       {"vnd", CODE_VND},   {"vnđ", CODE_VND},
    {"xaf", CODE_XAF},       {"xof", CODE_XOF},   {"yen", CODE_JPY},
    {"zar", CODE_ZAR},       {"zl", CODE_PLN},    {"zł", CODE_PLN},
    {"złotych", CODE_PLN},   {"£", CODE_GBP},     {"¥", YEN_OR_YUAN},
    {"đ", CODE_VND},         {"грн", CODE_UAH},   {"дин", CODE_RSD},
    {"евро", CODE_EUR},      {"лари", CODE_GEL},  {"лв", CODE_BGN},
    {"р", CODE_RUB},         {"руб", CODE_RUB},   {"рублей", CODE_RUB},
    {"сом", CODE_KGS},       {"сум", CODE_UZS},   {"тг", CODE_KZT},
    {"тенге", CODE_KZT},     {"֏", CODE_AMD},     {"৳", CODE_BDT},
    {"฿", CODE_THB},         {"₦", CODE_NGN},     {"₨", RUPEES},
    {"₩", CODE_KRW},         {"₪", CODE_ILS},     {"₫", CODE_VND},
    {"€", CODE_EUR},         {"₱", CODE_PHP},     {"₴", CODE_UAH},
    {"₵", CODE_GHS},         {"₸", CODE_KZT},     {"₹", CODE_INR},
    {"₺", CODE_TRY},         {"₼", CODE_AZN},   {"₽", CODE_RUB},
    {"₾", CODE_GEL},       {"元", CODE_CNY},    {"円", CODE_JPY}};

str quantity_currency_of(str key)
{
    const struct word *w = word_find(currencies, ARRAY_LEN(currencies), key);

    return w ? str_of(names[w->value]) : STR_NONE;
}

bool quantity_currency_is_several(str currency)
{
    return currency.n && memchr(currency.p, ' ', currency.n);
}

/* Is `code` one of `codes`? */
static bool has_code(str codes, str code)
{
    while (codes.p)
        if (str_equal(str_cut(&codes, ' '), code))
            return true;
    return false;
}

str quantity_currency_both(str x, str y)
{
    if (has_code(x, y))
        return y;
    return has_code(y, x) || str_equal(x, y) ? x : STR_NONE;
}

bool quantity_currency_starts(str front)
{
    return word_starts(currencies, ARRAY_LEN(currencies), front);
}

bool quantity_currencies_are_sorted(void)
{
    return word_is_sorted(currencies, ARRAY_LEN(currencies));
}
