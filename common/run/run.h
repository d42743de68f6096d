#pragma once
/* The life of a worker process: connect, follow the pipeline, run every stage of one kind,
 * beat, answer /metrics, stop. Called by main(); the stages know nothing of it. */
#include "common/run/options.h"
#include "common/run/worker.h"

struct run_options { /* of every worker, beside options_common */
    str name;        /* worker name; empty: host-kind-slot */
    str http;        /* address of /metrics, /healthz, /readyz; "127.0.0.1:0" */
    str roots;       /* folders that file: URIs may name, ':' between them */
    str http_allow, s3_allow, s3_endpoint, s3_region; /* io/remote.h */
    uint64_t decompressed_max; /* bytes that a compressed file may hold */
    uint64_t lease_ms;         /* a worker without a beat for so long is dead (30 s) */
    uint64_t stop_ms;          /* SIGTERM to exit (10 s) */
};
extern const struct setting run_options[];

/* `kinds`: all stages of the program, ends with NULL. Returns an exit status. */
int run_worker(const struct stage *kind, const struct stage *const *kinds,
               const struct options_common *common, const struct run_options *options);
