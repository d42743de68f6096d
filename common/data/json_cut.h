#pragma once
/* JSON in pieces in, documents out: cutters of lines (NDJSON) and of the items of an array. A
 * document stays as it stands in the file, but for line ends between its tokens, which become
 * blanks: it is one line. What is no object is bad. */
#include "common/data/rows.h"

struct json_cut {
    uint32_t row_bytes; /* longest document (1,024,000) */
    enum rows_encoding encoding;
    str records; /* items: JSON pointer to the array; `auto`: the root, or its member `records`,
                  * or the one object that the file is; JSON_CUT_ONE: that object was cut.
                  * Borrowed. */
    bool is_at_item; /* items: an item begins at the offset given, whatever stands before it */
};

#define JSON_CUT_ONE "one"

/* One document a line; blank lines are skipped. From any line's beginning. */
extern const struct cutter_kind json_lines_kind;
struct json_lines *json_lines_new(const struct json_cut *how, uint64_t offset) MUST_CHECK;

/* Items of an array of any size, in the memory of the largest item. From offset 0 or behind any
 * item. Other members of what holds the array are set aside: `before_records`,
 * `behind_records`. */
extern const struct cutter_kind json_items_kind;
struct json_items *json_items_new(const struct json_cut *how, uint64_t offset) MUST_CHECK;

/* For both: the text of a document, without blanks around it, becomes a row or a bad one: line,
 * or reason (`bad_json`, `no_object`), why and bytes. */
enum rows_status json_cut_row(const struct json_cut *how, str text, struct arena *a,
                              struct row *row) MUST_CHECK;
enum { JSON_CUT_KEPT = 4096 }; /* bytes of a bad one */

/* The item that `text` goes on with, behind a comma and blanks, found without a look into it;
 * `is_start`: the text is that of the file, the array has yet to be found. False: the item does
 * not begin or end there. */
bool json_cut_pass(const struct json_cut *how, str text, bool is_start, struct arena *a,
                   str *item) MUST_CHECK;

/* What a file is that begins with `head` (BOM off): by its first bytes. `is_whole`: nothing
 * follows them. */
enum rows_format { ROWS_CSV, ROWS_NDJSON, ROWS_JSON };
enum rows_format rows_format_of(str head, bool is_whole) MUST_CHECK;
