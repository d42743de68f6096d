/* Areas, distances, power and all else that has a unit. */
#include "tests/unit/data/quantity_cases.h"

static void test_area(void)
{
    static const struct quantity_case cases[] = {
        {"1056", "98.11"},
        {"2100 - 2850", "195.1", "264.77"},
        {"34.46Sq. Meter", "34.46"},
        {"5.31Acres", "21488.81"},
        {"117Sq. Yards", "97.83"},
        {"1Grounds", "222.97"},
        {"24Guntha", "2428.11"},
        {"3Cents", "121.41"},
        {"4125Perch", "104333.02"},
        {"3,420 sq ft", "317.73"},
        {"450 sq ft", "41.81"},
        {"— sq ft", "null"},
        {"8,071 sq ft lot", "749.82"},
        {"8,071 sq ft lot; $8,478 HOA; Walker's paradise", "749.82"},
        {"0.24 acre lot; Very walkable", "971.25"},
        {"2-комнатная квартира, 70 м², 5/10 этаж", "70"},
        {"3-комнатная квартира, 107.2 м², 10/13 этаж", "107.2"},
        {"75 m2", "75"},
        {"75m²", "75"},
        {"1,000 - 1,500 sq.ft.", "92.9", "139.35"},
        {"1000 sqft - 0.5 acre", "92.9", "2023.43"},
        {"over 1,000 sq ft", "92.9", NULL, "more_than"},
        {"1,000 sq ft (92.9 m2)", "92.9"},
        {"$1,040 HOA; Walker's paradise", NULL},
        {"Very walkable", NULL},
        {"12 km", NULL},
        {"3 rooms", NULL},
        {"3 rooms, 2 baths", NULL},
        {"450 m² + 30 m² terrace", NULL, .issue = "ambiguous"},
        {"5 Marla", NULL},
        {"70 m2, 12 m2", NULL, .issue = "ambiguous"},
        {"1056 1200", NULL, .issue = "ambiguous"},
        {"1,23 sq ft", NULL},
        {"1/2 acre", NULL},
        {"1½ acres", NULL},
        {"10 x 20 m2", NULL},
        {"10 × 20 m2", NULL},
        {"2BHK 1,000 sqft", "92.9"},
    };
    const struct coerce_setup setup = {
        .groups = {','}, .digits = -1, .unit = unit("m2"), .assume = unit("sqft")};

    CHECK_CASES("area", &setup, cases);
}

static void test_distance(void)
{
    static const struct quantity_case english[] = {
        {"51,000 mi.", "82077"},
        {"136,397 mi.", "219510"},
        {"952 mi.", "1532"},
        {"186005 km", "186005"},
        {"150,000km", "150000"},
        {"1,30,000 kms", "130000"},
        {"0 km", "0"},
        {"777777777 km", "777777777"},
        {"85k miles", "136794"},
        {"120 thousand km", "120000"},
        {"5.0 km", "5"},
        {"12", "12"},
        {"150,000 km (93,206 mi)", "150000"},
        {"approx. 45,000 KM", "45000"},
        {"Less than 5,000 miles", "8047", NULL, "less_than"},
        {"17.3 km/kg", NULL},
        {"120 km/h", NULL},
        {"Petrol", NULL},
        {"1 owner", NULL},
        {"5 ft 10 in", NULL, .issue = "ambiguous"},
        {"242 600 km", NULL}, /* as a blank is no group sign here */
    };
    static const struct quantity_case dots[] = {
        {"155.000 - 160.000", "155000", "160000"},
        {"0 - 5.000", "0", "5000"},
        {">300.000", "300000", NULL, "more_than"},
        {"< 5.000 km", "5000", NULL, "less_than"},
        {"242 600 km", "242600"},
        {"242\u202f600 km", "242600"},
        {"10 km", "10"},
        {"2 - 2 km", "2", "2"},
    };
    const struct coerce_setup setup = {
        .groups = {','}, .digits = -1, .unit = unit("km"), .is_integral = true};
    const struct coerce_setup dotted = {
        .decimal = ',', .groups = {'.', ' '}, .digits = -1, .unit = unit("km")};

    CHECK_CASES("distance", &setup, english);
    CHECK_CASES("distance", &dotted, dots);
}

static void test_power_and_volume_of_engines(void)
{
    static const struct quantity_case powers[] = {
        {"300.0HP 3.7L V6 Cylinder Engine Flex Fuel Capability", "223.7"},
        {"534.0HP Electric Motor Electric Fuel System", "398.2"},
        {"178 KM", "130.9"},
        {"75 KM", "55.2"},
        {"136 KM", "100"},
        {"110 kW (150 PS)", "110"},
        {"1.6 L / 132 a.g. / Benzin", "97.1"},
        {"150 л.с.", "110.3"},
        {"74 bhp", "55.2"},
        {"158", "116.2"},
        {"5.2L V12 48V GDI DOHC Twin Turbo", NULL},
        {"2.4 Liter", NULL},
        {"–", NULL},
        {"110 kW (300 PS)", NULL, .issue = "ambiguous"},
    };
    static const struct quantity_case volumes[] = {
        {"300.0HP 3.7L V6 Cylinder Engine Flex Fuel Capability", "3700"},
        {"2.0L I4 16V GDI DOHC Turbo", "2000"},
        {"3.5 Liter DOHC", "3500"},
        {"6.7L Straight 6 Cylinder Engine Diesel Fuel", "6700"},
        {"3 960 cm3", "3960"},
        {"999 cm3", "999"},
        {"1248 CC", "1248"},
        {"1 332 см³", "1332"},
        {"3.5", "3500"},
        {"534.0HP Electric Motor Electric Fuel System", NULL},
        {"Electric", NULL},
        {"brak danych", NULL},
    };
    const struct coerce_setup power = {.digits = -1, .unit = unit("kW"), .assume = unit("PS")};
    const struct coerce_setup volume = {
        .digits = -1, .groups = {' '}, .unit = unit("cm3"), .assume = unit("l")};

    CHECK_CASES("power", &power, powers);
    CHECK_CASES("volume", &volume, volumes);
}

static void test_quantity_of_other_dimensions(void)
{
    static const struct {
        const char *word, *to, *text, *want, *unit;
    } cases[] = {
        {"quantity", "kWh/m2", "1 108 kWu/m2", "1108", "kWh/m2"},
        {"quantity", "kWh/m2", "179 kWu/m2", "179", "kWh/m2"},
        {"quantity", NULL, "179 kWu/m2", "179", "kWh/m2"},
        {"quantity", NULL, "12 Sq. Yards", "12", "sqyd"},
        {"torque", "Nm", "190Nm@ 2000rpm", "190", "Nm"},
        {"torque", "Nm", "22.4 kgm at 1750-2750rpm", "219.7", "kgm"},
        {"consumption", "km/l", "23.4 kmpl", "23.4", "km/l"},
        {"consumption", "km/l", "5,9 l / 100 km", NULL, NULL},
        {"consumption", "km/l", "5.9 l / 100 km", "16.95", "l/100km"},
        {"mass", "kg", "3,300 lbs", NULL, NULL},
        {"mass", "kg", "3 300 lbs", "1496.9", "lb"},
        {"mass", "kg", "1.4 t", "1400", "t"},
        {"speed", "km/h", "120 mph", "193.1", "mph"},
        {"energy", "kWh", "36 MJ", "10", "MJ"},
    };
    bool good;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct coerce_setup setup = {.groups = {' '}, .digits = -1};
        setup.unit = cases[i].to ? unit(cases[i].to) : NULL;
        setup.digits = str_is(str_of(cases[i].word), "mass") ? 1 : -1;
        if (cases[i].want) {
            check_taken(cases[i].word, &setup, TAKE_VALUE, cases[i].text, cases[i].want);
            check_taken(cases[i].word, &setup, TAKE_UNIT, cases[i].text, cases[i].unit);
        } else {
            take(cases[i].word, &setup, TAKE_VALUE, cases[i].text, &good);
            CHECK(!good);
        }
    }
    arena_free(&arena);
}

static void test_quantity_in_declared_units(void)
{
    static const struct quantity_case cases[] = {
        {"1Grounds", "200"}, {"5 marla", "104.52"}, {"2 Marlas", "41.81"}, {"10 m2", "10"}};
    struct unit units[2];
    struct coerce_setup setup = {
        .digits = -1, .unit = unit("m2"), .units = units, .unit_count = 2};

    CHECK(unit_declare(&arena, STR("ground"), STR("200"), unit("m2"), &units[0]));
    CHECK(unit_declare(&arena, STR("marla"), STR("225"), unit("sqft"), &units[1]));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_taken("area", &setup, TAKE_VALUE, cases[i].text, cases[i].want);
    arena_free(&arena);
}

int main(void)
{
    RUN(test_area);
    RUN(test_distance);
    RUN(test_power_and_volume_of_engines);
    RUN(test_quantity_of_other_dimensions);
    RUN(test_quantity_in_declared_units);
    return check_done();
}
