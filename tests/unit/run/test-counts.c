#include "common/run/counts.h"

#include "tests/unit/check.h"

enum { HOUR = 3600 * 1000 };
static const uint64_t now_ms = 1800000000000;
static const struct keys keys = {{"sp", 2}, {"0", 1}};

struct world {
    struct arena arena;
    struct pipeline pipeline;
    struct entry entry;
    struct counts *counts;
    struct commit_hash *hashes;
    uint32_t n;
};

static void start(struct world *w, struct pipeline_count *rules, uint32_t n)
{
    *w = (struct world){.entry = {.at = 7200000 + 1}};
    w->pipeline.counts = rules;
    w->pipeline.count_count = n;
    w->counts = counts_new(&w->arena, &w->pipeline, 1);
}

static void add(struct world *w, const char *line)
{
    counts_add(w->counts, &(struct record){.entry = &w->entry,
                                           .line = arena_copy(&w->arena, str_of(line))});
}

static void finish(struct world *w)
{
    w->hashes = counts_hashes(w->counts, &keys, now_ms, &w->n);
}

static const struct commit_hash *hash_of(const struct world *w, const char *key)
{
    for (uint32_t i = 0; i < w->n; i++)
        if (str_is(w->hashes[i].key, key))
            return &w->hashes[i];
    return NULL;
}

/* -1: not there. */
static int64_t count_of(const struct world *w, const char *key, const char *field)
{
    const struct commit_hash *h = hash_of(w, key);

    for (uint32_t i = 0; h && i < h->n; i++)
        if (str_is(h->moves[i].field, field))
            return h->moves[i].delta;
    return -1;
}

static void test_counts_none_for_another_stage(void)
{
    struct pipeline_count rule = {.name = STR("kinds"), .on = 0, .key = STR("kind")};
    struct world w;

    start(&w, &rule, 1);
    CHECK(w.counts == NULL);
    add(&w, "{\"kind\":\"a\"}");
    finish(&w);
    CHECK_INT(w.n, 0);
    CHECK(w.hashes == NULL);
    arena_free(&w.arena);
}

static void test_counts_total_by_key(void)
{
    struct pipeline_count rule = {.name = STR("kinds"), .on = 1, .key = STR("kind")};
    struct world w;

    start(&w, &rule, 1);
    finish(&w);
    CHECK_INT(w.n, 0);
    add(&w, "{\"kind\":\"a\"}");
    add(&w, "{\"kind\":\"b\"}");
    add(&w, "{\"kind\":\"\\u0061\"}"); /* the same text */
    add(&w, "{\"kind\":7}");
    add(&w, "{\"kind\":\"7\"}");
    add(&w, "{\"kind\":true}");
    add(&w, "{\"kind\":\"\"}");
    add(&w, "{\"kind\":null}");
    add(&w, "{\"other\":1}");
    add(&w, "[1,\"a\"]");
    finish(&w);
    CHECK_INT(w.n, 1);
    CHECK_INT(w.hashes[0].expire_ms, 0);
    CHECK_INT(w.hashes[0].n, 6);
    CHECK_INT(count_of(&w, "sp:{0}:count:kinds:total", "a"), 2);
    CHECK_INT(count_of(&w, "sp:{0}:count:kinds:total", "b"), 1);
    CHECK_INT(count_of(&w, "sp:{0}:count:kinds:total", "7"), 2);
    CHECK_INT(count_of(&w, "sp:{0}:count:kinds:total", "true"), 1);
    CHECK_INT(count_of(&w, "sp:{0}:count:kinds:total", ""), 1);
    CHECK_INT(count_of(&w, "sp:{0}:count:kinds:total", "~none"), 3);
    arena_free(&w.arena);
}

static void test_counts_a_replay_only_when_asked(void)
{
    struct pipeline_count rules[] = {
        {.name = STR("once"), .on = 1, .key = STR("kind")},
        {.name = STR("always"), .on = 1, .key = STR("kind"), .replays = true},
    };
    const str runs[] = {STR(""), STR("again"), STR("+anew")};
    struct world w;

    start(&w, rules, ARRAY_LEN(rules));
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        w.entry.run = runs[i];
        add(&w, "{\"kind\":\"a\"}");
    }
    finish(&w);
    CHECK_INT(count_of(&w, "sp:{0}:count:once:total", "a"), 2);
    CHECK_INT(count_of(&w, "sp:{0}:count:always:total", "a"), 3);
    arena_free(&w.arena);
}

static void test_counts_windows_by_event_time(void)
{
    struct pipeline_count rules[] = {
        {.name = STR("hourly"),
         .on = 1,
         .key = STR("kind"),
         .time = STR("at"),
         .every_ms = HOUR,
         .keep_ms = 10},
        {.name = STR("all"), .on = 1, .key = STR("kind")},
        {.name = STR("accepted"), .on = 1, .key = STR("kind"), .every_ms = HOUR},
        {.name = STR("elsewhere"), .on = 2, .key = STR("kind")},
    };
    struct world w;

    start(&w, rules, ARRAY_LEN(rules));
    add(&w, "{\"kind\":\"a\",\"at\":\"2024-05-01T12:59:59Z\"}");
    add(&w, "{\"kind\":\"a\",\"at\":\"2024-05-01T14:00:00+02:00\"}");
    add(&w, "{\"kind\":\"a\",\"at\":\"2024-05-01T13:00:00Z\"}");
    add(&w, "{\"kind\":\"a\",\"at\":1714568400}");
    add(&w, "{\"kind\":\"a\",\"at\":\"soon\"}");
    add(&w, "{\"kind\":\"a\",\"at\":null}");
    add(&w, "{\"kind\":\"a\",\"at\":\"99999999999999999\"}");
    add(&w, "{\"kind\":\"a\"}");
    add(&w, "{\"kind\":\"a\",\"at\":\"2200-01-01\"}");
    finish(&w);
    CHECK_INT(w.n, 6);
    CHECK_INT(count_of(&w, "sp:{0}:count:hourly:1714564800", "a"), 2);
    CHECK_INT(count_of(&w, "sp:{0}:count:hourly:1714568400", "a"), 2);
    CHECK_INT(count_of(&w, "sp:{0}:count:hourly:7200", "a"), 4); /* when it was accepted */
    CHECK_INT(count_of(&w, "sp:{0}:count:hourly:7258118400", "a"), 1);
    CHECK_INT(count_of(&w, "sp:{0}:count:all:total", "a"), 9);
    CHECK_INT(count_of(&w, "sp:{0}:count:accepted:7200", "a"), 9);

    /* kept from the end of the window, or from now when that is past */
    const struct commit_hash *old = hash_of(&w, "sp:{0}:count:hourly:7200"),
                             *future = hash_of(&w, "sp:{0}:count:hourly:7258118400"),
                             *kept = hash_of(&w, "sp:{0}:count:accepted:7200");
    CHECK_INT(old->expire_ms, now_ms + 10);
    CHECK_INT(future->expire_ms, 7258118400000 + HOUR + 10);
    CHECK_INT(kept->expire_ms, 0);
    arena_free(&w.arena);
}

/* sp1_settle refuses a time that is no exact number in Lua, for ever. */
static void test_counts_expiry_is_one_that_redis_takes(void)
{
    struct pipeline_count rules[] = {
        {.name = STR("a"), .on = 1, .key = STR("k"), .every_ms = HOUR, .keep_ms = UINT64_MAX},
        {.name = STR("b"), .on = 1, .key = STR("k"), .keep_ms = UINT64_MAX / 2},
        {.name = STR("c"), .on = 1, .key = STR("k"), .every_ms = HOUR, .keep_ms = HOUR},
    };
    struct world w;

    start(&w, rules, ARRAY_LEN(rules));
    w.entry.at = UINT64_MAX / 2; /* by hand */
    add(&w, "{}");
    finish(&w);
    CHECK_INT(w.n, 3);
    for (uint32_t i = 0; i < w.n; i++)
        CHECK(w.hashes[i].expire_ms > now_ms && w.hashes[i].expire_ms <= (1ULL << 53) - 1);
    arena_free(&w.arena);
}

static void test_counts_many_keys_and_windows(void)
{
    enum { KEYS = 5000, WINDOWS = 3 };
    struct pipeline_count rule = {.name = STR("many"),
                                  .on = 1,
                                  .key = STR("k"),
                                  .time = STR("t"),
                                  .every_ms = 1000,
                                  .keep_ms = 1};
    struct world w;

    start(&w, &rule, 1);
    for (int i = 0; i < 2 * KEYS * WINDOWS; i++)
        add(&w, arena_printf(&w.arena, "{\"k\":\"key %d\",\"t\":%d}", i % KEYS,
                             1000000 + i / KEYS % WINDOWS)
                    .p);
    finish(&w);
    CHECK_INT(w.n, WINDOWS);
    for (uint32_t i = 0; i < w.n; i++) {
        CHECK_INT(w.hashes[i].n, KEYS);
        for (uint32_t j = 0; j < w.hashes[i].n; j++)
            CHECK_INT(w.hashes[i].moves[j].delta, 2);
    }
    CHECK_INT(count_of(&w, "sp:{0}:count:many:1000002", "key 4999"), 2);
    arena_free(&w.arena);
}

int main(void)
{
    RUN(test_counts_none_for_another_stage);
    RUN(test_counts_total_by_key);
    RUN(test_counts_a_replay_only_when_asked);
    RUN(test_counts_windows_by_event_time);
    RUN(test_counts_expiry_is_one_that_redis_takes);
    RUN(test_counts_many_keys_and_windows);
    return check_done();
}
