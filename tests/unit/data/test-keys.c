#include "common/data/keys.h"

#include "tests/unit/check.h"

static void test_keys_names_are_those_of_the_formats(void)
{
    struct arena a = {0};
    const struct keys k = {STR("sp"), STR("0")};
    const struct {
        str got, want;
    } cases[] = {
        {keys_topic(&k, &a, STR("tidy")), STR("sp:{0}:tidy")},
        {keys_lane(&k, &a, "books"), STR("sp:{0}:books")},
        {keys_lane(&k, &a, "dead"), STR("sp:{0}:dead")},
        {keys_job(&k, &a, STR("17-0")), STR("sp:{0}:job:17-0")},
        {keys_source(&k, &a, STR("00ff")), STR("sp:{0}:source:00ff")},
        {keys_seen(&k, &a, STR("17-0")), STR("sp:{0}:seen:17-0")},
        {keys_count(&k, &a, STR("by_city"), STR("total")), STR("sp:{0}:count:by_city:total")},
        {keys_global(&k, &a, "inbox"), STR("sp:inbox")},
        {keys_worker(&k, &a, STR("box-split-1")), STR("sp:worker:box-split-1")},
        {keys_gate(&k, &a, STR("geo")), STR("sp:gate:geo")},
        {keys_cache(&k, &a, STR("locate"), STR("00ff"), "new"),
         STR("sp:cache:{locate:00ff}:new")},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_STR(cases[i].got, cases[i].want);
    arena_free(&a);
}

static void test_keys_take_prefix_and_lane(void)
{
    struct arena a = {0};
    const struct keys k = {STR("shop"), STR("12")};

    CHECK_STR(keys_topic(&k, &a, STR("rows")), STR("shop:{12}:rows"));
    CHECK_STR(keys_global(&k, &a, "pipeline"), STR("shop:pipeline"));
    arena_free(&a);
}

/* Exports of other days are of one series; another stage, name or folder is another. */
static void columns_are_those_of_a_series(void)
{
    const struct {
        const char *stage, *uri;
        bool is_same;
    } cases[] = {
        {"rows", "file:///in/2020/homes-2020-11-30.csv", true},
        {"rows", "file:///in/1/homes-7-8-9.csv", true},
        {"rows", "file:///in/2020/homes-2020-11.csv", false},
        {"rows", "file:///in/2020/cars-2020-11-30.csv", false},
        {"other", "file:///in/2020/homes-2020-11-30.csv", false},
    };
    const struct keys k = {STR("sp"), STR("0")};
    struct arena a = {0};
    str key = keys_columns(&k, &a, STR("rows"), STR("file:///in/2021/homes-2021-01-02.csv"));

    CHECK(str_starts(key, STR("sp:{0}:columns:")));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str other = keys_columns(&k, &a, str_of(cases[i].stage), str_of(cases[i].uri));
        CHECK(str_equal(key, other) == cases[i].is_same);
    }
    arena_free(&a);
}

static void test_long_keys_of_a_cache_are_hashed(void)
{
    static const char hash[] =
        "sha256:e8d95cc2b4bc198c54b40bd214df958afb65f5e73d2c2eafe0593cf5c635c1f0";
    char out[KEYS_FIELD_MAX], key[KEYS_FIELD_MAX + 1];

    memset(key, 'a', sizeof(key));
    CHECK_STR(keys_cache_field(STR(""), out), STR(""));
    CHECK_STR(keys_cache_field(STR("GB {1}"), out), STR("GB {1}"));
    CHECK_STR(keys_cache_field((str){key, KEYS_FIELD_MAX}, out), ((str){key, KEYS_FIELD_MAX}));
    CHECK_STR(keys_cache_field((str){key, sizeof(key)}, out), str_of(hash));
    CHECK(!str_equal(keys_cache_field(str_of(hash), out), str_of(hash)));
}

int main(void)
{
    RUN(test_long_keys_of_a_cache_are_hashed);
    RUN(test_keys_names_are_those_of_the_formats);
    RUN(test_keys_take_prefix_and_lane);
    RUN(columns_are_those_of_a_series);
    return check_done();
}
