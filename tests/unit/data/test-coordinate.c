#include "common/data/coerce.h"
#include "common/data/json.h"
#include "tests/unit/check.h"

static struct arena arena;

static void check_take(const char *text, char decimal, enum coerce_take part, const char *want)
{
    const struct coerce_setup setup = {.decimal = decimal, .take = part, .digits = -1};
    struct coerced out = {0};
    bool good = coercer_find(STR("coordinate"))->run(&setup, &arena, str_of(text), &out);

    CHECK_STR(good ? out.value : out.issue, str_of(want));
    CHECK(!good || !json_check(out.value, NULL, NULL));
    arena_reset(&arena);
}

static void test_coordinate_alone(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"51.2045371", "51.2045371"}, /* airbnb_antwerp_2024 */
        {"4.41", "4.41"},
        {"-77.0065", "-77.0065"},
        {"\u221277.0065", "-77.0065"},
        {"+4.4", "4.4"},
        {".5", "0.5"},
        {"051.20", "51.20"},
        {"0", "0"},
        {"180", "180"},
        {"51.2°", "51.2"},
        {"51.2 N", "51.2"},
        {"51.2° S", "-51.2"},
        {"W 77.5", "-77.5"},
        {"51°12'16.3\"N", "51.2045278"},
        {"51° 12′ 16.3″ N", "51.2045278"},
        {"51º12’S", "-51.2"},
        {"4:24:00 E", "4.4"},
        {"51°12.345'", "51.20575"},
        {"lat: 51.2", "51.2"},
        {"180.0001", "out_of_range"},
        {"512045371", "out_of_range"},
        {"91 N", "out_of_range"},
        {"51°60'N", "unparsed"},
        {"51°12.5'16\"N", "unparsed"},
        {"-51 S", "unparsed"},
        {"51 N N", "unparsed"},
        {"51.2, 4.4", "unparsed"},
        {"1 2 3", "unparsed"},
        {"Antwerp", "unparsed"},
        {"51.2 O", "unparsed"},
        {"N", "unparsed"},
        {"-", "unparsed"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_take(cases[i].text, '.', TAKE_VALUE, cases[i].want);
}

static void test_coordinate_of_a_pair(void)
{
    static const struct {
        const char *text;
        char decimal;
        const char *lat, *lon;
    } cases[] = {
        {"51.2, 4.4", '.', "51.2", "4.4"},
        {"51.2 4.4", '.', "51.2", "4.4"},
        {"(51.2;-4.4)", '.', "51.2", "-4.4"},
        {"51,2045; 4,40", ',', "51.2045", "4.40"},
        {"51,2045, 4,40", ',', "51.2045", "4.40"},
        {"POINT(4.4 51.2)", '.', "51.2", "4.4"},
        {"4.4 E, 51.2 N", '.', "51.2", "4.4"},
        {"N51.2 W4.4", '.', "51.2", "-4.4"},
        {"51°12'N 4°24'E", '.', "51.2", "4.4"},
        {"lng=4.4, lat=51.2", '.', "51.2", "4.4"},
        {"51.2 N", '.', "51.2", "null"},
        {"4.4 E", '.', "null", "4.4"},
        {"51.2", '.', "51.2", "51.2"},
        {"151.2, 4.4", '.', "out_of_range", "4.4"},
        {"51.2 N, 4.4 S", '.', "unparsed", "unparsed"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check_take(cases[i].text, cases[i].decimal, TAKE_LAT, cases[i].lat);
        check_take(cases[i].text, cases[i].decimal, TAKE_LON, cases[i].lon);
    }
}

int main(void)
{
    RUN(test_coordinate_alone);
    RUN(test_coordinate_of_a_pair);
    arena_free(&arena);
    return check_done();
}
