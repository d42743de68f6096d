#pragma once
/* One file being split: its bytes, its dialect, its header, and where it stands. Everything
 * that a successor needs to go on is in the job's hash: offset, row, cols, dialect, version. */
#include "common/data/json_cut.h"
#include "common/io/source.h"

struct reader_setup { /* what the pipeline file says */
    /* As in the settings of split. */
    str format, records, delimiter, quote, encoding, preamble, missing;
    str header;        /* `first`, `none`, or empty: `names` */
    str names, expect; /* JSON arrays; empty: none */
    struct rows_limits limits;
    struct source_setup source;
    bool is_at_row; /* the job stands where a row begins, maybe in the middle of a line */
};
struct trouble {     /* why a file cannot go on; reason.n == 0: it can */
    str reason;      /* word of the dead letter, static */
    bool is_waiting; /* nothing is wrong: the source will call `ready` */
    struct error err;
};
struct reader {         /* zeroed is ready for reader_begin() */
    struct arena arena; /* of the file: names, version */
    struct source file;
    struct cutter cutter; /* owned */
    enum rows_format format;
    struct rows_dialect dialect;
    str encoding;                /* what was declared or found */
    str uri, src, cols, records; /* cols: empty, they are documents */
    str header;                  /* as it stood there, a JSON array; empty: there was none */
    str chosen, before; /* of a new file: why this delimiter; lines before the header */
    uint64_t lines_before;
    /* Rows so far that were not UTF-8 and were taken for windows-1252; with bytes that are no
     * text; that the file ends in the middle of. */
    uint64_t recoded, replaced, truncated;
    str missing_columns; /* of `expect`, a JSON array; empty: none */
    struct rows_limits limits;
    uint64_t row; /* number of the next record, from 1; 0: nothing was opened */
    char *bytes;  /* owned; read but not yet taken, from `bytes_at` of the file on */
    size_t have, room;
    uint64_t bytes_at;
    str lacks;         /* behind ROWS_END: what the file lacks at its end; static */
    bool is_at_end;    /* nothing follows what was read */
    bool is_beginning; /* reader_begin() waits for the source */
};

/* Drop the last file and open `uri`: from the start, or where the fields of its job (name,
 * value, ...) stand. False: `t` says why not; when it waits, call again with the same. */
bool reader_begin(struct reader *r, const struct reader_setup *setup, str uri, const str *job,
                  uint32_t job_count, struct trouble *t) MUST_CHECK;
/* The next row, written into `a`, reading at most `*budget` bytes of the file, which is
 * reduced. ROWS_MORE: the budget is used up, or `t` says that the file cannot be read, or
 * waits. */
enum rows_status reader_next(struct reader *r, struct arena *a, uint64_t *budget,
                             struct row *row, struct trouble *t) MUST_CHECK;
/* Whether a row that reader_next() gave, good or bad, is what an archive that breaks off left
 * of a row. */
bool reader_is_half(const struct reader *r, const struct row *row) MUST_CHECK;
/* The row where the file stands is passed over without a look into it, up to its first line
 * end: as for ROWS_BAD, with reason `poison`. Only right behind reader_begin(). */
bool reader_pass_over(struct reader *r, struct arena *a, struct row *row,
                      struct trouble *t) MUST_CHECK;
void reader_drop(struct reader *r); /* forget the file, keep the memory */
void reader_free(struct reader *r);
