#include "tools/dead_where.h"

#include "tests/unit/check.h"
#include "tools/dead_letters.h"

static struct arena arena;

#define FIELD(t)                                                                               \
    {                                                                                          \
        .type = REPLY_STRING, .text = { t, sizeof(t) - 1 }                                     \
    }
static struct reply fields_document[] = {
    FIELD("stage"),    FIELD("ship"),
    FIELD("reason"),   FIELD("not_taken"),
    FIELD("attempts"), FIELD("50"),
    FIELD("row"),      FIELD("17"),
    FIELD("data"),     FIELD("{\"country\":\"GB\",\"price\":12.5,\"sp_id\":\"a-17-9\"}"),
};
static struct reply fields_row[] = {
    FIELD("stage"), FIELD("tidy"),
    FIELD("cols"),  FIELD("[\"id\",\"a name\",\"missing\"]"),
    FIELD("data"),  FIELD("[12,\"7\",\"x\"]"),
};
static struct reply fields_broken[] = {
    FIELD("stage"),    FIELD("inbox"), FIELD("data"),
    FIELD("{\"id\":"), FIELD("cols"),  FIELD("[7]"),
};
static struct reply all[] = {
    {.type = REPLY_ARRAY, .items = fields_document, .n = ARRAY_LEN(fields_document)},
    {.type = REPLY_ARRAY, .items = fields_row, .n = ARRAY_LEN(fields_row)},
    {.type = REPLY_ARRAY, .items = fields_broken, .n = ARRAY_LEN(fields_broken)},
};
enum { DOCUMENT, ROW, BROKEN };

static void test_a_condition_knows_the_letter_and_its_record(void)
{
    const struct {
        int letter;
        const char *where;
        int want; /* 1, 0; -1: it raises */
    } rows[] = {
        {DOCUMENT, "reason == 'not_taken' and attempts >= 50 and row == 17", 1},
        {DOCUMENT, "record.country == 'GB' and record.price > 12", 1},
        {DOCUMENT, "record.country == 'FR'", 0},
        {DOCUMENT, "id == '1-0'", 1},
        {DOCUMENT, "data:len() < 100", 1},
        {DOCUMENT, "nothing > 3 or record.nothing > 3", 0},
        {DOCUMENT, "stage > 3", -1},
        {ROW, "record.id == '7' and record['a name'] == 'x'", 1},
        {ROW, "record.missing == nil", 1},
        {BROKEN, "record == nil and record.id == nil", 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dead_where *w = NULL;
        struct error err = {0};
        struct letter l;
        bool holds = false;
        letter_read(&l, STR("1-0"), &all[rows[i].letter]);
        CHECK_INT(where_new(&w, str_of(rows[i].where), &err), 0);
        int rc = where_test(w, &l, &arena, &holds, &err);
        CHECK_INT(rc, rows[i].want < 0 ? ERR_DATA : 0);
        if (rc == 0)
            CHECK_INT(holds, rows[i].want);
        else
            CHECK(strstr(err.text, "on letter 1-0: ") && strstr(err.text, "stage is \"ship\""));
        where_free(w);
    }
    arena_free(&arena);
}

static void test_a_bad_condition_is_refused_with_its_place(void)
{
    const struct {
        const char *where, *said;
    } rows[] = {
        {"reason = 'x'", "--where, column 8: "},
        {"reason == 'x' and", "--where, column 18: "},
        {"reason == 'x')", "--where, column 14: "},
        {"attempts > > 3", "--where: "}, /* which of them, Lua does not say */
        {"reason != 'x'", "write ~= for !="},
        {" ", "empty"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dead_where *w = NULL;
        struct error err = {0};
        CHECK_INT(where_new(&w, str_of(rows[i].where), &err), ERR_USAGE);
        CHECK(strstr(err.text, rows[i].said) != NULL);
    }
}

int main(void)
{
    RUN(test_a_condition_knows_the_letter_and_its_record);
    RUN(test_a_bad_condition_is_refused_with_its_place);
    return check_done();
}
