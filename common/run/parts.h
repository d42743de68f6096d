#pragma once
/* What the commits of a stage move beside books and counts: each kind in a file of its own, its
 * other side in lua/part_<kind>.lua. Pure. */
#include "common/run/output.h"

struct parts; /* of one commit, in its arena */
struct part_kind {
    /* What one commit of the stage sums; NULL: nothing of the kind. */
    void *(*begin)(struct arena *a, const struct output_context *c, const struct batch *b);
    /* Optional: may this record leave the stage? False: it is filtered for the `reason`. */
    bool (*admit)(void *sums, const struct record *r, str *reason);
    /* Optional: it leaves the stage well. */
    void (*add)(void *sums, const struct record *r);
    /* All of them were seen: parts_say(), any number of times. */
    void (*build)(void *sums, struct parts *p);
    /* Optional: the part was refused with the word `refusal`, which ends with a blank; `text`
     * stands behind it. True: the commit shall be built again. */
    const char *refusal;
    bool (*learn)(const struct output_context *c, str text);
};

struct parts *parts_new(struct arena *a, const struct output_context *c,
                        const struct batch *b) MUST_CHECK;
void *parts_sums(const struct parts *p, const struct part_kind *kind) MUST_CHECK;
bool parts_admit(struct parts *p, const struct record *r, str *reason) MUST_CHECK;
void parts_add(struct parts *p, const struct record *r);
void parts_build(struct parts *p, struct commit *commit); /* fills commit->parts */
void parts_say(struct parts *p, const struct commit_part *part);
/* What `text`, a refusal, says to the kind it comes from. */
bool parts_learn(const struct output_context *c, str text) MUST_CHECK;
