#pragma once
/* The commit: outputs added, counts moved, input released, in one MULTI with sp1_settle last.
 * The payload is sent as plain arguments and never passes through Lua. Formats:
 * docs/formats.md. */
#include "common/data/pack.h"
#include "common/io/answer.h"
#include "common/io/redis.h"

struct commit_output { /* keys are distinct within a commit */
    str key;
    struct pack pack;
};
struct commit_move {
    str field;
    int64_t delta;
};
struct commit_hash { /* the books first; the first field of the first hash is what `low` watches
                      */
    str key;
    uint64_t expire_ms; /* unix time, 0: never */
    struct commit_move *moves;
    uint32_t n;
};
struct commit_part { /* lua/parts.lua */
    str kind;
    const str *keys, *args;
    uint32_t key_count, arg_count;
};
enum commit_mode {
    COMMIT_DELETE, /* hand on: the input is acknowledged and deleted */
    COMMIT_KEEP,   /* the same, but it stays in its topic for a replay */
    COMMIT_HOLD,   /* checkpoint: the input stays mine */
};
struct commit { /* zeroed but for `arena`; everything it points at lives until `done` */
    struct arena *arena; /* arguments and answer */
    str topic, group, consumer;
    enum commit_mode mode;
    const str *ids; /* input entries: all of them or none */
    uint32_t id_count;
    struct commit_output *outputs;
    uint32_t output_count;
    struct commit_hash *hashes;
    uint32_t hash_count;
    const struct progress *progress; /* or NULL */
    uint64_t job_expire_ms;
    uint64_t low; /* bytes: PUBLISH on `channel` when the input topic falls to it */
    str channel;
    str notes;     /* key of what a deliverer noted of these entries: they go. Empty: none */
    str ambiguous; /* field of the books that what others sent of them is added to */
    str reading;   /* ours */
    const struct commit_part *parts;
    uint32_t part_count;
};
struct commit_answer {
    enum answer kind;
    str text;              /* of an error */
    const int64_t *values; /* GOOD: new value of every field moved, in order */
    uint32_t value_count;
};
typedef void commit_done(void *ctx, const struct commit_answer *answer);

/* Send it; `done` runs from the loop (or at once when not connected: ANSWER_LOST). An answer
 * ANSWER_LIBRARY, or one that a topic is exhausted, has already deleted what the EXEC left
 * behind. */
void commit_send(struct redis *r, struct commit *c, commit_done *done, void *ctx);
/* The slow path for a full Redis: the payload passes through Lua. */
void commit_send_oom(struct redis *r, struct commit *c, commit_done *done, void *ctx);
