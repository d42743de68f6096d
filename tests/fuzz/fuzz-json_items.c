/* The records of a JSON file, three ways: whole; in pieces; and in pieces with a new object
 * behind each record, as after a crash. All must agree, each is good JSON, and no byte but
 * blanks and commas stands between two of them. What a plain reader finds in a text that is
 * good as a whole is what was cut. The first three bytes choose format, encoding, pointer, cap
 * and pieces. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/data/json.h"
#include "common/data/json_cut.h"
#include "common/data/json_find.h"
#include "common/data/text.h"
#include "tests/fuzz/fuzz.h"

enum { SETUP_BYTES = 3, TRANSCRIPT_MAX = 64 << 20 };

struct setup {
    struct json_cut how;
    bool is_lines;
    uint32_t seed;
};
enum way { WHOLE, PIECES, RESUMED };
struct reading {
    const struct setup *setup;
    str text;
    enum way way;
    uint32_t seed;
    uint64_t behind;   /* the last record */
    struct buf record; /* what was cut */
    struct buf aside;  /* and what stands around it */
    str lacks;         /* what is said at the end */
};

static struct arena arena;

static struct setup read_setup(const uint8_t *b)
{
    static const char *const pointers[] = {"auto", "", "/a", "/a/b"};

    return (struct setup){
        .how = {.row_bytes = b[1] ? MAX(b[1], 4) : 1024000,
                .encoding = (enum rows_encoding)((b[0] >> 1) % 3),
                .records = str_of(pointers[b[0] >> 4 & 3])},
        .is_lines = b[0] & 1,
        .seed = b[2],
    };
}

/* `is_alone`: what was cut is all that the file should hold. */
static struct cutter open_cutter(const struct setup *s, uint64_t offset, bool is_alone)
{
    struct json_cut how = s->how;

    if (s->is_lines)
        return (struct cutter){&json_lines_kind, json_lines_new(&how, offset)};
    if (is_alone)
        how.records = STR(JSON_CUT_ONE);
    return (struct cutter){&json_items_kind, json_items_new(&how, offset)};
}

static void note(struct buf *out, const struct row *row)
{
    bool fits =
        buf_printf(out, "%" PRIu64 "-%" PRIu64 " %d ", row->offset, row->end, row->recoded) &&
        buf_add(out, row->line) && buf_add(out, row->reason) && buf_add(out, row->bytes) &&
        buf_add(out, STR("\n"));

    PROMISE(fits);
}

static bool is_blank(str text)
{
    return str_trim(text).n == 0;
}

/* Between two records: nothing, or a comma among blanks; a mark at a line's beginning. */
static void promise_apart(const struct reading *r, uint64_t offset)
{
    str gap = {r->text.p + r->behind, (size_t)(offset - r->behind)};

    if (r->setup->is_lines) {
        while (gap.n) {
            str line = str_trim(str_cut(&gap, '\n'));
            PROMISE(is_blank(text_skip_bom(line)));
        }
        return;
    }
    if (r->behind == 0)
        return;
    gap = str_trim(gap);
    PROMISE(gap.n == 0 || str_is(gap, ","));
}

static void promise_good(const struct reading *r, const struct row *row)
{
    str raw = {r->text.p + row->offset, (size_t)(row->end - row->offset)};

    PROMISE(!json_check(row->line, NULL, NULL) && json_type(row->line) == JSON_OBJECT);
    PROMISE(!memchr(row->line.p, '\n', row->line.n) && !memchr(row->line.p, '\r', row->line.n));
    PROMISE(str_trim(raw).n <= r->setup->how.row_bytes);
    if (row->recoded || r->setup->how.encoding == ROWS_1252)
        return;
    raw = str_trim(raw);
    PROMISE(raw.n == row->line.n);
    for (size_t i = 0; i < raw.n; i++)
        PROMISE(raw.p[i] == row->line.p[i] ||
                (row->line.p[i] == ' ' && is_blank((str){raw.p + i, 1})));
}

static void take(struct reading *r, enum rows_status status, const struct row *row)
{
    PROMISE(row->end > row->offset && row->end <= r->text.n && row->offset >= r->behind);
    promise_apart(r, row->offset);
    if (status == ROWS_ROW) {
        promise_good(r, row);
    } else {
        bool is_blank_line = r->setup->is_lines && str_is(row->reason, "row_too_long");
        PROMISE(row->reason.n && (row->bytes.n || is_blank_line));
        PROMISE(row->bytes.n <= JSON_CUT_KEPT);
        PROMISE(memmem(r->text.p + row->offset, (size_t)(row->end - row->offset), row->bytes.p,
                       row->bytes.n));
    }
    r->behind = row->end;
    note(&r->record, row);
}

/* Before the first record or behind the last. */
static void take_aside(struct reading *r, const struct row *row)
{
    bool is_before = str_is(row->reason, "before_records");
    size_t n = (size_t)(row->end - row->offset);

    PROMISE(is_before ? r->behind == 0 : row->offset >= r->behind);
    PROMISE(row->end <= r->text.n && row->bytes.n == MIN(n, (size_t)JSON_CUT_KEPT));
    PROMISE(memcmp(r->text.p + row->offset, row->bytes.p, row->bytes.n) == 0);
    note(&r->aside, row);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

/* Each window is memory of its very size, so that the sanitizer sees a step too far. */
static enum rows_status next(struct cutter c, str window, bool is_last, struct row *row)
{
    char *bytes = malloc(window.n + !window.n);

    PROMISE(bytes);
    if (window.n)
        memcpy(bytes, window.p, window.n);
    enum rows_status status = cutter_next(c, (str){bytes, window.n}, is_last, &arena, row);
    free(bytes);
    return status;
}

static void read_all(struct reading *r)
{
    struct cutter c = open_cutter(r->setup, 0, false);
    size_t known = r->way == WHOLE ? r->text.n : 0;
    enum rows_status status = ROWS_MORE;
    struct row row;
    bool is_alone = false;

    r->seed = r->setup->seed;
    buf_init(&r->record, TRANSCRIPT_MAX);
    buf_init(&r->aside, TRANSCRIPT_MAX);
    while (status != ROWS_END) {
        uint64_t from = cutter_offset(c);
        str window = {r->text.p + from, known - (size_t)from};
        status = next(c, window, known == r->text.n, &row);
        PROMISE(cutter_offset(c) >= from && cutter_offset(c) <= known);
        PROMISE(cutter_boundary(c) <= cutter_offset(c));
        PROMISE(status != ROWS_MORE || known < r->text.n);
        if (status == ROWS_MORE) {
            size_t more = 1 + next_random(&r->seed) % (1 + r->setup->seed % 32);
            known = MIN(r->text.n, known + more);
        }
        if (status == ROWS_ASIDE)
            take_aside(r, &row);
        if (status != ROWS_ROW && status != ROWS_BAD)
            continue;
        PROMISE(cutter_offset(c) == row.end && cutter_boundary(c) == row.end);
        take(r, status, &row);
        is_alone |= row.is_alone;
        if (r->way == RESUMED) {
            cutter_free(&c);
            c = open_cutter(r->setup, row.end, is_alone);
        }
    }
    r->lacks = row.why;
    cutter_free(&c);
}

/* A plain reader, of a text that is good. */

static void expect_row(struct reading *r, str item)
{
    struct row row = {.offset = (uint64_t)(item.p - r->text.p)};

    row.end = row.offset + item.n;
    if (item.n > r->setup->how.row_bytes) {
        row.reason = STR("row_too_long");
    } else if (json_type(item) != JSON_OBJECT) {
        row.reason = STR("no_object");
    } else {
        row.line = arena_copy(&arena, item);
        for (char *p = (char *)(uintptr_t)row.line.p; p < str_end(row.line); p++)
            *p = *p == '\n' || *p == '\r' ? ' ' : *p;
    }
    if (row.reason.n)
        row.bytes = (str){item.p, MIN(item.n, (size_t)JSON_CUT_KEPT)};
    note(&r->record, &row);
}

/* The first of that name. False: there is none. */
static bool find_first(str object, str name, str *value)
{
    str rest, raw, text;

    if (json_type(object) != JSON_OBJECT || !json_open(object, &rest))
        return false;
    while (json_next_member(&rest, &raw, value))
        if (json_unquote(&arena, (str){raw.p - 1, raw.n + 2}, &text) && str_equal(text, name))
            return true;
    return false;
}

/* False: the pointer leads to no array. */
static bool find_records(str root, str pointer, str *found)
{
    bool is_auto = str_is(pointer, "auto");
    str rest = is_auto ? STR("/records") : pointer;

    *found = root;
    if (is_auto && json_type(root) == JSON_ARRAY)
        return true;
    (void)str_cut(&rest, '/');
    while (rest.p)
        if (!find_first(*found, str_cut(&rest, '/'), found))
            return false;
    return json_type(*found) == JSON_ARRAY;
}

static void read_plainly(struct reading *r)
{
    str rest = r->text, root = json_skip(&rest), array, item;

    buf_init(&r->record, TRANSCRIPT_MAX);
    if (find_records(root, r->setup->how.records, &array)) {
        PROMISE(json_open(array, &rest));
        while (json_next_item(&rest, &item))
            expect_row(r, item);
    } else if (str_is(r->setup->how.records, "auto")) {
        expect_row(r, root);
    } else {
        struct row row = {.end = r->text.n, .reason = STR("bad_json"), .bytes = r->text};
        row.bytes.n = MIN(row.bytes.n, (size_t)JSON_CUT_KEPT);
        note(&r->record, &row);
    }
}

static void promise_equal(const struct buf *whole, const struct buf *other)
{
    if (str_equal(buf_str(whole), buf_str(other)))
        return;
    die("whole:\n" STR_FMT "\nother:\n" STR_FMT, STR_ARG(buf_str(whole)),
        STR_ARG(buf_str(other)));
}

/* The array has to begin within the cap, and what closes it to fit. */
static bool is_plain(const struct setup *s, str text)
{
    return !s->is_lines && text.n <= s->how.row_bytes && s->how.encoding != ROWS_1252 &&
           !json_check(text, NULL, NULL);
}

/* Passing over an item stays inside, and takes some of the text. */
static void promise_pass(const struct setup *s, str text)
{
    str item;

    for (size_t i = 0; i < MIN(text.n, (size_t)64); i++) {
        str rest = {text.p + i, text.n - i};
        if (!json_cut_pass(&s->how, rest, i == 0, &arena, &item))
            continue;
        PROMISE(item.n && item.p >= rest.p && str_end(item) <= str_end(rest));
    }
}

static void promise_format(str text)
{
    enum rows_format whole = rows_format_of(text, true), start = rows_format_of(text, false);
    str rest = text, root = json_skip(&rest);

    PROMISE(start == whole || start != ROWS_CSV);
    if (json_check(text, NULL, NULL))
        return;
    PROMISE(json_type(root) != JSON_ARRAY || whole == ROWS_JSON);
    PROMISE(json_type(root) != JSON_OBJECT || whole != ROWS_CSV);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n < SETUP_BYTES)
        return 0;
    struct setup s = read_setup(bytes);
    str text = {(const char *)bytes + SETUP_BYTES, n - SETUP_BYTES};
    struct reading whole = {&s, text, .way = WHOLE}, pieces = {&s, text, .way = PIECES};
    struct reading resumed = {&s, text, .way = RESUMED}, plain = {&s, text, .way = WHOLE};

    promise_format(text);
    promise_pass(&s, text);
    read_all(&whole);
    read_all(&pieces);
    read_all(&resumed);
    promise_equal(&whole.record, &pieces.record);
    promise_equal(&whole.record, &resumed.record);
    promise_equal(&whole.aside, &pieces.aside);
    PROMISE(str_equal(whole.lacks, pieces.lacks));
    if (is_plain(&s, text)) {
        read_plainly(&plain);
        promise_equal(&plain.record, &whole.record);
        PROMISE(whole.lacks.n == 0);
        buf_free(&plain.record);
    }
    buf_free(&whole.record);
    buf_free(&pieces.record);
    buf_free(&resumed.record);
    buf_free(&whole.aside);
    buf_free(&pieces.aside);
    buf_free(&resumed.aside);
    arena_reset(&arena);
    return 0;
}
