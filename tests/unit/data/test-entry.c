#include "common/data/entry.h"

#include "common/base/hash.h"
#include "tests/unit/check.h"

#define ID STR("1700000000123-4")

static void test_entry_decode_by_hand_gets_defaults(void)
{
    struct arena a = {0};
    struct entry e;
    str fields[] = {STR("data"), STR("{\"a\":1}\n{\"a\":2}\n"), STR("colour"), STR("red")};
    str detail;
    char src[16];

    CHECK(!entry_decode(&a, &e, ID, fields, ARRAY_LEN(fields), &detail));
    hash_hex(hash_bytes(STR("inbox:1700000000123-4")), src);
    CHECK_STR(e.id, ID);
    CHECK_STR(e.src, ((str){src, sizeof(src)}));
    CHECK_INT(e.at, 1700000000123);
    CHECK_INT(e.row, 1);
    CHECK_INT(e.n, 2);
    CHECK_INT(e.try, 0);
    CHECK(!e.is_booked);
    CHECK_INT(e.field_count, 4);
    CHECK_STR(e.fields[3], STR("red"));
    arena_free(&a);
}

static void test_entry_decode_takes_every_field(void)
{
    struct arena a = {0};
    struct entry e;
    str fields[] = {
        STR("data"), STR("[0,\"x\"]"), STR("cols"), STR("[\"a\"]"),
        STR("n"),    STR("1"),         STR("src"),  STR("0123456789abcdef"),
        STR("row"),  STR("7"),         STR("at"),   STR("5"),
        STR("try"),  STR("3"),         STR("run"),  STR("r1"),
        STR("to"),   STR("tidy"),      STR("uri"),  STR("file:/x"),
    };
    str detail;

    CHECK(!entry_decode(&a, &e, ID, fields, ARRAY_LEN(fields), &detail));
    CHECK_STR(e.data, STR("[0,\"x\"]"));
    CHECK_STR(e.cols, STR("[\"a\"]"));
    CHECK_STR(e.src, STR("0123456789abcdef"));
    CHECK_STR(e.run, STR("r1"));
    CHECK_STR(e.to, STR("tidy"));
    CHECK_STR(e.uri, STR("file:/x"));
    CHECK_INT(e.n, 1);
    CHECK(e.is_booked);
    CHECK_INT(e.row, 7);
    CHECK_INT(e.at, 5);
    CHECK_INT(e.try, 3);
    arena_free(&a);
}

static void test_entry_decode_refuses_and_names_the_field(void)
{
    const struct {
        const char *name, *value, *says;
    } cases[] = {
        {"n", "many", "field 'n'"},
        {"n", "4294967296", "field 'n'"},
        {"row", "0", "field 'row'"},
        {"row", "-1", "field 'row'"},
        {"at", "", "field 'at'"},
        {"at", "99999999999999999999", "field 'at'"},
        {"try", "1.5", "field 'try'"},
        {"src", "\"},{", "field 'src'"},
        {"src", "0123456789abcdeg", "field 'src'"},
        {"cols", "a,b", "field 'cols'"},
        {"cols", " ", "field 'cols'"},
        {"data", "", "field 'data'"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a = {0};
        struct entry e;
        str fields[] = {STR("data"), STR("{}"), str_of(cases[i].name), str_of(cases[i].value)};
        str detail = STR_NONE;
        const char *reason = entry_decode(&a, &e, ID, fields, ARRAY_LEN(fields), &detail);
        CHECK_STR(str_of(reason), STR("bad_entry"));
        CHECK(memmem(detail.p, detail.n, cases[i].says, strlen(cases[i].says)));
        CHECK_INT(e.at, 1700000000123);
        arena_free(&a);
    }
}

static void test_entry_decode_takes_a_job(void)
{
    struct arena a = {0};
    struct entry e;
    str fields[] = {STR("uri"), STR("file:/data/in/a.csv")};
    str detail;

    CHECK(!entry_decode(&a, &e, ID, fields, ARRAY_LEN(fields), &detail));
    CHECK_STR(e.uri, STR("file:/data/in/a.csv"));
    CHECK_INT(e.n, 1);
    CHECK(entry_decode(&a, &e, ID, fields, 0, &detail));
    arena_free(&a);
}

int main(void)
{
    RUN(test_entry_decode_by_hand_gets_defaults);
    RUN(test_entry_decode_takes_every_field);
    RUN(test_entry_decode_refuses_and_names_the_field);
    RUN(test_entry_decode_takes_a_job);
    return check_done();
}
