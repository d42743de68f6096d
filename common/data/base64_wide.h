#pragma once
/* The long middle of a text, 32 characters at a time, where the processor can. Private to
 * base64.c: what is left, and everything on other machines, goes through its tables. */
#include "common/base/str.h"

#if defined(__x86_64__)
    #include <immintrin.h>
    #define WIDE __attribute__((target("avx2")))

enum { WIDE_BYTES = 24, WIDE_TEXT = 32 };

static inline bool wide_is_here(void)
{
    return __builtin_cpu_supports("avx2");
}

/* `value` in the lanes where `n` is greater than `limit`. */
WIDE static inline __m256i where_above(__m256i n, char limit, char value)
{
    return _mm256_and_si256(_mm256_cmpgt_epi8(n, _mm256_set1_epi8(limit)),
                            _mm256_set1_epi8(value));
}

/* 0..63 to characters: from 'A' on, with a jump at the begin of each further range. */
WIDE static inline __m256i to_text(__m256i n)
{
    __m256i jumps = _mm256_add_epi8(
        _mm256_add_epi8(where_above(n, 25, 'a' - 'Z' - 1), where_above(n, 51, '0' - 'z' - 1)),
        _mm256_add_epi8(where_above(n, 61, '+' - '9' - 1), where_above(n, 62, '/' - '+' - 1)));

    return _mm256_add_epi8(_mm256_add_epi8(n, _mm256_set1_epi8('A')), jumps);
}

WIDE static inline __m256i bits(__m256i shifted, int mask)
{
    return _mm256_and_si256(shifted, _mm256_set1_epi32(mask));
}

/* Reads 28 bytes. */
WIDE static inline void wide_encode_step(char *out, const char *p)
{
    /* Each 32-bit lane gets three bytes as a number, the first one highest. */
    const __m256i spread =
        _mm256_setr_epi8(2, 1, 0, -1, 5, 4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1, 2, 1, 0, -1, 5,
                         4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1);
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(p + WIDE_BYTES / 2));
    __m256i x = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), spread);
    __m256i n = _mm256_or_si256(_mm256_or_si256(bits(_mm256_srli_epi32(x, 18), 0x3f),
                                                bits(_mm256_srli_epi32(x, 4), 0x3f00)),
                                _mm256_or_si256(bits(_mm256_slli_epi32(x, 10), 0x3f0000),
                                                bits(_mm256_slli_epi32(x, 24), 0x3f000000)));

    _mm256_storeu_si256((__m256i *)(void *)out, to_text(n));
}

/* Returns how many bytes, a multiple of 24, became text. */
WIDE static size_t wide_encode(char *out, str bytes)
{
    size_t n = 0;

    for (; bytes.n - n >= WIDE_BYTES + 4; n += WIDE_BYTES, out += WIDE_TEXT)
        wide_encode_step(out, bytes.p + n);
    return n;
}

/* Which lanes hold a character from `first` to `last`; bytes from 0x80 on are negative. */
WIDE static inline __m256i within(__m256i c, char first, char last)
{
    return _mm256_andnot_si256(_mm256_cmpgt_epi8(c, _mm256_set1_epi8(last)),
                               _mm256_cmpgt_epi8(c, _mm256_set1_epi8((char)(first - 1))));
}

WIDE static inline __m256i shifted_by(__m256i mask, int offset)
{
    return _mm256_and_si256(mask, _mm256_set1_epi8((char)offset));
}

/* Writes 28 bytes, 24 of them meant. False, and nothing, when a character is foreign. */
WIDE static inline bool wide_decode_step(unsigned char *out, const char *p)
{
    const __m256i gather =
        _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1, 2, 1, 0, 6, 5,
                         4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    __m256i c = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i upper = within(c, 'A', 'Z'), lower = within(c, 'a', 'z'),
            digit = within(c, '0', '9');
    __m256i plus = within(c, '+', '+'), slash = within(c, '/', '/');
    __m256i good = _mm256_or_si256(_mm256_or_si256(_mm256_or_si256(upper, lower), digit),
                                   _mm256_or_si256(plus, slash));
    __m256i offset = _mm256_or_si256(
        _mm256_or_si256(_mm256_or_si256(shifted_by(upper, -'A'), shifted_by(lower, 26 - 'a')),
                        shifted_by(digit, 52 - '0')),
        _mm256_or_si256(shifted_by(plus, 62 - '+'), shifted_by(slash, 63 - '/')));

    if (_mm256_movemask_epi8(good) != -1)
        return false;
    /* Pairs to 12 bits, pairs of these to 24, and their bytes in order. */
    __m256i pairs12 =
        _mm256_maddubs_epi16(_mm256_add_epi8(c, offset), _mm256_set1_epi16(1 << 8 | 64));
    __m256i fours24 = _mm256_madd_epi16(pairs12, _mm256_set1_epi32(1 << 16 | 4096));
    __m256i all = _mm256_shuffle_epi8(fours24, gather);
    _mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(all));
    _mm_storeu_si128((__m128i *)(void *)(out + WIDE_BYTES / 2),
                     _mm256_extracti128_si256(all, 1));
    return true;
}

/* Returns how many characters, a multiple of 32, became bytes; stops before a foreign one. What
 * is written too much lies where the characters left behind will be written. */
WIDE static size_t wide_decode(unsigned char *out, str text)
{
    size_t n = 0;

    for (; text.n - n >= WIDE_TEXT + 12; n += WIDE_TEXT, out += WIDE_BYTES)
        if (!wide_decode_step(out, text.p + n))
            break;
    return n;
}
#else
static inline bool wide_is_here(void)
{
    return false;
}

static inline size_t wide_encode(char *out, str bytes)
{
    (void)out;
    (void)bytes;
    return 0;
}

static inline size_t wide_decode(unsigned char *out, str text)
{
    (void)out;
    (void)text;
    return 0;
}
#endif
