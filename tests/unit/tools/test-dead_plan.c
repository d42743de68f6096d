#include "tools/dead_plan.h"

#include "tests/unit/check.h"

static const struct stage splitter = {.name = "split", .wants_jobs = true};
static const struct stage other = {.name = "normalise"};
static struct pipeline_stage stages[] = {
    {.name = {"rows", 4}, .kind = &splitter, .high_bytes = 10},
    {.name = {"tidy", 4}, .kind = &other, .high_bytes = 20},
    {.name = {"ship", 4}, .kind = &other, .high_bytes = 30},
};
static const struct pipeline pipeline = {.stages = stages, .stage_count = ARRAY_LEN(stages)};

static const struct row {
    const char *stage, *reason, *data, *to; /* of the letter; asked for */
    const char *goes_to, *form;             /* NULL: it stays */
} rows[] = {
    {"tidy", "required", "[5,\"x\"]", "", "tidy", "record"},
    {"ship", "too_large", "{\"sp_id\":\"a-1-0\"}", "", "ship", "record"},
    {"tidy", "required", "{\"uri\":\"x\"}", "", "tidy", "record"}, /* a document with a uri */
    {"tidy", "required", "[5,\"x\"]", "ship", "ship", "record"},
    {"tidy", "bad_entry", "{\"data\":\"{}\",\"n\":\"x\"}", "", "tidy", "entry"},
    {"tidy", "bad_entry", "{\"data\":7}", "", NULL, NULL},
    {"tidy", "required", "[5,\"x\"]", "rows", NULL, NULL},  /* no file */
    {"tidy", "required", "[5,\"x\"]", "inbox", NULL, NULL}, /* it has no business there */
    {"gone", "required", "[5,\"x\"]", "", NULL, NULL},
    {"gone", "required", "[5,\"x\"]", "tidy", "tidy", "record"},
    {"rows", "source_missing", "{\"uri\":\"file:///a\"}", "", "rows", "job"},
    {"rows", "source_missing", "{\"uri\":\"file:///a\"}", "tidy", NULL, NULL},
    {"rows", "source_changed", "{\"uri\":\"file:///a\"}", "", NULL, NULL},
    {"rows", "open_quote", "[5,\"x\"]", "", NULL, NULL},
    {"rows", "row_too_long", "[5,\"x\"]", "tidy", NULL, NULL},
    {"rows", "by_a_route", "[5,\"x\"]", "", NULL, NULL},
    {"rows", "by_a_route", "[5,\"x\"]", "tidy", "tidy", "record"},
    {"inbox", "bad_json", "{\"uri\":", "", "inbox", "record"},
    {"inbox", "bad_entry", "{\"a\":\"b\"}", "", "inbox", "entry"},
    {"inbox", "no_route", "{\"uri\":\"file:///a\",\"to\":\"x\"}", "", "inbox", "entry"},
    {"inbox", "no_route", "{\"uri\":\"file:///a\",\"to\":\"x\"}", "rows", "rows", "entry"},
    {"inbox", "no_route", "{\"uri\":\"file:///a\",\"to\":\"x\"}", "tidy", NULL, NULL},
    {"inbox", "no_route", "{\"uri\":\"x\",\"sp_id\":\"a-1-0\"}", "", "inbox", "record"},
};

static void test_every_letter_goes_back_as_what_it_was(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        const struct letter l = {.stage = str_of(row->stage),
                                 .reason = str_of(row->reason),
                                 .data = str_of(row->data)};
        struct dead_plan plan = dead_plan(&l, &pipeline, str_of(row->to));
        CHECK_STR(plan.to, str_of(row->goes_to));
        CHECK_STR(str_of(plan.form), str_of(row->form));
        CHECK_INT(plan.stays == NULL, row->goes_to != NULL);
    }
}

static void test_the_mark_is_that_of_the_topic_it_goes_to(void)
{
    const struct letter l = {.stage = STR("tidy"), .data = STR("[0]")};
    const struct letter door = {
        .stage = STR("inbox"), .reason = STR("bad_json"), .data = STR("x")};

    CHECK_INT(dead_plan(&l, &pipeline, STR("ship")).high, 30);
    CHECK_INT(dead_plan(&l, &pipeline, STR_NONE).high, 20);
    CHECK_INT(dead_plan(&door, &pipeline, STR_NONE).high, 0);
}

int main(void)
{
    RUN(test_every_letter_goes_back_as_what_it_was);
    RUN(test_the_mark_is_that_of_the_topic_it_goes_to);
    return check_done();
}
