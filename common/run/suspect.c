/* Entries whose workers die. Redis counts how often an entry was handed out, and that rises
 * with every restart and take-over: it only says what to look at. Who is suspected is worked on
 * alone, by a process that does nothing else meanwhile; before the step a mark is put into that
 * count, behind the step it is taken away. A mark that stands there still is a death that
 * nothing else can have caused. A job is not cut apart but read in smaller steps, down to a
 * row, which is then passed over. docs/policies.md has the rules. */
#include "common/run/runner.h"

#include <stdlib.h>

#include "common/base/log.h"

enum {
    SUSPECT_COUNT = 3,  /* handed out for the third time: two workers died of it, perhaps */
    MARK = 1000000,     /* what a mark adds; below it Redis counts */
    DEATHS_OF_MANY = 1, /* alone: then its records are cut apart */
    DEATHS_OF_ONE = 3,  /* then it is a dead letter */
    DEATHS_OF_STEP = 1, /* a file: then it goes on in pieces, */
    DEATHS_OF_PIECE = DEATHS_OF_STEP + 1,            /* then row by row, */
    DEATHS_OF_ROW = DEATHS_OF_PIECE + DEATHS_OF_ONE, /* then behind that row */
    STEP_BYTES = 1024 * 1024, /* at most what the first of them worked at, last rows aside */
    PIECE_BYTES = 16 * 1024,
    ROW_BYTES = 1,
    TURN_US = 20 * 1000,
    AGAIN_US = 100 * 1000,
    DIGITS = 20,
};

static void set_count(struct runner *r, const str *ids, uint32_t n, uint64_t count,
                      struct arena *a, redis_done *done, void *ctx)
{
    const struct process *p = r->process;
    str *args = arena_alloc(a, (n + 8) * sizeof(*args));
    char *digits = arena_alloc(a, DIGITS);
    uint32_t at = 0;

    args[at++] = STR("XCLAIM");
    args[at++] = r->topic;
    args[at++] = STR("sp");
    args[at++] = p->consumer;
    args[at++] = STR("0");
    memcpy(args + at, ids, n * sizeof(*ids));
    at += n;
    args[at++] = STR("RETRYCOUNT");
    args[at++] = (str){digits, (size_t)(str_write_u64(digits, count) - digits)};
    args[at++] = STR("JUSTID");
    redis_send(p->redis, args, at, NULL, done, ctx); /* short ones are copied */
}

/* What is left for the next read, which counts once more: those that are not suspected shall
 * not become so by waiting. */
static void put_off(struct flight *f, const uint64_t *counts, uint32_t from, uint32_t n)
{
    struct batch *b = &f->batch;
    str *ids = arena_alloc(&b->arena, (n + 1) * sizeof(*ids));
    uint32_t found = 0;

    for (uint32_t i = from; i < n; i++)
        if (counts[i] < SUSPECT_COUNT)
            ids[found++] = b->entries[i].id;
    if (found)
        set_count(f->runner, ids, found, 1, &b->arena, NULL, NULL);
    b->entry_count = from;
    f->bad_count = 0;
}

/* The first alone, when it is suspected; else those before the first that is. */
static void choose(struct flight *f, const uint64_t *counts)
{
    struct batch *b = &f->batch;
    uint32_t n = b->entry_count, good = 0;

    while (good < n && counts[good] < SUSPECT_COUNT)
        good++;
    f->runner->is_careful = good < n;
    if (good == n)
        return;
    f->is_alone = b->is_alone = good == 0;
    f->deaths = (uint32_t)(counts[0] / MARK);
    if (f->deaths && f->runner->def->kind->wants_jobs)
        log_warn("a file killed its worker, it is read in smaller steps",
                 LOG_STR("topic", f->runner->topic), LOG_STR("id", b->entries[0].id),
                 LOG_U64("deaths", f->deaths));
    put_off(f, counts, MAX(good, 1u), n);
}

static uint64_t count_of(const struct reply *list, str id)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (list->items[i].n == 4 && str_equal(list->items[i].items[0].text, id))
            return (uint64_t)list->items[i].items[3].integer;
    return 0;
}

/* [[id, consumer, idle ms, count], ...] */
static void on_counts(void *ctx, const struct reply *reply)
{
    struct flight *f = ctx;
    struct batch *b = &f->batch;

    if (!reply) {
        flight_wait(f, AGAIN_US, flight_examine);
        return;
    }
    if (reply->type == REPLY_ARRAY) {
        uint64_t *counts = arena_alloc(&b->arena, b->entry_count * sizeof(*counts));
        for (uint32_t i = 0; i < b->entry_count; i++)
            counts[i] = count_of(reply, b->entries[i].id);
        choose(f, counts);
    }
    flight_prepare(f);
}

void flight_examine(struct flight *f)
{
    struct runner *r = f->runner;
    struct batch *b = &f->batch;
    char digits[DIGITS];

    if (b->entry_count == 0) {
        flight_prepare(f);
        return;
    }
    redis_say(r->process->redis, &b->arena, on_counts, f, STR("XPENDING"), r->topic, STR("sp"),
              b->entries[0].id, b->entries[b->entry_count - 1].id,
              (str){digits, (size_t)(str_write_u64(digits, b->entry_count) - digits)},
              r->process->consumer);
}

/* True: what it is was found out before. */
static bool is_judged(struct flight *f)
{
    struct batch *b = &f->batch;
    struct entry *e = b->entries;

    if (b->record_count > 1 && f->deaths >= DEATHS_OF_MANY) {
        log_warn("an entry killed its worker, its records are cut apart",
                 LOG_STR("topic", f->runner->topic), LOG_STR("id", e->id));
        b->is_cut = true;
        return true;
    }
    if (b->record_count != 1 || f->deaths < DEATHS_OF_ONE)
        return false;
    log_error("a record killed its worker, it is a dead letter",
              LOG_STR("topic", f->runner->topic), LOG_STR("id", e->id),
              LOG_U64("deaths", f->deaths));
    e->try += f->deaths - 1; /* the letter counts one more */
    record_settle(b->records, VERDICT_DEAD, STR("poison"),
                  arena_printf(&b->arena,
                               "its worker died %u times while it worked on this record alone",
                               f->deaths));
    return true;
}

/* How the next step of a file is to be made. */
static void set_care(struct flight *f)
{
    struct batch *b = &f->batch;

    b->step_bytes = f->deaths < DEATHS_OF_STEP    ? 0
                    : f->deaths < DEATHS_OF_PIECE ? PIECE_BYTES
                                                  : ROW_BYTES;
    b->care = CARE_NONE;
    if (f->deaths >= DEATHS_OF_ROW)
        b->care = f->deaths == DEATHS_OF_ROW ? CARE_PASS_OVER : CARE_GIVE_UP;
    b->entries[0].try = b->care ? DEATHS_OF_ONE - 1 : 0; /* the letter counts one more */
}

static void on_marked(void *ctx, const struct reply *reply)
{
    struct flight *f = ctx;

    f->is_marked = reply && reply->type == REPLY_ARRAY;
    if (!f->is_marked)
        f->runner->process->alone = NULL;
    flight_wait(f, f->is_marked ? 0 : AGAIN_US, flight_process);
}

bool flight_may_go(struct flight *f)
{
    struct process *p = f->runner->process;

    if (p->alone && p->alone != f) {
        flight_wait(f, TURN_US, flight_process);
        return false;
    }
    if (!f->is_alone || f->is_marked)
        return true;
    if (f->runner->def->kind->wants_jobs) {
        set_care(f);
    } else if (is_judged(f)) {
        flight_settle(f, false);
        return false;
    }
    p->alone = f;
    set_count(f->runner, &f->batch.entries[0].id, 1, (f->deaths + 1ULL) * MARK, &f->batch.arena,
              on_marked, f);
    return false;
}

static void on_acquitted(void *ctx, const struct reply *reply)
{
    struct runner *r = ctx;

    r->asks--;
    r->process->alone = NULL;
    if (reply && reply->type == REPLY_ARRAY && reply->n > 0)
        consumer_catch_up(r->consumer); /* pending still: another had it, it is ours again */
    runner_pump(r);
    process_settled(r->process);
}

/* Past what the first of the dead had in hand? */
static bool is_past(struct flight *f)
{
    const struct progress *p = f->batch.progress;

    if (!p || p->is_last || f->deaths < DEATHS_OF_STEP)
        return true;
    if (!f->careful_to)
        f->careful_to = p->from + (f->deaths < DEATHS_OF_PIECE ? STEP_BYTES : PIECE_BYTES);
    return p->to >= f->careful_to;
}

/* Others may begin again. Last of all: it may end the role. */
static void let_go(struct flight *f, uint64_t count)
{
    struct runner *r = f->runner;
    struct arena a = {0};

    f->is_marked = false;
    r->asks++;
    set_count(r, &f->batch.entries[0].id, 1, count, &a, on_acquitted, r);
    arena_free(&a);
}

void flight_acquit(struct flight *f)
{
    bool is_over = is_past(f);

    f->deaths = is_over ? 0 : MIN(f->deaths, (uint32_t)DEATHS_OF_PIECE);
    f->is_alone = f->batch.is_alone = !is_over;
    if (is_over) {
        f->batch.step_bytes = 0;
        f->batch.care = CARE_NONE;
    }
    let_go(f, is_over ? 1 : f->deaths * (uint64_t)MARK);
}

/* Whoever is killed while it waits was killed from outside: it stays suspected, no more. */
void flight_suspend(struct flight *f)
{
    let_go(f, f->deaths * (uint64_t)MARK + SUSPECT_COUNT);
}

struct announcement {
    struct runner *runner;
    void (*go_on)(void *ctx);
    void *ctx;
};

static struct flight *suspect_of(const struct runner *r)
{
    for (struct flight *f = r->flights; f; f = f->next)
        if (f->phase == FLIGHT_BUSY && f->is_alone)
            return f;
    return NULL;
}

static void on_announced(void *ctx, const struct reply *reply)
{
    struct announcement n = *(struct announcement *)ctx;
    struct runner *r = n.runner;

    (void)reply; /* without a mark it is done all the same: nobody will be blamed */
    free(ctx);
    n.go_on(n.ctx);
    r->asks--;
    struct flight *f = suspect_of(r);
    if (f && r->process->alone == f)
        flight_suspend(f); /* it goes on */
}

void runner_announce(struct worker *w, void (*go_on)(void *ctx), void *ctx)
{
    struct runner *r = w->runner;
    struct process *p = r->process;
    struct flight *f = suspect_of(r);

    if (!f || (p->alone && p->alone != f)) {
        go_on(ctx);
        return;
    }
    struct announcement *n = xalloc(sizeof(*n));
    struct arena a = {0};
    *n = (struct announcement){.runner = r, .go_on = go_on, .ctx = ctx};
    p->alone = f;
    r->asks++;
    set_count(r, &f->batch.entries[0].id, 1, (f->deaths + 1ULL) * MARK, &a, on_announced, n);
    arena_free(&a);
}
