#pragma once
/* A cutter for files that are not in UTF-8: another one's, which reads the text as UTF-8, with
 * the offsets of the file's own bytes. UTF-16 by hand, all else by iconv. */
#include "common/data/cutter.h"

struct recode; /* an encoding that can be read, made once a file */

/* NULL: iconv does not know it, or it has states (ISO-2022-JP), so that nobody can begin in the
 * middle. The name as iconv has it, or utf-16, utf-16le, utf-16be; `utf-16` is little-endian.
 */
struct recode *recode_new(str encoding) MUST_CHECK;
void recode_free(struct recode *r); /* also NULL */

/* Takes both `inner`, which begins at `offset` too, and `how`, for its own. */
struct cutter recode_cutter(struct recode *how, struct cutter inner,
                            uint64_t offset) MUST_CHECK;

/* The text of the first bytes of a file, in `a`; `*sizes` has for each byte of it how many
 * bytes of the file it stands for. */
str recode_text(struct recode *r, struct arena *a, str bytes, const uint8_t **sizes) MUST_CHECK;
