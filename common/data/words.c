#include "common/data/words.h"

#include "common/data/text.h"

static uint32_t read_point(const char **at, const char *end)
{
    const unsigned char *p = (const unsigned char *)*at;
    unsigned n = *p < 0x80 ? 1 : text_utf8_length(str_between(*at, end));

    *at += n ? n : 1;
    if (n < 2)
        return *p;
    if (n == 2)
        return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    if (n == 3)
        return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
}

static enum word_class class_of_ascii(uint32_t c)
{
    if ((c | 0x20) - 'a' < 26)
        return WORD_LETTER;
    if (c - '0' < 10)
        return WORD_DIGIT;
    if (c == ' ' || c - '\t' < 5)
        return WORD_BLANK;
    if (c == '-')
        return WORD_DASH;
    return c == '$' || c == '%' ? WORD_SYMBOL : WORD_MARK;
}

static enum word_class class_of(uint32_t c)
{
    if (c < 0x80)
        return class_of_ascii(c);
    if (c == 0xa0 || c == 0x3000 || c == 0xfeff || (c >= 0x2000 && c <= 0x200f) ||
        c == 0x202f || c == 0x205f || c == 0x2060)
        return WORD_BLANK;
    if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0x301c || c == 0xff5e)
        return WORD_DASH;
    if (c == 0xb0 || (c >= 0xa2 && c <= 0xa5) || (c >= 0x20a0 && c <= 0x20cf) || c == 0x2030 ||
        c == 0x3012)
        return WORD_SYMBOL;
    if (c < 0xc0 && c != 0xaa && c != 0xb5 && c != 0xba && !(c >= 0xbc && c <= 0xbe))
        return WORD_MARK;
    bool is_mark = (c >= 0x2016 && c <= 0x206f) || (c >= 0x2190 && c <= 0x2bff) ||
                   (c >= 0x1f000 && c <= 0x1faff); /* arrows, ≥, pictures */
    return is_mark ? WORD_MARK : WORD_LETTER;
}

enum word_class word_step(const char **p, const char *end, uint32_t *point)
{
    if ((unsigned char)**p < 0x80) {
        *point = text_small((unsigned char)*(*p)++);
        return class_of_ascii(*point);
    }
    uint32_t c = read_point(p, end);
    if (c == 0xb2 || c == 0xb3 || c == 0xb9) {
        *point = c == 0xb9 ? '1' : c - 0xb0 + '0';
        return WORD_DIGIT;
    }
    *point = text_small(c);
    return class_of(c);
}

const char *word_skip_blanks(const char *p, const char *end)
{
    const char *next = p;
    uint32_t point;

    while (next < end && word_step(&next, end, &point) == WORD_BLANK)
        p = next;
    return p;
}

struct builder {
    struct word_keys *k;
    const char *p, *end;
    uint32_t n, words, max_words;
    enum word_class last;
    bool has_slash; /* after it come digits and brackets: l/100km, kWh/(m²·a) */
};

static enum word_class peek(const char *p, const char *end, uint32_t *point)
{
    *point = 0;
    return p < end ? word_step(&p, end, point) : WORD_BLANK;
}

static bool append(struct builder *b, uint32_t point)
{
    char bytes[4];
    size_t n = (size_t)(text_put(bytes, point) - bytes);

    if (b->n + n > WORD_KEY_MAX)
        return false;
    memcpy(b->k->key + b->n, bytes, n);
    b->n += (uint32_t)n;
    return true;
}

/* A word ends where its letters do; before a digit only perhaps. */
static void note_end(struct builder *b)
{
    uint32_t point;
    enum word_class next = peek(b->p, b->end, &point);
    bool is_letter = b->last == WORD_LETTER;

    if (b->k->count == WORD_ENDS_MAX)
        return;
    if (b->last != WORD_SYMBOL &&
        (next == WORD_LETTER || (next == WORD_DIGIT && b->last == WORD_DIGIT)))
        return;
    b->k->ends[b->k->count++] = (struct word_end){b->p, b->n, is_letter && next == WORD_DIGIT};
}

/* What stands between the letters of a key, and is not in it. */
static bool skip_joint(struct builder *b, enum word_class class, uint32_t point,
                       const char *behind)
{
    uint32_t next_point;
    enum word_class next = peek(behind, b->end, &next_point);
    struct word_end *last = b->k->count ? &b->k->ends[b->k->count - 1] : NULL;

    if ((point == '.' && b->last != WORD_SYMBOL) || (point == ')' && b->has_slash)) {
        if (last && last->at == b->p)
            last->at = behind;
        b->p = behind;
        return true;
    }
    if (class == WORD_BLANK) {
        b->p = word_skip_blanks(b->p, b->end);
        next = peek(b->p, b->end, &next_point);
        bool has_more = next == WORD_LETTER || next_point == '/';
        b->k->is_cut = ++b->words == b->max_words && has_more;
        return has_more && !b->k->is_cut;
    }
    b->p = behind;
    if (point == '^')
        return next == WORD_DIGIT;
    if (b->has_slash && (point == '(' || point == '*' || point == 0xb7))
        return true;
    return next == WORD_LETTER && (point == '-' || point == '_' || point == '\'');
}

static bool add_slash(struct builder *b, const char *behind)
{
    b->p = behind;
    b->last = WORD_MARK;
    b->has_slash = true;
    b->p = word_skip_blanks(b->p, b->end);
    return append(b, '/');
}

static bool extend(struct builder *b)
{
    const char *behind = b->p;
    uint32_t point;
    enum word_class class = word_step(&behind, b->end, &point);

    if (point == '/')
        return add_slash(b, behind);
    if (class != WORD_LETTER && class != WORD_SYMBOL && class != WORD_DIGIT)
        return b->n > 0 && skip_joint(b, class, point, behind);
    bool is_no_key = class == WORD_DIGIT && (b->n == 0 || b->last == WORD_SYMBOL);
    if (is_no_key || !append(b, point))
        return false;
    b->p = behind;
    b->last = class;
    note_end(b);
    return true;
}

void word_keys(str text, uint32_t max_words, struct word_keys *k)
{
    struct builder b = {.k = k, .p = text.p, .end = str_end(text), .max_words = max_words};

    k->count = 0;
    k->is_cut = false;
    while (b.p < b.end && extend(&b))
        continue;
}

bool word_has_key(str word, str key)
{
    const char *p = word.p, *end = str_end(word);
    char bytes[4];
    size_t at = 0;

    while (p < end) {
        uint32_t point;
        enum word_class class = word_step(&p, end, &point);
        if (class == WORD_BLANK || point == '.' || point == '-' || point == '_')
            continue;
        size_t n = (size_t)(text_put(bytes, point) - bytes);
        if (at + n > key.n || memcmp(key.p + at, bytes, n) != 0)
            return false;
        at += n;
    }
    return at == key.n && at > 0;
}

/* A text with a NUL against a key, by bytes; most differ in the first. */
static int compare_key(const char *text, str key)
{
    for (size_t i = 0; i < key.n; i++) {
        unsigned char x = (unsigned char)text[i], y = (unsigned char)key.p[i];
        if (x != y)
            return x < y ? -1 : 1;
    }
    return text[key.n] != '\0';
}

/* The first that does not come before `key`. */
static size_t lower_bound(const struct word *table, size_t n, str key)
{
    size_t from = 0, to = n;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (compare_key(table[middle].key, key) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

const struct word *word_find(const struct word *table, size_t n, str key)
{
    size_t at = lower_bound(table, n, key);

    return at < n && compare_key(table[at].key, key) == 0 ? &table[at] : NULL;
}

bool word_starts(const struct word *table, size_t n, str front)
{
    size_t at = lower_bound(table, n, front);

    return at < n && strncmp(table[at].key, front.p, front.n) == 0;
}

bool word_is_sorted(const struct word *table, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (str_compare(str_of(table[i - 1].key), str_of(table[i].key)) > 0)
            return false;
    return true;
}
