#include "common/data/text_map.h"

#include "tests/unit/check.h"

static struct arena arena;

static void test_things_by_owner_and_text(void)
{
    struct text_map m = {.arena = &arena};
    static const int owners[2];
    bool is_new;

    int *one = text_map_get(&m, &owners[0], STR("a"), sizeof(int), &is_new);
    CHECK(is_new && *one == 0);
    *one = 1;
    int *other = text_map_get(&m, &owners[1], STR("a"), sizeof(int), &is_new);
    CHECK(is_new && other != one);
    CHECK(text_map_get(&m, &owners[0], STR("a"), sizeof(int), &is_new) == one && !is_new);
    CHECK(text_map_get(&m, &owners[0], STR(""), sizeof(int), &is_new) != one && is_new);
    CHECK_INT(m.used, 3);
}

static void test_many_things_stay_where_they_are(void)
{
    enum { MANY = 5000 };
    struct text_map m = {.arena = &arena};
    uint32_t *things[MANY];
    bool is_new;

    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < MANY; i++) {
            str text = arena_printf(&arena, "text %u", i);
            uint32_t *thing = text_map_get(&m, NULL, text, sizeof(*thing), &is_new);
            CHECK(is_new == (round == 0));
            if (is_new)
                *thing = i;
            things[i] = round ? things[i] : thing;
            CHECK(things[i] == thing && *thing == i);
        }
    }
    CHECK_INT(m.used, MANY);
}

int main(void)
{
    RUN(test_things_by_owner_and_text);
    RUN(test_many_things_stay_where_they_are);
    arena_free(&arena);
    return check_done();
}
