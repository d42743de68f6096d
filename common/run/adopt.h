#pragma once
/* Taking over what dead consumers of a topic hold: our own earlier incarnations at once, what a
 * stopping worker gave back at once, others when their heartbeat has stood still for a lease by
 * our own monotonic clock. Racing adopters do no harm: entries move in one function call. */
#include "common/run/process.h"

struct adopter;
typedef void adopt_done(void *ctx,
                        uint64_t taken); /* a round is over; `taken` entries are ours now */

/* `topic` must live as long as the adopter. */
struct adopter *adopter_new(struct process *p, str topic, adopt_done *done,
                            void *ctx) MUST_CHECK;
void adopter_free(struct adopter *a); /* when idle, or when the connection dies with it */
bool adopter_is_idle(const struct adopter *a); /* no answer is outstanding */
void adopter_round(struct adopter *a);         /* look now; later rounds follow by themselves */
/* Stopping: give what this process holds of the topic to whoever comes. */
void adopter_release(struct adopter *a);
