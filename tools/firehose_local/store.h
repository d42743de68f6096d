#pragma once
/* All streams: a folder with a folder each. */
#include "tools/firehose_local/stream.h"

struct store;
/* Takes up the streams that stand in `folder`, which is made when it is missing. */
struct store *store_open(struct loop *l, str folder, struct stream_limits limits,
                         struct error *err) MUST_CHECK;
void store_close(struct store *s);                    /* closes the open objects */
struct stream *store_first(struct store *s);          /* by name */
struct stream *store_find(struct store *s, str name); /* NULL: no such stream */
struct stream *store_create(struct store *s, str name, struct error *err) MUST_CHECK;
void store_delete(struct store *s, struct stream *stream); /* its objects stay */
