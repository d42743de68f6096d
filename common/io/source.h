#pragma once
/* A source as bytes at offsets, wherever they come from: `file:` URIs under configured roots
 * (source_file.c). Nothing here blocks for a network: what is not there yet is ERR_AGAIN, and
 * the source calls back. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

struct source_ops { /* one kind of place */
    /* As source_read(). Gives at most what the source held when it was opened. */
    int (*read)(void *self, uint64_t offset, char *to, size_t n, size_t *got, str *reason,
                struct error *err);
    bool (*is_same)(void *self);
    void (*close)(void *self);
};
struct source { /* zeroed is closed */
    bool is_open;
    uint64_t size; /* of what is stored; UINT64_MAX: nobody said */
    str version;   /* changes when the bytes may have; in the arena of open */
    const struct source_ops *ops;
    void *self; /* owned, of `ops` */
};
struct source_setup {
    const str *roots; /* folders that `file:` may name, without a trailing slash */
    uint32_t root_count;
    void (*ready)(void *ctx); /* behind an ERR_AGAIN: ask again; from the loop */
    void *ready_ctx;
};

/* On failure `reason` is the word for a dead letter, static: `source_refused` (no such URI,
 * outside what is allowed, no regular file), `source_missing`, `source_unreadable`,
 * `source_changed`, and ERR_DATA has the sentence. ERR_AGAIN with an empty reason: `ready` will
 * be called, then call again with the same `s`; with a reason: it is not the source's fault (no
 * descriptor left, no memory), nobody calls. */
int source_open(struct source *s, struct arena *a, str uri, const struct source_setup *setup,
                str *reason, struct error *err) MUST_CHECK;
void source_close(struct source *s); /* also of a closed one, and of one being opened */

/* Up to `n` bytes from `offset`; `*got` 0 at the end. Failures as those of source_open(). */
int source_read(struct source *s, uint64_t offset, char *to, size_t n, size_t *got, str *reason,
                struct error *err) MUST_CHECK;
/* Whether it still is what was opened. */
bool source_is_same(const struct source *s) MUST_CHECK;
