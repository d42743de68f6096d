#pragma once
/* Inside `standpipe run`: what its two halves, starting and stopping, share. */
#include "common/run/pipeline.h"
#include "tools/command.h"
#include "tools/run_dir.h"
#include "tools/supervise.h"

enum run_group { RUN_WORKERS, RUN_FIREHOSE, RUN_REDIS }; /* in the order of stopping */
enum run_phase { RUN_STARTING, RUN_RUNNING, RUN_STOPPING, RUN_OVER };
enum { RUN_WORKERS_MAX = 64, RUN_KINDS_MAX = 16 };

struct run_settings {
    str dir, fsync, firehose;
    uint64_t workers, buffer_interval_ms;
};
struct run_part { /* a child, and the key of its heartbeat */
    struct child *child;
    const char *name;
};
struct run {
    struct command_call *call;
    const struct run_settings *options;
    struct arena *arena;
    struct run_dir dir;
    const struct pipeline *pipeline;
    struct loop *loop;
    struct timer *tick;
    struct supervisor *supervisor;
    struct redis *redis; /* only while starting */
    struct run_part redis_server, firehose, workers[(RUN_KINDS_MAX + 1) * RUN_WORKERS_MAX];
    uint32_t worker_count;
    str exe, redis_url, firehose_url;
    uint16_t port; /* of firehose-local; 0: none is started */
    enum run_phase phase;
    enum run_group stopping;
    struct error failure; /* what ended it, when it was not a signal */
};

/* tools/redis-start, for bash -c: what stands before redis-server in its command line. */
extern const char run_redis_start[];

/* Start every part and wait until each of them answers. Returns 0 also when it was told to stop
 * meanwhile: see `phase`. */
int run_start(struct run *r, struct error *err) MUST_CHECK;
