#pragma once
/* What a worker watches in Redis, in this order: that the data set is the one it knows, that
 * the function library is there (`is_library_there` says so), and which pipeline is in force.
 * Until the library is seen nothing is read or written. */
#include "common/run/process.h"

void watch_open(struct process *p);
void watch_close(struct process *p);
void watch_begin(struct process *p, uint64_t after_us); /* nothing is known any more: look */
void watch_stop(struct process *p); /* the connection is gone; watch_begin() follows */
void watch_now(struct process *p);  /* there may be a new pipeline */
