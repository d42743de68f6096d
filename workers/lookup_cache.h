#pragma once
/* What look-ups of a stage found, kept in this process and, for the whole pool, in Redis
 * (docs/formats.md, sp:cache); and who fetches a key: one worker, once, however many want it.
 * Holds what a record gets, ready to append, not what the service said. Without Redis
 * (services->redis NULL) it is this process alone. */
#include "common/base/base.h"
#include "workers/lookup.h"

struct lookup_cache;
struct lookup_cache_config { /* borrowed */
    str stage;
    str fingerprint; /* of what is asked and what is kept of it: another one is another cache */
    uint64_t ttl_ms, missing_ttl_ms; /* at most; 0: not kept */
    uint64_t stale_ms;       /* afterwards used while one refreshes, or when that fails */
    uint64_t jitter;         /* percent by which a lifetime may be shorter */
    uint64_t entries, bytes; /* of the pool's, both generations */
    uint64_t local;          /* bytes in this process; 0: nothing */
};
struct lookup_cache *lookup_cache_new(const struct lookup_cache_config *config,
                                      const struct services *services) MUST_CHECK;
/* No callback runs any more; not from inside one. NULL: nothing. */
void lookup_cache_free(struct lookup_cache *c);

enum cached { CACHED_NOT, CACHED_FOUND, CACHED_MISSING };
/* What this process knows: no command, no malloc. `members` is valid until the next call. */
enum cached lookup_cache_look(struct lookup_cache *c, str key, str *members) MUST_CHECK;

/* A key of a batch that was not there. The caller's, with its key, until `done` has run; all
 * that are wanted in one turn of the loop cost two commands. */
struct wanted {
    str key;
    /* This worker is to fetch it: call lookup_cache_fetched(), now or later. Not always asked.
     */
    void (*fetch)(void *ctx, struct wanted *w);
    /* Once, from the loop. `body` of the answer are the members, valid in the callback only. */
    lookup_done *done;
    void *ctx;
    struct wanted *next; /* these are the cache's own */
    struct sought *sought;
};
void lookup_cache_want(struct lookup_cache *c, struct wanted *w);
/* `body` of what was found: the members. Failed: a stale value is taken, if there is one. */
void lookup_cache_fetched(struct lookup_cache *c, struct wanted *w,
                          const struct lookup_answer *answer);
/* We are stopping: who waits for another's fetch, or for Redis, is answered: failed, may_retry.
 */
void lookup_cache_stop(struct lookup_cache *c);

struct lookup_cache_state { /* since lookup_cache_new() */
    uint64_t local, shared; /* answered by this process, by Redis */
    uint64_t waited;        /* by the fetch of another worker */
    uint64_t joined;        /* by a fetch of ours that was under way */
    uint64_t fetched;       /* by a fetch */
    uint64_t stale;         /* by a value past its time */
    uint64_t put, refused; /* kept for the pool; not kept: Redis is full, or a lease was lost */
    uint32_t sought;       /* keys under way now */
};
struct lookup_cache_state lookup_cache_state(const struct lookup_cache *c);
