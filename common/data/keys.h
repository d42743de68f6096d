#pragma once
/* The names of Redis keys, in one place. All that a commit touches shares the tag of its lane,
 * so that it stays in one slot of a cluster. */
#include "common/base/arena.h"
#include "common/base/str.h"

/* Books of a source stay so long after its last record moved. */
#define KEYS_SOURCE_KEEP_MS (30 * 24 * 3600 * UINT64_C(1000))

struct keys {
    str prefix; /* "sp" */
    str lane;   /* "0" */
};

str keys_topic(const struct keys *k, struct arena *a, str stage) MUST_CHECK;
str keys_lane(const struct keys *k, struct arena *a,
              const char *what) MUST_CHECK; /* books dead later */
str keys_job(const struct keys *k, struct arena *a, str id) MUST_CHECK;
str keys_source(const struct keys *k, struct arena *a, str src) MUST_CHECK;
/* The columns of the last file of a stage whose uri differs in its digits alone. */
str keys_columns(const struct keys *k, struct arena *a, str stage, str uri) MUST_CHECK;
str keys_replay(const struct keys *k, struct arena *a, str run) MUST_CHECK;
/* What deliverers of a stage are sending. */
str keys_notes(const struct keys *k, struct arena *a, str stage) MUST_CHECK;
str keys_seen(const struct keys *k, struct arena *a, str id) MUST_CHECK;
str keys_count(const struct keys *k, struct arena *a, str name, str window) MUST_CHECK;
/* sp:{lane}:<kind>:<name><more> */
str keys_named(const struct keys *k, struct arena *a, const char *kind, str name,
               const char *more) MUST_CHECK;
/* Of a window: its state; the starts of its panes; a pane. */
str keys_window(const struct keys *k, struct arena *a, str name) MUST_CHECK;
str keys_panes(const struct keys *k, struct arena *a, str name) MUST_CHECK;
str keys_pane(const struct keys *k, struct arena *a, str name, uint64_t start_s) MUST_CHECK;
str keys_global(const struct keys *k, struct arena *a,
                const char *what) MUST_CHECK; /* inbox pipeline */
/* The rate that workers share. */
str keys_gate(const struct keys *k, struct arena *a, str name) MUST_CHECK;
/* Of what look-ups found: "new" "old" "about" "lease:". All of one cache in one slot. */
str keys_cache(const struct keys *k, struct arena *a, str stage, str fingerprint,
               const char *what) MUST_CHECK;
enum { KEYS_FIELD_MAX = 256 };
/* The field of a key there: itself, or `sha256:` and its digest when it is longer or begins so.
 */
str keys_cache_field(str key, char out[KEYS_FIELD_MAX]) MUST_CHECK;
str keys_worker(const struct keys *k, struct arena *a, str name) MUST_CHECK;
