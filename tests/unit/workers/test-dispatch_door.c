#include "workers/dispatch_door.h"

#include "common/data/entry.h"
#include "common/data/json.h"
#include "tests/unit/check.h"

static const struct setting no_settings[] = {{0}};
static const struct stage split = {
    .name = "split", .settings = no_settings, .wants_jobs = true};
static const struct stage normalise = {.name = "normalise", .settings = no_settings};
static const struct stage deliver = {
    .name = "deliver", .settings = no_settings, .is_end = true};
static const struct stage *const kinds[] = {&split, &normalise, &deliver, NULL};
static const struct keys keys = {{"sp", 2}, {"0", 1}};

#define STAGES                                                                                 \
    "pipeline: test\n"                                                                         \
    "stages:\n"                                                                                \
    "  rows: {split: {}, high: 4KiB, low: 1KiB}\n"                                             \
    "  more: {split: {}}\n"                                                                    \
    "  tidy: {normalise: {}, high: 8KiB, low: 1KiB}\n"                                         \
    "  ship: {deliver: {}}\n"                                                                  \
    "routes:\n"                                                                                \
    "  - {from: rows, to: tidy}\n"                                                             \
    "  - {from: more, to: tidy}\n"                                                             \
    "  - {from: tidy, to: ship}\n"

/* Documents to tidy, some to ship, some nowhere; files to rows. */
static const char mixed[] = STAGES "  - {from: inbox, when: kind == 'drop', drop: unwanted}\n"
                                   "  - {from: inbox, when: kind == 'fork', to: [tidy, ship]}\n"
                                   "  - {from: inbox, when: kind == 'bad', dead: refused}\n"
                                   "  - {from: inbox, when: uri ~= nil, to: rows}\n"
                                   "  - {from: inbox, when: kind == 'doc', to: tidy}\n";
static const char files_only[] = STAGES "  - {from: inbox, to: rows}\n";
static const char two_splits[] = STAGES "  - {from: inbox, to: [rows, more]}\n";
static const char no_files[] = STAGES "  - {from: inbox, when: kind == 'x', to: rows}\n"
                                      "  - {from: inbox, when: uri ~= nil, drop: no_files}\n"
                                      "  - {from: inbox, to: [tidy, more]}\n";

struct world {
    struct arena arena;
    struct pipeline *pipeline;
    struct batch batch;
    struct entry entry;
    struct admit *admits;
};

/* `fields` ends with NULL. */
static void sort(struct world *w, const char *pipeline, const char *const *fields)
{
    struct findings findings = {0};
    str list[20], detail = STR_NONE;
    uint32_t n = 0;

    *w = (struct world){0};
    findings.arena = &w->arena;
    w->pipeline = pipeline_load(str_of(pipeline), STR_NONE, kinds, &findings);
    if (!w->pipeline)
        die("the pipeline is wrong: " STR_FMT, STR_ARG(findings.list[0].text));
    for (; fields[n]; n++)
        list[n] = str_of(fields[n]);
    str *kept = arena_alloc(&w->batch.arena, (n + 1) * sizeof(*kept));
    memcpy(kept, list, n * sizeof(*kept));
    const char *why = entry_decode(&w->batch.arena, &w->entry, STR("5000-7"), kept, n, &detail);
    w->batch.entries = &w->entry;
    w->batch.entry_count = 1;
    if (!why && !w->entry.uri.n)
        batch_cut(&w->batch);
    const struct door_context c = {.pipeline = w->pipeline, .keys = &keys, .now_ms = 9000};
    w->admits = door_sort(&c, &w->batch, &w->entry, why, detail);
    CHECK(w->admits != NULL);
}

static void done(struct world *w)
{
    pipeline_free(w->pipeline);
    arena_free(&w->batch.arena);
    arena_free(&w->arena);
}

static const struct admit *admit_of(const struct world *w, const char *topic)
{
    const struct admit *found = NULL;

    for (const struct admit *a = w->admits; a; a = a->next) {
        if (!str_is(a->topic, topic))
            continue;
        CHECK(!found); /* its `seen` is one a topic */
        found = a;
    }
    return found;
}

static str field(const struct pack_entry *e, const char *name)
{
    for (uint32_t i = 0; e && i + 1 < e->arg_count; i += 2)
        if (str_is(e->args[i], name))
            return e->args[i + 1];
    return STR_NONE;
}

static str data_of(const struct world *w, const char *topic)
{
    const struct admit *a = admit_of(w, topic);

    return a ? field(a->pack.first, "data") : STR_NONE;
}

#define FIELDS(...)     ((const char *const[]){__VA_ARGS__, NULL})
#define ID(row, offset) "\"sp_id\":\"" SRC "-" #row "-" #offset "\""
#define SRC             "00000000000000aa"

struct totals {
    int64_t rows, dead, filtered, open;
};

static struct totals totals_of(const struct world *w)
{
    struct totals t = {0};

    for (const struct admit *a = w->admits; a; a = a->next) {
        t.rows += a->rows;
        t.dead += a->dead;
        t.filtered += a->filtered;
        t.open += a->open;
    }
    return t;
}

static void check_totals(const struct world *w, struct totals want)
{
    struct totals got = totals_of(w);

    CHECK_INT(got.rows, want.rows);
    CHECK_INT(got.dead, want.dead);
    CHECK_INT(got.filtered, want.filtered);
    CHECK_INT(got.open, want.open);
}

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

/* Two splitters read a file each for itself, so each needs a place of its own. */
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

/* A route may drop files as it drops documents. */
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
    RUN(test_door_of_one_line);
    RUN(test_door_moves_foreign_members_that_look_like_ours);
    RUN(test_door_makes_ids_from_rows_and_bytes);
    RUN(test_door_by_hand_without_a_source);
    RUN(test_door_takes_rows_with_columns);
    RUN(test_door_of_all_filtered_admits_books_alone);
    RUN(test_door_sorts_a_mixture);
    RUN(test_door_buries_what_it_cannot_send_on);
    RUN(test_door_drops_a_file);
    return check_done();
}
