/* Asking Redis for keys: two commands a round, and a lease a key that is not there. A round
 * that was asked when the connection goes is asked again; nobody fetches without knowing that
 * nobody else does, unless Redis is full and takes no leases. */
#include <stdlib.h>

#include "common/base/log.h"
#include "common/io/answer.h"
#include "common/io/loop.h"
#include "workers/lookup_cache_parts.h"

enum {
    WAIT_MIN_MS = 20,
    WAIT_MAX_MS = 250,
    AWAY_MS = 250, /* between looks at a connection that is not there */
};
/* "+<ms> <members>" or "-<ms>". */
bool found_parse(str text, struct found *f)
{
    str rest = text;
    str head = str_cut(&rest, ' ');

    *f = (struct found){.kind = text.n && text.p[0] == '-' ? CACHED_MISSING : CACHED_FOUND,
                        .members = rest};
    return head.n > 1 && (head.p[0] == '+' || head.p[0] == '-') &&
           str_to_u64((str){head.p + 1, head.n - 1}, &f->until);
}

/* ---- what a round found ---- */

static bool value_in(const struct reply *fields, uint32_t i, struct found *f)
{
    return fields->items[i].type == REPLY_STRING && found_parse(fields->items[i].text, f);
}

/* What Redis knows of it. */
static bool round_value(struct round *r, const struct reply *old, uint32_t i, struct found *f)
{
    if (value_in(r->young, i, f))
        return true;
    if (!value_in(old, i, f))
        return false;
    r->moves[r->move_count++] = arena_copy(&r->arena, r->list[i]->field);
    return true;
}

enum lease { LEASE_NONE, LEASE_MINE, LEASE_THEIRS, LEASE_IMPOSSIBLE, LEASE_LATER };

/* Nil: it was nobody's. It may be mine from a try whose answer got lost. */
static enum lease round_lease(const struct round *r, uint32_t i)
{
    const struct reply *reply = r->is_for_leases ? r->leases[i] : NULL;

    if (!r->is_for_leases)
        return LEASE_NONE;
    if (!reply)
        return LEASE_LATER;
    if (reply->type == REPLY_NIL)
        return LEASE_MINE;
    if (reply->type == REPLY_STRING)
        return str_equal(reply->text, share_token(r->c)) ? LEASE_MINE : LEASE_THEIRS;
    return answer_of(reply) == ANSWER_OOM ? LEASE_IMPOSSIBLE : LEASE_LATER;
}

static void remember_stale(struct sought *s, str text)
{
    free(s->stale);
    s->stale = xalloc(text.n + 1);
    memcpy(s->stale, text.p, text.n);
    s->stale_n = text.n;
}

static void wait_longer(struct lookup_cache *c, struct sought *s)
{
    s->wait_ms = s->wait_ms ? MIN(s->wait_ms * 2, WAIT_MAX_MS) : WAIT_MIN_MS;
    uint64_t random = c->services->random(c->services->random_ctx);
    cache_queue(c, s, s->wait_ms / 2 + random % s->wait_ms);
}

static void take_fresh(struct lookup_cache *c, struct sought *s, const struct found *f)
{
    cache_keep(c, s->key, f);
    if (s->has_lease)
        share_release(c, s->field);
    if (s->wait_ms)
        c->state.waited++;
    else
        c->state.shared++;
    cache_answer_found(c, s, f);
}

static void settle(struct round *r, const struct reply *old, uint32_t i)
{
    struct lookup_cache *c = r->c;
    struct sought *s = r->list[i];
    const struct reply *text = &r->young->items[i];
    struct found f = {0};
    bool is_known = round_value(r, old, i, &f);
    enum lease lease = round_lease(r, i);

    s->was_read = true;
    s->has_lease = lease == LEASE_MINE;
    if (is_known && f.until > clock_wall_ms(c->services->clock)) {
        take_fresh(c, s, &f);
        return;
    }
    if (is_known)
        remember_stale(s, text->type == REPLY_STRING ? text->text : old->items[i].text);
    if (lease == LEASE_MINE || lease == LEASE_IMPOSSIBLE) {
        cache_lead(c, s);
    } else if (c->is_stopping) {
        cache_fail_stopping(c, s);
    } else if (lease == LEASE_THEIRS && cache_has_stale(c, s, &f)) {
        c->state.stale++;
        cache_answer_found(c, s, &f);
    } else if (lease == LEASE_NONE) {
        cache_queue(c, s, 0);
    } else {
        wait_longer(c, s);
    }
}

static bool is_whole(const struct reply *fields, uint32_t n)
{
    return fields && fields->type == REPLY_ARRAY && fields->n == n;
}

/* No answer, or none that helps: the same again, later. A lease that was given nevertheless is
 * found to be ours then. */
static void ask_later(struct round *r, const struct reply *reply)
{
    struct lookup_cache *c = r->c;

    if (reply && reply->type == REPLY_ERROR)
        log_warn("redis does not tell what was looked up, waiting",
                 LOG_STR("stage", c->config.stage), LOG_STR("answer", reply->text));
    for (uint32_t i = 0; i < r->n; i++)
        if (c->is_stopping)
            cache_fail_stopping(c, r->list[i]);
        else
            cache_queue(c, r->list[i], AWAY_MS);
}

static void start_turn(struct lookup_cache *c);

static void on_read_old(void *ctx, const struct reply *reply)
{
    struct round *r = ctx;
    struct lookup_cache *c = r->c;

    if (c && is_whole(r->young, r->n) && is_whole(reply, r->n)) {
        for (uint32_t i = 0; i < r->n; i++)
            settle(r, reply, i);
        share_move_up(c, r);
    } else if (c) {
        ask_later(r, reply);
    }
    if (c)
        start_turn(c);
    trip_free(r);
}

static void on_read_young(void *ctx, const struct reply *reply)
{
    struct round *r = ctx;

    r->young = reply;
}

static void on_lease(void *ctx, const struct reply *reply)
{
    struct round *r = ctx;

    r->leases[r->answered++] = reply;
}

/* ---- asking ---- */

/* Behind the leases, so that who gets one sees what the one before him put. */
static void send_round(struct round *r)
{
    struct lookup_cache *c = r->c;
    str *args = arena_alloc(&r->arena, (r->n + 2) * sizeof(*args));
    str ms = arena_printf(&r->arena, "%d", LEASE_MS);

    for (uint32_t i = 0; r->is_for_leases && i < r->n; i++)
        redis_say(c->redis, &r->arena, on_lease, r, STR("SET"),
                  share_lease_key(c, &r->arena, r->list[i]->field), share_token(c), STR("NX"),
                  STR("GET"), STR("PX"), ms);
    args[0] = STR("HMGET");
    args[1] = c->young;
    for (uint32_t i = 0; i < r->n; i++)
        args[2 + i] = r->list[i]->field;
    redis_send(c->redis, args, r->n + 2, &r->arena, on_read_young, r);
    args[1] = c->old;
    redis_send(c->redis, args, r->n + 2, &r->arena, on_read_old, r);
}

/* Takes up to a round of those that were read before, or were not, from the list. */
static struct round *gather(struct lookup_cache *c, struct sought **list, bool was_read)
{
    struct round *r = trip_new(c);

    r->is_for_leases = was_read;
    r->list = arena_alloc(&r->arena, ROUND_MAX * sizeof(struct sought *));
    r->leases = arena_alloc(&r->arena, ROUND_MAX * sizeof(*r->leases));
    r->moves = arena_alloc(&r->arena, ROUND_MAX * sizeof(*r->moves));
    for (struct sought **link = list; *link && r->n < ROUND_MAX;) {
        struct sought *s = *link;
        if (s->was_read == was_read) {
            *link = s->next;
            s->state = SOUGHT_ASKED;
            r->list[r->n++] = s;
        } else {
            link = &s->next;
        }
    }
    return r;
}

static void ask(struct lookup_cache *c, struct sought *list)
{
    if (c->epoch_n == EPOCH_UNKNOWN)
        share_tell(c);
    for (int was_read = 0; was_read < 2; was_read++)
        for (;;) {
            struct round *r = gather(c, &list, was_read);
            if (r->n == 0) {
                trip_free(r);
                break;
            }
            send_round(r);
        }
}

/* Those whose time has come, off the queue. */
static struct sought *take_due(struct lookup_cache *c)
{
    uint64_t now = clock_mono_us(c->services->clock);
    struct sought *due = NULL;

    for (struct sought **link = &c->queue; *link;) {
        struct sought *s = *link;
        if (s->due_us > now) {
            link = &s->next;
            continue;
        }
        *link = s->next;
        s->next = due;
        due = s;
    }
    return due;
}

static void start_turn(struct lookup_cache *c)
{
    uint64_t now = clock_mono_us(c->services->clock), first = UINT64_MAX;

    for (const struct sought *s = c->queue; s; s = s->next)
        first = MIN(first, s->due_us);
    if (c->queue)
        timer_start(c->turn, first > now ? first - now : 0);
}

void share_turn(void *ctx)
{
    struct lookup_cache *c = ctx;
    struct sought *due = take_due(c);

    if (c->redis && redis_is_ready(c->redis)) {
        ask(c, due);
    } else {
        for (struct sought *s = due, *next; s; s = next) {
            next = s->next;
            if (c->redis)
                cache_queue(c, s, AWAY_MS);
            else
                cache_lead(c, s);
        }
    }
    start_turn(c);
}
