#include "common/run/dead.h"

#include "tests/unit/check.h"

static struct arena arena;

static str field(const struct pack_entry *e, const char *name)
{
    for (uint32_t i = 0; i + 1 < e->arg_count; i += 2)
        if (str_is(e->args[i], name))
            return e->args[i + 1];
    return STR_NONE;
}

static const struct dead_context tidy = {{"tidy", 4}, 5000, {"file:///a", 9}};

static void test_dead_letter_of_a_row_has_every_field(void)
{
    const struct entry e = {.src = STR("00000000000000aa"),
                            .row = 10,
                            .at = 1000,
                            .try = 2,
                            .run = STR("r1"),
                            .cols = STR("[\"a\"]")};
    const struct record r = {.entry = &e, .line = STR("[57,\"x\"]"), .number = 3};
    const struct {
        const char *name, *value;
    } want[] = {
        {"stage", "tidy"},   {"reason", "bad"},      {"detail", "It is bad."},
        {"attempts", "3"},   {"at", "1000"},         {"first", "5000"},
        {"last", "5000"},    {"uri", "file:///a"},   {"src", "00000000000000aa"},
        {"row", "13"},       {"offset", "57"},       {"run", "r1"},
        {"cols", "[\"a\"]"}, {"data", "[57,\"x\"]"},
    };
    struct pack p = {0};

    dead_add(&arena, &p, &r, STR("bad"), STR("It is bad."), &tidy);
    CHECK_INT(p.entries, 1);
    CHECK_INT(p.records, 1);
    CHECK_INT(p.bytes, r.line.n);
    CHECK_INT(p.first->arg_count, 2 * ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        CHECK_STR(field(p.first, want[i].name), str_of(want[i].value));
    arena_reset(&arena);
}

static void test_dead_letter_of_a_file_names_its_job(void)
{
    str fields[] = {STR("uri"), STR("file:///a"), STR("job"), STR("7-0")};
    const struct entry e = {.id = STR("8-0"),
                            .uri = STR("file:///a"),
                            .fields = fields,
                            .field_count = ARRAY_LEN(fields)};
    const struct entry by_hand = {.id = STR("8-0"), .uri = STR("file:///a")};
    const struct record r = {.entry = &e, .line = STR("{\"uri\":\"file:///a\"}")};
    const struct record r_by_hand = {.entry = &by_hand, .line = r.line};
    struct pack p = {0};

    dead_add(&arena, &p, &r, STR("bad"), STR_NONE, &tidy);
    CHECK_STR(field(p.last, "job"), STR("7-0"));
    dead_add(&arena, &p, &r_by_hand, STR("bad"), STR_NONE, &tidy);
    CHECK_STR(field(p.last, "job"), STR("8-0"));
    arena_reset(&arena);
}

static void test_dead_letter_of_the_door_keeps_where_it_was_to_go(void)
{
    const struct entry e = {.id = STR("8-0"), .to = STR("tidy"), .uri = STR("file:///a")};
    const struct record r = {.entry = &e, .line = STR("{}")};
    struct pack p = {0};

    dead_add(&arena, &p, &r, STR("no_route"), STR_NONE,
             &(struct dead_context){.stage = STR("inbox")});
    CHECK_STR(field(p.last, "to"), STR("tidy"));
    CHECK(field(p.last, "job").p == NULL);
    arena_reset(&arena);
}

static void test_dead_letter_leaves_out_what_is_not_known(void)
{
    const struct entry e = {.src = STR("00000000000000aa"), .row = 1, .cols = STR("[\"a\"]")};
    const struct record r = {.entry = &e, .line = STR("{\"a\":1}")};
    const char *const absent[] = {"detail", "uri", "offset", "run", "cols"};
    struct pack p = {0};

    dead_add(&arena, &p, &r, STR("bad"), STR_NONE,
             &(struct dead_context){.stage = STR("tidy"), .now_ms = 1});
    for (size_t i = 0; i < ARRAY_LEN(absent); i++)
        CHECK(field(p.first, absent[i]).p == NULL);
    CHECK_STR(field(p.first, "attempts"), STR("1"));
    CHECK_STR(field(p.first, "at"), STR("0"));
    CHECK_STR(field(p.first, "row"), STR("1"));
    CHECK_STR(field(p.first, "data"), r.line);
    arena_reset(&arena);
}

/* What waits among the dead letters is booked by the bytes of `data`, added members included.
 */
static void test_dead_letters_are_booked_as_they_are_written(void)
{
    struct batch b = {0};
    const struct entry e = {.src = STR("00000000000000aa"), .row = 1};
    struct record first = {.entry = &e, .line = STR("{\"a\":1}")};
    const struct record second = {.entry = &e, .line = STR("[9]"), .number = 1};
    struct pack p = {0};

    record_add(&b, &first, STR("sp_id"), STR("\"bb-7-8\""));
    dead_add(&arena, &p, &first, STR("bad"), STR_NONE, &tidy);
    dead_add(&arena, &p, &second, STR("bad"), STR_NONE, &tidy);
    CHECK_INT(p.entries, 2);
    CHECK_INT(p.records, 2);
    CHECK_STR(field(p.first, "data"), STR("{\"a\":1,\"sp_id\":\"bb-7-8\"}"));
    CHECK_STR(field(p.first, "src"), STR("bb"));
    CHECK_STR(field(p.first, "row"), STR("7"));
    CHECK_STR(field(p.first, "offset"), STR("8"));
    CHECK_INT(p.first->bytes, field(p.first, "data").n);
    CHECK(p.first->next == p.last && p.last->next == NULL);
    CHECK_STR(field(p.last, "data"), STR("[9]"));
    CHECK_INT(p.bytes, p.first->bytes + p.last->bytes);
    arena_free(&b.arena);
    arena_reset(&arena);
}

static void test_dead_letter_of_an_indented_row_keeps_its_columns(void)
{
    const struct entry e = {.src = STR("00000000000000aa"), .row = 1, .cols = STR("[\"a\"]")};
    const struct record r = {.entry = &e, .line = STR(" [9,\"x\"]")};
    struct pack p = {0};

    dead_add(&arena, &p, &r, STR("bad"), STR_NONE, &tidy);
    CHECK_STR(field(p.first, "cols"), STR("[\"a\"]"));
    CHECK_STR(field(p.first, "offset"), STR("9"));
    arena_reset(&arena);
}

int main(void)
{
    RUN(test_dead_letter_of_a_row_has_every_field);
    RUN(test_dead_letter_of_a_file_names_its_job);
    RUN(test_dead_letter_of_the_door_keeps_where_it_was_to_go);
    RUN(test_dead_letter_leaves_out_what_is_not_known);
    RUN(test_dead_letters_are_booked_as_they_are_written);
    RUN(test_dead_letter_of_an_indented_row_keeps_its_columns);
    arena_free(&arena);
    return check_done();
}
