#pragma once
/* Requests wait in the order they were sent: Redis answers in that order. */
#include "common/io/redis.h"

struct request {
    struct request *next;
    struct arena *arena; /* where the reply goes */
    redis_done *done;    /* NULL: nobody asks */
    void *ctx;
};
struct requests { /* zeroed is empty */
    struct request *first, *last, *spare;
};
void requests_push(struct requests *q, struct arena *a, redis_done *done, void *ctx);
struct request requests_pop(struct requests *q); /* the first; there is one */
void requests_free(struct requests *q);          /* calls nobody */
