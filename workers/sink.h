#pragma once
/* What a destination of `deliver` implements: what a call looks like, and what its answer
 * means. Pure functions but for open(), which reads the environment; deliver collects, keeps
 * the limits, lingers, posts and retries. */
#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/data/batch.h"
#include "common/data/findings.h"
#include "common/io/credentials.h"
#include "common/io/http.h"
#include "common/run/setting.h"

struct held;        /* deliver's: the batch a document belongs to */
struct provenance { /* the member sp_source around row and offset, made once per entry */
    str head, tail; /* up to the row; behind the offset, with the closing brace */
    str src;        /* whose rows may stand in it */
    uint64_t at;
    struct provenance *next; /* of the same batch */
};
struct document { /* a record on its way; in the arena of its batch */
    struct document *next;
    struct record *record;
    struct held *held;
    const struct provenance *from; /* NULL: no sp_source */
    const char *place;             /* "<row>-<offset>", borrowed from its sp_id */
    uint8_t row_length, offset_length;
    bool has_newline;
    uint32_t length; /* as written, newline included: at most */
};

enum outcome {
    OUTCOME_AMBIGUOUS, /* perhaps taken; 0: what nobody has said is this */
    OUTCOME_DELIVERED, /* taken */
    OUTCOME_AGAIN,     /* surely not taken */
    OUTCOME_REFUSED,   /* never will be */
};
struct parcel { /* what the destination takes or refuses as one: a Firehose record */
    struct parcel *next;
    struct document *first, *last;
    uint32_t documents, attempts;
    bool is_noted;    /* Redis knows that it may be taken once more */
    uint32_t group;   /* not 0: to be sent with others of its group alone */
    size_t bytes;     /* of its documents: at most */
    uint64_t born_us; /* when its first document came */
    uint64_t others;  /* parcels that were taken until its last failure */
    /* Written by judge(), valid while it may be read: */
    enum outcome outcome;
    bool is_attempt; /* the failure was this parcel's own, not the world's */
    str code;        /* what the destination calls it */
};

enum fate {                /* of a call */
            FATE_ANSWERED, /* by index: read the outcomes */
            FATE_AGAIN,    /* failed as a whole: back off; the outcomes are all the same */
            FATE_AT_ONCE,  /* put right by what we learnt: send again now, once */
            FATE_HELD,     /* configuration or permission: wait long, tell the operator */
            FATE_REFUSED,  /* something in it can never be taken: the culprit, else bisect */
};
struct judgement {
    enum fate fate;
    /* FATE_REFUSED: number of its parcel as the destination counts, which may be from 0 or from
     * 1; UINT32_MAX: not said. */
    uint32_t culprit;
    str name, text; /* for the log and for dead letters; foreign bytes */
};

enum { CALL_HEADERS = 8 };
struct call {                /* one request; used again for the next */
    struct parcel **parcels; /* room for limits.call_parcels */
    uint32_t count;
    size_t bytes; /* of the parcels */
    struct buf body;
    struct arena arena; /* of the headers */
    struct http_request request;
    str headers[CALL_HEADERS];
};

struct sink_limits {
    size_t document_bytes;   /* larger ones are dead letters */
    size_t parcel_bytes;     /* to fill a parcel to; 0: one document each */
    uint32_t parcel_records; /* most documents in one */
    size_t unit_bytes;       /* what the destination bills by: a parcel closes just under */
    size_t call_bytes;       /* before encoding */
    uint32_t call_parcels;
    uint32_t in_flight;
    bool wants_newline, wants_source;
};
struct sink {
    const char *name, *summary; /* key under deliver; sentence of the help */
    size_t state_size;
    const struct setting *settings;
    void (*check)(const void *state, const struct node *config, struct findings *f);
    /* `a` lives as long as the state; `credentials` NULL: only those that need no network.
     * Nothing stays open on failure. */
    int (*open)(void *state, struct arena *a, struct credentials *credentials,
                struct sink_limits *limits, struct error *err);
    bool (*is_ready)(void *state); /* false: it waits for credentials, no call now */
    /* Fill `request` and what it points at; c->parcels stand. */
    void (*encode)(void *state, struct call *c, uint64_t now_ms);
    /* Fill the outcomes of the parcels; texts are valid as long as the answer. */
    void (*judge)(void *state, struct call *c, const struct http_answer *answer,
                  uint64_t now_ms, struct judgement *j);
    void (*close)(void *state);
    str (*url)(const void *state); /* that calls go to; NUL-terminated */
};

extern const struct sink sink_firehose;
extern const struct setting sink_firehose_settings[];

/* Fill place and length from the record, `from` and `has_newline`. */
void document_measure(struct document *d);
/* At most d->length bytes; the end. */
char *document_write(const struct document *d, char *out);
/* `"sp_source":{` and what a source says of itself; `uri` empty: not registered. */
str provenance_head(struct arena *a, str uri, str version) MUST_CHECK;
struct provenance *provenance_new(struct arena *a, str src, str head, uint64_t at,
                                  uint64_t pipeline) MUST_CHECK;
