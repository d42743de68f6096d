#pragma once
/* What trace reads sources with, those beyond this machine included, within the lists that its
 * options allow. */
#include "common/base/error.h"
#include "common/io/remote.h"
#include "common/io/source.h"

struct timer;
struct trace_world {
    struct loop *loop; /* borrowed */
    struct http *http;
    struct remote remote;
    struct timer *late;
    uint64_t patience_ms; /* for one answer */
    bool is_ready, is_late;
};

/* `w` has its loop, its patience and the lists of `remote`, and stays where it is. */
int trace_world_open(struct trace_world *w, struct error *err) MUST_CHECK;
void trace_world_close(struct trace_world *w);
struct source_setup trace_world_setup(struct trace_world *w) MUST_CHECK;
/* Behind an ERR_AGAIN. False: the source has nothing to say in time. */
bool trace_world_wait(struct trace_world *w) MUST_CHECK;
