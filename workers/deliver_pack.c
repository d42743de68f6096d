/* Documents into parcels. Parcels are kept and used again; documents stand in the arenas of
 * their batches, so that nothing is allocated for one. */
#include "workers/deliver.h"

#include <stdlib.h>

struct parcel *parcel_take(struct deliver *s)
{
    struct parcel *p = s->spare;

    if (p)
        s->spare = p->next;
    else
        p = xalloc(sizeof(*p));
    *p = (struct parcel){.outcome = OUTCOME_AGAIN};
    return p;
}

void parcel_release(struct deliver *s, struct parcel *p)
{
    p->next = s->spare;
    s->spare = p;
}

void parcel_append(struct parcel *p, struct document *d)
{
    d->next = NULL;
    if (p->last)
        p->last->next = d;
    else
        p->first = d;
    p->last = d;
    p->documents++;
    p->bytes += d->length;
}

void queue_push(struct queue *q, struct parcel *p)
{
    p->next = NULL;
    if (q->last)
        q->last->next = p;
    else
        q->first = p;
    q->last = p;
    q->count++;
    q->bytes += p->bytes;
}

struct parcel *queue_pop(struct queue *q)
{
    struct parcel *p = q->first;

    q->first = p->next;
    if (!q->first)
        q->last = NULL;
    q->count--;
    q->bytes -= p->bytes;
    p->next = NULL;
    return p;
}

static size_t billed(const struct sink_limits *l, size_t bytes)
{
    return (bytes + l->unit_bytes - 1) / l->unit_bytes;
}

/* Full; or the next document would begin a step of the bill that the most documents of a parcel
 * do not let us fill. */
static bool is_full(const struct sink_limits *l, const struct parcel *p, size_t next)
{
    uint32_t left = l->parcel_records - p->documents;

    if (left == 0 || p->bytes + next > l->parcel_bytes)
        return true;
    size_t mean = p->bytes / p->documents;
    return billed(l, p->bytes + next) > billed(l, p->bytes) && left * mean < l->unit_bytes;
}

void pack_close(struct deliver *s)
{
    if (s->filling)
        queue_push(&s->fresh, s->filling);
    s->filling = NULL;
}

void pack_add(struct deliver *s, struct document *d, uint64_t now_us)
{
    if (s->filling && is_full(&s->limits, s->filling, d->length))
        pack_close(s);
    if (!s->filling) {
        s->filling = parcel_take(s);
        s->filling->born_us = now_us;
    }
    parcel_append(s->filling, d);
    if (s->filling->bytes >= s->limits.parcel_bytes)
        pack_close(s);
}
