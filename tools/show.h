#pragma once
/* Numbers as people read them on a terminal. */
#include "common/base/base.h"
#include "common/base/str.h"

struct show { /* returned by value: show_count(n).text lives as long as the expression's block
               */
    char text[32];
};
struct show show_digits(uint64_t n); /* 46,524 */
struct show show_count(uint64_t n);  /* 999 84.0k 1.21M */
struct show show_bytes(uint64_t n);  /* 512 B, 118 MiB */
struct show show_age(uint64_t ms);   /* 4.1s 5m02s 2h14m 3d04h */
struct show show_clock(uint64_t s);  /* 0:14 1:02:03 */

bool show_is_terminal(int fd); /* and one that can move its cursor */
bool show_has_colour(int fd);  /* a terminal, and NO_COLOR is not set */
uint32_t show_width(int fd);   /* columns; 80 when unknown */
