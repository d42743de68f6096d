#include "common/data/origin.h"

#include "tests/unit/check.h"

static void test_origin_parse_takes_whole_ids_only(void)
{
    const struct {
        const char *id, *src;
        uint64_t row, offset;
    } rows[] = {
        {"0123456789abcdef-1-0", "0123456789abcdef", 1, 0},
        {"a-18446744073709551615-18446744073709551615", "a", UINT64_MAX, UINT64_MAX},
        {"a-007-08", "a", 7, 8},
        {"", NULL, 0, 0},
        {"-1-2", NULL, 0, 0},
        {"a", NULL, 0, 0},
        {"a-1", NULL, 0, 0},
        {"a-1-", NULL, 0, 0},
        {"a--2", NULL, 0, 0},
        {"a-1-2-3", NULL, 0, 0},
        {"a-1-2x", NULL, 0, 0},
        {"a-+1-2", NULL, 0, 0},
        {"a-1- 2", NULL, 0, 0},
        {"a-18446744073709551616-0", NULL, 0, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct origin o = {.row = 99};
        bool good = origin_parse(str_of(rows[i].id), &o);

        CHECK_INT(good, rows[i].src != NULL);
        CHECK_INT(o.row, good ? rows[i].row : 99);
        if (!good)
            continue;
        CHECK_STR(o.src, str_of(rows[i].src));
        CHECK_INT(o.offset, rows[i].offset);
    }
}

static void test_origin_of_rows_and_documents(void)
{
    const struct entry e = {.src = STR("00000000000000aa"), .row = 100};
    const struct {
        const char *line, *src;
        bool has;
        uint64_t row, offset;
    } rows[] = {
        {"[57,\"x\"]", "00000000000000aa", true, 103, 57},
        {"[57]", "00000000000000aa", true, 103, 57},
        {"[]", "00000000000000aa", false, 103, 0},
        {"[\"57\",\"x\"]", "00000000000000aa", false, 103, 0},
        {"[-1,\"x\"]", "00000000000000aa", false, 103, 0},
        {"[1.5,\"x\"]", "00000000000000aa", false, 103, 0},
        {"[99999999999999999999]", "00000000000000aa", false, 103, 0},
        {"{\"sp_id\":\"bb-7-8\",\"a\":1}", "bb", true, 7, 8},
        {"{\"sp_id\":\"bb-7\"}", "00000000000000aa", false, 103, 0},
        {"{\"sp_id\":12345}", "00000000000000aa", false, 103, 0},
        {"{\"sp_id\":\"\"}", "00000000000000aa", false, 103, 0},
        {"{\"sp_id\":1}", "00000000000000aa", false, 103, 0},
        {"{\"a\":1}", "00000000000000aa", false, 103, 0},
        {"no json", "00000000000000aa", false, 103, 0},
        {"", "00000000000000aa", false, 103, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct record r = {.entry = &e, .line = str_of(rows[i].line), .number = 3};
        struct origin o = {0};

        if (origin_of(&r, &o) != rows[i].has)
            printf("# of '%s'\n", rows[i].line);
        CHECK_INT(origin_of(&r, &o), rows[i].has);
        CHECK_STR(o.src, str_of(rows[i].src));
        CHECK_INT(o.row, rows[i].row);
        CHECK_INT(o.offset, rows[i].offset);
    }
}

static void test_origin_of_an_added_id(void)
{
    struct batch b = {0};
    const struct entry e = {.src = STR("aa"), .row = 1};
    struct record r = {.entry = &e, .line = STR("{\"a\":1}")};
    struct origin o;

    record_add(&b, &r, STR("sp_id"), STR("\"cc-5-6\""));
    CHECK(origin_of(&r, &o));
    CHECK_STR(o.src, STR("cc"));
    CHECK_INT(o.row, 5);
    CHECK_INT(o.offset, 6);
    arena_free(&b.arena);
}

int main(void)
{
    RUN(test_origin_parse_takes_whole_ids_only);
    RUN(test_origin_of_rows_and_documents);
    RUN(test_origin_of_an_added_id);
    return check_done();
}
