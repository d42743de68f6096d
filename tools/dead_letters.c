#include "tools/dead_letters.h"

#include <stdio.h>

enum {
    PAGE_FIRST = 64,
    PAGE_MAX = 512,
    PAGE_BYTES = 4 * 1024 * 1024, /* a letter holds up to a megabyte */
};

str letter_field(const struct letter *l, const char *name)
{
    for (uint32_t i = 0; i + 1 < l->fields->n; i += 2)
        if (str_is(l->fields->items[i].text, name))
            return l->fields->items[i + 1].text;
    return STR_NONE;
}

void letter_read(struct letter *l, str id, const struct reply *fields)
{
    str rest = id;

    *l = (struct letter){.id = id, .fields = fields};
    l->stage = letter_field(l, "stage");
    l->reason = letter_field(l, "reason");
    l->detail = letter_field(l, "detail");
    l->src = letter_field(l, "src");
    l->uri = letter_field(l, "uri");
    l->data = letter_field(l, "data");
    if (!str_to_u64(str_cut(&rest, '-'), &l->at_ms))
        l->at_ms = 0;
}

bool letter_matches(const struct letter *l, const struct letter_filter *f)
{
    if (f->stage.n && !str_equal(f->stage, l->stage))
        return false;
    if (f->reason.n && !str_equal(f->reason, l->reason))
        return false;
    return !f->source.n || str_equal(f->source, l->src) || str_equal(f->source, l->uri);
}

static str digits_of(char *to, uint64_t n)
{
    return str_between(to, str_write_u64(to, n));
}

/* Large letters, small pages. */
static void size_page(struct letter_cursor *c, const struct reply *page)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < page->n; i++)
        for (uint32_t j = 0; page->items[i].n == 2 && j < page->items[i].items[1].n; j++)
            bytes += page->items[i].items[1].items[j].text.n;
    if (bytes > PAGE_BYTES)
        c->page = MAX(c->page / 4, 1U);
    else if (bytes < PAGE_BYTES / 4)
        c->page = MIN(c->page * 2, (uint32_t)PAGE_MAX);
}

static int take_letter(struct letter_cursor *c, const struct reply *item, struct error *err)
{
    struct letter *l = &c->letters[c->count];
    bool holds = true;

    letter_read(l, item->items[0].text, &item->items[1]);
    if (!letter_matches(l, &c->filter))
        return 0;
    struct dead_where *where = c->filter.where;
    struct arena_mark mark = arena_mark(&c->arena);
    int rc = where ? where_test(where, l, &c->arena, &holds, err) : 0;
    arena_rewind(&c->arena, mark);
    c->count += holds;
    return rc;
}

static int take_page(struct letter_cursor *c, const struct reply *page, struct error *err)
{
    c->letters = arena_alloc(&c->arena, page->n * sizeof(*c->letters));
    for (uint32_t i = 0; i < page->n; i++) {
        const struct reply *item = &page->items[i];
        if (item->n != 2 || item->items[1].type != REPLY_ARRAY)
            continue;
        if (take_letter(c, item, err) != 0)
            return err->code;
    }
    str last = page->items[page->n - 1].items[0].text;
    snprintf(c->last, sizeof(c->last), "(" STR_FMT, STR_ARG(last));
    return 0;
}

int letters_next(struct letter_cursor *c, bool *more, struct error *err)
{
    char digits[20];
    str from = c->last[0] ? str_of(c->last) : c->is_backwards ? STR("+") : STR("-");
    str until = c->until.n ? c->until : c->is_backwards ? STR("-") : STR("+");
    const struct reply *page;

    arena_reset(&c->arena);
    c->count = 0;
    c->page = c->page ? c->page : PAGE_FIRST;
    const str args[] = {c->is_backwards ? STR("XREVRANGE") : STR("XRANGE"),
                        c->key,
                        from,
                        until,
                        STR("COUNT"),
                        digits_of(digits, c->page)};
    if (redis_call(c->redis, args, ARRAY_LEN(args), &c->arena, &page, err) != 0)
        return err->code;
    *more = page->type == REPLY_ARRAY && page->n > 0;
    if (!*more)
        return 0;
    size_page(c, page);
    return take_page(c, page, err);
}

void letters_close(struct letter_cursor *c)
{
    arena_free(&c->arena);
}

int letters_last(struct redis *r, str key, struct arena *a, str *id, struct error *err)
{
    const struct reply *found;
    const str args[] = {STR("XREVRANGE"), key, STR("+"), STR("-"), STR("COUNT"), STR("1")};

    if (redis_call(r, args, ARRAY_LEN(args), a, &found, err) != 0)
        return err->code;
    bool is_there = found->type == REPLY_ARRAY && found->n && found->items[0].n;
    *id = is_there ? found->items[0].items[0].text : STR_NONE;
    return 0;
}

/* Bytes of the UTF-8 character at the front that a terminal may get; 0: none. */
static size_t plain_length(const unsigned char *p, size_t n)
{
    size_t want = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;

    if (want == 1)
        return p[0] >= 0x20 && p[0] != 0x7f;
    if (p[0] < 0xc2 || p[0] > 0xf4 || want > n)
        return 0;
    for (size_t i = 1; i < want; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool is_c1 = p[0] == 0xc2 && p[1] < 0xa0;
    return is_c1 ? 0 : want;
}

str letter_printable(struct arena *a, str s)
{
    static const char hex[] = "0123456789abcdef";
    char *start = arena_reserve(a, 4 * s.n + 1), *out = start;

    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        size_t n = plain_length((const unsigned char *)s.p + i, s.n - i);
        if (n) {
            memcpy(out, s.p + i, n);
            out += n;
        } else {
            memcpy(out, (const char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
            out += 4;
        }
        i += n ? n : 1;
    }
    arena_trim(a, out);
    return str_between(start, out);
}
