#pragma once
/* The digits of one number inside a text, by declared signs: "8.700.000.000 ..." */
#include "common/data/coerce.h"

size_t quantity_digits_at(const char *p, const char *end); /* how many there are in a row */

/* `*p` stands at a digit, or at a decimal sign before one, and then behind the number. Returns
 * its digits as JSON has them, in `a`. `*wrong` is set when its signs do not fit, and
 * `*is_ambiguous` when that is because 12.990 has two meanings and nobody declared which. */
str quantity_digits(const struct coerce_setup *setup, struct arena *a, const char **p,
                    const char *end, const char **wrong, bool *is_ambiguous);
