#pragma once
/* What the settings of a Redis let us promise about work that was accepted. */
#include "common/io/reply.h"

enum promise {
    PROMISE_UNKNOWN,  /* we may not ask */
    PROMISE_NONE,     /* a restart, or a full memory, loses work */
    PROMISE_FAILOVER, /* a replica that is behind may become the master */
    PROMISE_EVERYSEC,
    PROMISE_DURABLE,
};
/* What to ask for: CONFIG GET with these, and ROLE. */
#define PROMISE_SETTINGS                                                                       \
    STR("appendonly"), STR("appendfsync"), STR("no-appendfsync-on-rewrite"),                   \
        STR("maxmemory-policy"), STR("min-replicas-to-write")

/* Value of a setting in an answer of CONFIG GET; empty: it is not there. */
str promise_setting(const struct reply *config, const char *name);
/* NULL, or an error: unknown. */
enum promise promise_of(const struct reply *config, const struct reply *role);
uint64_t promise_replicas(const struct reply *role);
const char *promise_name(enum promise p);     /* a word: durable */
const char *promise_sentence(enum promise p); /* what may be lost, and when */
