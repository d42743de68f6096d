#pragma once
/* A `str` borrows bytes that someone else owns: two words, passed by value, never freed, not
 * NUL-terminated. Whoever hands one out says how long its bytes live. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/base.h"

typedef struct str {
    const char *p; /* may be NULL only when n == 0 */
    size_t n;
} str;

#define STR(literal) ((str){(literal), sizeof(literal) - 1})
#define STR_NONE     ((str){NULL, 0})
#define STR_FMT      "%.*s"
/* For printf with STR_FMT; only for bytes known to be printable. */
#define STR_ARG(s)   (int)(s).n, (s).p

/* Where `s` ends; NULL stays NULL, to which nothing may be added. */
static inline const char *str_end(str s)
{
    return s.n ? s.p + s.n : s.p;
}

static inline str str_between(const char *from, const char *to)
{
    return (str){from, (size_t)(to - from)};
}

static inline str str_of(const char *s) /* NULL gives an empty str */
{
    return (str){s, s ? strlen(s) : 0};
}

static inline bool str_equal(str a, str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is(str a, const char *literal)
{
    return str_equal(a, str_of(literal));
}

bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);
int str_compare(str a, str b); /* bytewise; <0, 0, >0 */

str str_trim_blanks(str s); /* str_trim() of what has some */

/* Without outer ASCII blanks: most texts have none. */
static inline str str_trim(str s)
{
    bool has_blanks = s.n && (ascii_is_blank(s.p[0]) || ascii_is_blank(s.p[s.n - 1]));

    return has_blanks ? str_trim_blanks(s) : s;
}

/* Cut `*rest` at the first `sep`: returns what stood before it and leaves what stands behind.
 * Without a `sep` all of it is returned and `*rest` becomes empty with p == NULL. */
str str_cut(str *rest, char sep);

/* Whole decimal text to a number; false on anything else, overflow included. No blanks. */
bool str_to_u64(str s, uint64_t *value) MUST_CHECK;
bool str_to_i64(str s, int64_t *value) MUST_CHECK; /* an optional leading minus */

int str_hex_digit(char c); /* 0..15, of either case; -1: it is none */

/* Decimal digits of `v` at `out`, at most 20, no NUL. Returns the end. */
char *str_write_u64(char *out, uint64_t v);

/* Code points of UTF-8: the bytes that do not continue one. */
size_t str_code_points(str s);

/* Edit distance (insert, delete, replace, swap neighbours), stopped at `limit`: then `limit`.
 */
unsigned str_distance(str a, str b, unsigned limit);
