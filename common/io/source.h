#pragma once
/* A source as bytes at offsets. Today `file:` URIs under configured roots, opened so that no
 * symbolic link, no `..` and no device can lead elsewhere; read with pread, never mapped. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/str.h"

struct source { /* zeroed is closed; -1 is never a descriptor of an open one */
    bool is_open;
    int fd;
    uint64_t size;
    str version; /* "<size>-<mtime in ns>": changes when the bytes may have; in the arena of
                    open */
};

/* On failure `reason` is the word for a dead letter, static: `source_refused` (no file: URI,
 * outside the roots, no regular file), `source_missing`, `source_unreadable`; ERR_DATA with the
 * sentence, ERR_AGAIN where it is not the file's fault (no descriptor left, no memory). */
int source_open(struct source *s, struct arena *a, str uri, const str *roots,
                uint32_t root_count, str *reason, struct error *err) MUST_CHECK;
void source_close(struct source *s); /* also of a closed one */

/* Up to `n` bytes from `offset`; `*got` 0 at the end. ERR_SYSTEM. */
int source_read(const struct source *s, uint64_t offset, char *to, size_t n, size_t *got,
                struct error *err) MUST_CHECK;
/* Whether it still has the size and the time of change that it was opened with. */
bool source_is_same(const struct source *s) MUST_CHECK;
