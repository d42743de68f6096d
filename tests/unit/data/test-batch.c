#include "common/data/batch.h"

#include "tests/unit/check.h"

static void test_batch_cut_makes_a_record_a_line(void)
{
    struct entry entries[] = {
        {.data = STR("{\"a\":1}\n{\"b\":2}\n"), .n = 2, .row = 5},
        {.uri = STR("file:/x"), .n = 1},
        {.data = STR("[0,\"x\"]"), .n = 9, .row = 1},
        {.data = STR("\n\n[9,\"y\"]\n\n[12,\"z\"]")},
    };
    struct batch b = {.entries = entries, .entry_count = ARRAY_LEN(entries)};
    const struct {
        uint32_t entry, number;
        const char *line;
    } want[] = {
        {0, 0, "{\"a\":1}"}, {0, 1, "{\"b\":2}"},  {2, 0, "[0,\"x\"]"},
        {3, 0, "[9,\"y\"]"}, {3, 1, "[12,\"z\"]"},
    };

    batch_cut(&b);
    CHECK_INT(b.record_count, ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want) && i < b.record_count; i++) {
        CHECK_INT(b.records[i].entry - entries, want[i].entry);
        CHECK_INT(b.records[i].number, want[i].number);
        CHECK_STR(b.records[i].line, str_of(want[i].line));
    }
    CHECK_INT(entries[1].n, 1); /* a job keeps its count */
    CHECK_INT(entries[2].first, 2);
    CHECK_INT(entries[2].n, 1); /* it said 9 */
    CHECK_INT(entries[3].first, 3);
    CHECK_INT(entries[3].n, 2);
    arena_free(&b.arena);
}

static void test_batch_emit_keeps_what_was_emitted(void)
{
    struct entry e = {.row = 10};
    struct batch b = {0};

    for (uint32_t i = 0; i < 1000; i++)
        batch_emit(&b, &e, STR("[1]"), i)->reason = STR("x");
    CHECK_INT(b.record_count, 1000);
    CHECK_INT(b.records[0].number, 0);
    CHECK_INT(b.records[999].number, 999);
    CHECK_STR(b.records[500].reason, STR("x"));
    arena_free(&b.arena);
}

static void test_record_write_appends_members(void)
{
    const struct {
        const char *line, *value, *want;
    } cases[] = {
        {"{\"a\":1}", NULL, "{\"a\":1}"},
        {"{\"a\":1}", "2", "{\"a\":1,\"sp_x\":2}"},
        {"{}", "\"v\"", "{\"sp_x\":\"v\"}"},
        {"{ }", "[]", "{\"sp_x\":[]}"},
        {" \t{ \"a\":1 } \r", "2", "{\"a\":1,\"sp_x\":2}"},
        {"{\"a\":{}}", "2", "{\"a\":{},\"sp_x\":2}"},
        {"[0,\"x\"]", "2", "[0,\"x\"]"},
        {"{\"cut", "2", "{\"cut"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct batch b = {0};
        struct record r = {.line = str_of(cases[i].line)};
        char out[256];
        if (cases[i].value)
            record_add(&b, &r, STR("sp_x"), str_of(cases[i].value));
        char *end = record_write(&r, out);
        CHECK_STR(((str){out, (size_t)(end - out)}), str_of(cases[i].want));
        CHECK((size_t)(end - out) <= record_length(&r));
        arena_free(&b.arena);
    }
}

static void test_record_write_keeps_the_order_of_members(void)
{
    struct batch b = {0};
    struct record r = {.line = STR("{}")};
    char out[64];

    record_add(&b, &r, STR("a"), STR("1"));
    record_add(&b, &r, STR("b"), STR("2"));
    record_add(&b, &r, STR("c"), STR("3"));
    CHECK_STR(((str){out, (size_t)(record_write(&r, out) - out)}),
              STR("{\"a\":1,\"b\":2,\"c\":3}"));
    arena_free(&b.arena);
}

static void test_record_find_prefers_what_was_added_last(void)
{
    struct batch b = {0};
    struct record r = {.line = STR("{\"a\":1,\"b\":\"x\"}")};
    str value = STR_NONE;

    CHECK(record_find(&r, STR("a"), &value));
    CHECK_STR(value, STR("1"));
    record_add(&b, &r, STR("a"), STR("2"));
    record_add(&b, &r, STR("a"), STR("3"));
    CHECK(record_find(&r, STR("a"), &value));
    CHECK_STR(value, STR("3"));
    CHECK(record_find(&r, STR("b"), &value));
    CHECK_STR(value, STR("\"x\""));
    CHECK(!record_find(&r, STR("c"), &value));
    r.line = STR("[1,\"a\"]");
    CHECK(!record_find(&r, STR("b"), &value));
    arena_free(&b.arena);
}

static void test_record_settle_gives_the_verdict(void)
{
    struct record r = {0};

    CHECK_INT(r.verdict, VERDICT_PASS);
    record_settle(&r, VERDICT_DEAD, STR("too_long"), STR("it is."));
    CHECK_INT(r.verdict, VERDICT_DEAD);
    CHECK_STR(r.reason, STR("too_long"));
    CHECK_STR(r.detail, STR("it is."));
}

static void test_record_set_leaves_one_member_of_a_name(void)
{
    const struct {
        const char *line, *want;
    } cases[] = {
        {"{\"a\":1}", "{\"a\":1,\"x\":9}"},
        {"{\"x\":1}", "{\"x\":9}"},
        {"{\"x\":{\"x\":1},\"b\":[1, 2]}", "{\"b\":[1, 2],\"x\":9}"},
        {"{\"a\":\"x\",\"x\":null , \"b\" : 2}", "{\"a\":\"x\",\"b\" : 2,\"x\":9}"},
        {"{\"\\u0078\":1,\"b\\n\":2,\"x\":3}", "{\"b\\n\":2,\"x\":9}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct batch b = {0};
        struct record r = {.line = str_of(cases[i].line)};
        char out[100];
        record_set(&b, &r, STR("x"), STR("8"));
        record_set(&b, &r, STR("x"), STR("9"));
        CHECK(record_length(&r) <= sizeof(out));
        CHECK_STR(str_between(out, record_write(&r, out)), str_of(cases[i].want));
        arena_free(&b.arena);
    }
}

int main(void)
{
    RUN(test_record_set_leaves_one_member_of_a_name);
    RUN(test_batch_cut_makes_a_record_a_line);
    RUN(test_batch_emit_keeps_what_was_emitted);
    RUN(test_record_write_appends_members);
    RUN(test_record_write_keeps_the_order_of_members);
    RUN(test_record_find_prefers_what_was_added_last);
    RUN(test_record_settle_gives_the_verdict);
    return check_done();
}
