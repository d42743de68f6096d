#pragma once
/* Regular expressions of the pipeline file: POSIX extended with \d \w \s \b (?: ) (?i), on
 * UTF-8, in time linear in the text (an engine without backtracking). Owner of libtre. */
#include "common/base/arena.h"
#include "common/base/str.h"

enum {
    PATTERN_TEXT_MAX = 4096, /* bytes of a text that are looked at */
    PATTERN_GROUPS_MAX = 9,
};
struct pattern;

/* NULL: `why` is a sentence in `a`. To be freed with pattern_free(). */
struct pattern *pattern_new(struct arena *a, str source, str *why) MUST_CHECK;
void pattern_free(struct pattern *p); /* NULL is fine */
uint32_t pattern_groups(const struct pattern *p);

/* Is it found in `text` (UTF-8)? What its first `n` groups caught goes to `groups`, borrowed
 * from the text; empty when a group took no part. `n` may be 0. Nothing is allocated on the
 * heap. */
bool pattern_find(const struct pattern *p, str text, str *groups, uint32_t n);
