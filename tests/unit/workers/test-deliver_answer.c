/* What an answer says of each record, of a call, of the stream. */
#include "tests/unit/workers/deliver_world.h"

static const char *throttle_every_third(struct fake *f, uint32_t i)
{
    return f->calls == 1 && i % 3 == 1 ? "ServiceUnavailableException" : NULL;
}

static void throttle_some(struct fake *f, struct server_request *q)
{
    answer_each(f, q, throttle_every_third);
}

static void test_deliver_sends_the_failed_alone(void)
{
    struct fixture *f =
        begin("{firehose: {stream: s, source: false, pack: false}}", throttle_some);
    struct batch *b = numbered(f, 0, 9, 10);
    process(f, b);
    stage_deliver.flush(&f->worker);
    wait_for(f, 1);

    CHECK_INT(f->fake.calls, 2);
    CHECK_INT(f->fake.count, 3);
    CHECK_INT(number_of(f->fake.records[0].text), 1);
    CHECK_INT(number_of(f->fake.records[1].text), 4);
    CHECK_INT(number_of(f->fake.records[2].text), 7);
    check_taken_once(f, 0, 9);
    CHECK_INT(b->entries->ambiguous, 0);
    end(f);
}

static const char *wrong_name, *wrong_text;
static void refuse_one(struct fake *f, struct server_request *q)
{
    char text[128];

    for (uint32_t i = 0; i < f->count; i++)
        for (const char *p = f->records[i].text; p; p = strchr(p, '\n')) {
            p += *p == '\n';
            if (!*p)
                break;
            if (number_of(p) != f->refuse)
                continue;
            snprintf(text, sizeof(text), "{\"__type\":\"%s\",\"message\":\"%s%u.member\"}",
                     wrong_name, wrong_text, i);
            reply(q, 400, text);
            return;
        }
    take_all(f, q);
}

static void test_deliver_finds_the_one_that_is_refused(void)
{
    static const struct {
        const char *settings, *name, *text;
        uint32_t most_calls; /* two for each halving, and the first */
    } cases[] = {
        {"{firehose: {stream: s, source: false, pack: false}}", "InvalidArgumentException", "",
         17},
        {"{firehose: {stream: s, source: false, pack: false}}", "ValidationException",
         "at 'records.", 4},
        {"{firehose: {stream: s, source: false, record_bytes: 1KiB}}", "SerializationException",
         "", 19},
        {"{firehose: {stream: s, source: false}}", "SerializationException", "", 17},
    };
    static const uint32_t bad[] = {0, 37, 255};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
            struct fixture *f = begin(cases[i].settings, refuse_one);
            f->fake.refuse = bad[k];
            wrong_name = cases[i].name;
            wrong_text = cases[i].text;
            struct batch *b = numbered(f, 0, 256, 10);
            process(f, b);
            stage_deliver.flush(&f->worker);
            wait_for(f, 1);
            CHECK_INT(count_dead(b), 1);
            CHECK_INT(b->records[bad[k]].verdict, VERDICT_DEAD);
            CHECK_STR(b->records[bad[k]].reason, STR("refused"));
            if (f->fake.calls > cases[i].most_calls)
                printf("# case %zu, document %u: %u calls\n", i, bad[k], f->fake.calls);
            CHECK(f->fake.calls <= cases[i].most_calls);
            CHECK_INT(b->entries->ambiguous, 0);
            check_taken_once(f, 0, 256);
            end(f);
        }
}

static void refuse_all(struct fake *f, struct server_request *q)
{
    (void)f;
    reply(q, 400,
          "{\"__type\":\"InvalidArgumentException\",\"message\":\"KinesisStreamAsSource\"}");
}

/* A stream that is set up wrongly refuses everything: that is not the records' fault. */
static void test_deliver_throws_nothing_away_before_something_is_taken(void)
{
    struct fixture *f = begin("{firehose: {stream: s, source: false}}", refuse_all);
    struct batch *b = numbered(f, 0, 3, 10);
    log_to(-1);
    process(f, b);
    stage_deliver.flush(&f->worker);
    wait_for_calls(f, 20);
    CHECK_INT(f->finished, 0);
    CHECK_INT(count_dead(b), 0);
    f->fake.answer = take_all;
    wait_for(f, 1);
    log_to(2);

    CHECK_INT(count_dead(b), 0);
    check_taken_once(f, 0, 3);
    end(f);
}

static void test_deliver_holds_without_permission(void)
{
    struct fixture *f = begin("{firehose: {stream: s, source: false}}", deny);
    struct batch *b = numbered(f, 0, 3, 10);
    log_to(-1);
    process(f, b);
    stage_deliver.flush(&f->worker);
    for (uint32_t calls = 1; calls <= 3; calls++) {
        wait_for_calls(f, calls);
        while (((struct deliver *)f->worker.state)->active)
            loop_once(f->loop);
        for (int i = 0; i < 20; i++) /* nothing goes out while it is held */
            loop_once(f->loop);
        CHECK_INT(f->fake.calls, calls);
        f->skipped_us += 11000000;
        stage_deliver.flush(&f->worker);
    }
    f->fake.answer = take_all;
    f->skipped_us += 11000000;
    stage_deliver.flush(&f->worker);
    wait_for_calls(f, 4);
    f->skipped_us += 11000000;
    stage_deliver.flush(&f->worker);
    wait_for(f, 1);
    log_to(2);

    CHECK_INT(count_dead(b), 0);
    CHECK_INT(b->entries->ambiguous, 0);
    check_taken_once(f, 0, 3);
    end(f);
}

static const char *fail_five(struct fake *f, uint32_t i)
{
    return number_of(f->records[i].text) == 5 ? "InternalFailure" : NULL;
}

static void fail_one_for_ever(struct fake *f, struct server_request *q)
{
    answer_each(f, q, fail_five);
}

static void test_deliver_gives_up_on_a_record_that_fails_while_others_pass(void)
{
    struct fixture *f = begin(
        "{attempts: 3, firehose: {stream: s, source: false, pack: false}}", fail_one_for_ever);
    struct batch *b = numbered(f, 0, 10, 10);
    log_to(-1);
    process(f, b);
    stage_deliver.flush(&f->worker);
    wait_for_calls(f, 20); /* alone it may fail as long as it likes */
    CHECK_INT(count_dead(b), 0);
    for (uint32_t i = 1; i < 3; i++) {
        process(f, numbered(f, 10 * i, 10 * i + 10, 10));
        wait_for_calls(f, f->fake.calls + (i < 2 ? 5 : 1));
    }
    wait_for(f, 3);
    log_to(2);

    CHECK_INT(b->records[5].verdict, VERDICT_DEAD);
    CHECK_STR(b->records[5].reason, STR("not_taken"));
    CHECK_INT(count_dead(b), 1);
    end(f);
}

int main(void)
{
    RUN(test_deliver_sends_the_failed_alone);
    RUN(test_deliver_finds_the_one_that_is_refused);
    RUN(test_deliver_throws_nothing_away_before_something_is_taken);
    RUN(test_deliver_holds_without_permission);
    RUN(test_deliver_gives_up_on_a_record_that_fails_while_others_pass);
    return check_done();
}
