#pragma once
/* The parts of clean_text(). Private to clean*.c. */
#include "common/base/str.h"

/* Without tags, comments, scripts and styles, entities decoded, to `out`, which has room for as
 * many bytes. Returns the end. */
char *clean_html(char *out, str text);
/* The code point that a name (of HTML 4, and `apos`) stands for; 0: none. */
uint32_t clean_entity(str name);

enum clean_tag {
    TAG_UNKNOWN, /* no element of HTML */
    TAG_INLINE,
    TAG_BLOCK, /* words do not run across it */
    TAG_RAW,   /* what is in it is no text for people */
};
enum clean_tag clean_tag(str name); /* in letters of either case */
