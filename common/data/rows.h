#pragma once
/* CSV bytes in pieces in, rows `[offset,"cell",...]` out, with the exact offset of each row.
 * One object reads one file and stands at a row boundary whenever rows_next() has returned a
 * row. Cells are those of libcsv in its strict setting (tests/fuzz/rows_reference.c), but for a
 * quote inside an unquoted cell, which means itself; text behind a closing quote makes the row
 * bad. Blanks stay. A byte order mark at offset 0 is passed over. */
#include "common/data/cutter.h"

enum rows_newline { ROWS_NEWLINE_LF, ROWS_NEWLINE_CR }; /* LF: also CRLF and CR LF mixed */
enum rows_encoding {
    ROWS_UTF8_OR_1252,
    ROWS_UTF8,
    ROWS_1252
}; /* first: per cell, strict UTF-8 or else
    * windows-1252 */
struct rows_dialect {
    char delimiter, quote; /* ASCII; quote 0: none */
    enum rows_newline newline;
    enum rows_encoding encoding;
};
struct rows_limits {
    uint32_t columns;   /* at most this many cells a row (4096) */
    uint32_t row_bytes; /* longest row in the file, newline included (1,024,000; 2 at least);
                         * the last row counts one even when it has none */
    uint32_t lines;     /* of one row, its quotes are wrong when it has more; 0: any number */
    uint32_t cells;     /* that rows have, to find a good one behind wrong quotes; 0: unknown */
};

/* What to take for a file that begins with `head` (up to some 64 KiB, BOM off): the delimiter
 * of which most of the first lines hold the same number, outside quotes, among TAB ; | , ^ ~
 * and the control signs 0x1f and 0x01; newline by the first line end outside quotes. Falls back
 * to ',' and LF. */
struct rows_sniffed {
    uint32_t lines, steady_lines, count; /* looked at; with `count` delimiters each */
    unsigned char rival;                 /* the next best; 0: there is none */
    uint32_t rival_lines;
};
struct rows_dialect rows_sniff(str head);
struct rows_dialect rows_sniff_why(str head, struct rows_sniffed *why);

extern const struct cutter_kind rows_kind;
struct rows *rows_new(struct rows_dialect dialect, struct rows_limits limits,
                      uint64_t offset) MUST_CHECK;
void rows_free(struct rows *r);

/* As cutter.h has them. At most limits.row_bytes are ever needed; blank lines between rows are
 * skipped. Reasons: `row_too_long`, `too_many_columns`, `open_quote`, `stray_quote`; then
 * reading goes on behind the row's first line end, and its bytes are that line. */
enum rows_status rows_next(struct rows *r, str piece, bool is_last, struct arena *a,
                           struct row *row);
uint64_t rows_offset(const struct rows *r);
uint64_t rows_boundary(const struct rows *r);

/* The header: names from a row line `[offset,"a","b"]`, BOM and outer blanks off, an empty name
 * to `column_<n>` (from 1), a name that stood before to `name_2`, `name_3`. Returns a JSON
 * array of strings in the arena: the `cols` of all entries of the file. */
str rows_header(struct arena *a, str line) MUST_CHECK;
/* Names `column_1`..`column_<n>` for a file without header. */
str rows_numbered(struct arena *a, uint32_t n) MUST_CHECK;
/* The document that a row line is under its column names; cells without a name are left out. */
str rows_object(struct arena *a, str cols, str line) MUST_CHECK;
