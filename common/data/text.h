#pragma once
/* Foreign text: byte order marks, UTF-8, windows-1252, and the folding that header names go
 * through. Pure functions. */
#include "common/base/arena.h"
#include "common/base/str.h"

bool text_is_utf8(str s); /* strict: no overlong forms, surrogates, or beyond U+10FFFF */
bool text_is_ascii(str s);
unsigned text_utf8_length(str s); /* of the sequence at its front; 0: it is not valid */
char *text_put(char *out, uint32_t point); /* as UTF-8, at most 4 bytes; returns the end */
str text_skip_bom(str s);                  /* without a leading UTF-8 byte order mark */

uint32_t text_point_1252(unsigned char c); /* the code point of one byte */
/* Bytes 0x80..0x9f by the WHATWG table of windows-1252 (undefined ones map to C1), others as
 * Latin-1, to UTF-8 in the arena. */
str text_from_1252(struct arena *a, str s) MUST_CHECK;

/* The small letter of one: Latin with its accents, Greek, Cyrillic; anything else stays. */
uint32_t text_small(uint32_t point);

/* For comparing names: outer blanks and a BOM off, letters small, runs of blank, '_', '-', '.'
 * to one '_'. Bytes that are no UTF-8 stay. */
str text_fold(struct arena *a, str s) MUST_CHECK;
