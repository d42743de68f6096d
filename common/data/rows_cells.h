#pragma once
/* The scanner: lines of a CSV row in, its cells as JSON strings out. Between two lines it knows
 * only whether a quote is open; such a cell is written when it ends, so its bytes must still
 * stand where the row does. Private to rows. */
#include "common/base/buf.h"
#include "common/data/rows.h"

enum rows_scan {
    ROWS_SCAN_DONE,  /* the row ends with this line */
    ROWS_SCAN_OPEN,  /* it goes on in the next: a quote is open */
    ROWS_SCAN_STRAY, /* text behind a closing quote: nothing says where that cell ends */
};

struct rows_cells {
    char delimiter, quote;
    enum rows_encoding encoding;
    struct buf json;         /* [offset,"cell",... of the row at hand */
    uint32_t n;              /* its cells */
    bool is_recoded;         /* one of them was not UTF-8 and was taken for windows-1252 */
    bool is_replaced;        /* bytes of one are no UTF-8 and became U+FFFD */
    bool is_open, has_pairs; /* of the cell that goes on: two quotes mean one in it */
    size_t open_at;          /* where in the row its text begins */
    struct buf scratch;      /* text on its way from windows-1252 */
};

void rows_cells_init(struct rows_cells *c, struct rows_dialect dialect, uint32_t row_bytes);
void rows_cells_free(struct rows_cells *c);

/* Begin a row. */
void rows_cells_begin(struct rows_cells *c, uint64_t offset);
/* Its next line, without the line end: the bytes `from` to `to` of the row. Bytes up to `limit`
 * may be looked at, whatever they are. */
enum rows_scan rows_cells_add(struct rows_cells *c, const char *row, size_t from, size_t to,
                              const char *limit) MUST_CHECK;
/* The row, whole: [offset,"cell",...]. */
str rows_cells_end(struct rows_cells *c, struct arena *a) MUST_CHECK;
