/* What goes out, in which calls; the settings; the end. */
#include "tests/unit/workers/deliver_world.h"

static void test_deliver_adds_source_and_one_newline(void)
{
    static const struct {
        const char *line, *want;
    } cases[] = {
        {"{\"sp_id\":\"" SRC "-7-1234\",\"i\":1}",
         "{\"sp_id\":\"" SRC "-7-1234\",\"i\":1,\"sp_source\":{\"uri\":\"file:///in/"
         "\\\"a\\\".csv\",\"version\":\"12-34\",\"row\":7,\"offset\":1234,\"at\":1700000000000,"
         "\"pipeline\":3}}\n"},
        {"{\"i\":1,\"sp_id\":\"" SRC "-1-0\"}",
         "{\"i\":1,\"sp_id\":\"" SRC "-1-0\",\"sp_source\":{\"uri\":\"file:///in/"
         "\\\"a\\\".csv\",\"version\":\"12-34\",\"row\":1,\"offset\":0,\"at\":1700000000000,"
         "\"pipeline\":3}}\n"},
        {"{\"i\":1,\"sp_id\":\"" SRC "-1-0\",\"j\":2}",
         "{\"i\":1,\"sp_id\":\"" SRC "-1-0\",\"j\":2,\"sp_source\":{\"uri\":\"file:///in/"
         "\\\"a\\\".csv\",\"version\":\"12-34\",\"row\":1,\"offset\":0,\"at\":1700000000000,"
         "\"pipeline\":3}}\n"},
        /* Of another source, or none: no row. */
        {"{\"i\":1,\"sp_id\":\"ffffffffffffffff-1-0\"}",
         "{\"i\":1,\"sp_id\":\"ffffffffffffffff-1-0\",\"sp_source\":{\"uri\":\"file:///in/"
         "\\\"a\\\".csv\",\"version\":\"12-34\",\"at\":1700000000000,\"pipeline\":3}}\n"},
        {"{\"x\":\"\\\"sp_id\\\":\\\"" SRC "-1-0\"}",
         "{\"x\":\"\\\"sp_id\\\":\\\"" SRC "-1-0\",\"sp_source\":{\"uri\":\"file:///in/"
         "\\\"a\\\".csv\",\"version\":\"12-34\",\"at\":1700000000000,\"pipeline\":3}}\n"},
        {"{\"sp_id\":\"" SRC "-01-2\"}",
         "{\"sp_id\":\"" SRC "-01-2\",\"sp_source\":{\"uri\":\"file:///in/"
         "\\\"a\\\".csv\",\"version\":\"12-34\",\"at\":1700000000000,\"pipeline\":3}}\n"},
        {" { } ", " {\"sp_source\":{\"uri\":\"file:///in/\\\"a\\\".csv\",\"version\":\"12-34\","
                  "\"at\":1700000000000,\"pipeline\":3}}\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f = begin("{linger: 1ms, firehose: {stream: s}}", take_all);
        struct batch *b = new_batch(f);
        add_line(b, str_of(cases[i].line));
        CHECK_INT(process(f, b), WORK_LATER);
        wait_for(f, 1);
        CHECK_STR(str_of(f->fake.last), str_of(cases[i].want));
        CHECK_INT(b->records[0].verdict, VERDICT_PASS);
        CHECK_INT(b->entries->ambiguous, 0);
        end(f);
    }
}

static void test_deliver_source_of_an_unknown_id(void)
{
    struct fixture *f = begin("{linger: 1ms, firehose: {stream: s}}", take_all);
    struct batch *b = new_batch(f);
    b->entries->src = STR("ffffffffffffffff");
    add_line(b, STR("{\"sp_id\":\"ffffffffffffffff-1-0\"}"));
    process(f, b);
    wait_for(f, 1);

    CHECK_STR(str_of(f->fake.last),
              STR("{\"sp_id\":\"ffffffffffffffff-1-0\",\"sp_source\":{\"row\":1,\"offset\":0,"
                  "\"at\":1700000000000,\"pipeline\":3}}\n"));
    end(f);
}

static void test_deliver_form_follows_settings(void)
{
    static const struct {
        const char *settings, *want;
    } cases[] = {
        {"{firehose: {stream: s, source: false}}", "{\"i\":1}\n{\"i\":2}\n"},
        {"{firehose: {stream: s, source: false, pack: false}}", "{\"i\":1}\n"},
        {"{firehose: {stream: s, source: false, pack: false, newline: false}}", "{\"i\":1}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f = begin(cases[i].settings, take_all);
        struct batch *b = new_batch(f);
        add_line(b, STR("{\"i\":1}"));
        add_line(b, STR("{\"i\":2}"));
        process(f, b);
        stage_deliver.flush(&f->worker);
        wait_for(f, 1);
        CHECK_STR(str_of(f->fake.last), str_of(cases[i].want));
        CHECK_INT(f->fake.calls, 1);
        end(f);
    }
}

static void test_deliver_collects_over_batches(void)
{
    struct fixture *f = begin("{linger: 50ms, firehose: {stream: s}}", take_all);
    process(f, numbered(f, 0, 10, 10));
    process(f, numbered(f, 10, 20, 10));
    wait_for(f, 2);

    CHECK_INT(f->fake.calls, 1);
    CHECK_INT(f->fake.most_records, 1);
    check_taken_once(f, 0, 20);
    end(f);
}

static void test_deliver_keeps_the_limits_of_a_call(void)
{
    static const struct {
        const char *settings;
        int bytes;
        uint32_t calls, most_records;
        size_t largest_call;
    } cases[] = {
        {"{firehose: {stream: s, source: false, pack: false}}", 1, 3, 500, 1 << 20},
        {"{firehose: {stream: s, source: false, pack: false, call_bytes: 4MiB}}", 9000, 3, 466,
         4 << 20},
        {"{firehose: {stream: s, source: false, record_bytes: 10KiB, call_bytes: 100KiB}}", 200,
         3, 10, 100 << 10},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f = begin(cases[i].settings, take_all);
        process(f, numbered(f, 0, 1100, cases[i].bytes));
        stage_deliver.flush(&f->worker);
        wait_for(f, 1);
        CHECK_INT(f->fake.calls, cases[i].calls);
        CHECK(f->fake.most_records <= cases[i].most_records);
        CHECK(f->fake.largest_call <= cases[i].largest_call);
        check_taken_once(f, 0, 1100);
        end(f);
    }
}

static void test_deliver_never_cuts_what_is_too_large(void)
{
    static const struct {
        size_t bytes; /* with the newline */
        bool is_dead;
    } cases[] = {{1024000, false}, {1024001, true}, {1048576, true}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f =
            begin("{linger: 1ms, firehose: {stream: s, source: false}}", take_all);
        struct batch *b = new_batch(f);
        char *line = xalloc(cases[i].bytes);
        memset(line, ' ', cases[i].bytes);
        line[0] = '{';
        line[cases[i].bytes - 2] = '}';
        add_line(b, (str){line, cases[i].bytes - 1});
        CHECK_INT(process(f, b), cases[i].is_dead ? WORK_DONE : WORK_LATER);
        wait_for(f, cases[i].is_dead ? 0 : 1);
        CHECK_INT(f->fake.largest_call, cases[i].is_dead ? 0 : cases[i].bytes);
        CHECK_INT(count_dead(b), cases[i].is_dead);
        if (cases[i].is_dead)
            CHECK_STR(b->records[0].reason, STR("too_large"));
        free(line);
        end(f);
    }
}

static void test_deliver_wants_documents(void)
{
    struct fixture *f = begin("{linger: 1ms, firehose: {stream: s}}", take_all);
    struct batch *b = new_batch(f);
    add_line(b, STR("[0,\"cell\"]"));
    add_line(b, STR("{\"i\":1}"));
    add_line(b, STR("hello"));
    CHECK_INT(process(f, b), WORK_LATER);
    wait_for(f, 1);

    CHECK_INT(count_dead(b), 2);
    CHECK_STR(b->records[0].reason, STR("not_a_document"));
    CHECK_INT(f->fake.taken[1], 1);
    end(f);
}

static void test_deliver_check_finds_mistakes(void)
{
    static const struct {
        const char *settings;
        unsigned errors;
    } cases[] = {
        {"{firehose: {stream: s}}", 0},
        {"{}", 1},
        {"{firehose: {}}", 1},
        {"{firehose: {stream: s, steam: 1}}", 1},
        {"{firehose: {stream: 'a b'}}", 1},
        {"{linger: 61s, firehose: {stream: s}}", 1},
        {"{attempts: 0, firehose: {stream: s}}", 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena = {0};
        struct findings findings = {.arena = &arena};
        struct error err = {0};
        struct node *config = yaml_load(&arena, str_of(cases[i].settings), &err);
        struct deliver *s = arena_zalloc(&arena, sizeof(*s));
        setting_fill(stage_deliver.settings, config, s, &findings);
        stage_deliver.check(s, config, &findings);
        if (findings.errors != cases[i].errors)
            printf("# %s\n", cases[i].settings);
        CHECK_INT(findings.errors, cases[i].errors);
        arena_free(&arena);
    }
}

static void test_deliver_close_leaves_calls_in_flight(void)
{
    struct fixture *f = begin("{firehose: {stream: s}}", deny);
    process(f, numbered(f, 0, 3, 10));
    stage_deliver.flush(&f->worker);
    process(f, numbered(f, 3, 6, 10));

    CHECK_INT(f->finished, 0);
    end(f);
}

int main(void)
{
    RUN(test_deliver_adds_source_and_one_newline);
    RUN(test_deliver_source_of_an_unknown_id);
    RUN(test_deliver_form_follows_settings);
    RUN(test_deliver_collects_over_batches);
    RUN(test_deliver_keeps_the_limits_of_a_call);
    RUN(test_deliver_never_cuts_what_is_too_large);
    RUN(test_deliver_wants_documents);
    RUN(test_deliver_check_finds_mistakes);
    RUN(test_deliver_close_leaves_calls_in_flight);
    return check_done();
}
