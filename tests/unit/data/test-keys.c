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

int main(void)
{
    RUN(test_keys_names_are_those_of_the_formats);
    RUN(test_keys_take_prefix_and_lane);
    return check_done();
}
