#pragma once
/* What the files of json.h share: scans for the bytes that matter, sixteen at a time where the
 * machine can. Private to them. */
#ifdef __SSE2__
    #include <emmintrin.h>
#endif

#include "common/data/json.h"

/* Which bytes a scan stops at. */
enum json_scan {
    SCAN_STRING,  /* quote, backslash: the rest of a string means itself */
    SCAN_ESCAPED, /* these and control characters */
    SCAN_SPECIAL, /* these and all beyond ASCII */
    SCAN_NESTING, /* quote and brackets */
};

static inline bool json_is_hit(char c, enum json_scan what)
{
    if (what == SCAN_NESTING)
        return c == '"' || (c | 0x20) == '{' || (c | 0x20) == '}'; /* [ and ] too */
    return c == '"' || c == '\\' || (what == SCAN_SPECIAL && (signed char)c < 0x20) ||
           (what == SCAN_ESCAPED && (unsigned char)c < 0x20);
}

#ifdef __SSE2__
/* A bit for each of sixteen bytes. */
static inline unsigned json_hits(__m128i v, enum json_scan what)
{
    __m128i found = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));

    if (what == SCAN_NESTING) {
        v = _mm_or_si128(v, _mm_set1_epi8(0x20));
        found = _mm_or_si128(found, _mm_cmpeq_epi8(v, _mm_set1_epi8('{')));
        found = _mm_or_si128(found, _mm_cmpeq_epi8(v, _mm_set1_epi8('}')));
    } else {
        found = _mm_or_si128(found, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        if (what == SCAN_SPECIAL) /* signed: bytes from 0x80 on are below zero */
            found = _mm_or_si128(found, _mm_cmplt_epi8(v, _mm_set1_epi8(0x20)));
        if (what == SCAN_ESCAPED) /* unsigned */
            found =
                _mm_or_si128(found, _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v));
    }
    return (unsigned)_mm_movemask_epi8(found);
}
#endif

/* The first byte to stop at, or the end. */
static inline const char *json_scan(const char *p, const char *end, enum json_scan what)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        unsigned found = json_hits(_mm_loadu_si128((const __m128i *)(const void *)p), what);
        if (found)
            return p + __builtin_ctz(found);
    }
#endif
    while (p < end && !json_is_hit(*p, what))
        p++;
    return p;
}

/* From behind the opening quote to the closing one, or the end when there is none. */
static inline const char *json_find_quote(const char *p, const char *end, bool *has_escape)
{
    for (;;) {
        p = json_scan(p, end, SCAN_STRING);
        if (p == end || *p == '"')
            return p;
        *has_escape = true;
        p += end - p >= 2 ? 2 : 1;
    }
}

/* Decode an escape, or one plain byte, off the front of `*raw` (not empty). A lone surrogate
 * becomes U+FFFD. Returns the bytes written, at most 4; 0: a bad escape. */
unsigned json_take(str *raw, char out[4]) MUST_CHECK;
/* The code point of the escape at the front of `s`, and its length; a lone surrogate as it is;
 * -1: it is no escape. */
int32_t json_read_escape(str s, unsigned *length) MUST_CHECK;
