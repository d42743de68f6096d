/* What becomes of a record when it is known what is known of it. */
#include "workers/enrich.h"

static void settle(struct enrich *s, struct batch *b, struct record *r,
                   enum enrich_outcome outcome, str reason, str issue, str detail)
{
    switch (outcome) {
    case OUTCOME_PASS:
        break;
    case OUTCOME_ISSUE:
        enrich_add_issue(b, r, s->worker->name, issue, detail);
        break;
    case OUTCOME_DEAD:
        record_settle(r, VERDICT_DEAD, reason, detail);
        break;
    case OUTCOME_DROP:
        record_settle(r, VERDICT_DROP, reason, detail);
        break;
    case OUTCOME_RETRY:
        record_settle(r, VERDICT_RETRY, reason, detail);
        break;
    }
}

void enrich_found(struct enrich *s, struct batch *b, struct record *r, str members)
{
    metric_add(s->found, 1);
    enrich_map_give(&s->plan.map, b, r, members);
}

void enrich_missing(struct enrich *s, struct batch *b, struct record *r)
{
    metric_add(s->missing, 1);
    settle(s, b, r, s->plan.missing, STR("lookup_missing"), STR("missing"),
           s->plan.table ? STR("the table has no such key") : STR("the service knows none"));
}

/* Nothing can be asked: that is no failure of the service, and no second try helps. */
void enrich_no_key(struct enrich *s, struct batch *b, struct record *r,
                   const struct url_expanded *e)
{
    str detail = e->member.n ? arena_printf(&b->arena, "there is no '" STR_FMT "' to look up",
                                            STR_ARG(e->member))
                             : e->why;

    metric_add(s->no_key, 1);
    settle(s, b, r, s->plan.missing, STR("no_key"), STR("no_key"), detail);
}

void enrich_failed(struct enrich *s, struct batch *b, struct record *r,
                   const struct lookup_answer *a)
{
    enum enrich_outcome outcome = s->plan.failure;
    str detail =
        arena_printf(&b->arena, STR_FMT ": " STR_FMT, STR_ARG(a->reason), STR_ARG(a->detail));

    metric_add(s->failed, 1);
    if (outcome == OUTCOME_RETRY && !a->may_retry)
        outcome = OUTCOME_DEAD;
    settle(s, b, r, outcome, STR("lookup_failed"), STR("failed"), detail);
}

void enrich_answered(struct enrich *s, struct batch *b, struct record *r,
                     const struct lookup_answer *a)
{
    switch (a->result) {
    case LOOKUP_FOUND:
        enrich_found(s, b, r, arena_copy(&b->arena, a->body));
        break;
    case LOOKUP_MISSING:
        enrich_missing(s, b, r);
        break;
    case LOOKUP_FAILED:
        enrich_failed(s, b, r, a);
        break;
    }
}
