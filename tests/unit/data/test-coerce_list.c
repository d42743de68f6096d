#include "common/data/coerce.h"

#include "tests/unit/data/coerce_cases.h"

static void check_lists(const char *separator, const char *item,
                        const struct coerce_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct coerce_case c = cases[i];
        c.setup.separator = str_of(separator);
        c.setup.item = item ? coercer_find(str_of(item)) : NULL;
        check_case("list", &c);
    }
}

static void test_list_by_a_separator(void)
{
    static const struct coerce_case commas[] = {
        {"a, b ,c", "[\"a\",\"b\",\"c\"]", {0}},
        {"a", "[\"a\"]", {0}},
        {"a,,b,", "[\"a\",\"b\"]", {0}},
        {",", "[]", {0}},
        {"[\"a\", \"b,c\"]", "[\"a\",\"b,c\"]", {0}}, /* of a document */
        {"[a", "[\"[a\"]", {0}},
    };
    static const struct coerce_case semicolons[] = {
        /* redfin: lot_hoa_walk */
        {"8,071 sq ft lot; $8,478 HOA; Walker's paradise",
         "[\"8,071 sq ft lot\",\"$8,478 HOA\",\"Walker's paradise\"]",
         {0}},
    };
    static const struct coerce_case dots[] = {
        {"Garage · Balkon · Keller", "[\"Garage\",\"Balkon\",\"Keller\"]", {0}},
    };

    check_lists(NULL, NULL, commas, ARRAY_LEN(commas));
    check_lists("; ", NULL, semicolons, ARRAY_LEN(semicolons));
    check_lists("·", "text", dots, ARRAY_LEN(dots));
}

static void test_list_in_braces(void)
{
    static const struct coerce_case cases[] = {
        /* airbnb_dc: amenities */
        {"{TV,\"Cable TV\",Internet}", "[\"TV\",\"Cable TV\",\"Internet\"]", {0}},
        {"{}", "[]", {0}},
        {"{a}", "[\"a\"]", {0}},
        {"{ a , \"b, c\" }", "[\"a\",\"b, c\"]", {0}},
        {"{\"say \\\"hi\\\"\",\"back\\\\slash\"}",
         "[\"say \\\"hi\\\"\",\"back\\\\slash\"]",
         {0}},
        {"{\"say \"\"hi\"\"\"}", "[\"say \\\"hi\\\"\"]", {0}},
        {"{a,NULL,\"NULL\"}", "[\"a\",null,\"NULL\"]", {0}},
        {"{Cañón,\"日本\"}", "[\"Cañón\",\"日本\"]", {0}},
        {"a,b", NULL, {0}},
        {"{", NULL, {0}},
        {"}", NULL, {0}},
        {"{\"a}", NULL, {0}},
        {"{\"a\\\"}", NULL, {0}},
        {"{{a},{b}}", NULL, {0}},
        {"{a}b}", NULL, {0}},
        {"{a\"b\"}", NULL, {0}},
    };

    check_lists("braces", NULL, cases, ARRAY_LEN(cases));
}

static void test_list_of_json_or_python(void)
{
    static const struct coerce_case cases[] = {
        /* airbnb_antwerp: amenities, host_verifications */
        {"[\"Coffee maker\", \"Wifi \\u2013 fast\"]",
         "[\"Coffee maker\",\"Wifi \\u2013 fast\"]",
         {0}},
        {"['email', 'phone']", "[\"email\",\"phone\"]", {0}},
        {"[]", "[]", {0}},
        {"['it\\'s', \"it's\", 'say \"hi\"']", "[\"it's\",\"it's\",\"say \\\"hi\\\"\"]", {0}},
        {"('a', 'b')", "[\"a\",\"b\"]", {0}},
        {"['\\xe9', '\\u20ac', '\\U0001f600', 'a\\nb', '\\d']",
         "[\"é\",\"€\",\"😀\",\"a\\nb\",\"\\\\d\"]",
         {0}},
        {"[None, True, 1.50]", "[null,\"true\",\"1.50\"]", {0}},
        {"['None (of it)']", "[\"None (of it)\"]", {0}},
        {"['a'", NULL, {0}},
        {"['a]", NULL, {0}},
        {"['\\ud800']", NULL, {0}},
        {"['\\x4']", NULL, {0}},
        {"['a\\", NULL, {0}},
        {"[['a']]", NULL, {0}},
        {"{'a': 1}", NULL, {0}},
        {"email, phone", NULL, {0}},
    };

    check_lists("json", NULL, cases, ARRAY_LEN(cases));
}

static void test_list_of_what_its_item_says(void)
{
    static const struct coerce_case integers[] = {
        {"1, 2,3", "[1,2,3]", {0}},
        {"[1, \"2\", null]", "[1,2,null]", {0}},
        {"1,two", NULL, {0}},
    };
    static const str formats[] = {{"%d/%m/%Y", 8}};
    static const struct coerce_case dates[] = {
        {"24/05/2021;25/05/2021",
         "[\"2021-05-24\",\"2021-05-25\"]",
         {.formats = formats, .format_count = 1}},
    };
    static const struct coerce_case objects[] = {
        {"[{\"a\": 1}, [2]]", "[{\"a\": 1},[2]]", {0}},
    };

    check_lists(",", "integer", integers, ARRAY_LEN(integers));
    check_lists(";", "date", dates, ARRAY_LEN(dates));
    check_lists("json", "json", objects, ARRAY_LEN(objects));
}

static void test_list_says_what_is_wrong_with_its_item(void)
{
    const struct coerce_setup setup = {.item = coercer_find(STR("integer"))};
    struct arena a = {0};
    struct coerced out = {0};
    char many[2 * 4097];

    CHECK(!coerce_list(&setup, &a, STR("1,two"), &out));
    CHECK_STR(out.why, STR("has an item that is no integer"));
    memset(many, ',', sizeof(many));
    for (size_t i = 0; i < sizeof(many); i += 2)
        many[i] = '1';
    CHECK(coerce_list(&setup, &a, (str){many, 2 * 4096}, &out));
    CHECK(!coerce_list(&setup, &a, (str){many, sizeof(many)}, &out));
    arena_free(&a);
}

int main(void)
{
    RUN(test_list_by_a_separator);
    RUN(test_list_in_braces);
    RUN(test_list_of_json_or_python);
    RUN(test_list_of_what_its_item_says);
    RUN(test_list_says_what_is_wrong_with_its_item);
    return check_done();
}
