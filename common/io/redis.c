#include "common/io/redis.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/util.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/io/dial.h"
#include "common/io/redis_write.h"
#include "common/io/requests.h"

enum {
    READ_BYTES = 64 * 1024,
    RETRY_FIRST_MS = 50,
    RETRY_LAST_MS = 2000,
    /* Looked at so often: six times is 4.5 s, longer than any BLOCK. Looks are counted, not the
     * time between them: a process that was stopped finds what came meanwhile first. */
    SILENCE_US = 750 * 1000,
    SILENCE_TIMES = 6,
};

enum state { DOWN, CONNECTING, GREETING, READY };
struct redis {
    struct loop *loop;
    struct redis_address address; /* in `own` */
    struct redis_events events;
    struct arena own, scratch;
    enum state state;
    int fd;
    struct event *readable, *writable;
    struct timer *retry, *silence;
    struct evbuffer *out;
    struct reply_reader *reader;
    struct requests requests; /* sent, not answered */
    uint32_t attempts;
    uint32_t silent; /* looks in a row that saw no bytes, although some were due */
    bool is_subscriber;
    uint32_t depth; /* of callbacks we are in */
    bool is_freed;  /* by redis_free() inside a callback: the last one out does it */
    char input[READ_BYTES];
};

static struct arena *reply_arena(void *ctx)
{
    struct redis *r = ctx;

    return r->requests.first && !r->is_subscriber ? r->requests.first->arena : &r->scratch;
}

static void write_out(struct redis *r)
{
    while (evbuffer_get_length(r->out) > 0) {
        int n = evbuffer_write(r->out, r->fd);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            break; /* the reading side sees the reason */
        if (n < 0) {
            event_add(r->writable, NULL);
            return;
        }
    }
}

static void queue(struct redis *r, const str *args, uint32_t n, struct arena *a,
                  redis_done *done, void *ctx)
{
    redis_write(r->out, args, n);
    if (!r->is_subscriber) {
        if (!r->requests.first)
            r->silent = 0;
        requests_push(&r->requests, a ? a : &r->scratch, done, ctx);
    }
    event_add(r->writable,
              NULL); /* written when the loop turns: commands of one turn share a write */
}

/* Connecting and losing. */

static void close_socket(struct redis *r)
{
    if (r->readable)
        event_free(r->readable);
    if (r->writable)
        event_free(r->writable);
    r->readable = r->writable = NULL;
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    reply_reader_free(r->reader);
    r->reader = NULL;
    evbuffer_drain(r->out, evbuffer_get_length(r->out));
    timer_stop(r->silence);
}

static uint64_t retry_us(struct redis *r)
{
    uint64_t ms = (uint64_t)RETRY_FIRST_MS << MIN(r->attempts, 6u);
    uint32_t random;

    r->attempts++;
    evutil_secure_rng_get_bytes(&random, sizeof(random));
    ms = MIN(ms, (uint64_t)RETRY_LAST_MS);
    return ms * 500 + random % (ms * 500 + 1); /* half of it is jitter */
}

static void destroy(struct redis *r)
{
    requests_free(&r->requests);
    timer_free(r->retry);
    timer_free(r->silence);
    evbuffer_free(r->out);
    arena_free(&r->scratch);
    arena_free(&r->own);
    free(r);
}

/* Around every callback: a callback may free the connection. False: it did. */
static bool leave(struct redis *r)
{
    bool is_freed = r->is_freed;

    if (--r->depth == 0 && is_freed)
        destroy(r);
    return !is_freed;
}

static void lose(struct redis *r, const struct error *why)
{
    r->depth++;
    close_socket(r);
    r->state = DOWN;
    r->is_subscriber = false;
    while (r->requests.first && !r->is_freed) {
        struct request q = requests_pop(&r->requests);
        if (q.done)
            q.done(q.ctx, NULL);
    }
    if (!r->is_freed && r->events.lost)
        r->events.lost(r->events.ctx, why);
    if (leave(r))
        timer_start(r->retry, retry_us(r));
}

static void lose_because(struct redis *r, int code, const char *what)
{
    struct error why = {0};

    if (r->address.path.n)
        error_set(&why, code, "redis at unix socket '%s': %s", r->address.path.p, what);
    else
        error_set(&why, code, "redis at %s:%u: %s", r->address.host.p, r->address.port, what);
    lose(r, &why);
}

static void on_greeting(void *ctx, const struct reply *reply)
{
    struct redis *r = ctx;

    if (!reply)
        return; /* lost already */
    /* A server that cannot write its files says so even to PING; it can be read all the same.
     */
    if (reply->type == REPLY_ERROR && !str_starts(reply->text, STR("MISCONF"))) {
        bool denied = str_starts(reply->text, STR("NOAUTH")) ||
                      str_starts(reply->text, STR("WRONGPASS")) ||
                      str_starts(reply->text, STR("NOPERM")) ||
                      str_starts(reply->text, STR("ERR AUTH"));
        lose_because(r, denied ? ERR_CONFIG : ERR_REDIS, reply->text.p);
        return;
    }
    r->state = READY;
    r->attempts = 0;
    if (r->events.ready)
        r->events.ready(r->events.ctx);
}

static void on_quiet_greeting(void *ctx, const struct reply *reply)
{
    if (!reply || reply->type == REPLY_ERROR)
        on_greeting(ctx, reply);
}

static void greet(struct redis *r)
{
    const struct redis_address *to = &r->address;

    r->state = GREETING;
    if (to->password.n && to->user.n)
        queue(r, (str[]){STR("AUTH"), to->user, to->password}, 3, NULL, on_quiet_greeting, r);
    else if (to->password.n)
        queue(r, (str[]){STR("AUTH"), to->password}, 2, NULL, on_quiet_greeting, r);
    if (to->database) {
        char digits[20], *end = str_write_u64(digits, to->database);
        queue(r, (str[]){STR("SELECT"), {digits, (size_t)(end - digits)}}, 2, NULL,
              on_quiet_greeting, r);
    }
    queue(r, (str[]){STR("PING")}, 1, NULL, on_greeting, r);
}

/* Answers. */

/* ["message", channel, text] or ["pmessage", pattern, channel, text]. */
static void hand_out_message(const struct redis *r, const struct reply *reply)
{
    if (!r->events.message || reply->type != REPLY_ARRAY || reply->n < 3)
        return;
    const struct reply *items = reply->items;
    if (str_is(items[0].text, "message"))
        r->events.message(r->events.ctx, items[1].text, items[2].text);
    else if (str_is(items[0].text, "pmessage") && reply->n == 4)
        r->events.message(r->events.ctx, items[2].text, items[3].text);
}

/* False: the connection or the object is gone. */
static bool hand_out(struct redis *r, const struct reply *reply)
{
    r->depth++;
    if (r->is_subscriber) {
        hand_out_message(r, reply);
    } else if (r->requests.first) {
        struct request q = requests_pop(&r->requests);
        if (q.done)
            q.done(q.ctx, reply);
    }
    if (!leave(r))
        return false;
    arena_reset(&r->scratch); /* the next reply has not begun */
    return r->fd >= 0;
}

static void read_replies(struct redis *r)
{
    struct reply *reply;
    const char *why;

    do {
        if (!reply_reader_next(r->reader, &reply, &why)) {
            lose_because(r, ERR_REDIS, why);
            return;
        }
    } while (reply && hand_out(r, reply));
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    struct redis *r = ctx;

    (void)what;
    ssize_t n = read(fd, r->input, sizeof(r->input));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        lose_because(r, ERR_REDIS, n == 0 ? "it closed the connection" : strerror(errno));
        return;
    }
    r->silent = 0;
    reply_reader_feed(r->reader, (str){r->input, (size_t)n});
    read_replies(r);
}

static void on_writable(evutil_socket_t fd, short what, void *ctx)
{
    struct redis *r = ctx;

    (void)what;
    if (r->state == CONNECTING) {
        int problem = dial_result(fd);
        if (problem) {
            lose_because(r, ERR_REDIS, strerror(problem));
            return;
        }
        greet(r);
    }
    write_out(r);
}

/* Who has asked nothing, or only listens, asks for a sign of life: else a dead link is noticed
 * when it is needed, after those that were. */
static void on_silence(void *ctx)
{
    struct redis *r = ctx;

    if (r->silent == SILENCE_TIMES) {
        lose_because(r, ERR_REDIS, "no answer in 4.5 s");
        return;
    }
    if (!r->requests.first && r->state == READY)
        queue(r, (str[]){STR("PING")}, 1, NULL, NULL, NULL);
    r->silent++;
    timer_start(r->silence, SILENCE_US);
}

static void on_retry(void *ctx)
{
    struct redis *r = ctx;
    struct error why = {0};

    r->fd = r->address.path.n ? dial_unix(r->address.path, &why)
                              : dial_tcp(r->address.host, r->address.port, r->attempts, &why);
    if (r->fd < 0) {
        lose(r, &why);
        return;
    }
    r->state = CONNECTING;
    r->reader = reply_reader_new(reply_arena, r);
    r->readable = event_new(loop_base(r->loop), r->fd, EV_READ | EV_PERSIST, on_readable, r);
    r->writable = event_new(loop_base(r->loop), r->fd, EV_WRITE, on_writable, r);
    if (!r->readable || !r->writable || event_add(r->readable, NULL) ||
        event_add(r->writable, NULL))
        out_of_memory();
    timer_start(r->silence, SILENCE_US);
    r->silent = 0;
}

/* The public part. */

struct redis *redis_new(struct loop *l, const struct redis_address *to,
                        const struct redis_events *events)
{
    struct redis *r = xalloc(sizeof(*r));

    r->loop = l;
    r->fd = -1;
    r->address = *to;
    r->address.path = arena_copy(&r->own, to->path);
    r->address.host = arena_copy(&r->own, to->host);
    r->address.user = arena_copy(&r->own, to->user);
    r->address.password = arena_copy(&r->own, to->password);
    if (events)
        r->events = *events;
    r->out = evbuffer_new();
    if (!r->out)
        out_of_memory();
    r->retry = timer_new(l, on_retry, r);
    r->silence = timer_new(l, on_silence, r);
    return r;
}

void redis_free(struct redis *r)
{
    if (!r)
        return;
    close_socket(r);
    timer_stop(r->retry);
    r->state = DOWN;
    r->is_freed = true;
    if (r->depth == 0)
        destroy(r);
}

void redis_connect(struct redis *r)
{
    if (r->state == DOWN)
        timer_start(r->retry, 0);
}

void redis_drop(struct redis *r, const char *why)
{
    if (r->state != DOWN)
        lose_because(r, ERR_REDIS, why);
}

bool redis_is_ready(const struct redis *r)
{
    return r->state == READY;
}

struct loop *redis_loop(const struct redis *r)
{
    return r->loop;
}

void redis_send(struct redis *r, const str *args, uint32_t n, struct arena *a, redis_done *done,
                void *ctx)
{
    assert(n > 0);
    if (r->state != READY) {
        if (done)
            done(ctx, NULL);
        return;
    }
    if (str_is(args[0], "SUBSCRIBE") || str_is(args[0], "PSUBSCRIBE"))
        r->is_subscriber = true; /* from now on it gets messages, not answers */
    queue(r, args, n, a, done, ctx);
}
