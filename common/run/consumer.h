#pragma once
/* We as a consumer of a topic: reads for the group, on a connection of its own, so that waiting
 * for new entries holds nothing else up. What is pending comes first, after a reconnect and
 * whenever entries became ours; then what is new. One read at a time. */
#include "common/run/process.h"

struct raw_entry { /* as it stands in the stream; entry_decode() understands it */
    str id;
    str *fields; /* name, value, name, value ... */
    uint32_t n;  /* strings in `fields` */
};
struct reading { /* what one read brought; in the arena that was given to it */
    const struct raw_entry *entries;
    uint32_t n;        /* 0 as well when the read failed: read again */
    bool is_pending;   /* they were ours before this read; else they are new */
    bool is_adopted;   /* some of them come from a worker that died */
    bool is_caught_up; /* nothing is pending any more */
};
typedef void consumer_read_done(void *ctx, const struct reading *reading);

struct consumer;
/* `topic` must live as long as the consumer. `wake`: there may be something to read now; the
 * first one comes when what the dead hold was looked for, and consumer_begin() is done. */
struct consumer *consumer_new(struct process *p, str topic, loop_fn *wake,
                              void *ctx) MUST_CHECK;
void consumer_free(struct consumer *c);
void consumer_begin(struct consumer *c); /* the group is there: begin, or begin again */
bool consumer_has_begun(const struct consumer *c);
bool consumer_is_idle(const struct consumer *c); /* no answer is outstanding */
void consumer_release(struct consumer *c);       /* stopping: give back what is pending */

/* Entries became ours by another way than by reading: the next read looks at what is pending,
 * which includes all that is in hand; finish that first. */
void consumer_catch_up(struct consumer *c);
bool consumer_is_catching_up(const struct consumer *c);

bool consumer_can_read(const struct consumer *c);
/* Ask for at most `count` entries; only when consumer_can_read(). `done` is the last thing that
 * happens here, so it may free the consumer. It is not called when the read was denied: the
 * process stops then. */
void consumer_read(struct consumer *c, struct arena *a, uint32_t count,
                   consumer_read_done *done, void *ctx);
