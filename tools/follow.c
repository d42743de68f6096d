#include "tools/follow.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/io/redis.h"
#include "tools/show.h"

enum {
    POLL_US = 100 * 1000,             /* and redraw: ten a second */
    LINE_EVERY_US = 10 * 1000 * 1000, /* where there is no terminal */
    BAR = 20,
};

#define ask(w, a, reply, err, ...)                                                             \
    redis_call((w)->redis, (const str[]){__VA_ARGS__},                                         \
               (uint32_t)(sizeof((const str[]){__VA_ARGS__}) / sizeof(str)), (a), (reply),     \
               (err))

static uint64_t number_of(const struct reply *r)
{
    uint64_t n = 0;

    return r->type == REPLY_STRING && str_to_u64(r->text, &n) ? n : 0;
}

static int read_books(struct follow *w, str src, struct follow_books *to, struct error *err)
{
    str key = keys_source(&w->keys, &w->round, src);
    const struct reply *r;

    if (ask(w, &w->round, &r, err, STR("HMGET"), key, STR("rows"), STR("delivered"),
            STR("dead"), STR("filtered"), STR("open")) != 0)
        return err->code;
    if (r->type != REPLY_ARRAY || r->n != 5)
        return error_set(err, ERR_REDIS, "HMGET '%s': an answer of the wrong form", key.p);
    *to = (struct follow_books){number_of(&r->items[0]), number_of(&r->items[1]),
                                number_of(&r->items[2]), number_of(&r->items[3]),
                                number_of(&r->items[4])};
    return 0;
}

int follow_prepare(struct follow *w, struct follow_file *f, struct error *err)
{
    arena_reset(&w->round);
    return read_books(w, f->src, &f->before, err);
}

/* It has no job, and had left the inbox before we looked for one: the dispatcher makes the job
 * in the step that takes the entry out, so it made a dead letter of this one. */
static int find_refusal(struct follow *w, struct follow_file *f, struct error *err)
{
    str inbox = keys_global(&w->keys, &w->round, "inbox");
    const struct reply *waits;

    if (f->has_left) {
        f->stand = FOLLOW_REFUSED;
        return 0;
    }
    if (ask(w, &w->round, &waits, err, STR("XRANGE"), inbox, f->id, f->id) != 0)
        return err->code;
    f->has_left = waits->type == REPLY_ARRAY && waits->n == 0;
    return 0;
}

static int look(struct follow *w, struct follow_file *f, struct error *err)
{
    str key = keys_job(&w->keys, &w->round, f->id);
    const struct reply *r;

    if (ask(w, &w->round, &r, err, STR("HMGET"), key, STR("state"), STR("offset"), STR("size"),
            STR("src"), STR("error")) != 0)
        return err->code;
    if (r->type != REPLY_ARRAY || r->n != 5)
        return error_set(err, ERR_REDIS, "HMGET '%s': an answer of the wrong form", key.p);
    const struct reply *state = &r->items[0], *src = &r->items[3];
    if (state->type != REPLY_STRING)
        return find_refusal(w, f, err);
    if (src->type == REPLY_STRING && !str_equal(src->text, f->src)) {
        f->src = arena_copy(&w->arena, src->text); /* the file changed since we looked at it */
        f->before = (struct follow_books){0};
    }
    f->offset = number_of(&r->items[1]);
    if (r->items[2].type == REPLY_STRING) /* before that it is as large as we saw it */
        f->size = number_of(&r->items[2]);
    if (read_books(w, f->src, &f->now, err) != 0)
        return err->code;
    f->stand = FOLLOW_RUNNING;
    if (str_is(state->text, "failed") || str_is(state->text, "incomplete")) {
        f->stand = FOLLOW_FAILED;
        f->error = arena_copy(&w->arena, r->items[4].text);
    } else if (str_is(state->text, "done") && f->now.open == 0) {
        f->stand = FOLLOW_DONE;
    }
    return 0;
}

static uint64_t since(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

/* What this sending brought. */
static struct follow_books gain(const struct follow_file *f)
{
    const struct follow_books *now = &f->now, *old = &f->before;

    return (struct follow_books){
        since(now->rows, old->rows), since(now->delivered, old->delivered),
        since(now->dead, old->dead), since(now->filtered, old->filtered), now->open};
}

static struct follow_books gain_all(const struct follow *w)
{
    struct follow_books sum = {0};

    for (uint32_t i = 0; i < w->count; i++) {
        struct follow_books b = gain(&w->files[i]);
        sum.rows += b.rows;
        sum.delivered += b.delivered;
        sum.dead += b.dead;
        sum.filtered += b.filtered;
        sum.open += b.open;
    }
    return sum;
}

struct reading {
    uint64_t offset, size;
    uint32_t over; /* files */
    struct follow_books sum;
    uint64_t us; /* since the start */
};

static struct reading reading_of(const struct follow *w, uint64_t now_us)
{
    struct reading p = {.sum = gain_all(w), .us = MAX(now_us - w->started_us, (uint64_t)1)};

    for (uint32_t i = 0; i < w->count; i++) {
        const struct follow_file *f = &w->files[i];
        p.offset += f->size ? MIN(f->offset, f->size) : f->offset; /* it may be unpacked */
        p.size += f->size;
        p.over += w->files[i].stand >= FOLLOW_DONE;
    }
    return p;
}

static void draw_bar(const struct reading *p, int cells)
{
    int full = p->size ? (int)((double)p->offset / (double)p->size * cells) : cells;

    for (int i = 0; i < cells; i++)
        fputs(i < full ? "█" : "·", stderr);
}

/* One line for all files: how much was read, how fast, what became of it. */
static void draw(struct follow *w)
{
    uint64_t now = clock_mono_us(&clock_system);
    struct reading p = reading_of(w, now);
    const char *slash = strrchr(w->files[0].name, '/');
    char name[64], text[256], eta[32] = "-";

    if (!w->has_bar && now - w->said_us < LINE_EVERY_US)
        return;
    w->said_us = now;
    if (p.offset)
        snprintf(eta, sizeof(eta), "%s",
                 show_clock((uint64_t)((double)since(p.size, p.offset) / (double)p.offset *
                                       (double)p.us / 1e6))
                     .text);
    if (w->count > 1)
        snprintf(name, sizeof(name), "%u of %u files", p.over, w->count);
    else
        snprintf(name, sizeof(name), "%.30s", slash ? slash + 1 : w->files[0].name);
    int n = snprintf(text, sizeof(text),
                     "%3u %%  %s/%s  %s rows/s  eta %s  delivered %s  dead %s  open %s",
                     p.size ? (unsigned)((double)p.offset * 100 / (double)p.size) : 100,
                     show_bytes(p.offset).text, show_bytes(p.size).text,
                     show_count((uint64_t)((double)p.sum.rows * 1e6 / (double)p.us)).text, eta,
                     show_count(p.sum.delivered).text, show_count(p.sum.dead).text,
                     show_count(p.sum.open).text);
    if (!w->has_bar) {
        fprintf(stderr, "%s  %s\n", name, text);
        return;
    }
    /* A line that wraps could not be drawn over. */
    int room = (int)show_width(2) - 1, left = room - n - (int)strlen(name) - 3;
    fprintf(stderr, "\r\033[K%.*s  ", MAX(room - 2, 0), name);
    draw_bar(&p, MIN(MAX(left, 0), BAR));
    fprintf(stderr, " %.*s", MAX(room - 3 - (int)strlen(name), 0), text);
}

static void on_poll(void *ctx)
{
    *(bool *)ctx = true;
}

/* Look at all files that are under way, ten times a second, until none is. */
int follow_run(struct follow *w, struct error *err)
{
    bool is_due = false;
    struct timer *poll = timer_new(w->loop, on_poll, &is_due);
    uint32_t open = w->count;
    int rc = 0;

    w->started_us = w->said_us = clock_mono_us(&clock_system);
    w->has_bar = show_is_terminal(2);
    while (open > 0 && rc == 0) {
        open = 0;
        for (uint32_t i = 0; i < w->count && rc == 0; i++) {
            struct follow_file *f = &w->files[i];
            if (f->stand >= FOLLOW_DONE)
                continue;
            arena_reset(&w->round);
            rc = look(w, f, err);
            open += f->stand < FOLLOW_DONE;
        }
        draw(w);
        is_due = false;
        timer_start(poll, POLL_US);
        while (open > 0 && rc == 0 && !is_due)
            loop_once(w->loop);
    }
    timer_free(poll);
    if (w->has_bar)
        fprintf(stderr, "\n");
    return rc;
}

static void print_books(const char *name, struct follow_books b)
{
    printf("%s: %s rows, %s delivered, %s dead, %s filtered\n", name, show_digits(b.rows).text,
           show_digits(b.delivered).text, show_digits(b.dead).text,
           show_digits(b.filtered).text);
}

bool follow_summarise(const struct follow *w, uint64_t *dead)
{
    struct follow_books sum = gain_all(w);
    bool has_failed = false;

    for (uint32_t i = 0; i < w->count; i++) {
        const struct follow_file *f = &w->files[i];
        if (w->count > 1)
            print_books(f->name, gain(f));
        has_failed |= f->stand != FOLLOW_DONE;
        if (f->stand == FOLLOW_FAILED) {
            struct error clean = {0}; /* foreign bytes must not reach the terminal */
            error_set(&clean, ERR_DATA, STR_FMT, STR_ARG(f->error));
            fprintf(stderr, "standpipe: '%s' failed: %s\n", f->name, clean.text);
        } else if (f->stand == FOLLOW_REFUSED)
            fprintf(stderr,
                    "standpipe: '%s' was not taken in; the dead letter of entry %s says why\n",
                    f->name, f->id.p);
    }
    print_books("done", sum);
    if (sum.dead)
        fprintf(stderr, "%s records died; next: standpipe dead\n", show_digits(sum.dead).text);
    *dead = sum.dead;
    return !has_failed;
}

void follow_free(struct follow *w)
{
    arena_free(&w->arena);
    arena_free(&w->round);
}
