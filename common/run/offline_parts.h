#pragma once
/* What the files of offline.h share. Private to them. */
#include "common/run/offline.h"

enum { OFFLINE_JOB_FIELDS_MAX = 64, OFFLINE_SRC_DIGITS = 16 };

struct station { /* a stage at work */
    struct worker worker;
    struct arena arena;
    bool is_open;
};
struct offline {
    struct offline_setup setup;
    struct services services;
    struct station *stations;           /* one a stage of the pipeline; owned */
    struct arena file;                  /* of the file at hand: */
    str fields[OFFLINE_JOB_FIELDS_MAX]; /* of its job */
    uint32_t field_count;
    str folder, uri;
    char src[OFFLINE_SRC_DIGITS];
    uint32_t stop;     /* number of a stage; UINT32_MAX: none */
    uint64_t rows;     /* of the file, so far */
    bool is_finished;  /* the stage at work has called back */
    struct error *err; /* of the file or the records at hand; set: nothing goes on */
};

extern const struct host offline_host; /* what a stage finds behind it */

/* Forget the last file. What goes wrong from now on stands in `err`. */
void offline_begin(struct offline *o, str uri, str folder, struct error *err);

/* The watch hears what became of a record. */
void offline_tell(const struct offline *o, const struct offline_end *end);
/* A record that leaves `stage` meets no row of the routes, or one that ends it. False: it goes
 * on along that row. */
bool offline_ends_by(struct offline *o, str stage, const struct record *r,
                     const struct route *route) MUST_CHECK;
/* Records go where a route leads, each stage before the next. */
void offline_go_along(struct offline *o, const struct route *route,
                      struct record *const *records, uint32_t n, const str *cols);
/* False, and an error: the stage waits for what is not here. */
bool offline_process(struct offline *o, struct station *s, struct batch *b,
                     enum work *work) MUST_CHECK;
/* What a stage has worked on goes its ways. */
void offline_hand_on(struct offline *o, uint32_t number, struct batch *b);
/* A stage works on a batch, and on it goes. */
void offline_work_on(struct offline *o, uint32_t number, struct batch *b);
