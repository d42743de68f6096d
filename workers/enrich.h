#pragma once
/* What the files of the stage `enrich` share. Private to them. The way of a record: what the
 * condition does not hold for passes; of the others a key is made, and what is known of it in
 * this process is given at once. For the rest a `want` each waits for the answer; the batch is
 * finished when its last want is settled, or when others have waited for them long enough. */
#include "common/data/script.h"
#include "common/run/metrics.h"
#include "common/run/worker.h"
#include "workers/enrich_map.h"
#include "workers/lookup_cache.h"
#include "workers/lookup_plan.h"
#include "workers/lookup_rate.h"

enum {
    ENRICH_BATCHES = 4, /* kept at the same time, those being committed included */
    ENRICH_KEY_MEMBERS = 8,
};

enum enrich_outcome {
    OUTCOME_PASS,  /* as it came */
    OUTCOME_ISSUE, /* and sp_issues says so */
    OUTCOME_DEAD,
    OUTCOME_DROP,
    OUTCOME_RETRY,
};
struct enrich_plan { /* the settings, checked and compiled */
    str when, on_missing, on_failure;
    const struct node *http, *table, *key, *set, *cache, *rate;

    struct script *script; /* owned; NULL: no condition */
    uint32_t condition;
    struct enrich_map map;
    struct lookup_plan *lookups; /* NULL: it joins with a table */
    str table_name;
    uint64_t table_local, table_fresh_ms; /* bytes kept here; how long */
    str members[ENRICH_KEY_MEMBERS];      /* of the key; none: what the request is made of */
    uint32_t member_count;
    struct lookup_cache_config cached;
    struct lookup_rate_config rated;
    enum enrich_outcome missing, failure;
};
struct held { /* a batch with records that wait; in its arena */
    struct held *next, **link;
    struct batch *batch;
    struct want *wants;
    uint32_t open;
    uint64_t since_us;
};
struct want { /* a record that waits for an answer; with malloc, for it may outlive its batch */
    struct want *after, **before; /* of all */
    struct want *next, **link;    /* of its batch */
    struct held *held;            /* NULL: its record does not wait any more */
    struct enrich *owner;
    struct record *record;
    struct wanted wanted; /* http */
    struct want *behind;  /* table: asked for in the same command */
    char key[];
};
struct table;
struct enrich {
    struct enrich_plan plan; /* first: the offsets of the settings are its */
    struct worker *worker;
    struct lookup_rate *rates; /* these three with http; NULL offline */
    struct lookup *lookup;
    struct lookup_cache *cache;
    struct table *table; /* with a table; NULL offline */
    struct held *held;
    struct want *wants;   /* all of them */
    struct arena scratch; /* of one answer or request */
    struct timer *timer;
    bool is_stopping;
    struct metric *found, *missing, *failed, *skipped, *no_key;
    struct metric *cached_local, *cached_shared, *cached_joined, *cached_stale, *fetched;
};

/* enrich_plan.c */
extern const struct setting enrich_settings[];
/* All mistakes go to `f`. All in `a` but for the script. */
void enrich_plan_load(struct enrich_plan *p, const struct node *config, str name,
                      struct arena *a, struct findings *f);
void enrich_plan_free(struct enrich_plan *p);

/* enrich_hold.c: a batch is kept while open > 0; a want ends when its record was settled, and
 * its batch may be gone behind it. */
void enrich_hold_open(struct enrich *s);
void enrich_hold_stop(struct enrich *s);
void enrich_hold_close(struct enrich *s);
struct held *enrich_hold(struct enrich *s, struct batch *b) MUST_CHECK;
void enrich_let_go(struct held *h);
void enrich_want(struct enrich *s, struct held *h, struct record *r, str key);
void enrich_want_end(struct want *w);

/* enrich_settle.c: what becomes of a record. `members` lives as long as it. */
void enrich_found(struct enrich *s, struct batch *b, struct record *r, str members);
void enrich_missing(struct enrich *s, struct batch *b, struct record *r);
void enrich_no_key(struct enrich *s, struct batch *b, struct record *r,
                   const struct url_expanded *e);
void enrich_failed(struct enrich *s, struct batch *b, struct record *r,
                   const struct lookup_answer *a);
/* By what an answer says, whose body are members; they are copied. */
void enrich_answered(struct enrich *s, struct batch *b, struct record *r,
                     const struct lookup_answer *a);

/* enrich_fetch.c: by HTTP, through the cache. */
int enrich_fetch_open(struct enrich *s, struct error *err);
void enrich_fetch_close(struct enrich *s);
void enrich_fetch(struct want *w);        /* its key was not here */
void enrich_fetch_tell(struct enrich *s); /* the metrics */

/* enrich_table.c: joins. */
void enrich_table_open(struct enrich *s);
void enrich_table_close(struct enrich *s);
enum cached enrich_table_look(struct enrich *s, str key, str *members) MUST_CHECK;
void enrich_table_want(struct want *w);
void enrich_table_ask(struct enrich *s); /* for all that were wanted, in one command */
