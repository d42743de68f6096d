#pragma once
/* A source as bytes at offsets, wherever they come from: `file:` URIs under configured roots
 * (source_file.c), `http(s)://` from an allow-list (source_http.c), `s3://` (source_s3.c).
 * Nothing here blocks for a network: what is not there yet is ERR_AGAIN, and the source calls
 * back. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

struct loop;
struct remote;

enum source_ending {
    SOURCE_WHOLE,
    SOURCE_CUT,      /* an archive that breaks off, or is damaged from here on */
    SOURCE_TRAILING, /* an archive with something else behind it */
};
struct source_end {
    enum source_ending kind;
    char text[200]; /* where and how, for people */
};
struct source_mark {  /* from where an archive can be unpacked: a member begins */
    uint64_t in, out; /* of its first byte; of the first byte that comes out of it */
};
struct source_ops { /* one kind of place */
    /* As source_read(). Gives at most what the source held when it was opened. */
    int (*read)(void *self, uint64_t offset, char *to, size_t n, size_t *got, str *reason,
                struct error *err);
    bool (*is_same)(void *self);
    struct source_end (*end)(const void *self);                    /* NULL: whole */
    struct source_mark (*mark)(const void *self, uint64_t offset); /* NULL: none */
    void (*close)(void *self);
};
struct source { /* zeroed is closed */
    bool is_open;
    uint64_t size;           /* of what is stored; UINT64_MAX: nobody said */
    str version;             /* changes when the bytes may have; in the arena of open */
    const char *compression; /* what it was packed with; NULL: nothing */
    const struct source_ops *ops;
    void *self;    /* owned, of `ops` */
    bool is_found; /* size and version are known */
};
struct source_setup {
    const str *roots; /* folders that `file:` may name, without a trailing slash */
    uint32_t root_count;
    uint64_t unpacked_max;    /* bytes that an archive may hold; 0: 64 GiB */
    struct source_mark mark;  /* from source_mark() of an earlier life; zeroed: none */
    struct remote *remote;    /* NULL: files alone */
    struct loop *loop;        /* NULL: may block for the time of inflating all of it */
    void (*ready)(void *ctx); /* behind an ERR_AGAIN: ask again; from the loop */
    void *ready_ctx;
};

/* On failure `reason` is the word for a dead letter, static: `source_refused` (no such URI,
 * outside what is allowed, no regular file), `source_missing`, `source_unreadable`,
 * `source_changed`, `unpacked_too_large`, and ERR_DATA has the sentence. ERR_AGAIN with an
 * empty reason: `ready` will be called, then call again with the same `s`; with a reason: it is
 * not the source's fault (no descriptor left, no memory), nobody calls. gzip and zstd are told
 * by their first bytes and unpacked: offsets are those of what comes out. */
int source_open(struct source *s, struct arena *a, str uri, const struct source_setup *setup,
                str *reason, struct error *err) MUST_CHECK;
void source_close(struct source *s); /* also of a closed one, and of one being opened */

/* Up to `n` bytes from `offset`; `*got` 0 at the end. Failures as those of source_open(). */
int source_read(struct source *s, uint64_t offset, char *to, size_t n, size_t *got, str *reason,
                struct error *err) MUST_CHECK;
/* Whether it still is what was opened. */
bool source_is_same(const struct source *s) MUST_CHECK;
/* How it ended, once it was read to its end. */
struct source_end source_ended(const struct source *s) MUST_CHECK;
/* The last place known, at or before `offset`, that a later life can go on from. */
struct source_mark source_mark(const struct source *s, uint64_t offset) MUST_CHECK;
