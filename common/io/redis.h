#pragma once
/* A connection to Redis on the loop: pipelined commands, answers built in the caller's arena,
 * reconnecting with back-off. hiredis parses; sockets are ours. What an error means is in
 * io/answer.h. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/io/loop.h"
#include "common/io/reply.h"

struct redis_address {
    str path; /* of a unix socket; empty: TCP */
    str host;
    uint16_t port;
    str user, password; /* empty: none */
    uint32_t database;
};
/* redis://[user[:password]@]host[:port][/db], unix:///path[?db=n]. All of it in `a`. */
int redis_address_parse(struct arena *a, str url, struct redis_address *to,
                        struct error *err) MUST_CHECK;

struct redis;
/* `reply` is NULL when the connection went away first: whether the command ran is unknown. */
typedef void redis_done(void *ctx, const struct reply *reply);
struct redis_events {         /* each may be NULL */
    void (*ready)(void *ctx); /* connected and authenticated */
    void (*lost)(void *ctx,
                 const struct error *why); /* all done callbacks have run with NULL */
    void (*message)(void *ctx, str channel, str text); /* after (P)SUBSCRIBE */
    void *ctx;
};

struct redis *redis_new(struct loop *l, const struct redis_address *to,
                        const struct redis_events *events) MUST_CHECK;
void redis_free(struct redis *r);                  /* no callback runs any more */
void redis_connect(struct redis *r);               /* begin, and go on for ever */
void redis_drop(struct redis *r, const char *why); /* close now and connect again */
bool redis_is_ready(const struct redis *r);
struct loop *redis_loop(const struct redis *r);

/* Queue a command. Arguments of more than a few KiB are not copied: their bytes must live until
 * `done` runs. The reply stands in `a` (NULL: an arena that dies when `done` returns). Not
 * connected: `done` runs with NULL before this returns. */
void redis_send(struct redis *r, const str *args, uint32_t n, struct arena *a, redis_done *done,
                void *ctx);
/* The same for short fixed commands: redis_say(r, a, done, ctx, "GET", key). */
#define redis_say(r, a, done, ctx, ...)                                                        \
    redis_send((r), (const str[]){__VA_ARGS__},                                                \
               (uint32_t)(sizeof((const str[]){__VA_ARGS__}) / sizeof(str)), (a), (done),      \
               (ctx))

/* For commands of an operator: run the loop until the answer is in. The reply is never NULL:
 * ERR_REDIS says what went wrong, error replies included. */
int redis_call(struct redis *r, const str *args, uint32_t n, struct arena *a,
               const struct reply **reply, struct error *err) MUST_CHECK;
