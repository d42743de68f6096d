#pragma once
/* Cells of a CSV row as JSON strings: encodings, and the lines that can be cut without a
 * parser. Private to rows. */
#include "common/base/buf.h"
#include "common/data/rows.h"

/* Bytes that a row of `n` bytes needs as JSON: each cell its quotes and comma, which the
 * delimiters pay for; in front the bracket and the offset. */
#define ROWS_ROOM(n) ((n)*6 + 40)

struct rows_writer {
    char delimiter, quote;
    enum rows_encoding encoding;
    uint32_t cells; /* written since the last reset */
    bool is_recoded, is_replaced;
    struct buf scratch; /* a cell on its way from windows-1252 */
};

void rows_writer_init(struct rows_writer *w, struct rows_dialect dialect, uint32_t row_bytes);
void rows_writer_free(struct rows_writer *w);
void rows_writer_reset(struct rows_writer *w);

/* Write a comma and the cell as a JSON string; at most JSON_QUOTED_MAX(n) + 1 bytes. The end.
 */
char *rows_write_cell(struct rows_writer *w, char *out, str cell) MUST_CHECK;
/* The cells of a line, into ROWS_ROOM(n) bytes less the offset. NULL when its quotes need the
 * states of a parser: doubled ones, text behind a closing one, a cell that goes on in the next
 * line. */
char *rows_write_line(struct rows_writer *w, char *out, str line) MUST_CHECK;
