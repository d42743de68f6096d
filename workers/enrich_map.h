#pragma once
/* `set:` of an `enrich` stage: which values of an answer become which members of a record.
 * Pure.
 */
#include "common/data/batch.h"
#include "common/data/coerce.h"
#include "common/data/findings.h"
#include "common/run/setting.h"

struct enrich_member {
    str name;
    str at;        /* JSON pointer into the answer */
    coerce_fn *as; /* NULL: as it stands there */
};
struct enrich_map {
    const struct enrich_member *list;
    uint32_t n;
};
extern const struct setting enrich_member_settings[];

/* All of it in `a`. */
void enrich_map_load(struct enrich_map *m, const struct node *set, struct arena *a,
                     struct findings *f);
/* The members that `answer`, checked JSON, gives: an object's text on one line, in `a`. Of a
 * pointer that leads nowhere there is none; what is not of its type is null, and sp_issues says
 * so. False: no pointer leads anywhere. */
bool enrich_map_read(const struct enrich_map *m, str answer, struct arena *a,
                     str *members) MUST_CHECK;
/* Give them to the record; `members` must live as long as it. */
void enrich_map_give(const struct enrich_map *m, struct batch *b, struct record *r,
                     str members);
/* One more item of the record's sp_issues: of the whole record's `field`. */
void enrich_add_issue(struct batch *b, struct record *r, str field, str issue, str reason);
