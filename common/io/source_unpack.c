/* What a compressed source holds, as if it were the source: offsets are those of the bytes that
 * come out. Going back, and going on after a restart, begins at the last known member, else at
 * the start; bytes that are only passed over are inflated in slices, so that the loop turns. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/io/inflate.h"
#include "common/io/loop.h"
#include "common/io/source_kinds.h"

enum {
    IN_BYTES = 64 * 1024,
    SKIP_BYTES = 256 * 1024,
    SLICE_BYTES = 16 * 1024 * 1024, /* passed over at once: some 50 ms */
    MARKS = 16,
    MARK_BYTES = 1024 * 1024, /* members closer together are not worth a mark */
    RATIO = 100,              /* more than that is told */
    RATIO_FROM = 64 * 1024 * 1024,
};
static const uint64_t standard_max = (uint64_t)64 << 30;

struct unpack {
    struct source packed; /* owned */
    struct inflate *inflate;
    enum inflate_kind kind;
    char *in, *skipped; /* owned */
    str rest;           /* of `in`: not yet taken */
    uint64_t in_at;     /* of the packed byte behind `rest` */
    uint64_t at, max;   /* of the next byte to come out; UINT64_MAX: not begun */
    bool is_inside;     /* a member began and did not end */
    bool is_over, is_told;
    struct source_mark marks[MARKS]; /* rising; the first is the start */
    uint32_t mark_count;
    struct source_end end;
    struct timer *turn; /* behind a slice; NULL: no loop, nobody is kept waiting */
    void (*ready)(void *ctx);
    void *ready_ctx;
};

static void add_mark(struct unpack *u, uint64_t in)
{
    if (u->at < u->marks[u->mark_count - 1].out + MARK_BYTES)
        return;
    if (u->mark_count == MARKS) { /* the oldest goes, not the start */
        memmove(u->marks + 1, u->marks + 2, (MARKS - 2) * sizeof(*u->marks));
        u->mark_count--;
    }
    u->marks[u->mark_count++] = (struct source_mark){.in = in, .out = u->at};
}

static struct source_mark unpack_mark(const void *self, uint64_t offset)
{
    const struct unpack *u = self;
    struct source_mark best = u->marks[0];

    for (uint32_t i = 1; i < u->mark_count; i++)
        if (u->marks[i].out <= offset)
            best = u->marks[i];
    return best;
}

static void go_back(struct unpack *u, uint64_t offset)
{
    struct source_mark mark = unpack_mark(u, offset);

    u->rest = STR_NONE;
    u->in_at = mark.in;
    u->at = mark.out;
    u->is_inside = u->is_over = false;
    u->end = (struct source_end){0};
    inflate_next(u->inflate);
}

static void end_here(struct unpack *u, enum source_ending kind, const char *what)
{
    uint64_t in = u->in_at - u->rest.n;

    u->is_over = true;
    u->end.kind = kind;
    snprintf(u->end.text, sizeof(u->end.text),
             "%s: %s at byte %" PRIu64 " of the archive, %" PRIu64 " of what it holds",
             inflate_name(u->kind), what, in, u->at);
}

/* More packed bytes behind those that are left. `*is_end`: there are none. */
static int fill(struct unpack *u, bool *is_end, str *reason, struct error *err)
{
    size_t got;

    if (u->rest.n)
        memmove(u->in, u->rest.p, u->rest.n);
    u->rest.p = u->in;
    int rc = source_read(&u->packed, u->in_at, u->in + u->rest.n, IN_BYTES - u->rest.n, &got,
                         reason, err);
    if (rc)
        return rc;
    u->rest.n += got;
    u->in_at += got;
    *is_end = got == 0;
    return 0;
}

/* Between two members: another one, the end, the zeros that tapes are filled up with, or what
 * does not belong there. */
static int begin_member(struct unpack *u, str *reason, struct error *err)
{
    bool is_end = false;

    while (u->rest.n < INFLATE_HEAD && !is_end) {
        int rc = fill(u, &is_end, reason, err);
        if (rc)
            return rc;
    }
    if (inflate_detect(u->rest) == u->kind) {
        inflate_next(u->inflate);
        u->is_inside = true;
        return 0;
    }
    while (u->rest.n && u->rest.p[0] == '\0')
        u->rest = (str){u->rest.p + 1, u->rest.n - 1};
    if (u->rest.n)
        end_here(u, SOURCE_TRAILING, "bytes that are no archive");
    u->is_over = is_end || u->rest.n;
    return 0;
}

static int check_size(struct unpack *u, str *reason, struct error *err)
{
    uint64_t in = u->in_at - u->rest.n;

    if (u->at > u->max) {
        *reason = STR("unpacked_too_large");
        return error_set(err, ERR_DATA,
                         "the archive holds more than the %" PRIu64
                         " bytes that --decompressed-max allows, from %" PRIu64,
                         u->max, in);
    }
    if (u->at > RATIO_FROM && u->at / MAX(in, (uint64_t)1) > RATIO && !u->is_told) {
        u->is_told = true;
        log_warn("an archive grows more than a hundredfold", LOG_U64("bytes", in),
                 LOG_U64("unpacked", u->at));
    }
    return 0;
}

/* Up to `end`, or as far as the packed bytes go. */
static int produce(struct unpack *u, char **to, const char *end, str *reason, struct error *err)
{
    bool is_end = false;

    while (*to < end && !u->is_over) {
        if (!u->is_inside) {
            int rc = begin_member(u, reason, err);
            if (rc)
                return rc;
            continue;
        }
        const char *before = *to;
        enum inflate_status status = inflate_some(u->inflate, &u->rest, to, end);
        u->at += (uint64_t)(*to - before);
        if (status == INFLATE_BROKEN) {
            end_here(u, SOURCE_CUT, inflate_problem(u->inflate));
        } else if (status == INFLATE_MEMBER) {
            u->is_inside = false;
            add_mark(u, u->in_at - u->rest.n);
        } else if (u->rest.n == 0 && *to < end) {
            if (is_end)
                end_here(u, SOURCE_CUT, "the archive ends early,");
            int rc = fill(u, &is_end, reason, err);
            if (rc)
                return rc;
        }
        int rc = check_size(u, reason, err);
        if (rc)
            return rc;
    }
    return 0;
}

static void on_turn(void *ctx)
{
    struct unpack *u = ctx;

    u->ready(u->ready_ctx);
}

static int skip_to(struct unpack *u, uint64_t offset, str *reason, struct error *err)
{
    uint64_t start = u->at;

    while (u->at < offset && !u->is_over) {
        if (u->turn && u->at - start > SLICE_BYTES) {
            timer_start(u->turn, 0);
            return error_set(err, ERR_AGAIN, "passing over what was read before");
        }
        char *to = u->skipped;
        int rc = produce(u, &to, to + MIN(offset - u->at, (uint64_t)SKIP_BYTES), reason, err);
        if (rc)
            return rc;
    }
    return 0;
}

static int unpack_read(void *self, uint64_t offset, char *to, size_t n, size_t *got,
                       str *reason, struct error *err)
{
    struct unpack *u = self;
    char *end = to;

    *got = 0;
    if (offset < u->at)
        go_back(u, offset);
    int rc = skip_to(u, offset, reason, err);
    if (rc)
        return rc;
    rc = u->at == offset ? produce(u, &end, to + n, reason, err) : 0;
    *got = (size_t)(end - to);
    if (rc == ERR_AGAIN && *got) { /* some for now */
        *err = (struct error){0};
        return 0;
    }
    return rc;
}

static bool unpack_is_same(void *self)
{
    const struct unpack *u = self;

    return source_is_same(&u->packed);
}

static struct source_end unpack_end(const void *self)
{
    const struct unpack *u = self;

    return u->end;
}

static void unpack_close(void *self)
{
    struct unpack *u = self;

    source_close(&u->packed);
    inflate_free(u->inflate);
    timer_free(u->turn);
    free(u->in);
    free(u->skipped);
    free(u);
}

static const struct source_ops unpack_ops = {
    .read = unpack_read,
    .is_same = unpack_is_same,
    .end = unpack_end,
    .mark = unpack_mark,
    .close = unpack_close,
};

void source_unpack(struct source *s, enum inflate_kind kind, const struct source_setup *setup)
{
    struct unpack *u = xalloc(sizeof(*u));

    *u = (struct unpack){.packed = *s,
                         .kind = kind,
                         .inflate = inflate_new(kind),
                         .in = xalloc(IN_BYTES),
                         .skipped = xalloc(SKIP_BYTES),
                         .at = UINT64_MAX,
                         .max = setup->unpacked_max ? setup->unpacked_max : standard_max,
                         .mark_count = 1,
                         .ready = setup->ready,
                         .ready_ctx = setup->ready_ctx};
    if (setup->mark.out)
        u->marks[u->mark_count++] = setup->mark;
    if (setup->loop)
        u->turn = timer_new(setup->loop, on_turn, u);
    s->ops = &unpack_ops;
    s->self = u;
    s->compression = inflate_name(kind);
}
