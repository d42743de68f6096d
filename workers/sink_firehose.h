#pragma once
/* What the two halves of the Firehose sink share. Private to them. */
#include "common/data/digest.h"
#include "common/data/sigv4.h"
#include "workers/sink.h"

enum {
    FIREHOSE_RECORD_MAX = 1024000, /* Firehose API, Record: before base64 */
    FIREHOSE_CALL_MAX = 4 << 20,   /* Firehose API, PutRecordBatch: read as raw bytes */
    FIREHOSE_RECORDS_MAX = 500,    /* Firehose API, PutRecordBatch; de-aggregation, too */
    FIREHOSE_UNIT = 5120,          /* pricing: each record is rounded up to it */
    FIREHOSE_ANSWER_MAX = 1 << 20, /* 500 record ids are 120 KB */
};
struct firehose {
    str stream, region, endpoint; /* settings; the last two filled up in open() */
    bool pack, newline, source;
    uint64_t record_bytes, call_bytes, in_flight;
    str url, host, path;                   /* of the endpoint */
    struct credentials *credentials, *own; /* `own`: not the process's */
    int64_t clock_offset_ms;               /* theirs less ours */
    struct digest *digest;                 /* owned */
    char *raw;                             /* owned: documents of one record */
    size_t body_max;
};

void firehose_judge(void *state, struct call *c, const struct http_answer *answer,
                    uint64_t now_ms, struct judgement *j);
