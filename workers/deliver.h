#pragma once
/* What the files of the stage `deliver` share. Private to them. The way of a document:
 * process() adds it to the parcel being filled; full parcels queue up as `fresh`; a call takes
 * those that wait `again` first; the answer settles documents, and a batch whose last one is
 * settled is finished. */
#include "common/run/metrics.h"
#include "common/run/worker.h"
#include "workers/sink.h"

enum {
    DELIVER_BATCHES = 8,      /* kept at the same time, those being committed included */
    DELIVER_BATCHES_FULL = 6, /* from here on no more may come until some are finished */
};

struct held { /* a batch with documents on their way; in its arena */
    struct held *next;
    struct batch *batch;
    uint32_t open;
};
struct queue {
    struct parcel *first, *last;
    uint32_t count;
    size_t bytes;
};
struct pace { /* one for all calls of the stage */
    double failures;
    double rate;  /* bytes a second that may go out; 0: any number */
    double taken; /* bytes a second that were taken, in the last whole window */
    uint64_t window_us, window_bytes, answered_us, refused_us;
    uint64_t resume_us, next_us; /* no call before: after failures; at this rate */
};
struct flight {
    struct deliver *owner;
    struct call call;
    struct notes notes; /* of the call, before it goes out */
    uint32_t note_room;
    struct http_call *http;
    bool is_busy;              /* being noted, or under way */
    struct http_answer answer; /* kept until it is announced that it is read */
    struct arena arena;        /* of that */
};
struct deliver {
    uint64_t linger_ms, attempts; /* settings */
    const struct node *firehose;
    struct worker *worker;
    const struct sink *sink;
    void *sink_state;
    struct sink_limits limits;
    struct parcel *filling, *spare;
    struct queue fresh, again;
    struct flight *flights; /* limits.in_flight */
    uint32_t active, held_count, last_group;
    struct held *settled; /* batches to be finished */
    struct pace pace;
    uint64_t accepted;      /* parcels, ever */
    uint64_t complained_us; /* last error for the operator */
    bool was_at_once, is_flushing;
    bool is_alone; /* the last batch is: documents of it alone are here */
    bool has_lost; /* entries were taken from us: look for their documents */
    struct timer *timer;
    struct metric *ambiguous, *calls, *failed_calls, *seconds;
};

/* deliver_pack.c: documents into parcels. */
struct parcel *parcel_take(struct deliver *s) MUST_CHECK;
void parcel_release(struct deliver *s, struct parcel *p);
void parcel_append(struct parcel *p, struct document *d);
void queue_push(struct queue *q, struct parcel *p);
struct parcel *queue_pop(struct queue *q) MUST_CHECK;
void pack_add(struct deliver *s, struct document *d, uint64_t now_us);
void pack_close(struct deliver *s); /* the parcel being filled, if any */

/* deliver_pace.c: how long to wait, as pure functions. Bytes of the records taken and failed.
 */
void pace_answered(struct pace *p, size_t taken, size_t failed, uint64_t now_us);
void pace_failed(struct pace *p); /* the call as a whole */
void pace_sent(struct pace *p, size_t bytes, uint64_t now_us);
bool pace_is_failing(const struct pace *p); /* one call at a time */
/* `random`: 64 uniform bits. */
uint64_t pace_wait_us(const struct pace *p, uint64_t random) MUST_CHECK;
uint64_t pace_due_us(const struct pace *p) MUST_CHECK;

/* deliver_answer.c: what an answer does to the documents of its call. */
void answer_settle(struct deliver *s, struct document *d);
void answer_apply(struct deliver *s, const struct call *c, const struct http_answer *a,
                  const struct judgement *j);
/* Last of all, when everything else is in order: the runner may hand us the next batch. */
void answer_finish(struct deliver *s);

/* deliver_note.c: what of a call Redis has to know before it goes out; what of it must not go
 * out. */
void call_note(struct flight *f); /* fills f->notes */
void call_noted(struct flight *f);
void call_drop_lost(struct flight *f);
void call_count_ambiguous(struct deliver *s, const struct call *c);

/* deliver_call.c: calls out. */
void deliver_pump(struct deliver *s); /* send what may be sent, set the timer for the rest */
void deliver_cancel(struct deliver *s);
void call_on_noted(void *ctx, bool is_noted);
