#pragma once
/* CSV bytes in pieces in, rows `[offset,"cell",...]` out, with the exact offset of each row.
 * libcsv does the states of quoting; lines, offsets, caps and encodings are ours. One object
 * reads one file and stands at a row boundary whenever rows_next() has returned a row.
 * A quote inside an unquoted cell means itself; text behind a closing quote makes the row bad.
 * Blanks stay. A byte order mark at offset 0 is passed over. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

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
};

/* What to take for a file that begins with `head` (up to some 64 KiB, BOM off): delimiter by
 * the count of , ; TAB | outside quotes that is most steady over the first lines, newline by
 * the first line end outside quotes. Falls back to ',' and LF. */
struct rows_dialect rows_sniff(str head);

enum rows_status {
    ROWS_ROW,  /* `row` is filled */
    ROWS_MORE, /* feed more bytes: what is left over begins at rows_offset() */
    ROWS_BAD,  /* the row at `row->offset` is over a cap, or its quotes are wrong: `row->reason`
                * says so and `row->bytes` are its first bytes; reading goes on behind its first
                * line end, at `row->end` */
    ROWS_END,
};
struct row {
    uint64_t offset, end; /* of its first byte; of the byte behind its line end */
    uint32_t cells;
    str line;          /* [offset,"cell",...] in the arena given; valid JSON, valid UTF-8 */
    str reason, bytes; /* ROWS_BAD: static word `row_too_long`, `too_many_columns`,
                        * `open_quote`, `stray_quote`; its first line raw, without the line end,
                        * at most 4 KiB, in the arena given */
    bool recoded;      /* a cell was not UTF-8 and was taken for windows-1252 */
};

struct rows *rows_new(struct rows_dialect dialect, struct rows_limits limits,
                      uint64_t offset) MUST_CHECK;
void rows_free(struct rows *r);

/* Take the next row out of `piece`, which begins at rows_offset(). `is_last`: no bytes follow
 * the piece. Consumes whole rows only: on ROWS_MORE call again with a longer piece from the
 * same place (at most limits.row_bytes are ever needed). Blank lines between rows are skipped.
 * The line is written into `a`. */
enum rows_status rows_next(struct rows *r, str piece, bool is_last, struct arena *a,
                           struct row *row);
/* Where the bytes begin that are still needed. */
uint64_t rows_offset(const struct rows *r);
/* Where the row at hand begins: from here a new object gives the same rows. Behind it is
 * rows_offset() only while a line over the cap is passed over, which keeps nothing of it. */
uint64_t rows_boundary(const struct rows *r);

/* The header: names from a row line `[offset,"a","b"]`, BOM and outer blanks off, an empty name
 * to `column_<n>` (from 1), a name that stood before to `name_2`, `name_3`. Returns a JSON
 * array of strings in the arena: the `cols` of all entries of the file. */
str rows_header(struct arena *a, str line) MUST_CHECK;
/* Names `column_1`..`column_<n>` for a file without header. */
str rows_numbered(struct arena *a, uint32_t n) MUST_CHECK;
