#pragma once
/* What the files of `standpipe cache` share. */
#include "common/data/keys.h"
#include "tools/command.h"

struct cache_settings {
    str key;
    bool json, yes, dry_run;
};
struct cache_generation {
    uint64_t entries, bytes;
};
struct cache_seen { /* one cache of a stage */
    str stage, fingerprint;
    struct cache_generation young, old;
    uint64_t turned, puts;                                  /* generations, values */
    uint64_t local, shared, waited, joined, stale, fetched; /* look-ups, by who answered */
};
struct cache_call {
    struct command_call *call;
    const struct cache_settings *options;
    struct keys keys;
    struct redis *redis;
    str stage; /* empty: all */
};

/* All caches of the stage, sorted, in the arena of the call. */
int cache_find(struct cache_call *c, struct cache_seen **list, uint32_t *n,
               struct error *err) MUST_CHECK;
/* The value of --key: as it stands in Redis; empty: it is not there. */
int cache_value(struct cache_call *c, const struct cache_seen *seen, str *value,
                struct error *err) MUST_CHECK;
int cache_drop(struct cache_call *c, struct error *err) MUST_CHECK;
