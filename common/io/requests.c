#include "common/io/requests.h"

#include <stdlib.h>

void requests_push(struct requests *q, struct arena *a, redis_done *done, void *ctx)
{
    struct request *new = q->spare;

    if (new)
        q->spare = new->next;
    else
        new = xalloc(sizeof(*new));
    *new = (struct request){.arena = a, .done = done, .ctx = ctx};
    if (q->last)
        q->last->next = new;
    else
        q->first = new;
    q->last = new;
}

struct request requests_pop(struct requests *q)
{
    struct request *first = q->first, copy = *first;

    q->first = first->next;
    if (!q->first)
        q->last = NULL;
    first->next = q->spare;
    q->spare = first;
    return copy;
}

static void free_list(struct request *list)
{
    for (struct request *next; list; list = next) {
        next = list->next;
        free(list);
    }
}

void requests_free(struct requests *q)
{
    free_list(q->first);
    free_list(q->spare);
    *q = (struct requests){0};
}
