#pragma once
/* Units: what they measure, how many of the base unit of that they are, and how they are
 * spelled. KM is horsepower where power is wanted and kilometres where a distance is. */
#include "common/base/arena.h"
#include "common/base/str.h"

enum dimension {
    DIMENSION_ANY, /* for a wish: none in particular */
    DIMENSION_AREA,
    DIMENSION_DISTANCE,
    DIMENSION_POWER,
    DIMENSION_VOLUME,
    DIMENSION_MASS,
    DIMENSION_SPEED,
    DIMENSION_ENERGY,
    DIMENSION_ENERGY_PER_AREA,
    DIMENSION_TORQUE,
    DIMENSION_CONSUMPTION,
    DIMENSION_RATIO,
    DIMENSION_ROTATION,
    DIMENSION_COUNT,
};
struct unit {
    const char *name;   /* as `take: unit` writes it */
    const char *factor; /* of the base unit, decimal; with `per`, a fraction */
    const char *per;    /* NULL: 1 */
    enum dimension dimension;
    uint8_t digits;  /* decimals of a converted number when nobody says how many */
    bool is_inverse; /* l/100km: base = factor / number */
};

const char *dimension_name(enum dimension d); /* "area" */
/* By a key (words.h): of the wanted dimension when it is spelled so, else any; NULL: no such.
 */
const struct unit *unit_find(str key, enum dimension wanted);
bool unit_starts(str front); /* is there a key that begins so? */
/* By a word of a pipeline file: its name or a spelling. */
const struct unit *unit_named(str word, enum dimension wanted);

/* A unit of the pipeline file: `name` is `factor` times `of`. False: the factor is none, or the
 * product has more than 18 digits. Its texts are in `a`. */
bool unit_declare(struct arena *a, str name, str factor, const struct unit *of,
                  struct unit *out) MUST_CHECK;

/* A number (JSON, no exponent) of unit `from` in `to`, which are of one dimension; rounded half
 * up to `digits` decimals, negative: those of `to`. False: too long, or a division by zero. */
bool unit_convert(struct arena *a, str number, const struct unit *from, const struct unit *to,
                  int digits, str *result) MUST_CHECK;

bool unit_words_are_sorted(void); /* for the test */
