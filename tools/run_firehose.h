#pragma once
/* What `standpipe run` needs to know about the Firehose of a pipeline, and to start one. */
#include "common/base/error.h"
#include "common/run/pipeline.h"

/* The endpoint that a deliverer of the pipeline names, or empty; `is_open`: some deliverer
 * names none, and would call AWS. */
str run_named_endpoint(const struct pipeline *p, bool *is_open);

/* The streams that deliverers name, with commas between; a name may stand twice. */
str run_stream_names(struct arena *a, const struct pipeline *p);

/* A port of 127.0.0.1 that is free now; 0: none, see errno. */
uint16_t run_free_port(void);
bool run_port_answers(uint16_t port); /* somebody listens there */

/* Put a fresh pair of AWS keys into our environment, where children find it. */
int run_new_credentials(struct error *err) MUST_CHECK;
