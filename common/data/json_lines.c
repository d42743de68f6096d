#include <stdlib.h>

#include "common/base/buf.h"
#include "common/data/json.h"
#include "common/data/json_cut.h"
#include "common/data/text.h"

enum { ROW_BYTES = 1024000 };

struct json_lines {
    struct json_cut how;
    uint64_t offset;  /* of the line at hand */
    size_t searched;  /* bytes of it that hold no line end */
    uint64_t skipped; /* bytes passed over of a line over the cap; 0: there is none */
    struct buf head;  /* the first of them */
};

/* Not UTF-8 anywhere: read as windows-1252, if that may be. */
static const char *check(const struct json_cut *how, str *text, struct arena *a,
                         struct row *row, size_t *at)
{
    if (how->encoding == ROWS_1252 ||
        (how->encoding == ROWS_UTF8_OR_1252 && !text_is_utf8(*text))) {
        row->recoded = how->encoding == ROWS_UTF8_OR_1252;
        *text = text_from_1252(a, *text);
    }
    return json_check(*text, NULL, at);
}

/* A line end stands between tokens, never inside one: it may be a blank as well. */
static str one_line(struct arena *a, str text)
{
    str line = arena_copy(a, text);
    char *p = (char *)(uintptr_t)line.p, *end = p + line.n;

    for (char *q = p; (q = memchr(q, '\n', (size_t)(end - q))); q++)
        *q = ' ';
    for (char *q = p; (q = memchr(q, '\r', (size_t)(end - q))); q++)
        *q = ' ';
    return line;
}

enum rows_status json_cut_row(const struct json_cut *how, str text, struct arena *a,
                              struct row *row)
{
    str raw = text;
    size_t at = 0;
    const char *problem = check(how, &text, a, row, &at);

    if (!problem && json_type(text) == JSON_OBJECT) {
        row->line = one_line(a, text);
        return ROWS_ROW;
    }
    raw.n = MIN(raw.n, (size_t)JSON_CUT_KEPT);
    row->bytes = arena_copy(a, raw);
    row->reason = problem ? STR("bad_json") : STR("no_object");
    row->why = problem ? arena_printf(a, "%s, at its byte %zu", problem, at) : STR_NONE;
    return ROWS_BAD;
}

struct json_lines *json_lines_new(const struct json_cut *how, uint64_t offset)
{
    struct json_lines *r = xalloc(sizeof(*r));

    r->how = *how;
    r->how.row_bytes = how->row_bytes ? how->row_bytes : ROW_BYTES;
    r->offset = offset;
    buf_init(&r->head, JSON_CUT_KEPT);
    return r;
}

static void begin_line(struct json_lines *r, uint64_t offset)
{
    r->offset = offset;
    r->searched = 0;
    r->skipped = 0;
    buf_reset(&r->head);
}

/* The line that `piece` begins with, its end included. False: its end is not in the piece. */
static bool find_line(struct json_lines *r, str piece, bool is_last, str *line)
{
    const char *at = piece.n > r->searched
                         ? memchr(piece.p + r->searched, '\n', piece.n - r->searched)
                         : NULL;

    r->searched = piece.n;
    *line = at ? str_between(piece.p, at + 1) : piece;
    return at || is_last;
}

/* Nothing is kept of a line over the cap but its first bytes. */
static enum rows_status skip_line(struct json_lines *r, str line, bool is_found,
                                  struct arena *a, struct row *row)
{
    str first = {line.p, MIN(line.n, (size_t)JSON_CUT_KEPT - r->head.n)};

    if (!buf_add(&r->head, first))
        die("more than %d first bytes of a line", JSON_CUT_KEPT);
    r->skipped += line.n;
    r->searched = 0;
    if (!is_found)
        return ROWS_MORE;
    *row = (struct row){.offset = r->offset,
                        .end = r->offset + r->skipped,
                        .reason = STR("row_too_long"),
                        .bytes = arena_copy(a, str_trim(buf_str(&r->head)))};
    begin_line(r, row->end);
    return ROWS_BAD;
}

/* A byte order mark, also one that a second file brought along. */
static str without_blanks(str line)
{
    line = str_trim(line);
    return str_trim(text_skip_bom(line));
}

static enum rows_status next_line(void *self, str piece, bool is_last, struct arena *a,
                                  struct row *row)
{
    struct json_lines *r = self;
    str line;

    for (;;) {
        if (piece.n == 0 && is_last && !r->skipped) {
            *row = (struct row){0};
            return ROWS_END;
        }
        bool is_found = find_line(r, piece, is_last, &line);
        bool has_end = str_ends(line, STR("\n")); /* counts, also where there is none */
        if (r->skipped || line.n + !has_end > r->how.row_bytes)
            return skip_line(r, line, is_found, a, row);
        if (!is_found)
            return ROWS_MORE;
        str text = without_blanks(line);
        if (text.n) {
            *row = (struct row){.offset = r->offset + (size_t)(text.p - line.p),
                                .end = r->offset + line.n};
            begin_line(r, row->end);
            return json_cut_row(&r->how, text, a, row);
        }
        begin_line(r, r->offset + line.n);
        piece = (str){piece.p + line.n, piece.n - line.n};
    }
}

static uint64_t offset(const void *self)
{
    const struct json_lines *r = self;

    return r->offset + r->skipped;
}

static uint64_t boundary(const void *self)
{
    const struct json_lines *r = self;

    return r->offset;
}

static void free_lines(void *self)
{
    struct json_lines *r = self;

    buf_free(&r->head);
    free(r);
}

const struct cutter_kind json_lines_kind = {next_line, offset, boundary, free_lines};
