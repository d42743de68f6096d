/* What may have been taken is known before it can be: a parcel goes out only when Redis has
 * noted how many records of which entries it carries. A note is good until an answer leaves
 * open what became of the parcel; one that says no leaves it for the next call. */
#include "workers/deliver.h"

static struct entry *entry_of(const struct document *d)
{
    struct batch *b = d->held->batch;

    return &b->entries[d->record->entry - b->entries];
}

static struct note *add_note(struct flight *f, const struct document *d)
{
    struct notes *n = &f->notes;

    if (n->count == f->note_room) {
        f->note_room = f->note_room ? 2 * f->note_room : 64;
        n->list = xrealloc(n->list, f->note_room * sizeof(*n->list));
    }
    struct note *note = &n->list[n->count++];
    *note = (struct note){.entry = entry_of(d), .batch = d->held->batch};
    return note;
}

void call_note(struct flight *f)
{
    struct note *note = NULL;

    f->notes.count = 0;
    for (uint32_t i = 0; i < f->call.count; i++) {
        if (f->call.parcels[i]->is_noted)
            continue;
        for (const struct document *d = f->call.parcels[i]->first; d; d = d->next) {
            if (!note || note->entry != d->record->entry)
                note = add_note(f, d);
            note->records++;
        }
    }
}

void call_noted(struct flight *f)
{
    for (uint32_t i = 0; i < f->call.count; i++)
        f->call.parcels[i]->is_noted = true;
    for (uint32_t i = 0; i < f->notes.count; i++)
        f->owner->has_lost |= f->notes.list[i].entry->is_gone;
}

/* Another has these entries: it sends them, and commits them. */
static void drop_lost(struct deliver *s, struct parcel *p)
{
    struct document *d = p->first;

    p->first = p->last = NULL;
    p->documents = 0;
    p->bytes = 0;
    for (struct document *next; d; d = next) {
        next = d->next;
        if (d->record->entry->is_gone)
            answer_settle(s, d);
        else
            parcel_append(p, d);
    }
}

void call_drop_lost(struct flight *f)
{
    struct deliver *s = f->owner;
    struct call *c = &f->call;
    uint32_t kept = 0;

    if (!s->has_lost)
        return;
    c->bytes = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        struct parcel *p = c->parcels[i];
        drop_lost(s, p);
        c->bytes += p->bytes;
        if (p->documents)
            c->parcels[kept++] = p;
        else
            parcel_release(s, p);
    }
    c->count = kept;
}

void call_count_ambiguous(struct deliver *s, const struct call *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        struct parcel *p = c->parcels[i];
        if (p->outcome != OUTCOME_AMBIGUOUS)
            continue;
        p->is_noted = false;
        for (const struct document *d = p->first; d; d = d->next)
            entry_of(d)->ambiguous++;
        metric_add(s->ambiguous, p->documents);
    }
}
