#pragma once
/* gzip (RFC 1952, by zlib) and zstd (RFC 8878, by libzstd) as a stream: bytes in pieces in,
 * bytes out, one member (frame) after the other. Memory is bounded: a zstd frame whose window
 * is larger than 32 MiB is refused. */
#include "common/base/str.h"

enum inflate_kind { INFLATE_NONE, INFLATE_GZIP, INFLATE_ZSTD };
enum { INFLATE_HEAD = 4 }; /* bytes that inflate_detect() wants to see */
enum inflate_status {
    INFLATE_MORE,   /* `in` is used up, or there is no room left */
    INFLATE_MEMBER, /* a member ended; inflate_next() before the next one */
    INFLATE_BROKEN, /* inflate_problem() says how */
};
struct inflate;

enum inflate_kind inflate_detect(str head) MUST_CHECK; /* by the magic bytes */
const char *inflate_name(enum inflate_kind kind);      /* "gzip"; NULL: none */

struct inflate *inflate_new(enum inflate_kind kind) MUST_CHECK;
void inflate_free(struct inflate *i); /* also NULL */
void inflate_next(struct inflate *i); /* a member begins with the next byte */
/* Takes bytes off the front of `*in` and writes at `*to`, which moves, at most up to `end`. */
enum inflate_status inflate_some(struct inflate *i, str *in, char **to, const char *end);
const char *inflate_problem(const struct inflate *i);
