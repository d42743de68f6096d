#pragma once
/* How telephone numbers are made, country by country. */
#include "common/base/str.h"

struct phone_plan {
    char country[3];     /* ISO 3166-1 alpha-2 */
    char code[4];        /* that the country is called with */
    char trunk[3];       /* stands before a national number, and not in it; or empty */
    uint8_t least, most; /* digits of a national number */
    bool is_bare;        /* national numbers are also written without the trunk prefix */
};
const struct phone_plan *phone_plan_of(str country); /* NULL: not in the table */
/* The first whose code `digits` begins with; codes do not begin with each other. */
const struct phone_plan *phone_plan_called(str digits);
