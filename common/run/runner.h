#pragma once
/* One stage at work: reads entries of its topic, hands batches to the stage, commits what comes
 * out. runner.c opens, gates and closes it; flight.c reads and processes, prepare.c fetches
 * what a stage wants to know, marks.c what may pass only once, settle.c commits. */
#include "common/io/commit.h"
#include "common/run/consumer.h"
#include "common/run/output.h"
#include "common/run/process.h"

struct runner;
enum flight_phase {
    FLIGHT_IDLE,
    FLIGHT_READING,
    FLIGHT_BUSY, /* its entries are ours: being prepared, processed or committed */
};
struct flight { /* one batch on its way from the read to the answered commit */
    struct flight *next;
    struct runner *runner;
    struct batch batch;
    struct arena_mark mark; /* behind what was read: where a step begins */
    struct arena_mark made; /* behind what the stage made: where a commit begins, each time */
    enum flight_phase phase;
    struct entry *bad; /* behind the good entries: not understood */
    str *bad_details;
    uint32_t bad_count;
    str job_key; /* stages that want jobs */
    const str *job;
    uint32_t job_count;
    str columns_key;
    struct last_columns columns;
    bool is_alone, is_marked; /* suspect.c */
    uint32_t deaths;          /* of workers that had this entry alone in hand */
    uint64_t careful_to; /* of a file: the small steps go as far as this; 0: not yet known */
    uint32_t asked;      /* answers that preparing still waits for */
    bool is_bad_answer;  /* one of them was lost */

    struct commit commit; /* settle.c */
    uint32_t at, n;       /* entries in the present commit */
    uint64_t sent_us;
    bool is_more; /* the stage goes on with the same entry */
    bool is_full; /* redis is out of memory: the slow path */
    uint32_t tries;
    struct timer *timer; /* wait, then do `again` */
    void (*again)(struct flight *f);
};
struct source_slot {
    struct source_slot *next;
    char src[16];
    struct source_info info; /* in `arena` */
};
struct runner {
    struct runner *next;
    struct process *process;
    const struct pipeline_stage *def;
    struct worker worker;
    struct arena arena; /* lives as long as the stage is open */
    struct output_context out;
    str topic, channel, later;
    str notes;          /* key of what is being sent; of a stage that is_end */
    uint64_t readings;  /* of what is pending */
    uint64_t is_output; /* bit i: stage i is fed by this one */
    struct consumer *consumer;
    struct flight *flights; /* all of them; owned */
    struct timer *gate;     /* polls the levels while held */
    struct timer *due;      /* looks for parked entries that are due */
    struct timer *again;    /* begin again: redis could not make the group */
    struct source_slot *sources;
    struct arena source_arena;
    uint32_t source_count;
    int64_t left;   /* records that left the stage, as the last commit was answered */
    uint32_t count; /* entries to ask for */
    uint32_t asks;  /* answers on the command connection that know this runner */
    uint32_t parks; /* entries on their way into `later` */
    bool is_held, is_quiescing;
    bool is_careful; /* read what is pending one by one: the last read found a suspect */
    bool is_asking_due, is_more_due; /* look again when what was taken is worked off */
    struct metric *records, *bytes, *commits, *fenced, *held_metric;
};

/* On failure nothing stays open. */
struct runner *runner_open(struct process *p, uint32_t stage, struct error *err) MUST_CHECK;
void runner_close(struct runner *r);
void runner_begin(struct runner *r); /* the command connection is there (again) */
void runner_quiesce(struct runner *r);
bool runner_is_quiet(const struct runner *r);
void runner_release(struct runner *r);
void runner_pump(struct runner *r);         /* read, if that is allowed now */
void runner_look_at_gate(struct runner *r); /* the levels changed */

/* later.c: put an entry aside until its next attempt; take what is due. */
void runner_park(struct runner *r, const struct entry *e);
void runner_look_for_due(struct runner *r);
void runner_on_due_timer(void *ctx);

/* suspect.c: look at what was taken over, then prepare what of it may be worked on together;
 * whether a step may begin now (else it calls again); the step is over, nobody died: behind
 * its commit was sent, the batch is still there. */
void flight_examine(struct flight *f);
bool flight_may_go(struct flight *f);
void flight_acquit(struct flight *f);
void flight_suspend(struct flight *f); /* nobody died, and the stage keeps the batch */

/* note.c: the name of a reading, as it stands in notes. */
str runner_reading(const struct runner *r, struct arena *a, uint64_t reading) MUST_CHECK;

/* Between runner.c, flight.c, prepare.c and settle.c. */
void flight_process(struct flight *f); /* the next step of the stage */
void flight_prepare(struct flight *f); /* read what the stage wants to know, then process */
void flight_end(struct flight *f);     /* its entries are settled or somebody else's */
void flight_drop(struct flight *f);    /* forget what it holds; nothing else follows */
void flight_on_timer(void *ctx);
void flight_wait(struct flight *f, uint64_t us, void (*again)(struct flight *f));
void flight_settle(struct flight *f, bool is_more); /* commit what the stage made of it */
void flight_ask_marks(struct flight *f);            /* marks.c: what was there before; then */
void flight_commit(struct flight *f);

/* What a runner is to its stage: struct host. */
void runner_finish(struct worker *w, struct batch *b);
void runner_give_up(struct worker *w, struct batch *b, const struct error *err);
void runner_resume(struct worker *w, struct batch *b);
void runner_announce(struct worker *w, void (*go_on)(void *ctx), void *ctx);
void runner_note(struct worker *w, struct notes *n);
str runner_job(struct worker *w, const struct batch *b, const str **fields, uint32_t *count);
struct last_columns runner_columns(struct worker *w, const struct batch *b);
bool runner_source(struct worker *w, str src, struct source_info *info);
