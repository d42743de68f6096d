#pragma once
/* The parts of output_build(): private to output*.c. */
#include "common/run/counts.h"
#include "common/run/output.h"
#include "common/run/parts.h"
#include "common/run/windows.h"

struct drop_sum { /* records of a source that were filtered for one reason */
    struct drop_sum *next;
    str reason;
    int64_t n;
};
struct source_sums { /* books of one source in this commit */
    struct source_sums *next;
    str src;
    int64_t rows, delivered, dead, filtered, open;
    struct drop_sum *drops;
    uint32_t drop_count;
};
struct builder {
    const struct output_context *c;
    struct batch *b;
    struct arena *arena;
    const struct pipeline_stage *stage;
    struct record ***lists; /* per stage of the pipeline: what goes there */
    uint32_t *list_lengths;
    struct pack dead, again; /* again: back into the input topic, to be tried later */
    struct record **untried; /* that only had to wait; they go back together */
    uint32_t untried_count;
    struct counts *counts;
    struct parts *parts;
    struct windows *windows; /* the part's */
    bool reduces;            /* the records end in windows */
    struct source_sums *sources;
    uint32_t source_count;
    uint32_t record_count; /* of the entries of this commit */
    int64_t in, out, dead_count, filtered, ambiguous, booked_records, booked_bytes;
};

/* Every record of the entries `from` .. `from + n` goes to its list or comes to its end, and is
 * summed. */
void output_sort(struct builder *w, uint32_t from, uint32_t n);
/* Books of the topics and sources, and the counts. */
void output_fill_books(struct builder *w, struct commit *commit);
