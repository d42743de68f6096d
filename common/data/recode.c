#include "common/data/recode.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/data/text.h"

enum {
    SIZE_MAX_CHAR = 8, /* bytes of one character in any encoding */
    TEXT_MAX = 64 << 20,
    USED_MAX = 64 * 1024, /* of the text, before it is let go */
    REPLACEMENT = 0xfffd
};

#define REPLACEMENT_UTF8 "\xef\xbf\xbd"

enum kind { KIND_ICONV, KIND_LITTLE, KIND_BIG };
struct recode {
    enum kind kind;
    iconv_t cd;
    char single[256][4];       /* UTF-8 of the bytes that are a character each, */
    uint8_t single_bytes[256]; /* and its length; 0: it is none */
};
struct text { /* decoded, with the sizes of what its bytes were made of */
    struct buf bytes, sizes;
    bool is_replaced; /* some of it stands for what is no text */
};
struct recoder {
    struct recode *how;
    struct cutter inner;
    struct text text;
    size_t used;        /* of the text: the inner one is past it */
    uint64_t at, known; /* in the file: behind what is used; behind what is decoded */
    uint64_t inner_at;  /* the same place as `at`, as the inner one counts */
    uint64_t boundary;  /* in the file */
};

/* Adds one character. */
static void put(struct text *t, const char *utf8, size_t n, size_t size)
{
    char sizes[SIZE_MAX_CHAR * 4] = {(char)size};

    if (!buf_add(&t->bytes, (str){utf8, n}) || !buf_add(&t->sizes, (str){sizes, n}))
        die("more than %d bytes of text", TEXT_MAX);
}

static void put_point(struct text *t, uint32_t point, size_t size)
{
    char utf8[4];

    put(t, utf8, (size_t)(text_put(utf8, point) - utf8), size);
}

static void put_replacement(struct text *t, size_t size)
{
    put_point(t, REPLACEMENT, size);
    t->is_replaced = true;
}

static uint32_t unit(const struct recode *r, const char *p)
{
    const unsigned char *u = (const unsigned char *)p;

    return r->kind == KIND_LITTLE ? (uint32_t)(u[0] | u[1] << 8) : (uint32_t)(u[1] | u[0] << 8);
}

/* Bytes taken; what is left is not yet a whole character. */
static size_t decode_utf16(const struct recode *r, str s, bool is_last, struct text *t)
{
    size_t i = 0;

    while (i + 2 <= s.n) {
        uint32_t point = unit(r, s.p + i);
        size_t size = 2;
        bool is_none = false;
        if (point >= 0xd800 && point < 0xdc00) {
            if (i + 4 > s.n && !is_last)
                return i;
            uint32_t low = i + 4 <= s.n ? unit(r, s.p + i + 2) : 0;
            bool is_pair = low >= 0xdc00 && low < 0xe000;
            size = is_pair ? 4 : 2;
            is_none = !is_pair;
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        } else if (point >= 0xdc00 && point < 0xe000) {
            is_none = true;
        }
        if (is_none)
            put_replacement(t, size);
        else
            put_point(t, point, size);
        i += size;
    }
    if (is_last && i < s.n) {
        put_replacement(t, s.n - i);
        i = s.n;
    }
    return i;
}

/* The first `n` bytes as one character, or several that go together: bytes of UTF-8; 0: they
 * are not whole; -1: they are none. */
static int convert(const struct recode *r, const char *p, size_t n, char *utf8)
{
    char *in = (char *)(uintptr_t)p, *out = utf8;
    size_t in_left = n, out_left = SIZE_MAX_CHAR * 4;

    iconv(r->cd, NULL, NULL, NULL, NULL);
    size_t result = iconv(r->cd, &in, &in_left, &out, &out_left);
    if (result == (size_t)-1 && errno != EINVAL)
        return -1;
    if (result == (size_t)-1 || in_left)
        return 0;
    iconv(r->cd, NULL, NULL, &out, &out_left);
    return (int)(out - utf8);
}

static size_t decode_iconv(const struct recode *r, str s, bool is_last, struct text *t)
{
    char utf8[SIZE_MAX_CHAR * 4];
    size_t i = 0;

    while (i < s.n) {
        unsigned char c = (unsigned char)s.p[i];
        if (r->single_bytes[c]) {
            put(t, r->single[c], r->single_bytes[c], 1);
            i++;
            continue;
        }
        int n = 0;
        size_t size = 1, most = MIN(s.n - i, (size_t)SIZE_MAX_CHAR);
        while (size <= most && (n = convert(r, s.p + i, size, utf8)) == 0)
            size++;
        if (n == 0 && most < SIZE_MAX_CHAR && !is_last)
            return i;
        if (n > 0)
            put(t, utf8, (size_t)n, size);
        else
            put_replacement(t, 1);
        i += n > 0 ? size : 1;
    }
    return i;
}

static size_t decode(const struct recode *r, str s, bool is_last, struct text *t)
{
    return r->kind == KIND_ICONV ? decode_iconv(r, s, is_last, t)
                                 : decode_utf16(r, s, is_last, t);
}

/* Does it write signs that change the meaning of what follows? */
static bool has_states(const char *name)
{
    iconv_t cd = iconv_open(name, "UTF-8");
    char sample[] = "a\xe3\x81\x82\xe6\xbc\xa2\xc3\xa9", text[64], *in = sample, *out = text;
    size_t in_left = sizeof(sample) - 1, out_left = sizeof(text);

    if (cd == (iconv_t)-1)
        return true;
    while (in_left && iconv(cd, &in, &in_left, &out, &out_left) == (size_t)-1) {
        do { /* it has no such character */
            in++;
            in_left--;
        } while (in_left && ((unsigned char)*in & 0xc0) == 0x80);
    }
    char *end = out;
    iconv(cd, NULL, NULL, &out, &out_left);
    iconv_close(cd);
    return out != end;
}

static void learn_single_bytes(struct recode *r)
{
    char utf8[SIZE_MAX_CHAR * 4];

    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        int n = convert(r, &byte, 1, utf8);
        if (n <= 0 || n > 4)
            continue;
        r->single_bytes[c] = (uint8_t)n;
        memcpy(r->single[c], utf8, (size_t)n);
    }
}

static struct recode *open_iconv(str encoding)
{
    char name[64];

    if (encoding.n == 0 || encoding.n >= sizeof(name) || memchr(encoding.p, '/', encoding.n))
        return NULL; /* a slash would be an option of iconv */
    memcpy(name, encoding.p, encoding.n);
    name[encoding.n] = '\0';
    iconv_t cd = iconv_open("UTF-8", name);
    if (cd == (iconv_t)-1)
        return NULL;
    if (has_states(name)) {
        iconv_close(cd);
        return NULL;
    }
    struct recode *r = xalloc(sizeof(*r));
    *r = (struct recode){.kind = KIND_ICONV, .cd = cd};
    learn_single_bytes(r);
    return r;
}

struct recode *recode_new(str encoding)
{
    bool is_big = str_is(encoding, "utf-16be");

    if (!is_big && !str_is(encoding, "utf-16le") && !str_is(encoding, "utf-16"))
        return open_iconv(encoding);
    struct recode *r = xalloc(sizeof(*r));
    *r = (struct recode){.kind = is_big ? KIND_BIG : KIND_LITTLE};
    return r;
}

void recode_free(struct recode *r)
{
    if (r && r->kind == KIND_ICONV)
        iconv_close(r->cd);
    free(r);
}

static void init_text(struct text *t)
{
    buf_init(&t->bytes, TEXT_MAX);
    buf_init(&t->sizes, TEXT_MAX);
}

static void free_text(struct text *t)
{
    buf_free(&t->bytes);
    buf_free(&t->sizes);
}

str recode_text(struct recode *r, struct arena *a, str bytes, const uint8_t **sizes)
{
    struct text t;

    init_text(&t);
    (void)decode(r, bytes, false, &t);
    str text = arena_copy(a, buf_str(&t.bytes));
    *sizes = (const uint8_t *)arena_copy(a, buf_str(&t.sizes)).p;
    free_text(&t);
    return text;
}

/* Bytes of the file that the next `n` of the text stand for. */
static uint64_t measure(const struct recoder *r, uint64_t n)
{
    const uint8_t *sizes = (const uint8_t *)r->text.sizes.p + r->used;
    uint64_t sum = 0;

    for (uint64_t i = 0; i < n; i++)
        sum += sizes[i];
    return sum;
}

/* `[offset,...` as the inner one wrote it, with the offset in the file. */
static void move_line(struct row *row, struct arena *a)
{
    const char *comma = memchr(row->line.p, ',', row->line.n);
    str rest = comma ? str_between(comma, str_end(row->line)) : STR("]");
    char *start = arena_reserve(a, rest.n + 24), *out = start;

    *out++ = '[';
    out = str_write_u64(out, row->offset);
    out = mempcpy(out, rest.p, rest.n);
    arena_trim(a, out);
    row->line = str_between(start, out);
}

static void move_row(struct recoder *r, struct arena *a, struct row *row)
{
    row->offset = row->offset < r->inner_at ? r->boundary /* it began long ago */
                                            : r->at + measure(r, row->offset - r->inner_at);
    row->end = r->at + measure(r, row->end - r->inner_at);
    if (row->line.n && row->line.p[0] == '[')
        move_line(row, a);
}

/* What the inner one is past of is let go. */
static void let_go(struct recoder *r, uint64_t n)
{
    r->at += measure(r, n);
    r->inner_at += n;
    r->used += n;
    if (r->used < USED_MAX && r->used < r->text.bytes.n)
        return;
    size_t left = r->text.bytes.n - r->used;
    if (left) {
        memmove(r->text.bytes.p, r->text.bytes.p + r->used, left);
        memmove(r->text.sizes.p, r->text.sizes.p + r->used, left);
    }
    r->text.bytes.n = r->text.sizes.n = left;
    r->used = 0;
}

static enum rows_status next_row(void *self, str piece, bool is_last, struct arena *a,
                                 struct row *row)
{
    struct recoder *r = self;
    size_t skip = (size_t)(r->known - r->at);

    r->known += decode(r->how, (str){piece.p + skip, piece.n - skip}, is_last, &r->text);
    str text = {r->text.bytes.p + r->used, r->text.bytes.n - r->used};
    enum rows_status status = cutter_next(r->inner, text, is_last, a, row);
    uint64_t inner_at = cutter_offset(r->inner), boundary = cutter_boundary(r->inner);
    if (status == ROWS_ROW || status == ROWS_BAD || status == ROWS_ASIDE)
        move_row(r, a, row);
    if (status == ROWS_ROW && r->text.is_replaced)
        row->replaced = memmem(row->line.p, row->line.n, REPLACEMENT_UTF8, 3) != NULL;
    if (boundary >= r->inner_at)
        r->boundary = r->at + measure(r, boundary - r->inner_at);
    let_go(r, inner_at - r->inner_at);
    return status;
}

static uint64_t offset(const void *self)
{
    const struct recoder *r = self;

    return r->at;
}

static uint64_t boundary(const void *self)
{
    const struct recoder *r = self;

    return r->boundary;
}

static void free_recoder(void *self)
{
    struct recoder *r = self;

    recode_free(r->how);
    cutter_free(&r->inner);
    free_text(&r->text);
    free(r);
}

static const struct cutter_kind recoder_kind = {next_row, offset, boundary, free_recoder};

struct cutter recode_cutter(struct recode *how, struct cutter inner, uint64_t offset)
{
    struct recoder *r = xalloc(sizeof(*r));

    *r = (struct recoder){.how = how,
                          .inner = inner,
                          .at = offset,
                          .known = offset,
                          .inner_at = offset,
                          .boundary = offset};
    init_text(&r->text);
    return (struct cutter){&recoder_kind, r};
}
