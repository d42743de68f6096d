#include "tools/test_match.h"

#include <stdlib.h>

#include "common/data/json.h"

enum { JSON_MAX = 1024 * 1024, NUMBER_MAX = 1024 };

void test_differ(struct differences *d, str path, str want, str got)
{
    struct difference *x = arena_alloc(d->arena, sizeof(*x));

    *x = (struct difference){NULL, path, want, got};
    *d->last = x;
    d->last = &x->next;
}

/* Numbers by their digits: 0.0150e3 is 15 with exponent 0. */

struct decimal {
    bool is_negative;
    char digits[NUMBER_MAX];
    size_t n;
    long exponent;
};

static void read_digits(struct decimal *d, str s)
{
    bool is_fraction = false;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.') {
            is_fraction = true;
            continue;
        }
        d->exponent -= is_fraction;
        if (d->n || s.p[i] != '0')
            d->digits[d->n++] = s.p[i];
    }
    while (d->n && d->digits[d->n - 1] == '0') {
        d->n--;
        d->exponent++;
    }
    if (!d->n)
        d->exponent = d->is_negative = 0;
}

static bool read_decimal(struct decimal *d, str s)
{
    size_t at, mantissa;

    *d = (struct decimal){0};
    if (s.n >= NUMBER_MAX || json_check(s, NULL, &at) || json_type(s) != JSON_NUMBER)
        return false;
    d->is_negative = s.p[0] == '-';
    s = (str){s.p + d->is_negative, s.n - d->is_negative};
    for (mantissa = 0; mantissa < s.n && (s.p[mantissa] | 0x20) != 'e';)
        mantissa++;
    if (mantissa < s.n) {
        char power[32] = {0};
        memcpy(power, s.p + mantissa + 1, MIN(s.n - mantissa - 1, sizeof(power) - 1));
        d->exponent = strtol(power, NULL, 10);
    }
    read_digits(d, (str){s.p, mantissa});
    return true;
}

static bool is_same_number(str a, str b)
{
    struct decimal x, y;

    return read_decimal(&x, a) && read_decimal(&y, b) && x.is_negative == y.is_negative &&
           x.exponent == y.exponent && str_equal((str){x.digits, x.n}, (str){y.digits, y.n});
}

/* Words. */

static bool is_bare(const struct node *n)
{
    size_t at;

    if (!n->is_plain || !n->text.n || json_check(n->text, NULL, &at))
        return false;
    enum json_type type = json_type(n->text);
    return type == JSON_NUMBER || type == JSON_TRUE || type == JSON_FALSE || type == JSON_NULL;
}

static bool fits_text(struct arena *a, const struct node *want, str got)
{
    switch (json_type(got)) {
    case JSON_STRING:
        return str_equal(json_text(a, got), want->text);
    case JSON_NUMBER:
        return want->is_plain && is_same_number(want->text, got);
    case JSON_NULL:
    case JSON_TRUE:
    case JSON_FALSE:
        return want->is_plain && str_equal(want->text, got);
    case JSON_INVALID:
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return false;
}

static void match_map(struct differences *d, const struct node *want, str got, str path)
{
    for (const struct node *n = want->children; n; n = n->next) {
        str value = STR_NONE;
        str inner =
            path.n ? arena_printf(d->arena, STR_FMT "." STR_FMT, STR_ARG(path), STR_ARG(n->key))
                   : n->key;
        if (!json_find(got, n->key, &value))
            value = STR_NONE;
        test_match(d, n, value, inner);
    }
}

static void match_list(struct differences *d, const struct node *want, str got, str path)
{
    uint32_t i = 0;
    str rest, item;

    json_open(got, &rest);
    for (const struct node *n = want->children; n; n = n->next, i++) {
        if (!json_next_item(&rest, &item))
            item = STR_NONE;
        test_match(d, n, item, arena_printf(d->arena, STR_FMT "[%u]", STR_ARG(path), i));
    }
    for (; json_next_item(&rest, &item); i++)
        test_differ(d, arena_printf(d->arena, STR_FMT "[%u]", STR_ARG(path), i), STR_NONE,
                    item);
}

void test_match(struct differences *d, const struct node *want, str got, str path)
{
    bool fits = false;

    switch (want->type) {
    case NODE_MAP:
        if (got.n && json_type(got) == JSON_OBJECT) {
            match_map(d, want, got, path);
            return;
        }
        break;
    case NODE_LIST:
        if (got.n && json_type(got) == JSON_ARRAY) {
            match_list(d, want, got, path);
            return;
        }
        break;
    case NODE_EMPTY:
        fits = !got.n || json_type(got) == JSON_NULL;
        break;
    case NODE_TEXT:
        fits = got.n ? fits_text(d->arena, want, got)
                     : want->is_plain && str_is(want->text, "null");
        break;
    case NODE_SECRET:
        break;
    }
    if (!fits)
        test_differ(d, path, test_json(d->arena, want), got);
}

/* JSON. */

static bool put(struct buf *out, const struct node *n);

static bool put_quoted(struct buf *out, str s)
{
    if (!buf_reserve(out, JSON_QUOTED_MAX(s.n)))
        return false;
    out->n = (size_t)(json_quote(out->p + out->n, s) - out->p);
    return true;
}

static bool put_children(struct buf *out, const struct node *n, bool is_map)
{
    bool fits = buf_add(out, is_map ? STR("{") : STR("["));

    for (const struct node *c = n->children; c && fits; c = c->next)
        fits = (c == n->children || buf_add(out, STR(","))) &&
               (!is_map || (put_quoted(out, c->key) && buf_add(out, STR(":")))) && put(out, c);
    return fits && buf_add(out, is_map ? STR("}") : STR("]"));
}

static bool put(struct buf *out, const struct node *n)
{
    switch (n->type) {
    case NODE_MAP:
    case NODE_LIST:
        return put_children(out, n, n->type == NODE_MAP);
    case NODE_EMPTY:
        return buf_add(out, STR("null"));
    case NODE_TEXT:
        return is_bare(n) ? buf_add(out, n->text) : put_quoted(out, n->text);
    case NODE_SECRET:
        break;
    }
    return put_quoted(out, STR("***"));
}

str test_json(struct arena *a, const struct node *n)
{
    struct buf out;

    buf_init(&out, JSON_MAX);
    str json = put(&out, n) ? arena_copy(a, buf_str(&out)) : STR_NONE;
    buf_free(&out);
    return json;
}
