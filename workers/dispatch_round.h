#pragma once
/* One round of the inbox: the entries of one reading go into their topics, each admission in a
 * step of its own; when all are in, the inbox lets the entries go together. A full topic, or a
 * Redis that cannot write, makes the round wait and ask again: an admission is remembered, so
 * what is in stays in once. */
#include "common/run/consumer.h"

struct round;
/* `topic` must live as long as the round. `ended`: it may begin again; its arena is empty. */
struct round *round_new(struct process *p, str topic, loop_fn *ended, void *ctx) MUST_CHECK;
void round_free(struct round *r);           /* when idle, or when the connection dies with it */
struct arena *round_arena(struct round *r); /* for the reading, while the round is not busy */
void round_begin(struct round *r, const struct reading *in);
bool round_is_busy(const struct round *r);
bool round_is_held(const struct round *r); /* busy, and waits to ask again */
void round_hurry(struct round *r);         /* when held: ask again now */
/* Do not ask again: what waits then stays in the inbox, ours until somebody takes it over. */
void round_quiesce(struct round *r);
