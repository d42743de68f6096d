/* `standpipe send`: put files into the inbox, and with --wait follow each record of them to its
 * end. The figures are the books of the source, less what they held before. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/data/keys.h"
#include "common/io/redis.h"
#include "tools/commands.h"
#include "tools/show.h"

enum {
    POLL_US = 100 * 1000,             /* and redraw: ten a second */
    LINE_EVERY_US = 10 * 1000 * 1000, /* where there is no terminal */
    FILES_MAX = 10000,
    BAR = 20,
};

struct send_settings {
    bool wait, fail_on_dead;
    str run;
};
static const struct setting send_table[] = {
    {"wait", SETTING_BOOL, "false", offsetof(struct send_settings, wait),
     "Wait until every record is delivered, dead or filtered, and show the progress."},
    {"fail_on_dead", SETTING_BOOL, "false", offsetof(struct send_settings, fail_on_dead),
     "With --wait: exit 1 when a record died."},
    {"run", SETTING_STR, "", offsetof(struct send_settings, run),
     "Name of the replay that the records belong to."},
    {0},
};

enum stand { STAND_QUEUED, STAND_RUNNING, STAND_DONE, STAND_FAILED, STAND_REFUSED };
struct books {
    uint64_t rows, delivered, dead, filtered, open;
};
struct file {
    const char *name; /* as the user gave it */
    str uri, src, id; /* of the entry in the inbox */
    enum stand stand;
    uint64_t size, offset;
    struct books before, now;
    str error; /* of a job that failed */
};
struct send {
    const struct send_settings *options;
    struct keys keys;
    struct arena *arena; /* of the command */
    struct arena round;  /* of one look */
    struct loop *loop;
    struct redis *redis;
    struct file *files;
    uint32_t count;
    uint64_t started_us, said_us;
    bool has_bar;
};

#define ask(s, a, reply, err, ...)                                                             \
    redis_call((s)->redis, (const str[]){__VA_ARGS__},                                         \
               (uint32_t)(sizeof((const str[]){__VA_ARGS__}) / sizeof(str)), (a), (reply),     \
               (err))

/* file:///in/a%20b.csv of an absolute path. */
static str file_uri(struct arena *a, const char *path)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = strlen(path);
    char *p = arena_reserve(a, 7 + 3 * n + 1), *out = p + 7;

    memcpy(p, "file://", 7);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)path[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || (c && strchr("-._~/", c));
        if (is_plain) {
            *out++ = (char)c;
        } else {
            *out++ = '%';
            *out++ = hex[c >> 4];
            *out++ = hex[c & 15];
        }
    }
    *out = '\0';
    arena_trim(a, out + 1);
    return (str){p, (size_t)(out - p)};
}

static int look_at_file(struct arena *a, const char *name, struct file *f, struct error *err)
{
    char path[PATH_MAX], id[16];
    struct stat st;

    if (!realpath(name, path) || stat(path, &st) != 0 || access(path, R_OK) != 0)
        return error_set(err, ERR_DATA, "cannot read '%s': %s", name, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(err, ERR_DATA, "'%s' is not a plain file", name);
    str version =
        arena_printf(a, "%" PRIu64 "-%" PRIu64, (uint64_t)st.st_size,
                     (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec);
    str uri = file_uri(a, path);
    hash_hex(hash_more(hash_bytes(uri), version), id);
    *f = (struct file){.name = name,
                       .uri = uri,
                       .src = arena_copy(a, (str){id, sizeof(id)}),
                       .size = (uint64_t)st.st_size};
    return 0;
}

static uint64_t number_of(const struct reply *r)
{
    uint64_t n = 0;

    return r->type == REPLY_STRING && str_to_u64(r->text, &n) ? n : 0;
}

static int read_books(struct send *s, str src, struct books *to, struct error *err)
{
    str key = keys_source(&s->keys, &s->round, src);
    const struct reply *r;

    if (ask(s, &s->round, &r, err, STR("HMGET"), key, STR("rows"), STR("delivered"),
            STR("dead"), STR("filtered"), STR("open")) != 0)
        return err->code;
    if (r->type != REPLY_ARRAY || r->n != 5)
        return error_set(err, ERR_REDIS, "HMGET '%s': an answer of the wrong form", key.p);
    *to = (struct books){number_of(&r->items[0]), number_of(&r->items[1]),
                         number_of(&r->items[2]), number_of(&r->items[3]),
                         number_of(&r->items[4])};
    return 0;
}

static int put_in(struct send *s, struct file *f, struct error *err)
{
    str inbox = keys_global(&s->keys, &s->round, "inbox");
    str args[] = {STR("XADD"), inbox,      STR("*"),       STR("uri"),
                  f->uri,      STR("run"), s->options->run};
    uint32_t n = ARRAY_LEN(args) - (s->options->run.n ? 0 : 2);
    const struct reply *id;

    if (s->options->wait && read_books(s, f->src, &f->before, err) != 0)
        return err->code;
    if (redis_call(s->redis, args, n, &s->round, &id, err) != 0)
        return err->code;
    f->id = arena_copy(s->arena, id->text);
    if (!s->options->wait)
        printf("%s %s\n", f->id.p, f->uri.p);
    return 0;
}

/* It left the inbox and nobody took it in: the dispatcher made a dead letter of it. */
static int find_refusal(struct send *s, struct file *f, struct error *err)
{
    str inbox = keys_global(&s->keys, &s->round, "inbox");
    str seen = keys_seen(&s->keys, &s->round, f->id);
    const struct reply *waits, *is_seen;

    if (ask(s, &s->round, &waits, err, STR("XRANGE"), inbox, f->id, f->id) != 0 ||
        ask(s, &s->round, &is_seen, err, STR("EXISTS"), seen) != 0)
        return err->code;
    if (waits->type == REPLY_ARRAY && waits->n == 0 && is_seen->integer == 0)
        f->stand = STAND_REFUSED;
    return 0;
}

static int look(struct send *s, struct file *f, struct error *err)
{
    str key = keys_job(&s->keys, &s->round, f->id);
    const struct reply *r;

    if (ask(s, &s->round, &r, err, STR("HMGET"), key, STR("state"), STR("offset"), STR("size"),
            STR("src"), STR("error")) != 0)
        return err->code;
    if (r->type != REPLY_ARRAY || r->n != 5)
        return error_set(err, ERR_REDIS, "HMGET '%s': an answer of the wrong form", key.p);
    const struct reply *state = &r->items[0], *src = &r->items[3];
    if (state->type != REPLY_STRING)
        return find_refusal(s, f, err);
    if (src->type == REPLY_STRING && !str_equal(src->text, f->src)) {
        f->src = arena_copy(s->arena, src->text); /* the file changed since we looked at it */
        f->before = (struct books){0};
    }
    f->offset = number_of(&r->items[1]);
    f->size = MAX(number_of(&r->items[2]), f->offset);
    if (read_books(s, f->src, &f->now, err) != 0)
        return err->code;
    f->stand = STAND_RUNNING;
    if (str_is(state->text, "failed")) {
        f->stand = STAND_FAILED;
        f->error = arena_copy(s->arena, r->items[4].text);
    } else if (str_is(state->text, "done") && f->now.open == 0) {
        f->stand = STAND_DONE;
    }
    return 0;
}

static uint64_t since(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

/* What this sending brought. */
static struct books gain(const struct file *f)
{
    const struct books *now = &f->now, *old = &f->before;

    return (struct books){since(now->rows, old->rows), since(now->delivered, old->delivered),
                          since(now->dead, old->dead), since(now->filtered, old->filtered),
                          now->open};
}

static struct books gain_all(const struct send *s)
{
    struct books sum = {0};

    for (uint32_t i = 0; i < s->count; i++) {
        struct books b = gain(&s->files[i]);
        sum.rows += b.rows;
        sum.delivered += b.delivered;
        sum.dead += b.dead;
        sum.filtered += b.filtered;
        sum.open += b.open;
    }
    return sum;
}

static void draw_bar(char out[4 * BAR + 1], uint64_t done, uint64_t all)
{
    uint64_t cells = all ? done * BAR / all : BAR;

    *out = '\0';
    for (uint64_t i = 0; i < BAR; i++)
        memcpy(out + strlen(out), i < cells ? "█" : "·", i < cells ? 4 : 3);
}

/* One line for all files: how much was read, how fast, what became of it. */
static void draw(struct send *s)
{
    uint64_t offset = 0, size = 0, now = clock_mono_us(&clock_system);
    uint32_t over = 0;
    struct books sum = gain_all(s);
    char bar[4 * BAR + 1];
    char files[32] = "";

    if (!s->has_bar && now - s->said_us < LINE_EVERY_US)
        return;
    s->said_us = now;
    for (uint32_t i = 0; i < s->count; i++) {
        offset += s->files[i].offset;
        size += s->files[i].size;
        over += s->files[i].stand >= STAND_DONE;
    }
    uint64_t us = MAX(now - s->started_us, (uint64_t)1);
    double bytes_per_us = (double)offset / (double)us;
    uint64_t left_s =
        bytes_per_us > 0 ? (uint64_t)((double)since(size, offset) / bytes_per_us / 1e6) : 0;
    draw_bar(bar, offset, size);
    if (s->count > 1)
        snprintf(files, sizeof(files), " (%u/%u)", over, s->count);
    fprintf(stderr,
            "%s%.40s%s  %s%s%3u %%  %s/%s  %s rows/s  eta %s  delivered %s  dead %s  open %s%s",
            s->has_bar ? "\r\033[K" : "", s->files[0].name, files, s->has_bar ? bar : "",
            s->has_bar ? " " : "", size ? (unsigned)((double)offset * 100 / (double)size) : 100,
            show_bytes(offset).text, show_bytes(size).text,
            show_count((uint64_t)((double)sum.rows * 1e6 / (double)us)).text,
            show_clock(left_s).text, show_count(sum.delivered).text, show_count(sum.dead).text,
            show_count(sum.open).text, s->has_bar ? "" : "\n");
}

static void on_poll(void *ctx)
{
    *(bool *)ctx = true;
}

/* Look at all files that are under way, ten times a second, until none is. */
static int follow(struct send *s, struct error *err)
{
    bool is_due = false;
    struct timer *poll = timer_new(s->loop, on_poll, &is_due);
    uint32_t open = s->count;
    int rc = 0;

    while (open > 0 && rc == 0) {
        open = 0;
        for (uint32_t i = 0; i < s->count && rc == 0; i++) {
            struct file *f = &s->files[i];
            if (f->stand >= STAND_DONE)
                continue;
            arena_reset(&s->round);
            rc = look(s, f, err);
            open += f->stand < STAND_DONE;
        }
        draw(s);
        is_due = false;
        timer_start(poll, POLL_US);
        while (open > 0 && rc == 0 && !is_due)
            loop_once(s->loop);
    }
    timer_free(poll);
    if (s->has_bar)
        fprintf(stderr, "\n");
    return rc;
}

static void print_books(const char *name, struct books b)
{
    printf("%s: %s rows, %s delivered, %s dead, %s filtered\n", name, show_digits(b.rows).text,
           show_digits(b.delivered).text, show_digits(b.dead).text,
           show_digits(b.filtered).text);
}

/* The end of each file and the sum; returns the exit status. */
static int summarise(const struct send *s)
{
    struct books sum = gain_all(s);
    bool has_failed = false;

    for (uint32_t i = 0; i < s->count; i++) {
        const struct file *f = &s->files[i];
        if (s->count > 1)
            print_books(f->name, gain(f));
        has_failed |= f->stand != STAND_DONE;
        if (f->stand == STAND_FAILED) {
            struct error clean = {0}; /* foreign bytes must not reach the terminal */
            error_set(&clean, ERR_DATA, STR_FMT, STR_ARG(f->error));
            fprintf(stderr, "standpipe: '%s' failed: %s\n", f->name, clean.text);
        } else if (f->stand == STAND_REFUSED)
            fprintf(stderr,
                    "standpipe: '%s' was not taken in; the dead letter of entry %s says why\n",
                    f->name, f->id.p);
    }
    print_books("done", sum);
    if (sum.dead)
        fprintf(stderr, "%s records died; next: standpipe dead\n", show_digits(sum.dead).text);
    return has_failed || (s->options->fail_on_dead && sum.dead);
}

static int send_all(struct send *s, struct error *err)
{
    int rc = 0;

    for (uint32_t i = 0; i < s->count && rc == 0; i++) {
        arena_reset(&s->round);
        rc = put_in(s, &s->files[i], err);
    }
    if (rc != 0 || !s->options->wait)
        return rc;
    s->started_us = s->said_us = clock_mono_us(&clock_system);
    s->has_bar = show_is_terminal(2);
    rc = follow(s, err);
    return rc != 0 ? rc : summarise(s);
}

static int run_send(struct command_call *call, struct error *err)
{
    struct send s = {.options = call->options,
                     .keys = {.prefix = call->common->prefix, .lane = STR("0")},
                     .arena = call->arena};
    int rc = 0;

    if (call->argc < 1 || call->argc > FILES_MAX)
        return error_set(err, ERR_USAGE, "send takes 1 to %d files", FILES_MAX);
    s.count = (uint32_t)call->argc;
    s.files = arena_zalloc(call->arena, s.count * sizeof(*s.files));
    for (uint32_t i = 0; i < s.count && rc == 0; i++)
        rc = look_at_file(call->arena, call->argv[i], &s.files[i], err);
    if (rc == 0)
        rc = command_connect(call, &s.loop, &s.redis, err);
    if (rc != 0)
        return rc; /* nothing was sent */
    rc = send_all(&s, err);
    redis_free(s.redis);
    loop_free(s.loop);
    arena_free(&s.round);
    return rc;
}

const struct command command_send = {
    .name = "send",
    .summary = "Send files into the pipeline.",
    .usage = "FILE...",
    .examples = "standpipe send data.csv\nstandpipe send --wait data/*.csv\n",
    .options = send_table,
    .options_size = sizeof(struct send_settings),
    .run = run_send,
};
