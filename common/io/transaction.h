#pragma once
/* A MULTI of XADDs with one function call last: the form of every step that hands payload on.
 * The payload goes as plain arguments; the function's answer decides. When the function was
 * missing, or an exhausted stream refused an entry, the XADDs that EXEC ran all the same are
 * taken back by their ids. */
#include "common/data/pack.h"
#include "common/io/redis.h"

struct transaction;
/* `reply`: the function's answer, or the first error that kept it from running; NULL: the
 * connection went away and nobody knows. */
typedef void transaction_done(void *ctx, const struct reply *reply);

/* Everything stands in `a`, which lives until `done`, as do the bytes of entries and arguments.
 * Between begin and end nothing else may be sent on the connection. */
struct transaction *transaction_begin(struct redis *r, struct arena *a) MUST_CHECK;
void transaction_add(struct transaction *t, str stream, const struct pack_entry *e);
void transaction_end(struct transaction *t, const str *call, uint32_t n, transaction_done *done,
                     void *ctx);
