#pragma once
/* A Firehose that does as it is told, in the loop of the test. */
#include <stdlib.h>

#include "common/data/digest.h"
#include "common/data/json.h"
#include "common/io/server.h"
#include "tests/unit/check.h"

enum { CALLS_MAX = 4096, RECORDS_MAX = 500, SEEN_MAX = 2048 };

struct received { /* a Firehose record of the call being answered */
    char *text;   /* decoded, with a NUL */
    size_t n;
};
struct fake {
    struct server *server;
    void (*answer)(struct fake *f, struct server_request *q); /* what is to happen */
    struct received records[RECORDS_MAX];
    uint32_t count, calls;    /* records in this call; calls so far */
    uint32_t taken[SEEN_MAX]; /* how often document i was accepted */
    uint32_t shown[SEEN_MAX]; /* how often it was sent */
    uint32_t refuse;          /* document that can never be taken */
    size_t largest_call;
    uint32_t most_records;
    char last[4096]; /* text of the first record of the last call */
};

/* Documents carry their number as "i":<n>: the one in a text. */
static inline uint32_t number_of(const char *document)
{
    const char *at = strstr(document, "\"i\":");

    return at ? (uint32_t)strtoul(at + 4, NULL, 10) : 0;
}

static inline void mark(const struct fake *f, uint32_t i, uint32_t *counts)
{
    const char *next;

    for (const char *p = f->records[i].text; *p; p = next) {
        next = strchr(p, '\n');
        next = next ? next + 1 : p + strlen(p);
        if (number_of(p) < SEEN_MAX)
            counts[number_of(p)]++;
    }
}

static inline void read_call(struct fake *f, str body)
{
    str list, rest, item, data;
    size_t at, bytes = 0;

    CHECK(json_check(body, NULL, &at) == NULL);
    CHECK(json_find(body, STR("Records"), &list) && json_open(list, &rest));
    for (f->count = 0; f->count < RECORDS_MAX && json_next_item(&rest, &item); f->count++) {
        struct received *r = &f->records[f->count];
        CHECK(json_find(item, STR("Data"), &data));
        r->text = xrealloc(r->text, data.n + 1);
        r->n = (size_t)base64_decode((unsigned char *)r->text, (str){data.p + 1, data.n - 2});
        r->text[r->n] = '\0';
        bytes += r->n;
        mark(f, f->count, f->shown);
    }
    CHECK(!json_next_item(&rest, &item));
    snprintf(f->last, sizeof(f->last), "%s", f->records[0].text);
    f->largest_call = MAX(f->largest_call, bytes);
    f->most_records = MAX(f->most_records, f->count);
}

static inline void reply(struct server_request *q, int status, const char *body)
{
    server_answer(q, status, "application/x-amz-json-1.1", str_of(body), NULL, 0);
}

/* Accept all but those of which `code` says one. */
static inline void answer_each(struct fake *f, struct server_request *q,
                               const char *(*code)(struct fake *f, uint32_t i))
{
    struct buf out;
    uint32_t failed = 0;

    buf_init(&out, 1 << 20);
    for (uint32_t i = 0; i < f->count; i++) {
        const char *c = code ? code(f, i) : NULL;
        failed += c != NULL;
        if (!c)
            mark(f, i, f->taken);
        CHECK(c ? buf_printf(&out, "%s{\"ErrorCode\":\"%s\"}", i ? "," : "", c)
                : buf_printf(&out, "%s{\"RecordId\":\"%u\"}", i ? "," : "", i));
    }
    CHECK(buf_printf(&out, "],\"FailedPutCount\":%u}", failed));
    struct buf whole;
    buf_init(&whole, 2 << 20);
    CHECK(buf_add(&whole, STR("{\"RequestResponses\":[")) && buf_add(&whole, buf_str(&out)));
    server_answer(q, 200, "application/x-amz-json-1.1", buf_str(&whole), NULL, 0);
    buf_free(&out);
    buf_free(&whole);
}

static inline void take_all(struct fake *f, struct server_request *q)
{
    answer_each(f, q, NULL);
}

static inline void on_request(void *ctx, struct server_request *q)
{
    struct fake *f = ctx;

    CHECK(f->calls < CALLS_MAX);
    f->calls++;
    read_call(f, server_body(q));
    f->answer(f, q);
}

static inline void deny(struct fake *f, struct server_request *q)
{
    (void)f;
    reply(q, 400, "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}");
}
