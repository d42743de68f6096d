#pragma once
/* Replies of Redis, parsed by hiredis and built in place: each element is copied once, straight
 * into the arena of the request it answers, and dies with it. */
#include "common/base/arena.h"

enum reply_type {
    REPLY_NIL,
    REPLY_STATUS,
    REPLY_ERROR,
    REPLY_INTEGER,
    REPLY_STRING,
    REPLY_ARRAY,
};
struct reply {
    enum reply_type type;
    str text;            /* STATUS, ERROR, STRING; a NUL stands behind it */
    int64_t integer;     /* INTEGER */
    struct reply *items; /* ARRAY */
    uint32_t n;
};

struct reply_reader;
/* `where` says where the reply that begins now is to stand; the same until that reply is
 * whole. */
struct reply_reader *reply_reader_new(struct arena *(*where)(void *ctx), void *ctx) MUST_CHECK;
void reply_reader_free(struct reply_reader *r);
void reply_reader_feed(struct reply_reader *r, str bytes);
/* The next whole reply, or NULL: feed more. False: the bytes are no protocol, and `*why` (as
 * long as the reader lives) says what is wrong; nothing more can be read. */
bool reply_reader_next(struct reply_reader *r, struct reply **reply,
                       const char **why) MUST_CHECK;
