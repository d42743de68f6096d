/* Calls that need leave of a gate. */
#include "tests/unit/workers/lookup_world.h"

struct gate { /* of one token a time, on demand */
    lookup_granted *granted;
    void *lookup;
    unsigned asks, good, bad, left;
    uint32_t want;
    uint64_t retry_after_ms;
};

static void gate_ask(void *ctx, uint32_t want, lookup_granted *granted, void *lookup)
{
    struct gate *g = ctx;

    g->asks++;
    g->want = want;
    g->granted = granted;
    g->lookup = lookup;
}

static void gate_report(void *ctx, bool is_good, uint64_t retry_after_ms)
{
    struct gate *g = ctx;

    g->good += is_good;
    g->bad += !is_good;
    g->retry_after_ms = retry_after_ms;
}

static void gate_leave(void *ctx)
{
    struct gate *g = ctx;

    g->left++;
}

static void wait_for_ask(struct fixture *f, struct gate *g, unsigned asks)
{
    uint64_t end = now_us() + PATIENT_US;

    while (g->asks < asks && now_us() < end)
        loop_once(f->loop);
    CHECK_INT(g->asks, asks);
}

static void test_lookup_begins_what_the_gate_grants(void)
{
    struct fixture *f = &only;
    struct gate g = {0};
    const struct lookup_gate gate = {&g, gate_ask, gate_report, gate_leave};
    begin(f);
    f->config.in_flight = 10;
    open_lookup(f, &gate);
    ask_as(f, 0, "/found", "a");
    ask_as(f, 1, "/found", "b");
    ask_as(f, 2, "/found", "c");
    wait_for_ask(f, &g, 1);
    CHECK_INT(g.want, 3);
    CHECK_INT(f->requests, 0);
    g.granted(g.lookup, 2, 0, false);
    wait_until_answered(f, 2);
    CHECK_INT(f->requests, 2);
    wait_for_ask(f, &g, 2);
    CHECK_INT(g.want, 1);
    uint64_t asked_at = now_us();
    g.granted(g.lookup, 0, 50000, false); /* none now */
    wait_for_ask(f, &g, 3);
    CHECK(now_us() - asked_at >= 45000);
    g.granted(g.lookup, 5, 0, false); /* more than are wanted: thrown away */
    wait_until_answered(f, 3);
    CHECK_INT(g.good, 3);
    CHECK_INT(g.asks, 3);
    end(f);
    CHECK_INT(g.left, 1);
}

static void test_lookup_tells_the_gate_of_failures(void)
{
    struct fixture *f = &only;
    struct gate g = {0};
    const struct lookup_gate gate = {&g, gate_ask, gate_report, gate_leave};
    begin(f);
    f->failures_left = 1;
    open_lookup(f, &gate);
    ask_as(f, 0, "/busy", "a");
    wait_for_ask(f, &g, 1);
    g.granted(g.lookup, 1, 0, false);
    wait_for_ask(f, &g, 2);
    CHECK_INT(g.bad, 1);
    CHECK_INT(g.retry_after_ms, 1000);
    end(f);
}

/* An open breaker holds what waits for as long as its patience, no longer. */
static void test_lookup_gives_up_behind_an_open_breaker(void)
{
    struct fixture *f = &only;
    struct gate g = {0};
    const struct lookup_gate gate = {&g, gate_ask, gate_report, gate_leave};
    begin(f);
    f->config.patience_ms = 100;
    open_lookup(f, &gate);
    ask_as(f, 0, "/found", "a");
    wait_for_ask(f, &g, 1);
    uint64_t opened_at = now_us();
    g.granted(g.lookup, 0, 60000000, true);
    wait_until_answered(f, 1);
    CHECK(f->asked[0].at_us - opened_at >= 95000);
    CHECK_INT(f->asked[0].result, LOOKUP_FAILED);
    CHECK_STR(str_of(f->asked[0].reason), STR("no_answer"));
    CHECK(f->asked[0].may_retry);
    CHECK_INT(f->requests, 0);
    end(f);
}

int main(void)
{
    RUN(test_lookup_begins_what_the_gate_grants);
    RUN(test_lookup_tells_the_gate_of_failures);
    RUN(test_lookup_gives_up_behind_an_open_breaker);
    return check_done();
}
