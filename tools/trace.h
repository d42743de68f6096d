#pragma once
/* From the id of a delivered record back to the bytes it was made of, and to where it is now.
 */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/data/keys.h"
#include "common/data/origin.h"
#include "common/io/source.h"

struct pipeline;
struct redis;
struct trace_world;
struct trace_job { /* how the file was read; empty texts: nobody remembers */
    str id, state, cols, format, records, delimiter, quote, newline, encoding;
    str drift, drift_before; /* how its columns differ from those of which file; or empty */
    struct source_mark mark; /* in an archive; zeroed: none */
    str before, behind; /* [offset, end, "text"] of what stands around its records; or empty */
};
struct trace_source { /* what Redis knows of a source id */
    str uri, version;
    bool is_by_hand; /* its bytes came in an inbox entry, and went with it */
    uint64_t rows, delivered, dead, filtered, open;
    struct trace_job job;
};
struct trace_row {          /* what stands in the source at the record's offset */
    str problem;            /* why `bytes` are not there; empty: they are */
    str version;            /* of the file as it is now; empty: it cannot be opened */
    str bytes;              /* the row, its line end included; cut at a mebibyte */
    str cols, line, reason; /* column names, [offset,"cell",...]; or why it is no row */
    uint64_t end;           /* offset of the byte behind it */
    bool is_cut;
};
struct trace_place { /* an entry that holds the record */
    struct trace_place *next;
    str topic, id;
    str stage, reason, detail; /* of a dead letter */
    bool is_done;              /* it was handed on, and is kept for a replay */
};
struct trace_finds {
    struct trace_place *places;
    uint64_t entries, letters; /* looked at */
    bool is_whole;             /* there was nothing more to look at */
};

/* ERR_DATA: the source is unknown. */
int trace_source(struct redis *r, const struct keys *k, str src, struct arena *a,
                 struct trace_source *s, struct error *err) MUST_CHECK;
void trace_read(struct trace_world *w, const struct trace_source *s, const struct origin *o,
                struct arena *a, struct trace_row *row);
/* Reads at most `limit` entries of each topic, the oldest first, and of the dead letters, the
 * newest first. */
int trace_find(struct redis *r, const struct keys *k, const struct pipeline *p, str id,
               uint64_t limit, struct arena *a, struct trace_finds *f,
               struct error *err) MUST_CHECK;
