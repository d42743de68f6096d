#include "common/io/reply.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

enum { ARRAY_MAX = 1024 * 1024 }; /* 42 bytes of nested array headers can ask for gigabytes */

struct reply_reader {
    redisReader *parser;
    struct arena *(*arena_of)(void *ctx);
    void *ctx;
};

static struct arena *arena_of(const redisReadTask *task)
{
    const struct reply_reader *r = task->privdata;

    return r->arena_of(r->ctx);
}

/* hiredis hands out each element once, in order: it goes straight into the array of its parent.
 */
static struct reply *place(const redisReadTask *task, struct reply value)
{
    struct reply *to;

    if (task->parent)
        to = &((struct reply *)task->parent->obj)->items[task->idx];
    else
        to = arena_alloc(arena_of(task), sizeof(*to));
    *to = value;
    return to;
}

static void *create_string(const redisReadTask *task, char *p, size_t n)
{
    enum reply_type type = REPLY_STRING;

    if (task->type == REDIS_REPLY_ERROR)
        type = REPLY_ERROR;
    else if (task->type == REDIS_REPLY_STATUS)
        type = REPLY_STATUS;
    return place(task,
                 (struct reply){.type = type, .text = arena_copy(arena_of(task), (str){p, n})});
}

#if HIREDIS_MAJOR >= 1
static void *create_array(const redisReadTask *task, size_t n)
#else
static void *create_array(const redisReadTask *task, int n)
#endif
{
    struct reply *items = NULL;

    if (n < 0 || n > ARRAY_MAX)
        return NULL;
    if (n)
        items = arena_zalloc(arena_of(task), (size_t)n * sizeof(*items));
    return place(task, (struct reply){.type = REPLY_ARRAY, .items = items, .n = (uint32_t)n});
}

static void *create_integer(const redisReadTask *task, long long value)
{
    return place(task, (struct reply){.type = REPLY_INTEGER, .integer = value});
}

static void *create_nil(const redisReadTask *task)
{
    return place(task, (struct reply){.type = REPLY_NIL});
}

static void free_nothing(void *reply) /* replies die with their arena */
{
    (void)reply;
}

static redisReplyObjectFunctions functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
    .freeObject = free_nothing,
};

struct reply_reader *reply_reader_new(struct arena *(*where)(void *ctx), void *ctx)
{
    struct reply_reader *r = xalloc(sizeof(*r));

    *r = (struct reply_reader){.arena_of = where, .ctx = ctx};
    r->parser = redisReaderCreateWithFunctions(&functions);
    if (!r->parser)
        out_of_memory();
    r->parser->privdata = r;
    r->parser->maxbuf = 0; /* keep the buffer */
    return r;
}

void reply_reader_free(struct reply_reader *r)
{
    if (!r)
        return;
    redisReaderFree(r->parser);
    free(r);
}

void reply_reader_feed(struct reply_reader *r, str bytes)
{
    if (redisReaderFeed(r->parser, bytes.p, bytes.n) != REDIS_OK)
        out_of_memory();
}

bool reply_reader_next(struct reply_reader *r, struct reply **reply, const char **why)
{
    void *found = NULL;

    if (redisReaderGetReply(r->parser, &found) != REDIS_OK) {
        *why = r->parser->errstr;
        return false;
    }
    *reply = found;
    return true;
}
