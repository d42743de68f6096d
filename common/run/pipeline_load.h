#pragma once
/* The parts of pipeline_load(): each reads one key of the file. Private to pipeline*.c. */
#include "common/run/pipeline.h"

enum {
    PIPELINE_STAGES_MAX = 256,
    PIPELINE_ROWS_MAX = 1024,
    PIPELINE_COUNTS_MAX = 64,
    PIPELINE_KEY_MAX = 8,
    PIPELINE_TABLES_MAX = 64
};
struct loader {
    struct pipeline *p;
    struct findings *f;
    str text;   /* of the file; empty when it comes from Redis */
    str folder; /* that the files it names are in; empty: the present one */
    const struct stage *const *kinds;
    struct route *rows;            /* what p->routes shows */
    const struct node **row_nodes; /* where each of them stands */
    bool has_broken_rows;          /* a row was left out: the graph is not whole */
};

/* ${NAME}, ${NAME:-default} and $$ in all scalars; warns of what looks like a secret. */
void pipeline_expand(struct loader *l, struct node *n);
/* The text of each file that a SETTING_FILE names, in place of its name. */
void pipeline_embed(struct loader *l, struct node *root);
void pipeline_read_stages(struct loader *l);
void pipeline_read_routes(struct loader *l);
void pipeline_read_counts(struct loader *l);
void pipeline_read_windows(struct loader *l);
void pipeline_read_tables(struct loader *l);
void pipeline_read_tests(struct loader *l);
void pipeline_check_graph(struct loader *l); /* cycles, rows and stages that nothing reaches */

/* The text behind `key`; false when it is not there, or is no text, which is a finding. */
bool pipeline_text(struct loader *l, const struct node *map, const char *key, str *text);
/* A finding for each key of `map` that is not among the `n` valid ones. */
void pipeline_close(struct loader *l, const struct node *map, const char *const *valid,
                    uint32_t n);
/* The members that `n` names: one, or a list of up to `max` distinct ones. False: a finding. */
bool pipeline_members(struct loader *l, const struct node *n, uint32_t max, const str **members,
                      uint32_t *count);
/* Number of the stage that `n` names; a finding when there is none. */
bool pipeline_stage_of(struct loader *l, const struct node *n, uint32_t *number);
