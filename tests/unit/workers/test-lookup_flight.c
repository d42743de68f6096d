/* Many calls at a time, and what becomes of them at the end. */
#include "tests/unit/workers/lookup_world.h"

static void test_lookup_asks_once_for_a_key(void)
{
    struct fixture *f = &only;
    begin(f);
    open_lookup(f, NULL);
    for (unsigned i = 0; i < 100; i++)
        ask_as(f, i, "/found", "same");
    wait_until_answered(f, 100);
    CHECK_INT(f->requests, 1);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_INT(f->asked[i].calls, 1);
        CHECK_STR(str_of(f->asked[i].body), STR("{\"lat\":1.10}"));
    }
    CHECK_INT(lookup_look(f->lookup).joined, 99);
    ask_as(f, 100, "/found", "same"); /* answered is forgotten: keeping is the cache's */
    wait_until_answered(f, 101);
    CHECK_INT(f->requests, 2);
    end(f);
}

static void test_lookup_has_hundreds_in_flight(void)
{
    enum { CALLS = 400 };
    struct fixture *f = &only;
    char key[16];
    begin(f);
    f->config.in_flight = CALLS;
    f->hold = CALLS; /* nobody is answered before all are there */
    open_lookup(f, NULL);
    for (unsigned i = 0; i < CALLS; i++) {
        snprintf(key, sizeof(key), "%u", i);
        ask_as(f, i, "/held", key);
    }
    CHECK_INT(lookup_look(f->lookup).waiting, CALLS);
    wait_until_answered(f, CALLS);
    CHECK_INT(f->most_in_flight, CALLS);
    CHECK_INT(lookup_look(f->lookup).in_flight, 0);
    CHECK_INT(lookup_look(f->lookup).waiting, 0);
    end(f);
}

static void test_lookup_keeps_to_its_limit(void)
{
    struct fixture *f = &only;
    char key[16];
    begin(f);
    f->config.in_flight = 3;
    f->hold = 3;
    open_lookup(f, NULL);
    for (unsigned i = 0; i < 30; i++) {
        snprintf(key, sizeof(key), "%u", i);
        ask_as(f, i, "/held", key);
    }
    wait_until_answered(f, 30);
    CHECK_INT(f->most_in_flight, 3);
    end(f);
}

/* One at a time at first, and more when that goes well. */
static void test_lookup_finds_its_limit(void)
{
    struct fixture *f = &only;
    char key[16];
    begin(f);
    open_lookup(f, NULL);
    for (unsigned i = 0; i < 300; i++) {
        snprintf(key, sizeof(key), "%u", i);
        ask_as(f, i, "/soon", key);
    }
    CHECK_INT(lookup_look(f->lookup).limit, 1);
    wait_until_answered(f, 300);
    CHECK(f->most_in_flight > 2);
    CHECK(lookup_look(f->lookup).mean_us > 1000);
    end(f);
}

static void test_lookup_stop_answers_what_is_not_in_flight(void)
{
    struct fixture *f = &only;
    begin(f);
    f->config.in_flight = 1;
    open_lookup(f, NULL);
    ask_as(f, 0, "/never", "a");
    ask_as(f, 1, "/never", "b");
    ask_as(f, 2, "/never", "c");
    uint64_t end_us = now_us() + PATIENT_US;
    while (f->requests == 0 && now_us() < end_us)
        loop_once(f->loop);
    lookup_stop(f->lookup);
    CHECK_INT(f->answered, 0);
    wait_until_answered(f, 2);
    CHECK_INT(f->asked[0].calls, 0);
    CHECK_STR(str_of(f->asked[1].reason), STR("stopping"));
    CHECK(f->asked[2].may_retry);
    end(f); /* drops the one in flight */
    CHECK_INT(f->asked[0].calls, 0);
}

static void test_lookup_free_drops_calls_of_any_state(void)
{
    struct fixture *f = &only;
    begin(f);
    f->config.in_flight = 2;
    f->failures_left = 1000;
    f->services.random = long_random; /* a wait of 200 ms */
    open_lookup(f, NULL);
    ask_as(f, 0, "/never", "in flight");
    ask_as(f, 1, "/flaky", "resting");
    ask_as(f, 2, "/never", "next");
    ask_as(f, 3, "/never", "queued");
    uint64_t end_us = now_us() + PATIENT_US;
    while (f->requests < 3 && now_us() < end_us)
        loop_once(f->loop);
    CHECK_INT(f->requests, 3);
    CHECK_INT(lookup_look(f->lookup).waiting, 2);
    end(f);
    CHECK_INT(f->answered, 0);
}

int main(void)
{
    RUN(test_lookup_asks_once_for_a_key);
    RUN(test_lookup_has_hundreds_in_flight);
    RUN(test_lookup_keeps_to_its_limit);
    RUN(test_lookup_finds_its_limit);
    RUN(test_lookup_stop_answers_what_is_not_in_flight);
    RUN(test_lookup_free_drops_calls_of_any_state);
    return check_done();
}
