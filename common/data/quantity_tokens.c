#include "common/data/quantity_tokens.h"

#include "common/data/words.h"

struct scanner {
    const struct coerce_setup *setup;
    struct arena *arena;
    struct tokens *tokens;
    const char *p, *end, *last; /* `last`: where the token before ended */
    enum dimension wanted;
    bool is_money;
    char decimal;
};

static const char bad_group[] = "has group signs in places where no group ends";
static const char bad_sign[] = "has a sign inside a number that is neither decimal nor group";

static bool is_digit_at(const struct scanner *s, const char *p)
{
    return p < s->end && *p >= '0' && *p <= '9';
}

static void add(struct scanner *s, const char *from, struct token token)
{
    struct tokens *t = s->tokens;
    struct token *before = t->n ? &t->at[t->n - 1] : NULL;

    token.is_glued = before && s->last == from;
    s->last = s->p;
    if (before && before->kind == TOKEN_WORD && token.kind == TOKEN_WORD)
        return;
    if (t->n == TOKENS_MAX)
        t->wrong = "has more words and numbers than a quantity: let `match` cut it out";
    else
        t->at[t->n++] = token;
}

/* Length of the group sign at `p`, by the signs that are declared; 0: it is none. */
static size_t group_at(const struct scanner *s, const char *p)
{
    str rest = str_between(p, s->end);

    for (size_t i = 0; i < sizeof(s->setup->groups) && s->setup->groups[i] && rest.n; i++) {
        char sign = s->setup->groups[i];
        if (*p == sign)
            return 1;
        if (sign == ' ' && str_starts(rest, STR("\u00a0")))
            return 2;
        if (sign == ' ' && (str_starts(rest, STR("\u202f")) || str_starts(rest, STR("\u2009"))))
            return 3;
        if (sign == '\'' && str_starts(rest, STR("\u2019")))
            return 3;
    }
    return 0;
}

static size_t digits_at(const struct scanner *s, const char *p)
{
    const char *start = p;

    while (is_digit_at(s, p))
        p++;
    return (size_t)(p - start);
}

static bool is_blank_sign(const char *p, size_t n)
{
    return *p == ' ' || (n > 1 && memcmp(p, "\u2019", n) != 0);
}

/* 1,234,567 and 12,34,567; a blank groups only threes, as it also stands between words. One
 * number has one sign. */
static char *take_groups(struct scanner *s, char *out, size_t first)
{
    const char *sign = s->p;
    size_t n = group_at(s, s->p), digits = 0, groups = 0;
    bool is_blank = n && is_blank_sign(sign, n);

    for (; n && group_at(s, s->p) && is_blank_sign(s->p, n) == is_blank &&
           (is_blank || *s->p == *sign);
         groups++) {
        size_t width = group_at(s, s->p);
        digits = digits_at(s, s->p + width);
        if (digits == 0 || (is_blank && (digits != 3 || first > 3)))
            break;
        if (digits > 3 || digits < 2 || first > 3)
            s->tokens->wrong = bad_group;
        memcpy(out, s->p + width, digits);
        out += digits;
        s->p += width + digits;
    }
    if (groups && !is_blank && digits != 3 && digits != 0)
        s->tokens->wrong = bad_group;
    return out;
}

static char *take_fraction(struct scanner *s, char *out)
{
    size_t n = s->p < s->end && *s->p == s->decimal ? digits_at(s, s->p + 1) : 0;

    if (!n)
        return out;
    *out++ = '.';
    memcpy(out, s->p + 1, n);
    s->p += n + 1;
    return out + n;
}

/* 1.2.3, 12:30 and signs that nobody declared. */
static bool is_broken(const struct scanner *s)
{
    if (s->p == s->end || !is_digit_at(s, s->p + 1))
        return false;
    return *s->p == '.' || *s->p == ',' || *s->p == '\'' || *s->p == ':';
}

static str read_digits(struct scanner *s)
{
    char *start = arena_reserve(s->arena, (size_t)(s->end - s->p) + 2), *out = start, *first;
    size_t n = digits_at(s, s->p);

    if (n == 0)
        *out++ = '0'; /* .5 */
    memcpy(out, s->p, n);
    out += n;
    s->p += n;
    if (n > 0)
        out = take_groups(s, out, n);
    for (first = start; first < out - 1 && *first == '0';)
        first++;
    out = take_fraction(s, out);
    if (is_broken(s))
        s->tokens->wrong = bad_sign;
    arena_trim(s->arena, out);
    return str_between(first, out);
}

/* To the end of what no blank parts: V6, RX-300, 16V. */
static void take_word(struct scanner *s)
{
    while (s->p < s->end) {
        const char *behind = s->p, *next;
        uint32_t point;
        enum word_class class = word_step(&behind, s->end, &point);
        next = behind;
        bool is_joint = class == WORD_DASH || point == '/' || point == '.' || point == '\'' ||
                        point == '_' || point == '&' || point == ',';
        if (is_joint && next < s->end)
            class = word_step(&next, s->end, &point);
        if (class != WORD_LETTER && class != WORD_DIGIT && class != WORD_SYMBOL)
            return;
        s->p = behind;
    }
}

static bool find_declared(const struct coerce_word *words, uint32_t n, str key, str *means)
{
    for (uint32_t i = 0; i < n; i++)
        if (word_has_key(words[i].word, key)) {
            *means = words[i].means;
            return true;
        }
    return false;
}

static bool find_unit(const struct scanner *s, str key, struct token *token)
{
    const struct coerce_setup *setup = s->setup;

    token->kind = TOKEN_UNIT;
    for (uint32_t i = 0; i < setup->unit_count; i++) {
        token->unit = &setup->units[i];
        str name = str_of(setup->units[i].name);
        if (word_has_key(name, key))
            return true;
        if (key.n > 1 && key.p[key.n - 1] == 's' && word_has_key(name, (str){key.p, key.n - 1}))
            return true;
    }
    token->unit = unit_find(key, s->wanted);
    return token->unit != NULL;
}

static bool find_of_money(const struct scanner *s, str key, struct token *token)
{
    token->kind = TOKEN_CURRENCY;
    if (find_declared(s->setup->currencies, s->setup->currency_count, key, &token->text))
        return true;
    token->text = quantity_currency_of(key);
    if (token->text.p)
        return true;
    token->kind = TOKEN_PERIOD;
    token->text = quantity_period_of(key);
    return token->text.n > 0;
}

static bool find_word(const struct scanner *s, str key, struct token *token)
{
    const struct coerce_setup *setup = s->setup;

    token->kind = TOKEN_NOTE;
    if (find_declared(setup->notes, setup->note_count, key, &token->text))
        return true;
    if (s->is_money && find_of_money(s, key, token))
        return true;
    token->kind = TOKEN_MULTIPLIER;
    token->text = quantity_multiplier_of(key, s->is_money);
    if (token->text.n)
        return true;
    if (find_unit(s, key, token))
        return true;
    token->kind = TOKEN_NOTE;
    token->text = STR_NONE;
    token->note = quantity_note_of(key, setup->languages, setup->language_count);
    if (token->note != QUANTITY_NO_NOTE)
        return true;
    return !s->is_money && find_of_money(s, key, token);
}

/* "k" is no word of "k.k.". */
static bool is_in_abbreviation(const struct scanner *s, const char *at)
{
    uint32_t point;

    return at < s->end && at[-1] == '.' && word_step(&at, s->end, &point) == WORD_LETTER;
}

/* The longest words at `p` that we know: "price on request" before "price". */
static bool take_known(struct scanner *s, bool is_behind_number)
{
    struct word_keys k;
    const char *from = s->p;

    word_keys(str_between(s->p, s->end), &k);
    while (k.count-- > 0) {
        struct token token = {0};
        const struct word_end *end = &k.ends[k.count];
        if (!find_word(s, (str){k.key, end->n}, &token) || is_in_abbreviation(s, end->at) ||
            (end->is_before_digit && token.kind != TOKEN_CURRENCY))
            continue;
        if (is_behind_number && token.kind == TOKEN_NOTE && !token.text.n &&
            token.note <= QUANTITY_TO)
            continue;
        s->p = end->at;
        add(s, from, token);
        return true;
    }
    return false;
}

/* Letters glued to a number are its unit, or it is the number of nothing. */
static void scan_number(struct scanner *s)
{
    const char *from = s->p, *p;
    size_t first = digits_at(s, from);
    str digits = read_digits(s);
    uint32_t point, before = s->tokens->n;

    if (first == 3 && before && s->tokens->at[before - 1].kind == TOKEN_NUMBER)
        s->tokens->wrong = "has numbers side by side: a blank may be their group sign";

    p = s->p;
    if (p < s->end && word_step(&p, s->end, &point) == WORD_LETTER) {
        struct tokens *t = s->tokens;
        uint32_t n = t->n;
        add(s, from, (struct token){.kind = TOKEN_NUMBER, .text = digits});
        if (t->n == n || take_known(s, true))
            return;
        t->n = n;
        take_word(s);
        add(s, from, (struct token){.kind = TOKEN_WORD});
        return;
    }
    add(s, from, (struct token){.kind = TOKEN_NUMBER, .text = digits});
}

static struct token token_of_mark(uint32_t point)
{
    struct token token = {.kind = TOKEN_STOP};

    if (point == '>' || point == '<')
        token = (struct token){TOKEN_NOTE,
                               .note = point == '>' ? QUANTITY_MORE_THAN : QUANTITY_LESS_THAN};
    else if (point == 0x2265 || point == 0x2264)
        token = (struct token){TOKEN_NOTE,
                               .note = point == 0x2265 ? QUANTITY_FROM : QUANTITY_UP_TO};
    else if (point == '+')
        token.kind = TOKEN_PLUS;
    else if (point == '/')
        token.kind = TOKEN_PER;
    return token;
}

static void scan_one(struct scanner *s)
{
    const char *from = s->p, *behind = s->p;
    uint32_t point;
    enum word_class class = word_step(&behind, s->end, &point);

    if (class == WORD_BLANK) {
        s->p = behind;
        return;
    }
    if (is_digit_at(s, from) || (*from == s->decimal && is_digit_at(s, from + 1))) {
        scan_number(s);
        return;
    }
    if ((class == WORD_LETTER || class == WORD_SYMBOL || point == '/') && take_known(s, false))
        return;
    s->p = behind;
    if (class == WORD_DASH) {
        add(s, from, (struct token){.kind = TOKEN_DASH});
        return;
    }
    if (class == WORD_MARK) {
        add(s, from, token_of_mark(point));
        return;
    }
    s->p = from;
    take_word(s);
    s->p = s->p == from ? behind : s->p;
    add(s, from, (struct token){.kind = TOKEN_WORD});
}

void tokens_read(const struct coerce_setup *setup, enum dimension wanted, bool is_money,
                 struct arena *a, str text, struct tokens *tokens)
{
    struct scanner s = {.setup = setup,
                        .arena = a,
                        .tokens = tokens,
                        .p = text.p,
                        .end = str_end(text),
                        .wanted = wanted,
                        .is_money = is_money,
                        .decimal = setup->decimal ? setup->decimal : '.'};

    tokens->n = 0;
    tokens->wrong = NULL;
    while (s.p < s.end && !tokens->wrong)
        scan_one(&s);
}
