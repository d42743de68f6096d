#pragma once
/* A Firehose sink with its settings, keys of its own and a call to encode or to judge. */
#include <stdlib.h>

#include "tests/unit/check.h"
#include "workers/sink_firehose.h"

/* 2026-01-02T03:04:05Z, as in the published vectors of sigv4. */
static const uint64_t NOW_MS = 1767323045000;

struct fixture { /* a sink and a call of it */
    struct arena arena;
    struct firehose *state;
    struct sink_limits limits;
    struct error err;
    struct call call;
    struct parcel parcels[FIREHOSE_RECORDS_MAX], *pointers[FIREHOSE_RECORDS_MAX];
    struct entry entry;
    struct record records[FIREHOSE_RECORDS_MAX];
    struct document documents[FIREHOSE_RECORDS_MAX];
};

static inline void firehose_environment(void)
{
    static const char *const none[] = {"AWS_REGION",
                                       "AWS_DEFAULT_REGION",
                                       "AWS_ENDPOINT_URL",
                                       "AWS_SESSION_TOKEN",
                                       "AWS_ENDPOINT_URL_FIREHOSE",
                                       "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"};

    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        unsetenv(none[i]);
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
}

static inline void firehose_fill(struct fixture *f)
{
    struct findings findings = {.arena = &f->arena};
    struct node name = {.type = NODE_TEXT, .key = STR("stream"), .text = STR("s")};
    struct node map = {.type = NODE_MAP, .children = &name, .count = 1};

    f->state = arena_zalloc(&f->arena, sink_firehose.state_size);
    setting_fill(sink_firehose.settings, &map, f->state, &findings);
    CHECK_INT(findings.errors, 0);
    sink_firehose.check(f->state, &map, &findings);
    CHECK_INT(findings.errors, 0);
}

static inline void firehose_open(struct fixture *f)
{
    CHECK_INT(sink_firehose.open(f->state, &f->arena, NULL, &f->limits, &f->err), 0);
}

static inline struct fixture *firehose_begin(void)
{
    struct fixture *f = xalloc(sizeof(*f));

    firehose_environment();
    firehose_fill(f);
    return f;
}

/* `n` parcels of one document each. */
static inline void firehose_parcels(struct fixture *f, str line, uint32_t n)
{
    f->call.parcels = f->pointers;
    f->call.count = n;
    for (uint32_t i = 0; i < n; i++) {
        f->records[i] = (struct record){.entry = &f->entry, .line = line};
        f->documents[i] = (struct document){.record = &f->records[i], .has_newline = true};
        document_measure(&f->documents[i]);
        f->parcels[i] = (struct parcel){.first = &f->documents[i],
                                        .last = &f->documents[i],
                                        .documents = 1,
                                        .bytes = f->documents[i].length,
                                        .outcome = OUTCOME_AGAIN};
        f->pointers[i] = &f->parcels[i];
    }
}

static inline void firehose_end(struct fixture *f)
{
    sink_firehose.close(f->state);
    buf_free(&f->call.body);
    arena_free(&f->call.arena);
    arena_free(&f->arena);
    free(f);
}

static inline str firehose_header(const struct fixture *f, const char *name)
{
    for (uint32_t i = 0; i < f->call.request.header_count; i++) {
        str value = f->call.request.headers[i], found = str_cut(&value, ':');
        if (str_is(found, name))
            return str_trim(value);
    }
    return STR_NONE;
}
