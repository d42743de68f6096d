#include <stdlib.h>

#include "common/base/buf.h"
#include "common/data/json.h"
#include "common/data/json_cut.h"
#include "common/data/json_find.h"
#include "common/data/json_scan.h"
#include "common/data/text.h"

enum { ROW_BYTES = 1024000, MARK_BYTES = 3 };

enum place {
    BEFORE, /* the array has yet to be found */
    FIRST,  /* behind its bracket */
    BEHIND, /* behind an item */
    AFTER,  /* behind the array; it ends with the file */
};
struct json_items {
    struct json_cut how;
    enum place place;
    bool is_found, is_one; /* by this object: the array; or that the root is the one record */
    uint64_t boundary, at; /* behind the last item; where the bytes begin that are needed */

    const char *skipping; /* why bytes are passed over, from `began` on; NULL: they are not */
    const char *why;
    bool is_to_end; /* of the file, not of the item */
    uint64_t began;
    struct json_nesting nesting;
    struct buf head; /* the first of them */
};

struct json_items *json_items_new(const struct json_cut *how, uint64_t offset)
{
    struct json_items *r = xalloc(sizeof(*r));

    *r = (struct json_items){.how = *how, .boundary = offset, .at = offset};
    r->how.row_bytes = how->row_bytes ? how->row_bytes : ROW_BYTES;
    r->place = how->is_at_item ? FIRST : offset ? BEHIND : BEFORE;
    r->is_one = r->place == BEHIND && str_is(how->records, JSON_CUT_ONE);
    buf_init(&r->head, JSON_CUT_KEPT);
    return r;
}

static enum rows_status end_of_rows(const char *why, struct row *row)
{
    *row = (struct row){.why = str_of(why)};
    return ROWS_END;
}

/* What stands from `began` to `behind` is a row: reading goes on there. */
static void pass(struct json_items *r, uint64_t began, uint64_t behind, struct row *row)
{
    row->offset = began;
    row->is_alone = r->is_one;
    row->end = r->boundary = r->at = behind;
    r->place = BEHIND;
}

static enum rows_status give_bad(struct json_items *r, str bytes, const char *reason,
                                 const char *why, struct arena *a, struct row *row)
{
    uint64_t began = r->at, behind = r->at + bytes.n;

    bytes.n = MIN(bytes.n, (size_t)JSON_CUT_KEPT);
    *row = (struct row){
        .reason = str_of(reason), .why = str_of(why), .bytes = arena_copy(a, bytes)};
    pass(r, began, behind, row);
    return ROWS_BAD;
}

static enum rows_status skip(struct json_items *r, str piece, bool is_last, struct arena *a,
                             struct row *row)
{
    const char *stop = r->is_to_end ? NULL : json_nesting_end(&r->nesting, piece);
    str passed = stop ? str_between(piece.p, stop) : piece;

    if (!buf_add(&r->head, (str){passed.p, MIN(passed.n, JSON_CUT_KEPT - r->head.n)}))
        die("more than %d first bytes of an item", JSON_CUT_KEPT);
    r->at += passed.n;
    if (!stop && !is_last)
        return ROWS_MORE;
    bool is_inside = r->nesting.depth || r->nesting.is_string;
    bool is_cut = !stop && !r->is_to_end && is_inside;
    *row = (struct row){.reason = is_cut ? STR("truncated") : str_of(r->skipping),
                        .why = is_cut ? STR_NONE : str_of(r->why),
                        .bytes = arena_copy(a, buf_str(&r->head))};
    r->skipping = NULL;
    pass(r, r->began, r->at, row);
    if (r->is_to_end || is_cut)
        r->place = AFTER;
    return ROWS_BAD;
}

/* From `rest` on, which begins at r->at. */
static enum rows_status begin_skip(struct json_items *r, str rest, bool is_last,
                                   const char *reason, const char *why, struct arena *a,
                                   struct row *row)
{
    r->skipping = reason;
    r->why = why;
    r->began = r->at;
    r->nesting = (struct json_nesting){0};
    buf_reset(&r->head);
    return skip(r, rest, is_last, a, row);
}

/* Other members than those on the way to the array come with a comma. */
static bool set_aside(uint64_t began, str bytes, const char *what, struct arena *a,
                      struct row *row)
{
    if (!memchr(bytes.p, ',', bytes.n))
        return false;
    *row = (struct row){.offset = began, .end = began + bytes.n, .reason = str_of(what)};
    row->bytes = arena_copy(a, (str){bytes.p, MIN(bytes.n, (size_t)JSON_CUT_KEPT)});
    return true;
}

/* False: `*status` is the answer. */
static bool find_array(struct json_items *r, str *piece, bool is_last, struct arena *a,
                       struct row *row, enum rows_status *status)
{
    bool is_beyond = piece->n > r->how.row_bytes; /* the array is not looked for there */
    str text = text_skip_bom((str){piece->p, MIN(piece->n, (size_t)r->how.row_bytes)});
    bool is_short = !is_last && piece->n <= MARK_BYTES;
    size_t at = 0;
    enum json_found found =
        is_short ? JSON_FOUND_MORE
                 : json_find_array(text, is_last && !is_beyond, r->how.records, a, &at);

    *status = ROWS_MORE;
    if (found == JSON_FOUND_MORE && !is_last && !is_beyond)
        return false;
    if (found == JSON_FOUND_EMPTY) {
        r->place = AFTER;
        r->at += piece->n;
        *status = end_of_rows(NULL, row);
        return false;
    }
    bool is_auto = str_is(r->how.records, "auto");
    if (found != JSON_FOUND && !is_auto) {
        r->is_to_end = true;
        *status = begin_skip(r, *piece, is_last, "bad_json",
                             "the array of records is not found", a, row);
        return false;
    }
    r->is_found = found == JSON_FOUND;
    r->is_one = !r->is_found;
    r->place = FIRST;
    if (r->is_one) /* the root itself, whatever it is */
        at = (size_t)(json_skip_blanks(text.p, str_end(text)) - text.p);
    at += (size_t)(text.p - piece->p);
    str before = {piece->p, at};
    r->at += at;
    *piece = (str){piece->p + at, piece->n - at};
    *status = ROWS_ASIDE;
    return !r->is_found || !set_aside(r->at - at, before, "before_records", a, row);
}

/* What stands behind the array closes what was opened before it, and may hold more members. */
static enum rows_status take_rest(struct json_items *r, str rest, bool is_last, struct arena *a,
                                  struct row *row)
{
    if (!is_last && rest.n <= r->how.row_bytes)
        return ROWS_MORE;
    if (rest.n <= r->how.row_bytes && json_closes(rest, r->how.records, a)) {
        r->place = AFTER;
        r->at += rest.n;
        bool is_aside = set_aside(r->at - rest.n, rest, "behind_records", a, row);
        return is_aside ? ROWS_ASIDE : end_of_rows(NULL, row);
    }
    r->is_to_end = true;
    return begin_skip(r, rest, is_last, "bad_json", "this does not close the array well", a,
                      row);
}

/* The item at `rest`, which begins at r->at. */
static enum rows_status take_item(struct json_items *r, str rest, bool is_last, bool is_apart,
                                  struct arena *a, struct row *row)
{
    struct json_nesting nesting = {0};
    const char *behind = json_nesting_end(&nesting, rest);

    if (!behind && is_last && !nesting.depth && !nesting.is_string)
        behind = str_end(rest);
    if (!behind && is_last) {
        enum rows_status status = give_bad(r, rest, "truncated", NULL, a, row);
        r->place = AFTER;
        return status;
    }
    if (!behind && rest.n <= r->how.row_bytes)
        return ROWS_MORE;
    if (!behind)
        return begin_skip(r, rest, is_last, "row_too_long", NULL, a, row);
    str text = str_between(rest.p, behind);
    if (text.n > r->how.row_bytes)
        return give_bad(r, text, "row_too_long", NULL, a, row);
    if (!is_apart)
        return give_bad(r, text, "bad_json", "a comma is missing before it", a, row);
    *row = (struct row){0};
    enum rows_status status = json_cut_row(&r->how, text, a, row);
    pass(r, r->at, r->at + text.n, row);
    return status;
}

/* Nothing but blanks. Where another object found the array, nothing is said of its end. */
static enum rows_status take_blanks(struct json_items *r, str piece, bool is_last,
                                    struct row *row)
{
    if (!is_last && piece.n <= r->how.row_bytes)
        return ROWS_MORE;
    r->at += piece.n;
    if (!is_last)
        return ROWS_MORE;
    return end_of_rows(r->is_found && r->place != AFTER ? "the array is not closed" : NULL,
                       row);
}

/* A comma and an item, at r->at. */
static enum rows_status take_next(struct json_items *r, str rest, bool is_last, struct arena *a,
                                  struct row *row)
{
    bool has_comma = rest.p[0] == ',' && !r->is_one, is_apart = has_comma || r->place == FIRST;
    const char *end = str_end(rest);
    const char *item = has_comma ? json_skip_blanks(rest.p + 1, end) : rest.p;
    size_t blanks = (size_t)(item - rest.p);

    if (item == end && !is_last && rest.n <= r->how.row_bytes)
        return ROWS_MORE;
    bool is_missing = item == end || *item == ',' || *item == ']' || blanks > r->how.row_bytes;
    if (has_comma && (is_missing || r->place == FIRST))
        return give_bad(r, (str){rest.p, 1}, "bad_json", "an item is missing", a, row);
    r->at += blanks;
    enum rows_status status = take_item(r, str_between(item, end), is_last, is_apart, a, row);
    if (status == ROWS_MORE && !r->skipping)
        r->at -= blanks; /* the comma is looked at again */
    return status;
}

static enum rows_status next_item(void *self, str piece, bool is_last, struct arena *a,
                                  struct row *row)
{
    struct json_items *r = self;
    enum rows_status status;

    if (r->skipping)
        return skip(r, piece, is_last, a, row);
    if (r->place == BEFORE && !find_array(r, &piece, is_last, a, row, &status))
        return status;
    const char *end = str_end(piece), *p = json_skip_blanks(piece.p, end);
    if (p == end)
        return take_blanks(r, piece, is_last, row);
    if (*p == ']' && !r->is_one) {
        r->at += (uint64_t)(p - piece.p);
        return take_rest(r, str_between(p, end), is_last, a, row);
    }
    r->at += (uint64_t)(p - piece.p);
    return take_next(r, str_between(p, end), is_last, a, row);
}

bool json_cut_pass(const struct json_cut *how, str text, bool is_start, struct arena *a,
                   str *item)
{
    const char *p = text.p, *end = str_end(text);
    struct json_nesting nesting = {0};
    size_t at = 0;

    if (is_start) {
        str body = text_skip_bom(text);
        if (json_find_array(body, false, how->records, a, &at) != JSON_FOUND)
            return false;
        p = body.p + at;
    }
    p = json_skip_blanks(p, end);
    if (p < end && *p == ',')
        p = json_skip_blanks(p + 1, end);
    if (p == end || *p == ']')
        return false;
    const char *behind = json_nesting_end(&nesting, str_between(p, end));
    *item = str_between(p, behind ? behind : p);
    return behind != NULL;
}

static uint64_t offset(const void *self)
{
    const struct json_items *r = self;

    return r->at;
}

static uint64_t boundary(const void *self)
{
    const struct json_items *r = self;

    return r->boundary;
}

static void free_items(void *self)
{
    struct json_items *r = self;

    buf_free(&r->head);
    free(r);
}

const struct cutter_kind json_items_kind = {next_item, offset, boundary, free_items};
