#include "common/run/once.h"

#include "common/data/json.h"
#include "common/run/output.h"
#include "tests/unit/check.h"

static const struct setting no_settings[] = {{0}};
static const struct stage tidy = {.name = "tidy", .settings = no_settings};
static const struct stage *const kinds[] = {&tidy, NULL};
static const struct keys keys = {{"sp", 2}, {"0", 1}};
static const char text[] = "stages:\n"
                           "  one: {tidy: {}, dedupe: {key: [sku, shop], within: 1h}}\n"
                           "  two: {tidy: {}}\n"
                           "routes:\n"
                           "  - {from: inbox, to: one}\n"
                           "  - {from: one, when: kind == 'drop', drop: unwanted}\n"
                           "  - {from: one, to: two}\n";

struct world {
    struct arena arena;
    struct pipeline *pipeline;
    struct output_context c;
    struct batch batch;
    struct commit commit;
};

static void open_pipeline(struct world *w, const char *file, const char *data)
{
    struct findings findings = {.arena = &w->arena};

    *w = (struct world){0};
    findings.arena = &w->arena;
    w->pipeline = pipeline_load(str_of(file), STR_NONE, kinds, &findings);
    if (!w->pipeline)
        die("the pipeline is wrong: " STR_FMT, STR_ARG(findings.list[0].text));
    w->c = (struct output_context){
        .pipeline = w->pipeline, .keys = &keys, .now_ms = 1800000000123};
    w->batch.entries = arena_zalloc(&w->batch.arena, sizeof(struct entry));
    w->batch.entries[0] = (struct entry){
        .id = STR("1-0"), .src = STR("00000000000000aa"), .row = 1, .data = str_of(data)};
    w->batch.entry_count = 1;
    batch_cut(&w->batch);
    output_route(&w->c, &w->batch);
    once_find(&w->c, &w->batch);
    output_build(&w->c, &w->batch, 0, 1, &w->commit);
}

static void open_world(struct world *w, const char *data)
{
    open_pipeline(w, text, data);
}

static void close_world(struct world *w)
{
    pipeline_free(w->pipeline);
    arena_free(&w->batch.arena);
    arena_free(&w->arena);
}

static int64_t moved(const struct world *w, uint32_t hash, const char *field)
{
    const struct commit_hash *h = &w->commit.hashes[hash];

    for (uint32_t i = 0; hash < w->commit.hash_count && i < h->n; i++)
        if (str_is(h->moves[i].field, field))
            return h->moves[i].delta;
    return 0;
}

/* Whether the commit sets the mark `key` for the record `id`. */
static bool has_mark(const struct world *w, const char *key, const char *id)
{
    const struct commit_part *p = w->commit.parts;

    for (uint32_t i = 4; w->commit.part_count == 1 && i < p->arg_count; i += 2)
        if (str_is(p->args[i], key))
            return str_is(p->args[i + 1], id);
    return false;
}

#define A1 "{\"sp_id\":\"a-1-0\",\"sku\":1,\"shop\":\"x\"}\n"

static void test_the_first_of_a_commit_wins(void)
{
    struct world w;

    open_world(&w, A1 "{\"sp_id\":\"a-2-0\",\"sku\":\"1\",\"shop\":\"x\"}\n"
                      "{\"sp_id\":\"a-3-0\",\"sku\":2,\"shop\":\"x\"}\n" A1);
    CHECK_INT(moved(&w, 0, "one:out"), 3);
    CHECK_INT(moved(&w, 0, "one:filtered"), 1);
    CHECK_INT(moved(&w, 1, "filtered:duplicate"), 1);
    const struct commit_part *p = &w.commit.parts[0];
    CHECK_STR(p->kind, STR("once"));
    CHECK_INT(p->key_count, 3);
    CHECK_STR(p->keys[0], STR("sp:{0}:once:one:1799996400"));
    CHECK_STR(p->keys[1], STR("sp:{0}:once:one:1800000000"));
    CHECK_STR(p->keys[2], STR("sp:{0}:once:one:1800003600"));
    CHECK_STR(p->args[0], STR("1800000000123"));
    CHECK_STR(p->args[1], STR("3600000"));
    CHECK_STR(p->args[2], STR("1800010800000"));
    CHECK_STR(p->args[3], STR("2"));
    CHECK(has_mark(&w, "[\"1\",\"x\"]", "a-1-0"));
    CHECK(has_mark(&w, "[\"2\",\"x\"]", "a-3-0"));
    close_world(&w);
}

static void test_who_was_there_before(void)
{
    const struct {
        const char *mark;
        int64_t out, filtered;
    } rows[] = {
        {"1800000000000 b-9-9", 0, 1}, {"1799996400124 b-9-9", 0, 1},
        {"1799996400123 b-9-9", 1, 0}, /* too long ago */
        {"1800000000000 a-1-0", 1, 0}, {NULL, 1, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;
        str value = str_of(rows[i].mark);
        open_world(&w, A1);
        once_learn(&w.c, &w.batch, &value);
        output_build(&w.c, &w.batch, 0, 1, &w.commit);
        CHECK_INT(moved(&w, 0, "one:out"), rows[i].out);
        CHECK_INT(moved(&w, 0, "one:filtered"), rows[i].filtered);
        CHECK_INT(w.commit.part_count, rows[i].out);
        close_world(&w);
    }
}

static void test_what_leaves_no_mark(void)
{
    const char *const rows[] = {
        "{\"sp_id\":\"a-1-0\",\"sku\":1}",
        "{\"sp_id\":\"a-1-0\",\"sku\":null,\"shop\":\"x\"}",
        "{\"sp_id\":\"a-1-0\",\"sku\":1,\"shop\":\"x\",\"kind\":\"drop\"}",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;
        open_world(&w, rows[i]);
        CHECK(!w.batch.marks);
        CHECK_INT(w.commit.part_count, 0);
        close_world(&w);
    }
}

/* Records that end in a table: each key once, too. */
static void test_records_that_are_reduced(void)
{
    static const char reducing[] =
        "stages: {one: {tidy: {}, dedupe: {key: sku, within: 1h}}}\n"
        "routes: [{from: inbox, to: one}]\n"
        "tables: {t: {on: one, key: sku, set: shop, reduce: true}}\n";
    struct world w;

    open_pipeline(&w, reducing, A1 "{\"sp_id\":\"a-2-0\",\"sku\":\"1\",\"shop\":\"y\"}\n");
    CHECK_INT(moved(&w, 0, "one:filtered"), 2);
    CHECK_INT(moved(&w, 1, "filtered:duplicate"), 1);
    CHECK_INT(moved(&w, 1, "filtered:reduced"), 1);
    CHECK_INT(w.commit.part_count, 2);
    CHECK_STR(w.commit.parts[1].args[4], STR("{\"shop\":\"x\"}"));
    close_world(&w);
}

static void test_long_keys_are_hashed(void)
{
    struct world w;
    char line[400], *end = line;

    end += sprintf(end, "{\"sku\":\"");
    memset(end, 'x', 300);
    sprintf(end + 300, "\",\"shop\":\"1\"}");
    open_world(&w, line);
    CHECK(str_starts(w.batch.marks[0], STR("sha256:")));
    CHECK_INT(w.batch.marks[0].n, strlen("sha256:") + 64);
    close_world(&w);
}

static void test_settings(void)
{
    const struct {
        const char *dedupe, *finding;
    } rows[] = {
        {"{key: sku, within: 1h}", ""},
        {"{key: [], within: 1h}",
         "write the name of a member, or a list of up to 8 different ones"},
        {"{key: [a, a], within: 1h}",
         "write the name of a member, or a list of up to 8 different ones"},
        {"{key: sku, within: 0}", "'within' is whole seconds, from 1s to 400d"},
        {"{key: sku, within: 401d}", "'within' is whole seconds, from 1s to 400d"},
        {"{key: sku}", "'within' is missing: How long a key is remembered, from the first "
                       "record on: 1s to 400d."},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = {0};
        struct findings f = {.arena = &a};
        str file = arena_printf(&a,
                                "stages: {one: {tidy: {}, dedupe: %s}, two: {tidy: {}}}\n"
                                "routes: [{from: inbox, to: one}, {from: one, to: two}]\n",
                                rows[i].dedupe);
        struct pipeline *p = pipeline_load(file, STR_NONE, kinds, &f);
        str finding = f.errors ? f.list[0].text : STR_NONE;
        CHECK_STR(finding, str_of(rows[i].finding));
        pipeline_free(p);
        arena_free(&a);
    }
}

int main(void)
{
    RUN(test_the_first_of_a_commit_wins);
    RUN(test_who_was_there_before);
    RUN(test_what_leaves_no_mark);
    RUN(test_records_that_are_reduced);
    RUN(test_long_keys_are_hashed);
    RUN(test_settings);
    return check_done();
}
