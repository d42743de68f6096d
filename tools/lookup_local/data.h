#pragma once
/* The data of the look-up server: documents of a CSV or NDJSON file, by key. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

enum { DATA_PARTS_MAX = 8 };
struct data_row { /* documents of one key, in the file's order */
    struct data_row *next;
    str line; /* {...} */
};
struct data_key {
    str text; /* its parts with '|' between them */
    struct data_row *first, *last;
    uint64_t calls;
};
struct data {
    struct arena arena;
    str parts[DATA_PARTS_MAX]; /* members of a document that make its key */
    uint32_t part_count;
    struct data_key *table; /* open addressing; empty: text.p is NULL */
    uint32_t size, n;       /* size: a power of two */
};

/* `key`: names with commas between. */
int data_set_key(struct data *d, str key, struct error *err) MUST_CHECK;
int data_load(struct data *d, const char *path, struct error *err) MUST_CHECK;
/* The key of that text; a new one without documents when there is none. Valid until the next
 * call. */
struct data_key *data_key(struct data *d, str text);
void data_free(struct data *d);
