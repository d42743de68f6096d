/* Documents have types of their own: what each coercer makes of a number, a boolean, a list. */
#include "tests/unit/workers/rules.h"

static void test_numbers_of_documents_need_no_signs(void)
{
    static const struct rules_case cases[] = {
        {"fields: {a: {parse: number, decimal: ',', group: '.'}}", "", "{\"a\":12.990}",
         ",\"a\":12.990}"},
        {"fields: {a: {parse: number, decimal: ',', group: '.'}}", "", "{\"a\":\"12.990\"}",
         ",\"a\":12990}"},
        {"fields: {a: {parse: money, decimal: ',', group: '.'}}", "", "{\"a\":12.990}",
         ",\"a\":12.990}"},
        /* half of the world writes thousands so; JSON does not */
        {"fields: {a: {parse: distance, unit: km}}", "", "{\"a\":125.000}", ",\"a\":125.000}"},
        {"fields: {a: {parse: percent, decimal: ','}}", "", "{\"a\":9.5}", ",\"a\":0.095}"},
        {"fields: {a: {parse: money, decimal: ',', from: '{a} EUR'}, c: {parse: money, "
         "decimal: ',', from: '{a} EUR', take: currency}}",
         "", "{\"a\":9.125}", ",\"a\":9.125,\"c\":\"EUR\",\"sp_extra\":{\"a\":9.125}}"},
        {"fields: {a: {parse: list, item: number, decimal: ','}}", "",
         "{\"a\":[1.5,\"2,5\",null]}", ",\"a\":[1.5,2.5,null]}"},
        {"fields: {a: integer}", "", "{\"a\":5.0}", ",\"a\":5}"},
        {"fields: {a: number}", "", "{\"a\":5.0}", ",\"a\":5.0}"},
        {"fields: {a: integer}", "", "{\"a\":\"5.0\"}",
         ",\"a\":null,\"sp_extra\":{\"a\":\"5.0\"},\"sp_issues\":[{\"field\":\"a\",\"issue\":"
         "\"unparsed\",\"reason\":\"has a decimal sign: parse it as number\"}]}"},
        {"fields: {a: integer}", "", "{\"a\":-1.25E+3}", ",\"a\":-1250}"},
        {"fields: {a: number}", "", "{\"a\":12e-4}", ",\"a\":0.0012}"},
        {"fields: {a: number}", "", "{\"a\":1e999}", ",\"a\":1e999}"},
        {"fields: {a: id}", "", "{\"a\":1.13984e+18}",
         ",\"a\":null,\"sp_extra\":{\"a\":1.13984e+18},\"sp_issues\":[{\"field\":\"a\","
         "\"issue\":"
         "\"unparsed\",\"reason\":\"lost its digits in a spreadsheet\"}]}"},
        /* a text of the pipeline file is read as it declares */
        {"fields: {a: {parse: number, decimal: ',', map: {'1': '1,5'}}}", "", "{\"a\":1}",
         ",\"a\":1.5}"},
    };

    uri = STR_NONE;
    check_cases(cases, ARRAY_LEN(cases));
}

static void test_numbers_of_documents_are_dates_where_declared(void)
{
    static const struct rules_case cases[] = {
        {"fields: {a: {parse: timestamp, formats: epoch_ms}}", "", "{\"a\":1633024800250}",
         ",\"a\":\"2021-09-30T18:00:00.25Z\"}"},
        {"fields: {a: {parse: timestamp, formats: [epoch_s, epoch_ms]}}", "",
         "{\"a\":1.6330248e12}", ",\"a\":\"2021-09-30T18:00:00Z\"}"},
        {"fields: {a: {parse: date, formats: epoch_days}}", "", "{\"a\":18900}",
         ",\"a\":\"2021-09-30\"}"},
        {"fields: {a: {parse: date}}", "", "{\"a\":18900}",
         ",\"a\":null,\"sp_extra\":{\"a\":18900},\"sp_issues\":[{\"field\":\"a\",\"issue\":"
         "\"unparsed\",\"reason\":\"is no ISO 8601 date: declare its formats\"}]}"},
    };

    uri = STR_NONE;
    check_cases(cases, ARRAY_LEN(cases));
}

static void test_other_types_of_documents(void)
{
    static const char refused[] = ",\"a\":null,\"sp_extra\":{\"a\":{\"b\":1,\"c\":2}},\"sp_"
                                  "issues\":[{\"field\":\"a\",\"issue\":"
                                  "\"unparsed\",\"reason\":\"is an object or an array\"}]}";
    static const struct rules_case cases[] = {
        /* true is true, whatever word the texts have for it */
        {"fields: {a: {parse: boolean, truthy: [ja], falsy: [nein]}}", "", "{\"a\":true}",
         ",\"a\":true}"},
        {"fields: {a: {parse: boolean, truthy: [ja], falsy: [nein]}}", "", "{\"a\":\"nein\"}",
         ",\"a\":false}"},
        {"fields: {a: {parse: boolean, map: {'true': nein}, truthy: [ja], falsy: [nein]}}", "",
         "{\"a\":true}", ",\"a\":false}"},
        {"fields: {a: boolean}", "", "{\"a\":0}", ",\"a\":false}"},
        {"fields: {a: {parse: enum, symbols: ['true', x]}}", "", "{\"a\":true}",
         ",\"a\":\"true\"}"},
        {"fields: {a: text}", "", "{\"a\":false}", ",\"a\":\"false\"}"},
        {"fields: {a: {}}", "", "{\"a\":[1, {}]}", ",\"a\":[1, {}]}"},
        {"fields: {a: integer}", "", "{\"a\":null}", ",\"a\":null}"},
        {"fields: {a: json}", "", "{\"a\":{\"b\":1,\"c\":2}}", ",\"a\":{\"b\":1,\"c\":2}}"},
        {"fields: {a: list}", "", "{\"a\":[\"x\",1,true]}", ",\"a\":[\"x\",\"1\",\"true\"]}"},
        {"fields: {a: list}", "", "{\"a\":{\"b\":1,\"c\":2}}", refused},
        {"fields: {a: text}", "", "{\"a\":{\"b\":1,\"c\":2}}", refused},
        {"fields: {a: date}", "", "{\"a\":{\"b\":1,\"c\":2}}", refused},
    };

    uri = STR_NONE;
    check_cases(cases, ARRAY_LEN(cases));
}

int main(void)
{
    RUN(test_numbers_of_documents_need_no_signs);
    RUN(test_numbers_of_documents_are_dates_where_declared);
    RUN(test_other_types_of_documents);
    return check_done();
}
