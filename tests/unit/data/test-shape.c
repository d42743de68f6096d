#include "common/data/shape.h"

#include "tests/unit/check.h"

static void test_shape(void)
{
    static const struct {
        const char *text, *shape;
    } cases[] = {
        {"", ""},
        {"   ", ""},
        {"250000", "9"},
        {"£250,000 pcm", "£9,9 a"},
        {"R$ 1.250,50", "a$ 9.9,9"},
        {"A1 2BC", "a9 9a"},
        {"3 bedroom detached house", "9 a a"},
        {"850\xc2\xa0м²", "9 a²"},
        {"19 960 000\xc2\xa0〒", "9 9 9 〒"},
        {"—", "—"},
        {"\x1b[31mred", "[9a"},
        {"caf\xe9", "a?"},
        {" 12  km ", "9 a"},
        {"1-2-3-4-5-6-7-8-9-0-1-2-3-4-5-6-7-8-9-0-1-2-3-4-5-6-7-8-9-0",
         "9-9-9-9-9-9-9-9-9-9-9-9-9-9-9-9-9-9-9-9-9-9-9-9-…"},
    };
    struct arena a = {0};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_STR(shape_of(&a, str_of(cases[i].text)), str_of(cases[i].shape));
    arena_free(&a);
}

static void test_what_a_person_sees_does_not_steer_a_terminal(void)
{
    struct arena a = {0};

    CHECK_STR(shape_printable(&a, STR("a\x1b[31mb\x7f\xc2\x9b"
                                      "c\td €")),
              STR("a [31mb  c d €"));
    arena_free(&a);
}

int main(void)
{
    RUN(test_shape);
    RUN(test_what_a_person_sees_does_not_steer_a_terminal);
    return check_done();
}
