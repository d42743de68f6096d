#pragma once
/* An object of a web server read as one stream from wherever it is wanted: a window of what
 * comes, read ahead and paused when that is enough; what breaks off is asked for again from
 * there, and every answer has to be of the same version. Private to source*.c. */
#include "common/io/http.h"
#include "common/io/remote.h"
#include "common/io/source_kinds.h"

enum { WEB_HEADERS = 12, WEB_ERROR_MAX = 64 * 1024 };

struct web;
enum web_verdict {
    WEB_AGAIN,   /* the world's fault: back off */
    WEB_AT_ONCE, /* put right by what we learnt */
    WEB_FAIL,    /* `reason` and `err` of the web say why */
};
struct web_kind {
    /* Fill w->url and w->header[] for bytes from w->asked on. False: cannot now, w->err says
     * why. */
    bool (*ask)(struct web *w);
    enum web_verdict (*judge)(struct web *w, const struct http_answer *a);
    bool (*may_connect)(void *ctx, const struct sockaddr *to); /* NULL: any */
};
struct web {
    const struct web_kind *kind;
    struct remote *remote;
    void (*ready)(void *ctx);
    void *ready_ctx;
    struct http_call *call;
    struct timer *timer;
    struct arena arena, scratch; /* of the object; of the call */
    str uri;
    str etag, modified, version; /* empty: not said */
    uint64_t size;               /* UINT64_MAX: not said */
    bool is_found, is_paused, is_wanted, has_head, is_ended;
    char *bytes; /* owned; the window: `have` bytes, the first one at `at` */
    size_t have, room;
    uint64_t at, asked, skip; /* asked: where the call began; skip: of its bytes, unwanted */
    uint64_t wanted, least;   /* read next; wake up for so many */
    uint32_t failures, at_onces;
    bool is_failed;
    str reason;
    struct error err;
    str url, header[WEB_HEADERS]; /* of the call; in scratch */
    uint32_t header_count;
    /* http: */
    str address;
    bool was_refused;
    /* s3: */
    str bucket, key, region;
};

int web_open(struct source *s, struct arena *a, struct web *w, str *reason,
             struct error *err) MUST_CHECK;
struct web *web_new(const struct web_kind *kind, const struct source_setup *setup,
                    str uri) MUST_CHECK;
void web_add_header(struct web *w, const char *name, str value);
enum web_verdict web_fail(struct web *w, str reason, const char *fmt, ...) PRINTF(3, 4);
