/* bench-json: nanoseconds a call, on a document of a listing and on a row, as JSON on stdout.
 */
#include <stdio.h>
#include <time.h>

#include "common/data/json.h"

enum { TIMES = 1000000 };

static const char document[] =
    "{\"ID\":45654403,\"Price\":13328,\"Levy\":1399,\"Manufacturer\":\"LEXUS\",\"Model\":\"RX "
    "450\","
    "\"Prod_year\":2010,\"Category\":\"Jeep\",\"Leather_interior\":true,\"Fuel_type\":"
    "\"Hybrid\","
    "\"Engine_volume\":\"3.5\",\"Mileage\":{\"value\":186005,\"unit\":\"km\"},\"Cylinders\":6,"
    "\"Gear_box_type\":\"Automatic\",\"Drive_wheels\":\"4x4\",\"Doors\":\"04-May\","
    "\"Wheel\":\"Left wheel\",\"Color\":\"Silver\",\"Airbags\":12,"
    "\"Description\":\"One owner, full service history.\\nCall after six.\","
    "\"sp_id\":\"f9d02f6df7a3624d-17-1048576\",\"sp_at\":1700000000000}";
static const char row[] = "[1024,\"45654403\",\"13328\",\"1399\",\"LEXUS\",\"RX "
                          "450\",\"2010\",\"Jeep\",\"Yes\",\"Hybrid\","
                          "\"3.5\",\"186005 km\",\"6\",\"Automatic\",\"4x4\",\"04-May\",\"Left "
                          "wheel\",\"Silver\",\"12\"]";

static size_t sum; /* so that nothing is optimised away */

static void find_member(str text)
{
    str value;

    sum += json_find(text, STR("Color"), &value) ? value.n : 0;
}

static void walk_members(str text)
{
    str rest, name, value;

    json_open(text, &rest);
    while (json_next_member(&rest, &name, &value))
        sum += value.n;
}

static void walk_items(str text)
{
    str rest, value;

    json_open(text, &rest);
    while (json_next_item(&rest, &value))
        sum += value.n;
}

static void check_text(str text)
{
    sum += json_check(text, NULL, NULL) == NULL;
}

static void quote_text(str text)
{
    static char out[JSON_QUOTED_MAX(sizeof(document))];

    sum += (size_t)(json_quote(out, text) - out);
}

int main(void)
{
    const struct {
        const char *name;
        void (*run)(str);
        str text;
    } cases[] = {
        {"find", find_member, STR(document)},     {"members", walk_members, STR(document)},
        {"items", walk_items, STR(row)},          {"check", check_text, STR(document)},
        {"check_row", check_text, STR(row)},      {"quote", quote_text, STR("Left wheel")},
        {"quote_512", quote_text, STR(document)},
    };

    printf("{\"document\":%zu,\"row\":%zu", sizeof(document) - 1, sizeof(row) - 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        clock_t started = clock();
        for (int n = 0; n < TIMES; n++)
            cases[i].run(cases[i].text);
        double seconds = (double)(clock() - started) / CLOCKS_PER_SEC;
        printf(",\"%s\":%.1f", cases[i].name, seconds / TIMES * 1e9);
    }
    printf("}\n");
    return sum == 0;
}
