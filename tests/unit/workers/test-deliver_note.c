/* What may have been taken although nobody said so: it is noted before it goes out. */
#include "tests/unit/workers/deliver_world.h"

/* The first call goes wrong in the way of the case, the others are taken. */
static int wrong_status;
static const char *wrong_body;
static void go_wrong_once(struct fake *f, struct server_request *q)
{
    if (f->calls > 1)
        take_all(f, q);
    else if (wrong_status)
        reply(q, wrong_status, wrong_body);
    else
        server_hang_up(q);
}

static void test_deliver_counts_what_was_ambiguous(void)
{
    static const struct {
        int status;
        const char *body;
        uint32_t ambiguous;
    } cases[] = {
        {0, "", 5},
        {500, "{\"__type\":\"InternalFailure\"}", 5},
        {503, "", 5},
        {504, "<html>", 5},
        {200, "{\"FailedPutCount\":0,\"RequestResponses\":[]}", 5},
        {200,
         "{\"FailedPutCount\":1,\"RequestResponses\":[{\"ErrorCode\":\"InternalFailure\"}]}",
         5},
        {200, "{\"FailedPutCount\":1,\"RequestResponses\":[{\"ErrorCode\":\"Odd\"}]}", 0},
        {503, "{\"__type\":\"ServiceUnavailableException\"}", 0},
        {400, "{\"__type\":\"ThrottlingException\"}", 0},
        {429, "", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f = begin("{firehose: {stream: s, source: false}}", go_wrong_once);
        const struct deliver *s = f->worker.state;
        uint64_t before = metric_value(s->ambiguous);
        wrong_status = cases[i].status;
        wrong_body = cases[i].body;
        struct batch *b = numbered(f, 0, 5, 10);
        process(f, b);
        stage_deliver.flush(&f->worker);
        wait_for(f, 1);
        CHECK_INT(f->fake.calls, 2);
        CHECK_INT(b->entries->ambiguous, cases[i].ambiguous);
        CHECK_INT(metric_value(s->ambiguous) - before, cases[i].ambiguous);
        CHECK_INT(count_dead(b), 0);
        check_taken_once(f, 0, 5);
        end(f);
    }
}

/* Every record that may be taken once more has been noted before; a plain refusal takes
 * nothing, so that the note is good for the next call, too. */
static void test_deliver_notes_what_may_be_taken(void)
{
    static const struct {
        int status;
        const char *body;
        uint32_t refused, notes, sent;
    } cases[] = {
        {200, "{}", 0, 2, 10}, {503, "", 0, 2, 10}, {429, "", 0, 1, 5},
        {429, "", 1, 2, 5},    {503, "", 2, 4, 10},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f = begin("{firehose: {stream: s, source: false}}", go_wrong_once);
        wrong_status = cases[i].status;
        wrong_body = cases[i].body;
        f->refuse_notes = cases[i].refused;
        struct batch *b = numbered(f, 0, 5, 10);
        process(f, b);
        stage_deliver.flush(&f->worker);
        f->skipped_us += 11000000;
        wait_for(f, 1);
        CHECK_INT(f->notes, cases[i].notes);
        CHECK_INT(b->entries->sent, cases[i].sent);
        check_taken_once(f, 0, 5);
        end(f);
    }
}

static void test_deliver_leaves_what_another_has(void)
{
    struct fixture *f = begin("{firehose: {stream: s, source: false}}", take_all);
    struct batch *gone = numbered(f, 0, 5, 10), *ours = numbered(f, 5, 10, 10);

    f->gone = gone->entries;
    process(f, gone);
    process(f, ours);
    stage_deliver.flush(&f->worker);
    wait_for(f, 2);
    for (uint32_t i = 0; i < 5; i++)
        CHECK_INT(f->fake.shown[i], 0);
    check_taken_once(f, 5, 10);

    f->gone = NULL;
    struct batch *all = numbered(f, 10, 15, 10);
    f->gone = all->entries;
    process(f, all); /* nothing is left of its call */
    stage_deliver.flush(&f->worker);
    wait_for(f, 3);
    CHECK_INT(f->fake.calls, 1);
    CHECK_INT(count_dead(all), 0);
    end(f);
}

int main(void)
{
    RUN(test_deliver_counts_what_was_ambiguous);
    RUN(test_deliver_notes_what_may_be_taken);
    RUN(test_deliver_leaves_what_another_has);
    return check_done();
}
