#pragma once
/* A file in pieces in, records out, whatever its format: what the cutters of CSV and JSON have
 * in common. One object reads one file; `new` is each kind's own. */
#include "common/base/arena.h"
#include "common/base/str.h"

enum rows_status {
    ROWS_ROW,  /* `row` is filled */
    ROWS_MORE, /* feed more bytes: what is left over begins at cutter_offset() */
    ROWS_BAD, /* the row at `row->offset` cannot be read: `row->reason` says so and `row->bytes`
               * are its first bytes; reading goes on at `row->end` */
    ROWS_ASIDE, /* what stands from `row->offset` to `row->end` is no row and belongs to none:
                 * `row->reason` says what it is, `row->bytes` are its first bytes. After a
                 * restart it may come again */
    ROWS_END,   /* `row->why`: what is missing there; empty: nothing */
};
struct row {
    uint64_t offset, end; /* of its first byte; of the byte behind its line end */
    uint32_t cells;       /* 0: a document */
    str line;             /* [offset,"cell",...] or {...} in the arena given; one line of valid
                           * JSON */
    str reason, bytes;    /* ROWS_BAD, ROWS_ASIDE: static word; raw bytes, at most 4 KiB, in the
                             arena given */
    str why;              /* ROWS_BAD: more about it, in the arena or static; may be empty */
    bool recoded;         /* it was not UTF-8 and was taken for windows-1252 */
    bool replaced;        /* bytes of it are no text in its encoding and became U+FFFD */
    bool is_unended;      /* the file ends with it, without a line end; of CSV only */
    bool is_alone;        /* a document that is all of its file */
};

struct cutter_kind {
    /* Take the next row out of `piece`, which begins at offset(). `is_last`: no bytes follow
     * the piece. Consumes whole rows only: on ROWS_MORE call again with a longer piece from the
     * same place. */
    enum rows_status (*next)(void *self, str piece, bool is_last, struct arena *a,
                             struct row *row);
    /* Where the bytes begin that are still needed. */
    uint64_t (*offset)(const void *self);
    /* Where the row at hand begins: from here a new object gives the same rows. Behind it is
     * offset() only while bytes are passed over of which nothing is kept. */
    uint64_t (*boundary)(const void *self);
    void (*free)(void *self);
};
struct cutter { /* zeroed there is none */
    const struct cutter_kind *kind;
    void *self;
};

static inline enum rows_status cutter_next(struct cutter c, str piece, bool is_last,
                                           struct arena *a, struct row *row)
{
    return c.kind->next(c.self, piece, is_last, a, row);
}

static inline uint64_t cutter_offset(struct cutter c)
{
    return c.kind->offset(c.self);
}

static inline uint64_t cutter_boundary(struct cutter c)
{
    return c.kind->boundary(c.self);
}

static inline void cutter_free(struct cutter *c)
{
    if (c->kind)
        c->kind->free(c->self);
    *c = (struct cutter){0};
}
