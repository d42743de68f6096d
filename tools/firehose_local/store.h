#pragma once
/* Streams and what they were given, on disk. A stream is a folder: objects under
 * YYYY/MM/dd/HH/, the object being filled as `.open-...`, and `.meter` with the counts and how
 * much of the open object is accounted for. Both are written before a call is answered, so that
 * after kill -9 the next start finds every answered call whole and cuts off what was not. */
#include <sys/uio.h>

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/io/loop.h"

struct meter {
    uint64_t calls, refused,
        ambiguous;            /* accepted; turned away whole; accepted, but not said so */
    uint64_t records, failed; /* accepted; turned away one by one */
    uint64_t bytes, billed;   /* of accepted records; each rounded up to 5,120 */
    uint64_t objects;
};
struct stream {
    struct stream *next; /* by name */
    struct store *store;
    char *name;
    uint64_t created_ms, seen_us;
    double quota; /* bytes that may still come now */
    struct meter meter;
    int folder, meter_fd, open_fd; /* open_fd -1: no object is begun */
    char open_name[80];
    uint64_t open_bytes;
    struct timer *roll;
};
struct store;

enum { STREAM_NAME_MAX = 64 };
bool stream_name_is_good(str name); /* Firehose's pattern, and fit to be a folder */

/* Takes up the streams that stand in `folder`, which is made when it is missing. An object is
 * closed at `object_bytes` or `object_ms` after its first record. */
struct store *store_open(struct loop *l, str folder, uint64_t object_bytes, uint64_t object_ms,
                         struct error *err) MUST_CHECK;
void store_close(struct store *s); /* closes the open objects */
struct stream *store_first(struct store *s);
struct stream *store_find(struct store *s, str name); /* NULL: no such stream */
struct stream *store_create(struct store *s, str name, struct error *err) MUST_CHECK;
void store_delete(struct stream *s); /* its objects stay */

/* Append a call: the pieces hold `bytes` bytes in all. Nothing of it is there on failure. */
int stream_append(struct stream *s, const struct iovec *pieces, int n, size_t bytes,
                  struct error *err) MUST_CHECK;
/* Behind every change of the meter and before the answer: make both durable against kill -9. */
void stream_commit(struct stream *s);
bool meter_write(const struct meter *m, struct buf *out) MUST_CHECK; /* as JSON */
void meter_add(struct meter *to, const struct meter *m);
