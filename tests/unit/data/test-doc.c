#include "common/data/doc.h"

#include "tests/unit/check.h"

static void test_doc_parse_refuses_what_cjson_would_bend(void)
{
    const struct {
        str text;
        int code; /* 0: good */
        const char *error;
    } cases[] = {
        {STR("{\"a\":[1,2.5e3,\"x\"]}"), 0, ""},
        {STR("\"\\\\u0000\""), 0, ""},
        {STR("[1]"), 0, ""},
        {STR("{\"a\":\"x\\u0000y\"}"), ERR_DATA,
         "JSON with a NUL character (\\u0000) in a string"},
        {STR("{\"a\\\\\\u0000\":1}"), ERR_DATA,
         "JSON with a NUL character (\\u0000) in a string"},
        {STR("{} x"), ERR_DATA, "JSON, byte 3: something stands behind the value"},
        {STR("{\"a\":01}"), ERR_DATA, "JSON, byte 6: a malformed number"},
        {STR("\"\xff\""), ERR_DATA, "JSON, byte 1: not UTF-8"},
        {STR(""), ERR_DATA, "JSON, byte 0: a value is missing"},
        {STR("[\"0123456789012345678901234567890123456789\"]"), ERR_LIMIT,
         "JSON of 44 bytes, at most 32 are taken"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        struct cJSON *doc = doc_parse(cases[i].text, 32, &err);
        CHECK_INT(doc != NULL, cases[i].code == 0);
        CHECK_INT(err.code, cases[i].code);
        CHECK_STR(str_of(err.text), str_of(cases[i].error));
        doc_free(doc);
    }
}

static void test_doc_get_types_and_names(void)
{
    struct error err = {0};
    struct cJSON *doc = doc_parse(STR("{\"id\":\"first\",\"ID\":2,\"id\":\"last\",\"n\":1.5,"
                                      "\"far\":1e999,\"o\":{\"x\":null}}"),
                                  1000, &err);
    str text = STR("untouched");
    double number = -1;

    CHECK(doc_string(doc, "id", &text));
    CHECK_STR(text, STR("last"));
    CHECK(!doc_string(doc, "ID", &text) && !doc_string(doc, "Id", &text));
    CHECK_STR(text, STR("last"));
    CHECK(doc_number(doc, "n", &number) && number == 1.5);
    CHECK(!doc_number(doc, "far", &number) && !doc_number(doc, "id", &number));
    CHECK(number == 1.5);
    CHECK(doc_get(doc_get(doc, "o"), "x") != NULL);
    CHECK(doc_get(doc_get(doc, "n"), "x") == NULL && doc_get(NULL, "x") == NULL);
    doc_free(doc);
    doc_free(NULL);
}

int main(void)
{
    RUN(test_doc_parse_refuses_what_cjson_would_bend);
    RUN(test_doc_get_types_and_names);
    return check_done();
}
