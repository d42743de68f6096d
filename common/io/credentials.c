/* The chain, and when to go along it again. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/io/aws.h"
#include "common/io/credentials_chain.h"

enum {
    EARLY_MS = 15 * 60 * 1000, /* renewed so long before they end */
    REFUSED_MS = 60 * 1000,
    AGAIN_MS = 1000,
    AGAIN_MAX_MS = 60 * 1000,
};

struct credentials *credentials_new(const struct remote *r)
{
    struct credentials *c = xalloc(sizeof(*c));

    *c = (struct credentials){.remote = r};
    return c;
}

void credentials_free(struct credentials *c)
{
    if (!c)
        return;
    if (c->call)
        http_cancel(c->call);
    arena_free(&c->arenas[0]);
    arena_free(&c->arenas[1]);
    arena_free(&c->scratch);
    free(c);
}

enum link credentials_broken(struct credentials *c, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(c->why, sizeof(c->why), fmt, args);
    va_end(args);
    return LINK_BROKEN;
}

static uint64_t now_ms(const struct credentials *c)
{
    return clock_wall_ms(c->remote ? c->remote->clock : &clock_system);
}

static enum link from_environment(struct credentials *c, struct found *f)
{
    str id = aws_environment("AWS_ACCESS_KEY_ID");
    str secret = aws_environment("AWS_SECRET_ACCESS_KEY");

    if (aws_environment("AWS_PROFILE").n || (id.n == 0 && secret.n == 0))
        return LINK_NONE;
    if (id.n == 0 || secret.n == 0)
        return credentials_broken(c, "AWS_%s is set, but AWS_%s is not",
                                  id.n ? "ACCESS_KEY_ID" : "SECRET_ACCESS_KEY",
                                  id.n ? "SECRET_ACCESS_KEY" : "ACCESS_KEY_ID");
    f->keys = (struct sigv4_credentials){
        .id = id, .secret = secret, .token = aws_environment("AWS_SESSION_TOKEN")};
    return LINK_FOUND;
}

static enum link go_along(struct credentials *c, struct found *f)
{
    enum link link = from_environment(c, f);

    if (link == LINK_NONE && c->remote)
        link = credentials_from_web_identity(c);
    if (link == LINK_NONE)
        link = credentials_from_files(c, f);
    if (link == LINK_NONE && c->remote)
        link = credentials_from_container(c);
    if (link == LINK_NONE && c->remote)
        link = credentials_from_metadata(c);
    return link == LINK_NONE
               ? credentials_broken(c, "no AWS credentials: set AWS_ACCESS_KEY_ID "
                                       "and AWS_SECRET_ACCESS_KEY, or a profile")
               : link;
}

static bool is_same(const struct sigv4_credentials *a, const struct sigv4_credentials *b)
{
    return str_equal(a->id, b->id) && str_equal(a->secret, b->secret) &&
           str_equal(a->token, b->token);
}

static void keep(struct credentials *c, const struct found *f)
{
    if (c->has_keys && is_same(&f->keys, &c->found.keys) &&
        f->expires_ms == c->found.expires_ms)
        return;
    c->arena ^= 1; /* those before stay valid until the next ones */
    struct arena *a = &c->arenas[c->arena];
    arena_reset(a);
    c->found = (struct found){
        .keys = {.id = arena_copy(a, f->keys.id),
                 .secret = arena_copy(a, f->keys.secret),
                 .token = arena_copy(a, f->keys.token)},
        .expires_ms = f->expires_ms,
    };
    c->has_keys = true;
}

static void settle(struct credentials *c, enum link link, const struct found *f)
{
    uint64_t now = now_ms(c);

    if (link == LINK_ASKED)
        return;
    c->step = STEP_IDLE;
    if (link == LINK_FOUND) {
        keep(c, f);
        c->backoff_ms = 0;
        c->is_told = false;
        c->next_ms = now + REFUSED_MS; /* keys that are about to end may come again */
        return;
    }
    c->backoff_ms = MIN(MAX(c->backoff_ms * 2, (uint64_t)AGAIN_MS), (uint64_t)AGAIN_MAX_MS);
    uint64_t jitter =
        c->remote ? c->remote->random(c->remote->random_ctx) % (c->backoff_ms / 4) : 0;
    c->next_ms = now + c->backoff_ms - jitter;
    if (!c->is_told && c->remote)
        log_warn("AWS credentials cannot be had", LOG_CSTR("why", c->why));
    c->is_told = true;
}

static void look(struct credentials *c)
{
    struct found f = {0};

    arena_reset(&c->scratch);
    settle(c, go_along(c, &f), &f);
}

void credentials_on_answer(void *ctx, const struct http_answer *a)
{
    struct credentials *c = ctx;
    struct found f = {0};

    c->call = NULL;
    settle(c, credentials_answered(c, a, &f), &f);
}

const struct sigv4_credentials *credentials_get(struct credentials *c, const char **why)
{
    uint64_t now = now_ms(c), ends = c->found.expires_ms;
    bool is_due = !c->has_keys || (ends && now + EARLY_MS >= ends);

    if (is_due && c->step == STEP_IDLE && now >= c->next_ms)
        look(c);
    ends = c->found.expires_ms;
    if (c->has_keys && (!ends || now < ends))
        return &c->found.keys;
    *why = c->step == STEP_IDLE ? c->why : "they are being asked for";
    return NULL;
}

const struct sigv4_credentials *credentials_last(const struct credentials *c)
{
    return &c->found.keys;
}

int credentials_check(struct credentials *c, struct error *err)
{
    const char *why = "";

    if (credentials_get(c, &why) || c->step != STEP_IDLE)
        return 0;
    return error_set(err, ERR_CONFIG, "%s", why);
}

bool credentials_refused(struct credentials *c)
{
    uint64_t now = now_ms(c);
    struct sigv4_credentials before = c->found.keys;

    if (c->step != STEP_IDLE)
        return true;
    if (c->refused_ms && now < c->refused_ms + REFUSED_MS)
        return false;
    c->refused_ms = now;
    look(c);
    if (c->step != STEP_IDLE) {
        c->has_keys = false; /* they are no good */
        return true;
    }
    return c->has_keys && !is_same(&before, &c->found.keys);
}
