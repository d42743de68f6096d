/* What a commit moves in the books, for all that can stand in a topic. */
#include "tests/unit/run/output_world.h"

static void test_output_of_a_destination(void)
{
    const struct entry entries[] = {
        BOOKED("5-0", AA, 1, "{\"kind\":\"a\",\"x\":1}"),
        BOOKED("5-1", BB, 1, "{\"kind\":\"a\"}"),
        BOOKED("5-2", AA, 2, "{\"kind\":\"b\"}"),
    };
    struct world w;

    open_world(&w, SHIP);
    fill(&w, entries, ARRAY_LEN(entries));
    record_settle(&w.batch.records[2], VERDICT_DEAD, STR("refused"), STR("Too large."));
    w.batch.entries[1].ambiguous = 2;
    build(&w, 0, 3);
    CHECK_STR(moves_of(&w, "sp:{0}:books"),
              STR("ship:bytes -42 ship:records -3 ship:out 2 ship:dead 1 ship:ambiguous 2 "
                  "dead:records 1 dead:bytes 12"));
    CHECK_STR(moves_of(&w, "sp:{0}:source:00000000000000aa"),
              STR("delivered 1 dead 1 open -2"));
    CHECK_STR(moves_of(&w, "sp:{0}:source:00000000000000bb"), STR("delivered 1 open -1"));
    CHECK_STR(moves_of(&w, "sp:{0}:count:arrived:total"), STR("a 2"));
    CHECK_INT(hash_of(&w, "sp:{0}:source:00000000000000aa")->expire_ms, now_ms + 30 * day_ms);
    CHECK_INT(w.commit.output_count, 1);
    CHECK_STR(w.commit.outputs[0].key, STR("sp:{0}:dead"));

    str *args = w.commit.outputs[0].pack.first->args;
    uint32_t n = w.commit.outputs[0].pack.first->arg_count;
    bool has_uri = false;
    for (uint32_t i = 0; i + 1 < n; i += 2)
        has_uri |= str_is(args[i], "uri") && str_is(args[i + 1], "file:///aa.csv");
    CHECK(has_uri);
    close_world(&w);
}

/* Put into a topic by hand: it comes in and leaves in one commit, and its source's `open` is 0
 * behind it. */
static void test_output_of_entries_that_the_books_do_not_know(void)
{
    const struct entry by_hand = {.id = STR("5-0"),
                                  .src = AA,
                                  .row = 1,
                                  .at = 1000,
                                  .n = 2,
                                  .data = STR("{\"kind\":\"ship\"}\n{\"kind\":\"drop\"}")};
    struct world w;

    open_world(&w, TIDY);
    fill(&w, &by_hand, 1);
    build(&w, 0, 1);
    CHECK_STR(moves_of(&w, "sp:{0}:books"),
              STR("ship:bytes 15 tidy:in 2 tidy:out 1 tidy:filtered 1 ship:records 1 "
                  "ship:in 1"));
    CHECK_STR(moves_of(&w, "sp:{0}:source:00000000000000aa"),
              STR("rows 2 filtered 1 open 1 filtered:unwanted 1"));
    close_world(&w);

    open_world(&w, SHIP);
    fill(&w, &by_hand, 1);
    build(&w, 0, 1);
    CHECK_STR(moves_of(&w, "sp:{0}:books"), STR("ship:in 2 ship:out 2"));
    CHECK_STR(moves_of(&w, "sp:{0}:source:00000000000000aa"), STR("rows 2 delivered 2"));
    close_world(&w);
}

/* One dead letter leaves for an entry that cannot be understood, however many it claims. */
static void test_output_of_an_entry_that_is_not_understood(void)
{
    const struct {
        bool is_booked;
        const char *books;
    } rows[] = {
        {true, "tidy:bytes -3 tidy:records -5 tidy:in -4 tidy:dead 1 dead:records 1 "
               "dead:bytes 11"},
        {false, "tidy:in 1 tidy:dead 1 dead:records 1 dead:bytes 11"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;
        str fields[] = {STR("data"), STR("abc")};
        const struct entry bad = {.id = STR("5-0"),
                                  .src = AA,
                                  .row = 1,
                                  .n = 5,
                                  .is_booked = rows[i].is_booked,
                                  .data = STR("abc"),
                                  .fields = fields,
                                  .field_count = 2};

        open_world(&w, TIDY);
        w.batch.entries = arena_alloc(&w.batch.arena, sizeof(bad));
        w.batch.entries[0] = bad;
        w.batch.entry_count = 1;
        record_settle(batch_emit(&w.batch, w.batch.entries, STR("{\"data\":\"\"}"), 0),
                      VERDICT_DEAD, STR("bad_entry"), STR("It is bad."));
        build(&w, 0, 1);
        CHECK_STR(moves_of(&w, "sp:{0}:books"), str_of(rows[i].books));
        close_world(&w);
    }
}

/* A step of a job: rows come into being; the entry is released by the last step alone. */
static void test_output_of_the_steps_of_a_job(void)
{
    const struct {
        bool is_booked, is_last;
        enum commit_mode mode;
        const char *books;
    } rows[] = {
        {true, false, COMMIT_HOLD,
         "tidy:bytes 14 rows:out 2 rows:dead 1 dead:records 1 dead:bytes 7 tidy:records 2 "
         "tidy:in 2"},
        {true, true, COMMIT_DELETE,
         "rows:bytes -9 tidy:bytes 14 rows:records -1 rows:out 2 rows:dead 1 dead:records 1 "
         "dead:bytes 7 tidy:records 2 tidy:in 2"},
        {false, false, COMMIT_HOLD,
         "tidy:bytes 14 rows:out 2 rows:dead 1 dead:records 1 dead:bytes 7 tidy:records 2 "
         "tidy:in 2"},
        {false, true, COMMIT_DELETE,
         "tidy:bytes 14 rows:in 1 rows:out 2 rows:dead 1 dead:records 1 dead:bytes 7 "
         "tidy:records 2 tidy:in 2"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;
        struct progress p = {
            .job = STR("sp:{0}:job:5-0"), .to = 30, .row = 4, .is_last = rows[i].is_last};
        struct entry job = {.id = STR("5-0"),
                            .src = AA,
                            .row = 1,
                            .n = 1,
                            .at = 1000,
                            .is_booked = rows[i].is_booked,
                            .uri = STR("file:///a"),
                            .cols = STR("[\"a\"]")};

        open_world(&w, ROWS);
        w.batch.entries = &job;
        w.batch.entry_count = 1;
        w.batch.progress = &p;
        batch_emit(&w.batch, &job, STR("[5,\"a\"]"), 0);
        record_settle(batch_emit(&w.batch, &job, STR("[9,\"b\"]"), 1), VERDICT_DEAD,
                      STR("bad_row"), STR_NONE);
        batch_emit(&w.batch, &job, STR("[14,\"\"]"), 2);
        build(&w, 0, 1);
        CHECK_INT(w.commit.mode, rows[i].mode);
        CHECK(w.commit.progress == &p);
        CHECK_INT(w.commit.job_expire_ms, rows[i].is_last ? now_ms + 7 * day_ms : 0);
        /* a row that failed stands between them: rows share an entry only one behind the other
         */
        CHECK_STR(data_of(&w, "sp:{0}:tidy"), STR("[5,\"a\"]|[14,\"\"]"));
        CHECK_STR(moves_of(&w, "sp:{0}:books"), str_of(rows[i].books));
        CHECK_STR(moves_of(&w, "sp:{0}:source:00000000000000aa"), STR("rows 3 dead 1 open 2"));
        close_world(&w);
    }
}

struct told {
    int64_t bytes[8];
    uint32_t calls;
};

static void tell(void *ctx, uint32_t stage, int64_t bytes)
{
    struct told *t = ctx;

    t->bytes[stage] = bytes;
    t->calls++;
}

static void test_output_levels_from_the_answer(void)
{
    const struct entry fork = BOOKED("5-0", AA, 1, "{\"kind\":\"fork\"}");
    struct world w;
    struct told told = {{0}, 0};
    int64_t values[64];

    open_world(&w, TIDY);
    fill(&w, &fork, 1);
    build(&w, 0, 1);
    const struct commit_hash *books = &w.commit.hashes[0];
    for (uint32_t i = 0; i < books->n; i++)
        values[i] = 1000 + i;
    struct commit_answer answer = {.kind = ANSWER_GOOD, .values = values};
    output_levels(&w.c, &w.commit, &answer, tell, &told);
    CHECK_INT(told.calls, 0); /* the answer tells nothing */
    answer.value_count = books->n;
    output_levels(&w.c, &w.commit, &answer, tell, &told);
    CHECK_INT(told.calls, 3);
    CHECK_INT(told.bytes[TIDY], 1000);
    CHECK_INT(told.bytes[SHIP], 1001);
    CHECK_INT(told.bytes[SIDE], 1002);
    close_world(&w);
}

int main(void)
{
    RUN(test_output_of_a_destination);
    RUN(test_output_of_entries_that_the_books_do_not_know);
    RUN(test_output_of_an_entry_that_is_not_understood);
    RUN(test_output_of_the_steps_of_a_job);
    RUN(test_output_levels_from_the_answer);
    return check_done();
}
