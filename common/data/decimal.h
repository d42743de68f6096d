#pragma once
/* Exact arithmetic on decimal digits, as far as units and multipliers need it: no binary
 * fraction is ever near. Numbers of a cell are at most 1000 bytes; factors are ours, or
 * declared. */
#include "common/base/arena.h"
#include "common/base/str.h"

enum {
    DECIMAL_DIGITS_MAX = 1200,
    DECIMAL_FACTOR_DIGITS = 18, /* so that a factor and a carry fit into 64 bits */
};
struct decimal { /* digits / 10^scale, the last digit first; n is 0 for zero */
    uint32_t n, scale;
    bool is_negative;
    uint8_t digits[DECIMAL_DIGITS_MAX];
};

/* A number above zero, without a sign, with at most 18 digits from its first that is not 0. */
bool decimal_is_factor(str s);

/* All of these return false when the result has more than DECIMAL_DIGITS_MAX digits, and leave
 * `d` in no state to be used. `by` is a factor, see above. */
bool decimal_read(struct decimal *d, str s) MUST_CHECK; /* also false: not -?digits[.digits] */
bool decimal_multiply(struct decimal *d, str by) MUST_CHECK;
/* Rounded half up (away from zero) to `digits` decimals. */
bool decimal_divide(struct decimal *d, str by, uint32_t digits) MUST_CHECK;

void decimal_round(struct decimal *d, uint32_t digits); /* half up (away from zero) */
/* As JSON has numbers, without zeros at the end of a fraction. */
str decimal_write(const struct decimal *d, struct arena *a) MUST_CHECK;

/* Of numbers as JSON has them, without exponents: <0, 0, >0. */
int decimal_compare(str x, str y);
double decimal_about(str s); /* to some 15 digits: to compare sizes, never to be written */
