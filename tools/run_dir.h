#pragma once
/* The private directory of `standpipe run`: the data of its Redis, the socket, the objects. One
 * `run` at a time holds it. */
#include "common/base/arena.h"
#include "common/base/error.h"

struct run_dir {
    str path;    /* absolute; all strings in the arena, NUL-terminated */
    str socket;  /* of redis-server */
    str redis;   /* its working directory: the append-only file and its log */
    str objects; /* what firehose-local was given */
    int lock;    /* -1: not held */
};

/* Make (mode 0700) or take again the directory `given`; empty: one that belongs to this user.
 * ERR_SYSTEM when it is in use, is not ours or others may write to it. */
int run_dir_open(struct arena *a, str given, struct run_dir *d, struct error *err) MUST_CHECK;
void run_dir_close(struct run_dir *d);

/* Write `env` into it: `n` pairs of name and value, as lines that a shell reads. */
int run_dir_write_env(struct arena *a, const struct run_dir *d, const str *pairs, uint32_t n,
                      struct error *err) MUST_CHECK;
