#pragma once
/* The body of PutRecord and PutRecordBatch, taken apart in one pass: strict where it decides
 * anything, and fast, because megabytes of base64 go through here. A pure function. */
#include "common/base/arena.h"
#include "common/base/str.h"

enum { /* Firehose API Reference: PutRecordBatch, Record */
       PUT_RECORDS_MAX = 500,
       PUT_RECORD_BYTES_MAX = 1024000,
       PUT_CALL_BYTES_MAX = 4 * 1024 * 1024,
};

struct put {
    str stream;    /* in the arena or the body; p == NULL: not given */
    bool is_given; /* Records, or Record, was there */
    char *bytes;   /* of all records, one behind the other; the caller's */
    size_t total;
    uint32_t n;                      /* records found, also beyond the limit */
    uint32_t sizes[PUT_RECORDS_MAX]; /* of those within it */
    uint32_t large_at, missing_at;   /* the first too large, the first without Data */
    uint32_t large;                  /* its size; 0: none is too large */
    bool is_missing;
};
/* Returns NULL, else what is wrong with the JSON or the base64. `bytes` has room for
 * PUT_DECODED_MAX(body.n). Limits are the caller's to judge. */
#define PUT_DECODED_MAX(n) ((n) / 4 * 3 + 3)
const char *put_parse(struct put *p, str body, bool is_batch, struct arena *a,
                      char *bytes) MUST_CHECK;
