#pragma once
/* JSON without trees: check a text once where it enters, then scan, find, quote and unquote in
 * place. All but json_check() take text that was checked (or that we wrote) and stay inside the
 * bytes given whatever they hold. Numbers stay digits, unknown members stay bytes. */
#include "common/base/arena.h"
#include "common/base/str.h"

enum json_type {
    JSON_INVALID,
    JSON_NULL,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};
struct json_limits {       /* 0: the default in brackets */
    uint32_t depth;        /* nesting (64), at most 1024 */
    uint32_t number_bytes; /* longest number (1024) */
    uint32_t members;      /* of one object or items of one array (4096) */
};

/* Full check of RFC 8259, strict UTF-8, no lone surrogates, one value and nothing but blanks
 * around it. Returns NULL when good, else a static text that says what is wrong, and its
 * offset. `limits` and `at` may be NULL. */
const char *json_check(str text, const struct json_limits *limits, size_t *at) MUST_CHECK;

/* What may stand between values: fewer than in plain text. */
static inline bool json_is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline const char *json_skip_blanks(const char *p, const char *end)
{
    while (p < end && (unsigned char)*p <= ' ' &&
           json_is_blank(*p)) /* the first test is quick */
        p++;
    return p;
}

enum json_type json_type(str value); /* by its first byte */
str json_skip(str *rest); /* cut one value off the front, with blanks before it; empty
                           * at the end or at a closing bracket */
/* Members of an object, items of an array: `rest` begins as the whole value, blanks around it
 * allowed. `name` is the raw text between the quotes, escapes not decoded. */
bool json_open(str value, str *rest);
bool json_next_member(str *rest, str *name, str *value);
bool json_next_item(str *rest, str *value);
/* Many items at once: strings with nothing but a comma between them, at most `max`. Returns
 * their number. `is_plain` turns false when one holds more than printable ASCII without
 * escapes: as long as it stands, the strings are good even in a text that nobody checked. */
uint32_t json_next_strings(str *rest, str *values, uint32_t max, bool *is_plain);

/* The member called `name` (decoded text, UTF-8); the last one when it stands twice, as most
 * readers do. `value` is its raw text. */
bool json_find(str object, str name, str *value) MUST_CHECK;
/* RFC 6901: "" is the whole, "/results/0/lat". */
bool json_pointer(str value, str pointer, str *found) MUST_CHECK;

/* Write `text` as a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD. At most
 * JSON_QUOTED_MAX(n) bytes are written; returns the end. */
#define JSON_QUOTED_MAX(n) ((n)*6 + 2)
char *json_quote(char *out, str text);
char *json_escape(char *out, str text);      /* without the quotes: a part of a string */
char *json_escape_utf8(char *out, str text); /* the same, of what is known to be UTF-8 */
str json_quoted(struct arena *a, str text) MUST_CHECK; /* the same, in the arena */

/* Decode a JSON string (with its quotes). Without escapes the bytes are borrowed, else they
 * stand in the arena. "\u0000" becomes a NUL byte. False when it is no string. */
bool json_unquote(struct arena *a, str quoted, str *text) MUST_CHECK;
/* The text a person would see: strings unquoted, anything else as written. */
str json_text(struct arena *a, str value) MUST_CHECK;
