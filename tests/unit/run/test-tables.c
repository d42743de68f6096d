#include "common/run/tables.h"

#include "common/run/output.h"
#include "tests/unit/check.h"

static const struct setting no_settings[] = {{0}};
static const struct stage tidy = {.name = "tidy", .settings = no_settings};
static const struct stage *const kinds[] = {&tidy, NULL};
static const struct keys keys = {{"sp", 2}, {"0", 1}};
static const char text[] =
    "stages: {one: {tidy: {}}, two: {tidy: {}}}\n"
    "routes:\n"
    "  - {from: inbox, to: one}\n"
    "  - {from: one, when: kind == 'drop', drop: unwanted}\n"
    "  - {from: one, to: two}\n"
    "tables:\n"
    "  offices: {on: one, key: [land, id], set: [city, phone], time: at, max: 7}\n"
    "  newest: {on: one, key: id, set: city}\n"
    "  other: {on: two, key: id, set: city}\n";

/* The arguments of a table's part: of all records one commit. */
static str written(struct arena *a, const char *data, const char *table, const char *run)
{
    struct findings f = {.arena = a};
    struct pipeline *p = pipeline_load(str_of(text), STR_NONE, kinds, &f);
    struct batch b = {0};
    struct commit commit;
    str all = STR("");

    if (!p)
        die("the pipeline is wrong: " STR_FMT, STR_ARG(f.list[0].text));
    struct output_context c = {.pipeline = p, .keys = &keys};
    struct entry e = {.id = STR("1-0"),
                      .src = STR("00000000000000aa"),
                      .row = 1,
                      .at = 5000,
                      .run = str_of(run),
                      .data = str_of(data)};
    b.entries = &e;
    b.entry_count = 1;
    batch_cut(&b);
    output_route(&c, &b);
    output_build(&c, &b, 0, 1, &commit);
    for (uint32_t i = 0; i < commit.part_count; i++) {
        const struct commit_part *part = &commit.parts[i];
        CHECK(part->key_count == 3 && str_is(part->keys[2], "sp:{0}:books"));
        if (!str_is(part->keys[0], table))
            continue;
        for (uint32_t k = 0; k < part->arg_count; k++)
            all = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(all), k ? " " : "",
                               STR_ARG(part->args[k]));
    }
    arena_free(&b.arena);
    pipeline_free(p);
    return all;
}

static void test_rows_of_a_commit(void)
{
    const struct {
        const char *data, *run, *table, *args;
    } rows[] = {
        {"{\"land\":\"GB\",\"id\":1,\"city\":\"A\",\"phone\":null,\"at\":7}", "",
         "sp:{0}:table:offices", "7 1 [\"GB\",\"1\"] 7000 {\"city\":\"A\",\"phone\":null}"},
        {"{\"land\":\"GB\",\"id\":\"1\",\"at\":\"1970-01-01\"}", "", "sp:{0}:table:offices",
         "7 1 [\"GB\",\"1\"] 0 {}"},
        {"{\"land\":\"GB\",\"id\":1,\"city\":{\"n\":[1]},\"at\":\"soon\"}", "",
         "sp:{0}:table:offices", "7 1 [\"GB\",\"1\"] 5000 {\"city\":{\"n\":[1]}}"},
        {"{\"land\":\"GB\",\"city\":\"A\"}", "", "sp:{0}:table:offices", ""},
        {"{\"land\":\"GB\",\"id\":null}", "", "sp:{0}:table:offices", ""},
        {"{\"land\":\"GB\",\"id\":1,\"kind\":\"drop\"}", "", "sp:{0}:table:offices", ""},
        {"{\"land\":\"\",\"id\":1,\"at\":1,\"city\":1}\n{\"land\":\"\",\"id\":1,\"at\":3,"
         "\"city\":2}\n{\"land\":\"\",\"id\":1,\"at\":2,\"city\":3}",
         "", "sp:{0}:table:offices", "7 1 [\"\",\"1\"] 3000 {\"city\":2}"},
        {"{\"land\":\"\",\"id\":1,\"at\":1,\"city\":9}\n"
         "{\"land\":\"\",\"id\":1,\"at\":1,\"city\":10}",
         "", "sp:{0}:table:offices", "7 1 [\"\",\"1\"] 1000 {\"city\":9}"},
        {"{\"id\":1,\"city\":\"A\"}", "", "sp:{0}:table:newest",
         "1000000 1 1 5000 {\"city\":\"A\"}"},
        {"{\"id\":1,\"city\":\"A\"}", "r1", "sp:{0}:table:newest", ""},
        {"{\"id\":1,\"city\":\"A\"}", "+r1", "sp:{0}:table:newest",
         "1000000 1 1 5000 {\"city\":\"A\"}"},
        {"{\"land\":\"GB\",\"id\":1,\"at\":7}", "r1", "sp:{0}:table:offices",
         "7 1 [\"GB\",\"1\"] 7000 {}"},
        {"{\"id\":1,\"city\":\"A\"}", "", "sp:{0}:table:other", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = {0};
        CHECK_STR(written(&a, rows[i].data, rows[i].table, rows[i].run), str_of(rows[i].args));
        arena_free(&a);
    }
}

static void test_many_rows(void)
{
    struct arena a = {0};
    char *data = arena_alloc(&a, 3000 * 30), *end = data;

    for (int i = 0; i < 3000; i++)
        end += sprintf(end, "{\"id\":%d,\"city\":%d}\n", i % 1000, i);
    str args = written(&a, data, "sp:{0}:table:newest", "");
    CHECK(str_starts(args, STR("1000000 1000 ")));
    arena_free(&a);
}

static void test_settings(void)
{
    const struct {
        const char *table, *finding;
    } rows[] = {
        {"t: {on: one, key: id, set: city}", ""},
        {"t: {on: one, key: id, set: [city, city]}",
         "write the name of a member, or a list of up to 64 different ones"},
        {"t: {on: one, key: id, set: city, max: 0}", "'max' must be at least 1"},
        {"t: {on: uno, key: id, set: city}", "unknown stage 'uno'"},
        {"T: {on: one, key: id, set: city}",
         "the name of a table is a small letter, then up to 63 small letters, digits, '_' and "
         "'-'"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = {0};
        struct findings f = {.arena = &a};
        str file = arena_printf(&a,
                                "stages: {one: {tidy: {}}, two: {tidy: {}}}\n"
                                "routes: [{from: inbox, to: one}, {from: one, to: two}]\n"
                                "tables: {%s}\n",
                                rows[i].table);
        struct pipeline *p = pipeline_load(file, STR_NONE, kinds, &f);
        str finding = STR_NONE;
        for (uint32_t k = 0; k < f.n; k++)
            if (!f.list[k].is_warning)
                finding = f.list[k].text;
        CHECK_STR(finding, str_of(rows[i].finding));
        pipeline_free(p);
        arena_free(&a);
    }
}

int main(void)
{
    RUN(test_rows_of_a_commit);
    RUN(test_many_rows);
    RUN(test_settings);
    return check_done();
}
