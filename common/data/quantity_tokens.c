#include "common/data/quantity_tokens.h"

#include "common/data/quantity_digits.h"
#include "common/data/words.h"

struct scanner {
    const struct coerce_setup *setup;
    struct arena *arena;
    struct tokens *tokens;
    const char *p, *end, *last; /* `last`: where the token before ended */
    enum dimension wanted;
    bool is_money;
    char decimal;
    bool may_go_on;  /* the number before could have more groups behind a blank */
    bool is_product; /* a cross stands between it and what comes */
};

static bool is_digit_at(const struct scanner *s, const char *p)
{
    return p < s->end && ascii_is_digit(*p);
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

/* Most words are not ours, and nor are those that begin with them. */
static bool may_know(const struct scanner *s, const struct word_keys *k)
{
    const struct coerce_setup *setup = s->setup;
    str front = k->count ? (str){k->key, k->ends[0].n} : STR_NONE;

    return setup->note_count || setup->currency_count || setup->unit_count ||
           (front.n && (unit_starts(front) || quantity_word_starts(front)));
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

    word_keys(str_between(s->p, s->end), 1, &k);
    if (k.is_cut) {
        if (!may_know(s, &k))
            return false;
        word_keys(str_between(s->p, s->end), WORD_WORDS_MAX, &k);
    }
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

/* Letters glued to a number are its unit, or it is the number of nothing; so is a fraction. */
static bool is_whole_token(struct scanner *s, const char *from, str digits)
{
    struct tokens *t = s->tokens;
    const char *p = s->p;
    uint32_t point, n = t->n;
    bool is_glued = p < s->end && word_step(&p, s->end, &point) == WORD_LETTER;

    if (s->p < s->end && *s->p == '/' && is_digit_at(s, s->p + 1))
        return false;
    add(s, from, (struct token){.kind = TOKEN_NUMBER, .text = digits});
    if (!is_glued || t->wrong || take_known(s, true))
        return true;
    t->n = n;
    return false;
}

static void scan_number(struct scanner *s)
{
    const struct token *last = s->tokens->n ? &s->tokens->at[s->tokens->n - 1] : NULL;
    const char *from = s->p;
    size_t first = quantity_digits_at(s->p, s->end);
    str digits = quantity_digits(s->setup, s->arena, &s->p, s->end, &s->tokens->wrong,
                                 &s->tokens->is_ambiguous);

    if (first == 3 && s->may_go_on && last && last->kind == TOKEN_NUMBER)
        s->tokens->wrong = "has numbers side by side: a blank may be their group sign";
    if (s->is_product && last && (last->kind == TOKEN_WORD || last->kind == TOKEN_STOP))
        s->tokens->wrong = "has a product of numbers";
    s->may_go_on = first <= 3 && (size_t)(s->p - from) == first;
    s->is_product = false;
    if (is_whole_token(s, from, digits))
        return;
    take_word(s);
    add(s, from, (struct token){.kind = TOKEN_WORD});
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

/* Not all that price tags say for it, but what stands alone: € 12 per m². */
static bool is_each(const char *from, const char *to)
{
    static const char *const each[] = {"per", "pro", "par", "por", "za", "за"};

    for (size_t i = 0; i < ARRAY_LEN(each); i++)
        if (str_is(str_between(from, to), each[i]))
            return true;
    return false;
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
    s->is_product = s->p == behind && (point == 'x' || point == 0xd7 || point == 0x445);
    add(s, from, (struct token){.kind = is_each(from, s->p) ? TOKEN_PER : TOKEN_WORD});
}

void tokens_read(const struct coerce_setup *setup, const struct quantity_wish *wish,
                 struct arena *a, str text, struct tokens *tokens)
{
    struct scanner s = {.setup = setup,
                        .arena = a,
                        .tokens = tokens,
                        .p = text.p,
                        .end = str_end(text),
                        .wanted = wish->dimension,
                        .is_money = wish->is_money,
                        .decimal = setup->decimal ? setup->decimal : '.'};

    tokens->n = 0;
    tokens->wrong = NULL;
    tokens->is_ambiguous = false;
    while (s.p < s.end && !tokens->wrong)
        scan_one(&s);
}
