#pragma once
/* One stream and what it was given, on disk. It is a folder: objects under YYYY/MM/dd/HH/, the
 * object being filled as `.open-...`, and `.meter` with the counts and how much of the open
 * object is accounted for. Both are written before a call is answered, so that after kill -9
 * the next start finds every answered call whole and cuts off what was not. */
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
bool meter_write(const struct meter *m, struct buf *out) MUST_CHECK; /* as JSON */
void meter_add(struct meter *to, const struct meter *m);

struct stream_limits { /* an object is closed at so many bytes, or so long after its first */
    uint64_t object_bytes, object_ms;
};
struct stream {
    struct stream *next; /* by name */
    const struct stream_limits *limits;
    char *name;
    uint64_t created_ms, seen_us;
    double quota; /* bytes that may still come now */
    struct meter meter;
    int folder, meter_fd, open_fd; /* open_fd -1: no object is begun */
    char open_name[80];
    uint64_t open_bytes;
    struct timer *roll;
};

enum { STREAM_NAME_MAX = 64 };
bool stream_name_is_good(str name); /* Firehose's pattern, and fit to be a folder */

/* Take up the folder `name` in `folder`; with `is_new` make it. NULL with err->code 0: it is no
 * stream. `limits` must live as long as the stream. */
struct stream *stream_open(struct loop *l, const struct stream_limits *limits, int folder,
                           const char *name, bool is_new, struct error *err) MUST_CHECK;
void stream_free(struct stream *s); /* behind stream_finish(); its files stay */

/* Append a call: the pieces hold `bytes` bytes in all. Nothing of it is there on failure. */
int stream_append(struct stream *s, const struct iovec *pieces, int n, size_t bytes,
                  struct error *err) MUST_CHECK;
/* Behind every change of the meter and before the answer: make both durable against kill -9. */
void stream_commit(struct stream *s);
void stream_finish(struct stream *s); /* close the open object, if there is one */
