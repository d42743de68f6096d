#include "common/base/arena.h"

#include "tests/unit/check.h"

static void test_arena_gives_aligned_memory_of_any_size(void)
{
    const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 65535, 65536, 65537, 1000001};
    struct arena a = {0};

    for (int round = 0; round < 3; round++) {
        char *last = NULL;
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            char *p = arena_alloc(&a, sizes[i]);
            CHECK_INT((uintptr_t)p % 16, 0);
            CHECK(i == 0 || p != last || sizes[i - 1] == 0);
            memset(p, 0xa5, sizes[i]);
            last = p;
        }
        unsigned char *zeroes = arena_zalloc(&a, 100);
        for (int i = 0; i < 100; i++)
            CHECK_INT(zeroes[i], 0);
        arena_reset(&a);
    }
    arena_free(&a);
}

static void test_arena_needs_no_more_memory_in_later_rounds(void)
{
    struct arena a = {0};
    size_t size = 0;

    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 1000; i++)
            memset(arena_alloc(&a, 700), 0, 700);
        if (round == 0)
            size = arena_size(&a);
        arena_reset(&a);
    }
    CHECK(size >= 700000);
    CHECK_INT(arena_size(&a), size);
    arena_free(&a);
    CHECK_INT(arena_size(&a), 0);
}

static void test_arena_copy_and_printf_end_with_nul(void)
{
    struct arena a = {0};
    str copy = arena_copy(&a, STR("a\0b")), text = arena_printf(&a, "%s-%d", "job", 7);

    CHECK_STR(copy, STR("a\0b"));
    CHECK_INT(copy.p[3], 0);
    CHECK_STR(text, STR("job-7"));
    CHECK_INT(text.p[5], 0);
    CHECK_STR(arena_copy(&a, STR_NONE), STR(""));
    CHECK_STR(arena_printf(&a, "%s", ""), STR(""));
    arena_free(&a);
}

static void test_arena_trim_gives_back_what_was_not_used(void)
{
    struct arena a = {0};
    char *p = arena_reserve(&a, 60000);

    memcpy(p, "kept", 4);
    arena_trim(&a, p + 4);
    char *next = arena_reserve(&a, 60000);
    CHECK_INT(next - p, 16);
    arena_trim(&a, next);
    CHECK(arena_alloc(&a, 1) == next);
    CHECK_STR(((str){p, 4}), STR("kept"));
    arena_free(&a);
}

static void test_arena_rewind_keeps_what_was_before_the_mark(void)
{
    struct arena a = {0};
    str kept = arena_copy(&a, STR("before"));
    struct arena_mark mark = arena_mark(&a);
    char *first = arena_alloc(&a, 100);

    memset(arena_alloc(&a, 200000), 'x', 200000);
    arena_rewind(&a, mark);
    CHECK(arena_alloc(&a, 100) == first);
    CHECK_STR(kept, STR("before"));

    struct arena empty = {0};
    mark = arena_mark(&empty);
    memset(arena_alloc(&empty, 10), 'x', 10);
    arena_rewind(&empty, mark);
    memset(arena_alloc(&empty, 10), 'x', 10);
    arena_free(&empty);
    arena_free(&a);
}

/* Sizes, marks and resets at random: nothing that is still alive is ever touched, and the
 * memory held stays within what the fullest rounds needed. */
static void test_arena_at_random_keeps_what_is_alive(void)
{
    enum { ROUNDS = 200, PIECES = 64, LARGEST = 600 * 1024 };
    struct arena a = {0};
    uint64_t random = 1;

    for (int round = 0; round < ROUNDS; round++) {
        struct {
            unsigned char *p;
            size_t n;
        } live[PIECES];
        struct arena_mark mark = arena_mark(&a);
        int n = 0, kept = 0;

        for (int i = 0; i < PIECES; i++) {
            random = random * 6364136223846793005U + 1442695040888963407U;
            size_t size = (random >> 33) % (i % 8 ? 3000 : LARGEST);
            if (random >> 60 == 1) {
                mark = arena_mark(&a);
                kept = n;
            } else if (random >> 60 == 2) {
                arena_rewind(&a, mark);
                n = kept;
            }
            live[n].p = arena_alloc(&a, size);
            live[n].n = size;
            memset(live[n].p, n, size);
            n++;
        }
        for (int i = 0; i < n; i++)
            for (size_t j = 0; j < live[i].n; j += 509)
                CHECK_INT(live[i].p[j], i);
        arena_reset(&a);
    }
    CHECK(arena_size(&a) <= (size_t)PIECES / 8 * 2 * LARGEST);
    arena_free(&a);
}

int main(void)
{
    RUN(test_arena_gives_aligned_memory_of_any_size);
    RUN(test_arena_needs_no_more_memory_in_later_rounds);
    RUN(test_arena_copy_and_printf_end_with_nul);
    RUN(test_arena_trim_gives_back_what_was_not_used);
    RUN(test_arena_rewind_keeps_what_was_before_the_mark);
    RUN(test_arena_at_random_keeps_what_is_alive);
    return check_done();
}
