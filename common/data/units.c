#include "common/data/units.h"

#include <assert.h>

#include "common/data/decimal.h"
#include "common/data/units_words.h"

/* Factors are exact where a treaty or a law says so (mile, acre, lb, gallon, metric
 * horsepower); mechanical horsepower is rounded to nine digits. Units that mean several things
 * (ton, bigha, marla, gal, mpg) are not here: a pipeline declares what it means by them. */
static const struct unit units[] = {
    [UNIT_M2] = {"m2", "1", NULL, DIMENSION_AREA, 2, false},
    [UNIT_SQFT] = {"sqft", "0.09290304", NULL, DIMENSION_AREA, 2, false},
    [UNIT_SQYD] = {"sqyd", "0.83612736", NULL, DIMENSION_AREA, 2, false},
    [UNIT_SQIN] = {"sqin", "0.00064516", NULL, DIMENSION_AREA, 4, false},
    [UNIT_ACRE] = {"acre", "4046.8564224", NULL, DIMENSION_AREA, 2, false},
    [UNIT_HA] = {"ha", "10000", NULL, DIMENSION_AREA, 4, false},
    [UNIT_ARE] = {"are", "100", NULL, DIMENSION_AREA, 2, false},
    [UNIT_KM2] = {"km2", "1000000", NULL, DIMENSION_AREA, 6, false},
    [UNIT_SQMI] = {"sqmi", "2589988.110336", NULL, DIMENSION_AREA, 6, false},
    [UNIT_CENT] = {"cent", "40.468564224", NULL, DIMENSION_AREA, 2, false},
    [UNIT_GUNTHA] = {"guntha", "101.17141056", NULL, DIMENSION_AREA, 2, false},
    [UNIT_GROUND] = {"ground", "222.967296", NULL, DIMENSION_AREA, 2, false},
    [UNIT_PERCH] = {"perch", "25.29285264", NULL, DIMENSION_AREA, 2, false},
    [UNIT_DUNAM] = {"dunam", "1000", NULL, DIMENSION_AREA, 2, false},
    [UNIT_RAI] = {"rai", "1600", NULL, DIMENSION_AREA, 2, false},
    [UNIT_TSUBO] = {"tsubo", "400", "121", DIMENSION_AREA, 2, false},
    [UNIT_M] = {"m", "1", NULL, DIMENSION_DISTANCE, 2, false},
    [UNIT_KM] = {"km", "1000", NULL, DIMENSION_DISTANCE, 3, false},
    [UNIT_MI] = {"mi", "1609.344", NULL, DIMENSION_DISTANCE, 3, false},
    [UNIT_FT] = {"ft", "0.3048", NULL, DIMENSION_DISTANCE, 2, false},
    [UNIT_YD] = {"yd", "0.9144", NULL, DIMENSION_DISTANCE, 2, false},
    [UNIT_INCH] = {"in", "0.0254", NULL, DIMENSION_DISTANCE, 2, false},
    [UNIT_CM] = {"cm", "0.01", NULL, DIMENSION_DISTANCE, 1, false},
    [UNIT_MM] = {"mm", "0.001", NULL, DIMENSION_DISTANCE, 0, false},
    [UNIT_NMI] = {"nmi", "1852", NULL, DIMENSION_DISTANCE, 3, false},
    [UNIT_KW] = {"kW", "1", NULL, DIMENSION_POWER, 1, false},
    [UNIT_W] = {"W", "0.001", NULL, DIMENSION_POWER, 0, false},
    [UNIT_MW] = {"MW", "1000", NULL, DIMENSION_POWER, 4, false},
    [UNIT_HP] = {"hp", "0.745699872", NULL, DIMENSION_POWER, 1, false},
    [UNIT_PS] = {"PS", "0.73549875", NULL, DIMENSION_POWER, 1, false},
    [UNIT_L] = {"l", "1", NULL, DIMENSION_VOLUME, 3, false},
    [UNIT_ML] = {"ml", "0.001", NULL, DIMENSION_VOLUME, 0, false},
    [UNIT_CL] = {"cl", "0.01", NULL, DIMENSION_VOLUME, 1, false},
    [UNIT_CM3] = {"cm3", "0.001", NULL, DIMENSION_VOLUME, 0, false},
    [UNIT_M3] = {"m3", "1000", NULL, DIMENSION_VOLUME, 3, false},
    [UNIT_CUIN] = {"cuin", "0.016387064", NULL, DIMENSION_VOLUME, 1, false},
    [UNIT_CUFT] = {"cuft", "28.316846592", NULL, DIMENSION_VOLUME, 2, false},
    [UNIT_GALUS] = {"US gal", "3.785411784", NULL, DIMENSION_VOLUME, 2, false},
    [UNIT_GALUK] = {"imp gal", "4.54609", NULL, DIMENSION_VOLUME, 2, false},
    [UNIT_KG] = {"kg", "1", NULL, DIMENSION_MASS, 2, false},
    [UNIT_G] = {"g", "0.001", NULL, DIMENSION_MASS, 0, false},
    [UNIT_T] = {"t", "1000", NULL, DIMENSION_MASS, 3, false},
    [UNIT_LB] = {"lb", "0.45359237", NULL, DIMENSION_MASS, 1, false},
    [UNIT_OZ] = {"oz", "0.028349523125", NULL, DIMENSION_MASS, 1, false},
    [UNIT_STONE] = {"stone", "6.35029318", NULL, DIMENSION_MASS, 1, false},
    [UNIT_KMH] = {"km/h", "1", NULL, DIMENSION_SPEED, 1, false},
    [UNIT_MPH] = {"mph", "1.609344", NULL, DIMENSION_SPEED, 1, false},
    [UNIT_MS] = {"m/s", "3.6", NULL, DIMENSION_SPEED, 2, false},
    [UNIT_KNOT] = {"kn", "1.852", NULL, DIMENSION_SPEED, 1, false},
    [UNIT_KWH] = {"kWh", "1", NULL, DIMENSION_ENERGY, 2, false},
    [UNIT_WH] = {"Wh", "0.001", NULL, DIMENSION_ENERGY, 0, false},
    [UNIT_MWH] = {"MWh", "1000", NULL, DIMENSION_ENERGY, 5, false},
    [UNIT_MJ] = {"MJ", "1", "3.6", DIMENSION_ENERGY, 1, false},
    [UNIT_KJ] = {"kJ", "0.001", "3.6", DIMENSION_ENERGY, 0, false},
    [UNIT_KCAL] = {"kcal", "0.001163", NULL, DIMENSION_ENERGY, 1, false},
    [UNIT_KWHM2] = {"kWh/m2", "1", NULL, DIMENSION_ENERGY_PER_AREA, 1, false},
    [UNIT_MJM2] = {"MJ/m2", "1", "3.6", DIMENSION_ENERGY_PER_AREA, 1, false},
    [UNIT_NM] = {"Nm", "1", NULL, DIMENSION_TORQUE, 1, false},
    [UNIT_KGM] = {"kgm", "9.80665", NULL, DIMENSION_TORQUE, 2, false},
    [UNIT_LBFT] = {"lb ft", "1.3558179483314004", NULL, DIMENSION_TORQUE, 1, false},
    [UNIT_KML] = {"km/l", "1", NULL, DIMENSION_CONSUMPTION, 2, false},
    [UNIT_MPGUS] = {"US mpg", "1.609344", "3.785411784", DIMENSION_CONSUMPTION, 1, false},
    [UNIT_MPGUK] = {"UK mpg", "1.609344", "4.54609", DIMENSION_CONSUMPTION, 1, false},
    [UNIT_L100] = {"l/100km", "100", NULL, DIMENSION_CONSUMPTION, 1, true},
    [UNIT_PERCENT] = {"%", "0.01", NULL, DIMENSION_RATIO, 4, false},
    [UNIT_PERMILLE] = {"‰", "0.001", NULL, DIMENSION_RATIO, 5, false},
    [UNIT_ONE] = {"1", "1", NULL, DIMENSION_RATIO, 6, false},
    [UNIT_RPM] = {"rpm", "1", NULL, DIMENSION_ROTATION, 0, false},
};

static const char *const dimension_names[DIMENSION_COUNT] = {
    [DIMENSION_ANY] = "quantity",
    [DIMENSION_AREA] = "area",
    [DIMENSION_DISTANCE] = "distance",
    [DIMENSION_POWER] = "power",
    [DIMENSION_VOLUME] = "volume",
    [DIMENSION_MASS] = "mass",
    [DIMENSION_SPEED] = "speed",
    [DIMENSION_ENERGY] = "energy",
    [DIMENSION_ENERGY_PER_AREA] = "energy per area",
    [DIMENSION_TORQUE] = "torque",
    [DIMENSION_CONSUMPTION] = "consumption",
    [DIMENSION_RATIO] = "ratio",
    [DIMENSION_ROTATION] = "rotation",
};

const char *dimension_name(enum dimension d)
{
    return dimension_names[d];
}

const struct unit *unit_find(str key, enum dimension wanted)
{
    const struct word *first = word_find(unit_words, unit_word_count, key);

    if (!first)
        return NULL;
    for (const struct word *w = first; w < unit_words + unit_word_count && str_is(key, w->key);
         w++)
        if (units[w->value].dimension == wanted)
            return &units[w->value];
    return &units[first->value];
}

bool unit_starts(str front)
{
    return word_starts(unit_words, unit_word_count, front);
}

const struct unit *unit_named(str word, enum dimension wanted)
{
    struct word_keys k;

    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (str_is(word, units[i].name) &&
            (wanted == DIMENSION_ANY || units[i].dimension == wanted))
            return &units[i];
    word_keys(word, WORD_WORDS_MAX, &k);
    if (!k.count || k.ends[k.count - 1].at != str_end(word))
        return NULL;
    return unit_find((str){k.key, k.ends[k.count - 1].n}, wanted);
}

bool unit_words_are_sorted(void)
{
    return word_is_sorted(unit_words, unit_word_count);
}

static bool multiply(struct decimal *d, const char *by)
{
    return !by || decimal_multiply(d, str_of(by));
}

/* x times y, both factors, as a factor again. */
static bool product(struct arena *a, const char *x, const char *y, str *result)
{
    struct decimal d;

    if (!y) {
        *result = str_of(x);
        return true;
    }
    if (!decimal_read(&d, str_of(x)) || !decimal_multiply(&d, str_of(y)))
        return false;
    *result = decimal_write(&d, a);
    return decimal_is_factor(*result);
}

bool unit_declare(struct arena *a, str name, str factor, const struct unit *of,
                  struct unit *out)
{
    str text = arena_copy(a, factor), all;

    if (!decimal_is_factor(text) || of->is_inverse || !product(a, text.p, of->factor, &all))
        return false;
    *out = (struct unit){.name = arena_copy(a, name).p,
                         .factor = arena_copy(a, all).p,
                         .per = of->per,
                         .dimension = of->dimension,
                         .digits = of->digits};
    return true;
}

/* l/100km to km/l and back: a constant over the number. */
static bool convert_inverse(struct arena *a, struct decimal *d, const struct unit *from,
                            const struct unit *to, uint32_t digits)
{
    const struct unit *inverse = from->is_inverse ? from : to;
    const struct unit *other = from->is_inverse ? to : from;

    if (d->is_negative || !multiply(d, other->factor))
        return false;
    str divisor = decimal_write(d, a);
    return decimal_is_factor(divisor) && decimal_read(d, str_of(inverse->factor)) &&
           multiply(d, other->per) && decimal_divide(d, divisor, digits);
}

static bool convert(struct arena *a, struct decimal *d, const struct unit *from,
                    const struct unit *to, uint32_t digits)
{
    str divisor;

    if (from->is_inverse != to->is_inverse)
        return convert_inverse(a, d, from, to, digits);
    if (!multiply(d, from->factor) || !multiply(d, to->per))
        return false;
    return product(a, to->factor, from->per, &divisor) && decimal_divide(d, divisor, digits);
}

bool unit_convert(struct arena *a, str number, const struct unit *from, const struct unit *to,
                  int digits, str *result)
{
    struct decimal d;

    assert(from->dimension == to->dimension);
    if (!decimal_read(&d, number) ||
        !convert(a, &d, from, to, digits < 0 ? to->digits : (uint32_t)digits))
        return false;
    *result = decimal_write(&d, a);
    return true;
}
