#pragma once
/* What the settings of split and the hashes of its jobs call formats, encodings and delimiters.
 * For split only. */
#include "common/data/json_cut.h"
#include "common/data/rows.h"

const char *split_format_word(enum rows_format format);
enum rows_format split_format_of(str word); /* a job of an older build does not say: CSV */

bool split_is_delimiter(str word, char *c); /* one character, or `tab` */

/* Is it one of split's own words, or an encoding that can be read? */
bool split_is_encoding(str word) MUST_CHECK;
/* Cells are read as they stand in the file; in any other encoding it is read as UTF-8. */
bool split_is_plain(str encoding) MUST_CHECK;
enum rows_encoding split_encoding_of(str word); /* of what cells are read from */
