#include "common/data/schema.h"

#include "tests/unit/check.h"

static struct arena arena;
static struct error err;

static const struct schema *record_of(const char *type)
{
    str text = arena_printf(&arena,
                            "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"org.x\","
                            "\"fields\":[{\"name\":\"f\",\"type\":%s}]}",
                            type);
    const struct schema *s = schema_read(&arena, text, &err);

    if (!s)
        printf("# %s: %s\n", type, err.text);
    return s;
}

static void test_schema_reads_a_record_in_its_order(void)
{
    const struct schema *s = schema_read(
        &arena,
        STR("{\"type\":\"record\",\"name\":\"Ad\",\"namespace\":\"org.x\",\"fields\":["
            "{\"name\":\"id\",\"type\":\"string\",\"doc\":\"always text\"},"
            "{\"name\":\"offer\",\"type\":[\"null\",{\"type\":\"enum\",\"name\":\"Offer\","
            "\"symbols\":[\"sale\",\"rent\"]}],\"default\":null},"
            "{\"name\":\"was\",\"type\":[\"null\",\"Offer\"]},"
            "{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}"
            "},"
            "{\"name\":\"raw\",\"type\":{\"type\":\"map\",\"values\":\"string\"},\"default\":{}"
            "}]}"),
        &err);

    CHECK(s != NULL);
    CHECK_INT(s->n, 5);
    CHECK_STR(s->fields[0].doc, STR("always text"));
    CHECK(!s->fields[0].type->is_nullable);
    CHECK_INT(s->fields[1].type->kind, SCHEMA_ENUM);
    CHECK(s->fields[1].type->is_nullable);
    CHECK_STR(s->fields[1].fallback, STR("null"));
    CHECK_INT(s->fields[2].type->symbol_count, 2); /* the same type by its name */
    CHECK_STR(s->fields[2].fallback, STR_NONE);
    CHECK_INT(s->fields[3].type->logical, SCHEMA_TIMESTAMP_MILLIS);
    CHECK_INT(s->fields[4].type->branches[0]->kind, SCHEMA_STRING);
    CHECK(schema_find(s, STR("raw")) == &s->fields[4]);
    CHECK(schema_find(s, STR("raws")) == NULL);
}

static void test_schema_refuses_with_a_reason(void)
{
    static const char *const cases[] = {
        "",
        "{",
        "\"string\"",
        "{\"type\":\"record\",\"name\":\"R\"}",
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\",\"type\":\"Other\"}]}",
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\",\"type\":\"R\"}]}",
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\",\"type\":[\"null\","
        "\"R\"]}]}",
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\",\"type\":{\"type\":"
        "\"enum\",\"name\":\"E\",\"symbols\":[\"4wd\"]}}]}",
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\",\"type\":\"int\"},"
        "{\"name\":\"f\",\"type\":\"int\"}]}",
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (schema_read(&arena, str_of(cases[i]), &err))
            printf("# read: %s\n", cases[i]);
        CHECK_INT(err.code, ERR_DATA);
        CHECK(str_starts(str_of(err.text), STR("schema: ")));
    }
}

static void test_schema_fits(void)
{
    static const struct {
        const char *type, *value, *issue; /* NULL: it fits */
    } cases[] = {
        {"\"int\"", "2147483647", NULL},
        {"\"int\"", "2147483648", "out_of_range"},
        {"\"int\"", "5.0", "wrong_type"},
        {"\"int\"", "1e3", "wrong_type"},
        {"\"int\"", "\"5\"", "wrong_type"},
        {"\"int\"", "null", "wrong_type"},
        {"[\"null\",\"int\"]", "null", NULL},
        {"[\"int\",\"null\"]", "-7", NULL},
        {"\"long\"", "8700000000", NULL},
        {"\"long\"", "9223372036854775808", "out_of_range"},
        {"\"double\"", "0.1", NULL},
        {"\"double\"", "-5", NULL},
        {"\"double\"", "1e999", "out_of_range"},
        {"\"float\"", "1e39", "out_of_range"},
        {"\"boolean\"", "true", NULL},
        {"\"boolean\"", "\"true\"", "wrong_type"},
        {"\"string\"", "\"\"", NULL},
        {"\"string\"", "7", "wrong_type"},
        {"\"bytes\"", "\"a\\u00ff\303\277\"", NULL},
        {"\"bytes\"", "\"\342\202\254\"", "out_of_range"},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}", "\"a\303\277\"", NULL},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}", "\"a\"", "out_of_range"},
        {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"a\",\"b\"]}", "\"b\"", NULL},
        {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"a\",\"b\"]}", "\"c\"",
         "not_in_enum"},
        {"{\"type\":\"array\",\"items\":\"int\"}", "[1,2]", NULL},
        {"{\"type\":\"array\",\"items\":\"int\"}", "[1,\"2\"]", "wrong_type"},
        {"{\"type\":\"map\",\"values\":\"string\"}", "{\"a\":\"b\"}", NULL},
        {"{\"type\":\"map\",\"values\":\"string\"}", "{\"a\":1}", "wrong_type"},
        {"[\"null\",\"int\",\"string\"]", "\"x\"", NULL},
        {"[\"null\",\"int\",\"string\"]", "true", "wrong_type"},
        {"{\"type\":\"string\",\"logicalType\":\"uuid\"}",
         "\"123e4567-e89b-12d3-a456-426614174000\"", NULL},
        {"{\"type\":\"string\",\"logicalType\":\"uuid\"}", "\"123e4567\"", "wrong_type"},
        {"{\"type\":\"int\",\"logicalType\":\"date\"}", "18000", NULL},
        {"{\"type\":\"int\",\"logicalType\":\"time-millis\"}", "86400000", "out_of_range"},
        {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":5,\"scale\":2}",
         "123.45", NULL},
        {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":5,\"scale\":2}", "-0.5",
         NULL},
        {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":5,\"scale\":2}",
         "1.234", "out_of_range"},
        {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":5,\"scale\":2}", "1234",
         "out_of_range"},
        {"{\"type\":\"int\",\"logicalType\":\"unheard-of\"}", "5", NULL},
        {"{\"type\":\"record\",\"name\":\"I\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"},"
         "{\"name\":\"b\",\"type\":\"int\",\"default\":0}]}",
         "{\"a\":1}", NULL},
        {"{\"type\":\"record\",\"name\":\"I\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}",
         "{}", "missing_member"},
        {"{\"type\":\"record\",\"name\":\"I\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}",
         "{\"a\":1,\"c\":2}", "wrong_type"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct schema *s = record_of(cases[i].type);
        str issue = STR_NONE, why = STR_NONE;
        CHECK(s != NULL);
        if (!s)
            continue;
        bool fits =
            schema_fits(s->fields[0].type, &arena, str_of(cases[i].value), &issue, &why);
        if (fits != (cases[i].issue == NULL))
            printf("# %s as %s\n", cases[i].value, cases[i].type);
        CHECK_INT(fits, cases[i].issue == NULL);
        CHECK_STR(issue, str_of(cases[i].issue));
        CHECK_INT(why.n > 0, cases[i].issue != NULL);
    }
}

static void test_schema_names_the_symbols_of_an_enum(void)
{
    const struct schema *s =
        record_of("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"sale\",\"rent\"]}");
    str issue, why;

    CHECK(!schema_fits(s->fields[0].type, &arena, STR("\"let\""), &issue, &why));
    CHECK_STR(why, STR("is none of: sale rent"));
    CHECK_STR(str_of(schema_type_name(s->fields[0].type)), STR("enum"));
}

int main(void)
{
    RUN(test_schema_reads_a_record_in_its_order);
    RUN(test_schema_refuses_with_a_reason);
    RUN(test_schema_fits);
    RUN(test_schema_names_the_symbols_of_an_enum);
    arena_free(&arena);
    return check_done();
}
