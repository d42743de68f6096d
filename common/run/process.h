#pragma once
/* The life of a worker process, whatever it works at: connect, wait for the function library
 * and a pipeline, follow new versions, beat, answer /metrics, stop. What it works at is a
 * `role`: the runners of a stage kind, or the dispatcher. */
#include "common/data/keys.h"
#include "common/io/library.h"
#include "common/io/loop.h"
#include "common/io/remote.h"
#include "common/run/pipeline.h"
#include "common/run/run.h"

struct process;
struct process_role {
    const char *kind; /* "normalise" */
    bool loads_library;
    /* A pipeline is in force: begin to read. On failure nothing stays open. */
    int (*open)(struct process *p, struct error *err);
    void (*quiesce)(
        struct process *p); /* read no more, flush; call process_settled() when at rest */
    bool (*is_quiet)(struct process *p); /* nothing in flight */
    void (*release)(struct process *p);  /* stopping: give back what is still claimed */
    void (*close)(struct process *p);    /* quiet, or out of time */
    void (*resume)(struct process *p);   /* the command connection is there again */
    /* A topic fell to its low mark; or `message` is "due": something parked is. */
    void (*woken)(struct process *p, str topic, str message);
    const char *(*state)(struct process *p); /* for the heartbeat */
};
struct process {
    const struct process_role *role;
    void *work; /* the role's own */
    const struct stage *const *kinds;
    const struct options_common *common;
    const struct run_options *options;
    struct arena arena; /* lives as long as the process */
    struct loop *loop;
    struct redis_address address;
    struct redis *redis; /* commands and commits */
    struct redis *wake;  /* subscriber */
    struct library_check library;
    struct http *http;
    struct server *server;
    struct keys keys;
    struct services services;
    struct remote remote;
    str http_address;   /* of the status pages; empty: off */
    str name, consumer; /* worker name; name:nonce */
    struct pipeline *pipeline,
        *next;              /* in force (may be NULL); waiting for the role to be quiet */
    uint64_t pipeline_hash; /* of the text last looked at */
    int64_t *levels;        /* levels.h, as last heard */
    struct timer *poll, *beat, *patience;
    struct arena scratch; /* of the poll's answers */
    struct arena beat_arena;
    struct arena wake_names; /* of the channels we listen to */
    str mark;                /* of the data set, once seen */
    void *alone;             /* the flight that nothing else shall be done beside, if any */
    uint64_t beats, polls, records, started_ms;
    bool is_library_there, is_role_open, is_stopping;
    int status;
};

/* Run a process until it is told to stop; returns an exit status. */
int process_run(const struct process_role *role, void *work, const struct stage *const *kinds,
                const struct options_common *common, const struct run_options *options);
/* The role came to rest, or a batch ended: go on with a new pipeline, or exit. */
void process_settled(struct process *p);
/* A group is gone: resume() makes it anew, but only when the data set is still the one we know.
 */
void process_begin_again(struct process *p);
/* An error that no restart mends: log it and exit 78. */
void process_fail(struct process *p, const struct error *err);
/* Does the answer say that credentials or rights are missing? Then it has failed; `what` was to
 * be done. */
bool process_is_denied(struct process *p, const struct reply *reply, const char *what);
