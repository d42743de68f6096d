#pragma once
/* Where values of a JSON text end and where an array in it begins, in text that may break off
 * anywhere. Private to the cutters of JSON. */
#include "common/base/arena.h"
#include "common/base/str.h"

struct json_nesting { /* zeroed: at the first byte of a value */
    uint32_t depth;
    bool is_begun, is_string, is_escaped;
};
/* Where the value ends: behind its last byte, in this piece. NULL: not in it, go on with the
 * next; a number or word also ends with the file. Nothing is checked. */
const char *json_nesting_end(struct json_nesting *n, str piece) MUST_CHECK;

enum json_found {
    JSON_FOUND,       /* `*at` is behind the bracket of the array */
    JSON_FOUND_ONE,   /* there is none: the value at `*at` is the one record */
    JSON_FOUND_MORE,  /* more of the text is needed */
    JSON_FOUND_EMPTY, /* nothing but blanks */
    JSON_FOUND_BAD,
};
/* The array that `pointer` names, or `auto` (json_cut.h). */
enum json_found json_find_array(str text, bool is_last, str pointer, struct arena *a,
                                size_t *at) MUST_CHECK;
/* Does `rest`, from the closing bracket of that array on, end the text well? */
bool json_closes(str rest, str pointer, struct arena *a) MUST_CHECK;
