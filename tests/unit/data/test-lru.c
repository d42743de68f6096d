#include "common/data/lru.h"

#include "tests/unit/check.h"

static str number(char out[32], uint32_t n)
{
    return (str){out, (size_t)snprintf(out, 32, "key-%u", n)};
}

static bool has(struct lru *l, uint32_t n)
{
    char key[32];
    struct lru_value value;

    return lru_get(l, number(key, n), &value);
}

static void put(struct lru *l, uint32_t n)
{
    char key[32];

    lru_put(l, number(key, n), STR("a value of some length, as members are"), n);
}

static void test_what_was_put_is_there(void)
{
    struct lru *l = lru_new(64 * 1024, 7);
    struct lru_value value;

    CHECK(!lru_get(l, STR("a"), &value));
    lru_put(l, STR("a"), STR("one"), 11);
    lru_put(l, STR("b"), STR_NONE, 12);
    lru_put(l, STR_NONE, STR("no key"), 13);
    CHECK(lru_get(l, STR("a"), &value));
    CHECK_STR(value.text, STR("one"));
    CHECK_INT(value.time, 11);
    CHECK(lru_get(l, STR("b"), &value));
    CHECK_STR(value.text, STR_NONE);
    CHECK(lru_get(l, STR_NONE, &value));
    lru_put(l, STR("a"), STR("two"), 21);
    CHECK(lru_get(l, STR("a"), &value));
    CHECK_STR(value.text, STR("two"));
    CHECK_INT(value.time, 21);
    CHECK_INT(lru_look(l).entries, 3);
    lru_remove(l, STR("a"));
    lru_remove(l, STR("nobody"));
    CHECK(!lru_get(l, STR("a"), &value));
    lru_clear(l);
    CHECK(!lru_get(l, STR("b"), &value));
    CHECK_INT(lru_look(l).entries, 0);
    CHECK_INT(lru_look(l).bytes, 0);
    lru_free(l);
}

static void test_what_is_used_stays_when_much_comes_by(void)
{
    struct lru *l = lru_new(64 * 1024, 7);

    for (uint32_t n = 0; n < 20; n++)
        put(l, n);
    for (uint32_t n = 1000; n < 100000; n++) {
        put(l, n);
        if (n % 100 == 0)
            for (uint32_t used = 0; used < 10; used++)
                CHECK(has(l, used));
    }
    for (uint32_t n = 10; n < 20; n++)
        CHECK(!has(l, n));
    CHECK(has(l, 99999));
    CHECK(lru_look(l).entries > 500);
    CHECK_INT(lru_look(l).entries + lru_look(l).evicted, 20 + 99000);
    lru_free(l);
}

static void test_when_all_is_used_the_oldest_go_nevertheless(void)
{
    struct lru *l = lru_new(64 * 1024, 7);

    for (uint32_t n = 0; n < 20000; n++) {
        put(l, n);
        CHECK(has(l, n));
    }
    CHECK(!has(l, 0));
    CHECK(has(l, 19999));
    lru_free(l);
}

static void test_sizes_at_the_edge(void)
{
    static const struct {
        size_t all, value;
        bool is_kept;
    } cases[] = {
        {0, 1, false},        {4095, 1, false},        {4096, 1, true},
        {65536, 15000, true}, {65536, 16384, false},   {65536, 100000, false},
        {1 << 20, 1, true},   {1 << 20, 200000, true}, {100001, 20000, true},
        {4099, 700, true},
    };
    static char bytes[100000 * 2];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct lru *l = lru_new(cases[i].all, 7);
        struct lru_value value;
        lru_put(l, STR("k"), STR("before"), 1);
        lru_put(l, STR("k"), (str){bytes, cases[i].value}, 2);
        CHECK_INT(lru_get(l, STR("k"), &value), cases[i].is_kept);
        CHECK(lru_look(l).bytes <= cases[i].all);
        lru_free(l);
    }
}

enum { KEYS = 500, ALL = 40000 };

struct table { /* what was put last */
    struct lru *lru;
    uint32_t length[KEYS], time[KEYS], found;
};
static char bytes[4096];

static void use_one(struct table *t, uint32_t n, uint32_t what, uint32_t size, uint32_t now)
{
    char text[32];
    str key = number(text, n);
    struct lru_value value;

    if (what < 6) {
        t->length[n] = size, t->time[n] = now;
        lru_put(t->lru, key, (str){bytes + n % 23, size}, now);
    } else if (what < 7) {
        t->time[n] = 0;
        lru_remove(t->lru, key);
    } else if (lru_get(t->lru, key, &value)) {
        t->found++;
        CHECK_INT(value.time, t->time[n]);
        CHECK_STR(value.text, ((str){bytes + n % 23, t->length[n]}));
    }
}

/* Whatever was put, removed and evicted. */
static void test_random_use_against_a_table(void)
{
    struct table t = {.lru = lru_new(ALL, 7)};
    uint64_t random = 88172645463325252u;

    for (uint32_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)('a' + i % 23);
    for (uint32_t now = 1; now < 200000 && !check_failures; now++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        uint32_t what = (random >> 20) % 16, n = (uint32_t)(random % (what % 2 ? 50 : KEYS));
        use_one(&t, n, what, (uint32_t)((random >> 30) % (now % 100 ? 200 : 3000)), now);
        CHECK(lru_look(t.lru).bytes <= ALL);
    }
    CHECK(t.found > 20000);
    lru_free(t.lru);
}

int main(void)
{
    RUN(test_what_was_put_is_there);
    RUN(test_what_is_used_stays_when_much_comes_by);
    RUN(test_when_all_is_used_the_oldest_go_nevertheless);
    RUN(test_sizes_at_the_edge);
    RUN(test_random_use_against_a_table);
    return check_done();
}
