/* Files, and what nobody can take. */
#include "tests/unit/workers/door.h"

static void test_door_takes_a_file_to_its_splitter(void)
{
    const char *const pipelines[] = {mixed, files_only};

    for (size_t i = 0; i < ARRAY_LEN(pipelines); i++) {
        struct world w;

        sort(&w, pipelines[i], FIELDS("uri", "file:///a.csv", "run", "r1"));
        const struct admit *a = admit_of(&w, "rows");
        CHECK(a && a->is_job && !a->next && a == w.admits);
        if (a) {
            CHECK_INT(a->high, 4096);
            CHECK_INT(a->pack.entries, 1);
            CHECK_INT(a->pack.bytes, strlen("file:///a.csv"));
            CHECK_STR(field(a->pack.first, "uri"), STR("file:///a.csv"));
            CHECK_STR(field(a->pack.first, "job"), STR("5000-7"));
            CHECK_STR(field(a->pack.first, "n"), STR("1"));
            CHECK_STR(field(a->pack.first, "at"), STR("5000"));
            CHECK_STR(field(a->pack.first, "run"), STR("r1"));
            CHECK_STR(a->job, STR("5000-7"));
        }
        done(&w);
    }
}

static void test_door_gives_every_splitter_its_own_job(void)
{
    struct world w;

    sort(&w, two_splits, FIELDS("uri", "file:///a.csv"));
    const struct admit *rows = admit_of(&w, "rows"), *more = admit_of(&w, "more");
    CHECK(rows && more);
    if (rows && more) {
        CHECK_STR(rows->job, STR("5000-7"));
        CHECK(!str_equal(rows->job, more->job));
        CHECK_STR(field(rows->pack.first, "job"), rows->job);
        CHECK_STR(field(more->pack.first, "job"), more->job);
        CHECK_INT(rows->rows + more->rows, 1); /* one came in */
    }
    done(&w);
}

static void test_door_buries_what_it_cannot_send_on(void)
{
    const struct {
        const char *pipeline, *fields[7], *reason, *data;
    } rows[] = {
        {mixed, {"nothing", "here"}, "bad_entry", "{\"nothing\":\"here\"}"},
        {mixed, {"data", "{}", "row", "x"}, "bad_entry", "{\"data\":\"{}\",\"row\":\"x\"}"},
        {mixed,
         {"uri", "file:///a", "to", "nowhere"},
         "no_route",
         "{\"uri\":\"file:///a\",\"to\":\"nowhere\"}"},
        {mixed,
         {"uri", "file:///a", "to", "tidy"},
         "no_route",
         "{\"uri\":\"file:///a\",\"to\":\"tidy\"}"},
        {mixed,
         {"data", "{\"a\":1}", "src", SRC, "to", "nowhere"},
         "no_route",
         "{\"a\":1," ID(1, 0) "}"},
        {mixed,
         {"data", "{\"a\":1}", "src", SRC, "to", "rows"},
         "no_route",
         "{\"a\":1," ID(1, 0) "}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;

        sort(&w, rows[i].pipeline, rows[i].fields);
        CHECK(!w.admits->next);
        CHECK_STR(w.admits->topic, STR("dead"));
        CHECK_STR(field(w.admits->pack.first, "stage"), STR("inbox"));
        CHECK_STR(field(w.admits->pack.first, "reason"), str_of(rows[i].reason));
        CHECK(field(w.admits->pack.first, "detail").n > 0);
        CHECK_STR(field(w.admits->pack.first, "data"), str_of(rows[i].data));
        check_totals(&w, (struct totals){.rows = 1, .dead = 1});
        done(&w);
    }
}

static void test_door_drops_a_file(void)
{
    struct world w;

    sort(&w, no_files, FIELDS("uri", "file:///a.csv"));
    CHECK(!w.admits->next);
    CHECK_INT(w.admits->pack.entries, 0);
    check_totals(&w, (struct totals){.rows = 1, .filtered = 1});
    done(&w);
}

int main(void)
{
    RUN(test_door_takes_a_file_to_its_splitter);
    RUN(test_door_gives_every_splitter_its_own_job);
    RUN(test_door_buries_what_it_cannot_send_on);
    RUN(test_door_drops_a_file);
    return check_done();
}
