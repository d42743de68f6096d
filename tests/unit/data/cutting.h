#pragma once
/* What a cutter makes of a file that comes in pieces, as text: for the tests of cutters. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/data/cutter.h"
#include "tests/unit/check.h"

struct cut_file {
    str text;
    struct cutter (*open)(const void *ctx, uint64_t offset); /* a new object for it */
    const void *ctx;
};

static inline void note(struct buf *out, enum rows_status status, const struct row *row)
{
    bool fits = true;

    if (status == ROWS_ROW)
        fits = buf_printf(out, "%" PRIu64 "-%" PRIu64 " ", row->offset, row->end) &&
               buf_add(out, row->line) && buf_add(out, row->recoded ? STR("~\n") : STR("\n"));
    if (status == ROWS_BAD)
        fits = buf_printf(out, "%" PRIu64 "-%" PRIu64 " " STR_FMT ": ", row->offset, row->end,
                          STR_ARG(row->reason)) &&
               buf_add(out, row->bytes) && buf_add(out, STR("\n"));
    if (status == ROWS_ASIDE)
        fits = buf_printf(out, "%" PRIu64 "-%" PRIu64 " " STR_FMT "= " STR_FMT "\n",
                          row->offset, row->end, STR_ARG(row->reason), STR_ARG(row->bytes));
    if (status == ROWS_END && row->why.n)
        fits = buf_printf(out, STR_FMT "\n", STR_ARG(row->why));
    if (!fits)
        die("the transcript is full");
}

/* At most `step` more bytes at a time, each window memory of its very size; with a new object
 * at every row when `resumes`. */
static inline str transcript(const struct cut_file *f, size_t step, bool resumes,
                             struct arena *a)
{
    struct cutter c = f->open(f->ctx, 0);
    struct arena rows = {0};
    struct buf out;
    struct row row;
    size_t known = 0;
    enum rows_status status = ROWS_MORE;

    buf_init(&out, 1 << 20);
    while (status != ROWS_END) {
        size_t from = (size_t)cutter_offset(c), n = known - from;
        char *window = malloc(n ? n : 1);
        if (n)
            memcpy(window, f->text.p + from, n);
        status = cutter_next(c, (str){window, n}, known == f->text.n, &rows, &row);
        if (status == ROWS_ROW || status == ROWS_BAD) {
            CHECK(row.end > row.offset && cutter_offset(c) == row.end);
            CHECK_INT(cutter_boundary(c), row.end);
        }
        note(&out, status, &row);
        free(window);
        if (status == ROWS_MORE)
            known = MIN(f->text.n, known + MAX(step, (size_t)1));
        if (resumes && (status == ROWS_ROW || status == ROWS_BAD)) {
            cutter_free(&c);
            c = f->open(f->ctx, row.end);
        }
    }
    str copy = arena_copy(a, buf_str(&out));
    buf_free(&out);
    arena_free(&rows);
    cutter_free(&c);
    return copy;
}
