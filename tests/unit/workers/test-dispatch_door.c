#include "workers/dispatch_door.h"

#include "common/data/json.h"
#include "tests/unit/workers/door.h"

/* Two splitters read a file each for itself, so each needs a place of its own. */
static void test_door_of_one_line(void)
{
    const struct {
        const char *pipeline, *data, *topic, *want, *reason;
        struct totals totals;
    } rows[] = {
        {mixed,
         "{\"kind\":\"doc\"}",
         "tidy",
         "{\"kind\":\"doc\"," ID(1, 0) "}",
         NULL,
         {.rows = 1, .open = 1}},
        {mixed,
         "{\"kind\":\"fork\"}",
         "ship",
         "{\"kind\":\"fork\"," ID(1, 0) "}",
         NULL,
         {.rows = 1, .open = 2}},
        {mixed, "{\"kind\":\"drop\"}", "dead", NULL, NULL, {.rows = 1, .filtered = 1}},
        {mixed,
         "{\"kind\":\"bad\"}",
         "dead",
         "{\"kind\":\"bad\"," ID(1, 0) "}",
         "refused",
         {.rows = 1, .dead = 1}},
        {mixed,
         "{\"kind\":\"?\"}",
         "dead",
         "{\"kind\":\"?\"," ID(1, 0) "}",
         "no_route",
         {.rows = 1, .dead = 1}},
        {mixed, "{\"kind\":", "dead", "{\"kind\":", "bad_json", {.rows = 1, .dead = 1}},
        {mixed, "[1,\"a\"]", "dead", "[1,\"a\"]", "bad_json", {.rows = 1, .dead = 1}},
        {mixed, "7", "dead", "7", "bad_json", {.rows = 1, .dead = 1}},
        {mixed, "{}x", "dead", "{}x", "bad_json", {.rows = 1, .dead = 1}},
        /* a splitter takes files alone: what else comes to it would be lost there */
        {files_only,
         "{\"kind\":\"doc\"}",
         "dead",
         "{\"kind\":\"doc\"," ID(1, 0) "}",
         "no_route",
         {.rows = 1, .dead = 1}},
        {no_files,
         "{\"kind\":\"doc\"}",
         "tidy",
         "{\"kind\":\"doc\"," ID(1, 0) "}",
         NULL,
         {.rows = 1, .open = 1}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;

        sort(&w, rows[i].pipeline, FIELDS("data", rows[i].data, "src", SRC));
        if (!admit_of(&w, rows[i].topic))
            printf("# of '%s'\n", rows[i].data);
        CHECK_STR(data_of(&w, rows[i].topic), str_of(rows[i].want));
        const struct admit *a = admit_of(&w, "dead");
        if (rows[i].reason && a)
            CHECK_STR(field(a->pack.first, "reason"), str_of(rows[i].reason));
        check_totals(&w, rows[i].totals);
        done(&w);
    }
}

static void test_door_moves_foreign_members_that_look_like_ours(void)
{
    const struct {
        const char *data, *want;
    } rows[] = {
        {"{\"sp_x\":1}", "{\"sp_extra\":{\"sp_x\":1}," ID(1, 0) "}"},
        {"{\"sp_id\":\"mine\",\"a\":[1,{\"sp_y\":2}], \"sp_z\" : {} }",
         "{\"a\":[1,{\"sp_y\":2}],\"sp_extra\":{\"sp_id\":\"mine\",\"sp_z\":{}}," ID(1, 0) "}"},
        {"{\"sp_extra\":{\"a\":1}}", "{\"sp_extra\":{\"sp_extra\":{\"a\":1}}," ID(1, 0) "}"},
        {"{\"\\u0073p_id\":\"bb\",\"a\\\"\":2}",
         "{\"a\\\"\":2,\"sp_extra\":{\"\\u0073p_id\":\"bb\"}," ID(1, 0) "}"},
        {"{\"sp\":1,\"spx_id\":2}", "{\"sp\":1,\"spx_id\":2," ID(1, 0) "}"},
        {"{}", "{" ID(1, 0) "}"},
        {" { } ", "{" ID(1, 0) "}"},
        {"\t{\"a\":1}\r", "{\"a\":1," ID(1, 0) "}"}, /* lines that end with CR LF */
        /* one of ours that is put in again keeps its id; a foreign one does not become ours */
        {"{\"a\":1,\"sp_id\":\"00000000000000bb-3-4\",\"sp_issues\":[]}",
         "{\"a\":1,\"sp_id\":\"00000000000000bb-3-4\",\"sp_issues\":[]}"},
        {"{\"a\":1,\"sp_issues\":[]}",
         "{\"a\":1,\"sp_extra\":{\"sp_issues\":[]}," ID(1, 0) "}"},
        {"{\"a\":1,\"sp_id\":7}", "{\"a\":1,\"sp_extra\":{\"sp_id\":7}," ID(1, 0) "}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;

        sort(&w, mixed, FIELDS("data", rows[i].data, "src", SRC, "to", "tidy"));
        CHECK_STR(data_of(&w, "tidy"), str_of(rows[i].want));
        CHECK(!json_check(data_of(&w, "tidy"), NULL, NULL));
        done(&w);
    }
}

static void test_door_makes_ids_from_rows_and_bytes(void)
{
    struct world w;

    sort(&w, mixed,
         FIELDS("data", "{\"a\":1}\n\n{\"a\":22}\n{\"a\":", "src", SRC, "row", "10", "to",
                "tidy"));
    CHECK_STR(data_of(&w, "tidy"), STR("{\"a\":1," ID(10, 0) "}\n{\"a\":22," ID(11, 9) "}"));
    CHECK_STR(field(admit_of(&w, "tidy")->pack.first, "row"), STR("10"));
    CHECK_STR(field(admit_of(&w, "dead")->pack.first, "row"), STR("12"));
    check_totals(&w, (struct totals){.rows = 3, .dead = 1, .open = 2});
    done(&w);
}

static void test_door_by_hand_without_a_source(void)
{
    struct world w;

    sort(&w, mixed, FIELDS("data", "{\"sp_id\":\"" SRC "-1-0\"}", "to", "tidy"));
    str data = data_of(&w, "tidy");
    CHECK(str_starts(data, STR("{\"sp_extra\":{\"sp_id\":\"" SRC "-1-0\"},\"sp_id\":\"")));
    CHECK_INT(field(admit_of(&w, "tidy")->pack.first, "src").n, 16);
    CHECK_STR(field(admit_of(&w, "tidy")->pack.first, "src"), w.entry.src);
    CHECK_INT(admit_of(&w, "tidy")->high, 8192);
    done(&w);
}

static void test_door_takes_rows_with_columns(void)
{
    struct world w;

    sort(&w, mixed,
         FIELDS("data", "[0,\"x\"]\n{\"a\":1}\n[9,\"y\"]", "cols", "[\"a\"]", "src", SRC, "to",
                "tidy"));
    CHECK_STR(data_of(&w, "tidy"), STR("[0,\"x\"]"));
    CHECK_STR(field(admit_of(&w, "tidy")->pack.last, "data"), STR("[9,\"y\"]"));
    CHECK_STR(field(admit_of(&w, "tidy")->pack.first, "cols"), STR("[\"a\"]"));
    CHECK_STR(field(admit_of(&w, "dead")->pack.first, "reason"), STR("bad_json"));
    check_totals(&w, (struct totals){.rows = 3, .dead = 1, .open = 2});
    done(&w);
}

static void test_door_of_all_filtered_admits_books_alone(void)
{
    struct world w;

    sort(&w, mixed, FIELDS("data", "{\"kind\":\"drop\"}\n{\"kind\":\"drop\"}", "src", SRC));
    CHECK(!w.admits->next);
    CHECK_INT(w.admits->pack.entries, 0);
    check_totals(&w, (struct totals){.rows = 2, .filtered = 2});
    done(&w);
}

static void test_door_sorts_a_mixture(void)
{
    struct world w;

    sort(
        &w, mixed,
        FIELDS(
            "data",
            "{\"kind\":\"doc\"}\n{\"kind\":\"drop\"}\n{\"kind\":\"fork\"}\n{\"kind\":\"bad\"}\n"
            "nonsense\n{\"kind\":\"?\"}",
            "src", SRC));
    CHECK_INT(admit_of(&w, "tidy")->pack.records, 2);
    CHECK_INT(admit_of(&w, "ship")->pack.records, 1);
    CHECK_INT(admit_of(&w, "dead")->pack.records, 3);
    check_totals(&w, (struct totals){.rows = 6, .dead = 3, .filtered = 1, .open = 3});
    done(&w);
}

/* What nobody can take is a dead letter with all that came. */
/* A route may drop files as it drops documents. */
int main(void)
{
    RUN(test_door_of_one_line);
    RUN(test_door_moves_foreign_members_that_look_like_ours);
    RUN(test_door_makes_ids_from_rows_and_bytes);
    RUN(test_door_by_hand_without_a_source);
    RUN(test_door_takes_rows_with_columns);
    RUN(test_door_of_all_filtered_admits_books_alone);
    RUN(test_door_sorts_a_mixture);
    return check_done();
}
