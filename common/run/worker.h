#pragma once
/* What a stage implements. It never reads a stream, acknowledges, routes, sleeps or retries:
 * the runner does. Callbacks run on the event loop and must not block or compute beyond some 20
 * ms. */
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/data/batch.h"
#include "common/data/findings.h"
#include "common/run/setting.h"

struct http;
struct keys;
struct loop;
struct metrics;
struct redis;
struct remote;
struct runner;

enum work {
    WORK_DONE,  /* every record is settled: commit and release the entries */
    WORK_MORE,  /* commit what is there, keep the entries, rewind the arena, call process again
                 */
    WORK_LATER, /* the stage keeps the batch and will call host->finish() */
    WORK_WAIT,  /* nothing to commit yet: the stage calls host->resume() when process() can go
                   on */
};
enum canned { CANNED_NONE, CANNED_ANSWER, CANNED_MISSING, CANNED_FAILED };
struct services { /* what a stage may call: seams for tests */
    const struct clock *clock;
    uint64_t (*random)(void *ctx); /* 64 uniform bits */
    void *random_ctx;
    struct loop *loop; /* timers */
    struct http *http; /* NULL where no stage needs it */
    const str *roots;  /* folders that `file:` may name, without a trailing slash */
    uint32_t root_count;
    struct redis *redis;     /* NULL where there is none: offline */
    const struct keys *keys; /* of it */
    struct remote *remote;   /* sources beyond this machine; NULL: none */
    uint64_t unpacked_max;   /* bytes that a compressed source may hold; 0: 64 GiB */
    uint64_t pipeline_version;
    /* Offline: what a look-up of a stage is answered with, as JSON. NULL: nobody can say. */
    enum canned (*canned)(void *ctx, str stage, str *answer);
    void *canned_ctx;
};
/* Where a source id leads: from sp:{lane}:source:<id>. */
struct source_info {
    str uri, version;
};
struct worker {
    const struct stage *stage;
    const struct services *services;
    str name;                  /* of the stage in the pipeline */
    const struct node *config; /* its part of the pipeline file, with the place of every word */
    struct arena *arena;       /* lives as long as the state */
    void *state;               /* stage->state_size bytes, zeroed, settings already filled in */
    const struct host *host;
    void *runner; /* the host's own */
};
struct field_use { /* of what a stage makes: where it takes it from */
    str name;
    const uint32_t *columns; /* numbers of columns, from 0 */
    const str *aliases;      /* other names that would do, folded */
    uint32_t column_count, alias_count;
};
struct column_uses {
    const str *names; /* of the columns, as they came */
    const bool *is_used;
    const struct field_use *fields;
    uint32_t n, field_count;
    str issues; /* field that issues are written to, as texts; empty: sp_issues */
};
struct stage {
    const char *name, *summary; /* subcommand, key in the file, metric label; line for --help */
    size_t state_size;          /* private state, allocated and freed by the runner */
    const struct setting *settings; /* ends with a NULL name; offsets are into the state */
    /* More checks than the table can make; pure, no I/O. `state` is filled, `arena` lives
     * longer. */
    void (*check)(void *state, const struct node *config, struct findings *f); /* optional */
    /* On failure nothing stays open. Called again, on a fresh state, for a new pipeline
     * version. */
    int (*open)(struct worker *w, struct error *err);
    enum work (*process)(struct worker *w, struct batch *b); /* owns `b` until DONE or finish */
    void (*flush)(struct worker *w); /* optional: we are stopping, send what lingers */
    void (*close)(struct worker *w); /* once, after the last batch is finished */
    /* Optional, for `check --live`: the address of what it talks to, in the worker's arena,
     * once what it needs for that was found; empty: nobody. Not open, nothing stays open. */
    int (*probe)(struct worker *w, str *url, struct error *err);
    /* Optional, for commands that explain: what it does with the columns `cols` of a file. All
     * of it in `a`. False: it cannot tell. */
    bool (*columns)(struct worker *w, str uri, str cols, struct arena *a,
                    struct column_uses *uses);
    uint32_t max_inflight; /* batches it may keep with WORK_LATER, at least 1 */
    bool is_end;           /* deliver: what passes has arrived, no route follows */
    bool wants_jobs; /* split: its entries are jobs, one a batch, and host->job() answers */
};
struct note { /* deliver: what a call is about to carry of an entry */
    struct entry *entry;
    const struct batch *batch;
    uint32_t records;
};
struct notes {
    struct note *list;
    uint32_t count;
    void (*done)(void *ctx, bool is_noted);
    void *ctx;
    struct runner *runner; /* these are host->note()'s own */
    uint32_t answered;
    bool is_bad;
};

struct last_columns {  /* of the last file that looked as if it were of the same series */
    str cols, uri;     /* a JSON array; empty: there is none */
    bool is_own;       /* it is the very file at hand, begun by another worker: */
    str drift, before; /* what it found, and since which file; may be empty */
};

/* What stands behind a stage: the runner, a command that works without Redis, or a test. */
struct host {
    /* Commit the batch; do not touch it afterwards. */
    void (*finish)(struct worker *w, struct batch *b);
    /* No commit: the entries stay, the stage is asked again after a while. */
    void (*give_up)(struct worker *w, struct batch *b, const struct error *err);
    /* Behind WORK_WAIT: call process again. */
    void (*resume)(struct worker *w, struct batch *b);
    /* deliver: note in Redis what a call is about to carry; what may have been taken is known
     * then, whoever dies. `done` runs when all of it was answered, at once when there is no
     * connection. An entry that is_gone by then must not be sent, and its records may be left
     * as they are. False: ask again after a while. `n` lives until then. */
    void (*note)(struct worker *w, struct notes *n);
    /* A stage that keeps batches is about to do something to them outside of process(): `go_on`
     * does it, at once, or when one that is suspected of killing its workers (`is_alone`) was
     * marked, so that a death in `go_on` is known to be its doing. The batches may be gone
     * behind it. */
    void (*announce)(struct worker *w, void (*go_on)(void *ctx), void *ctx);
    /* split: the key of the job that the batch's entry stands for, and its fields as name,
     * value,
     * ..., read before the first process(), when `b->kept` is NULL; none for a new job. */
    str (*job)(struct worker *w, const struct batch *b, const str **fields, uint32_t *count);
    /* split: of the file that the batch's entry names, as for job(). May be NULL. */
    struct last_columns (*columns)(struct worker *w, const struct batch *b);
    /* What source id `src` stands for, read before process(). False: nobody registered it.
     * Valid until process() returns. */
    bool (*source)(struct worker *w, str src, struct source_info *info);
};
/* Knows no source, and has nothing else: for who hands batches to `normalise` himself. */
extern const struct host host_nobody;
