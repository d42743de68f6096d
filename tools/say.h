#pragma once
/* What a command prints, piece by piece: goes out as it grows, so that it may be of any length.
 * Trouble is kept until say_end(). */
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/error.h"

struct say {
    FILE *to;
    struct buf out;
    bool has_colour, is_broken;
};
/* Colours only where `to` is a terminal that has them. */
void say_begin(struct say *s, FILE *to);
/* ERR_SYSTEM: somebody who read it went away, or a piece was over 64 MiB. Frees it all. */
int say_end(struct say *s, struct error *err) MUST_CHECK;

void say(struct say *s, const char *fmt, ...) PRINTF(2, 3);
void say_text(struct say *s, str text);   /* bytes, as they are */
void say_quoted(struct say *s, str text); /* as a JSON string */
void say_seen(struct say *s, str text);   /* as a person may see it: no bytes that steer */

enum say_colour { SAY_PLAIN, SAY_RED = 31, SAY_GREEN = 32, SAY_YELLOW = 33 };
void say_in(struct say *s, enum say_colour colour, const char *text);
