#include "common/data/rows_clean.h"

#include "common/data/json_scan.h"
#include "common/data/text.h"

static inline void begin_clean(struct rows_cursor *k, const char *p, char *out)
{
    k->p = p;
    k->out = out;
    memcpy(out, ",\"", 2);
}

static inline bool end_clean(struct rows_cells *c, struct rows_cursor *k, char *out)
{
    *out++ = '"';
    c->n++;
    k->out = out;
    return true;
}

#ifdef __SSE2__
static inline __m128i block_at(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline void copy_block(char *out, const char *p)
{
    _mm_storeu_si128((__m128i *)(void *)out, block_at(p));
}

/* A bit for each of the sixteen bytes at `p` that is such a sign. */
static inline unsigned find_sign(const char *p, char sign)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block_at(p), _mm_set1_epi8(sign)));
}

/* The same for bytes beyond ASCII. */
static inline unsigned find_beyond(const char *p)
{
    return (unsigned)_mm_movemask_epi8(block_at(p));
}

/* And for those that no clean cell has. */
static inline unsigned find_unclean(const struct rows_cells *c, const char *p)
{
    return json_hits(block_at(p), SCAN_ESCAPED) | find_sign(p, c->quote) |
           (c->encoding == ROWS_1252 ? find_beyond(p) : 0);
}

/* The bit of the line's end, when it is among them. */
static inline unsigned find_end(const struct rows_cursor *k, const char *p)
{
    return k->end - p < 16 ? 1u << (k->end - p) : 0;
}

/* The cell at hand is not clean. */
static bool stop_at(const struct rows_cursor *k, const char **p)
{
    *p = k->p;
    return true;
}

/* As rows_take_clean(), up to the last bytes that may be looked at. Blocks are copied whole,
 * the room behind them is ours; `*p` and `*out` are where it ends. */
static bool take_blocks(struct rows_cells *c, struct rows_cursor *k, const char **p, char **out)
{
    unsigned is_beyond = 0; /* this block, or the cell in those before, is not all ASCII */

    for (; k->limit - *p >= 32; *p += 16) {
        unsigned ends = find_sign(*p, c->delimiter), from = 0;
        unsigned stops = (find_unclean(c, *p) & ~ends) | find_end(k, *p);
        unsigned before = stops ? ends & ((stops & -stops) - 1) : ends;
        unsigned beyond = find_beyond(*p);
        is_beyond |= beyond;
        copy_block(*out, *p);
        for (; before; before &= before - 1) {
            unsigned at = (unsigned)__builtin_ctz(before);
            if (is_beyond && !text_is_utf8(str_between(k->p, *p + at)))
                return stop_at(k, p);
            *out += at - from;
            memcpy(*out, "\",\"", 4);
            from = at + 1;
            k->p = *p + from;
            k->out = *out + 1;
            *out += 3;
            c->n++;
            copy_block(*out, *p + from);
        }
        if (stops) {
            *out += (unsigned)__builtin_ctz(stops) - from;
            *p += __builtin_ctz(stops);
            return !is_beyond || text_is_utf8(str_between(k->p, *p)) || stop_at(k, p);
        }
        *out += 16 - from;
        is_beyond = from ? beyond >> from : is_beyond;
    }
    return is_beyond && stop_at(k, p);
}

bool rows_take_clean_quoted(struct rows_cells *c, struct rows_cursor *k)
{
    const char *text = k->p + 1, *p = text;
    char *out = k->out + 2;
    unsigned stops = 0, is_beyond = 0;

    for (; !stops && k->limit - p >= 16; p += 16, out += 16) {
        stops = find_unclean(c, p) | find_end(k, p);
        is_beyond |= find_beyond(p);
        copy_block(out, p);
    }
    if (!stops)
        return false;
    p += __builtin_ctz(stops) - 16;
    out += __builtin_ctz(stops) - 16;
    if (p == k->end || *p != c->quote || (p + 1 < k->end && p[1] != c->delimiter))
        return false;
    if (is_beyond && !text_is_utf8(str_between(text, p)))
        return false;
    memcpy(k->out, ",\"", 2);
    k->p = p + 1;
    return end_clean(c, k, out);
}
#else
bool rows_take_clean_quoted(struct rows_cells *c, struct rows_cursor *k)
{
    (void)c;
    (void)k;
    return false;
}
#endif

bool rows_take_clean(struct rows_cells *c, struct rows_cursor *k)
{
    const char *p = k->p;
    char *out = k->out + 2;

    begin_clean(k, p, k->out);
#ifdef __SSE2__
    if (take_blocks(c, k, &p, &out))
        return p == k->end && end_clean(c, k, out);
#endif
    for (; p < k->end; p++) {
        if (*p != c->delimiter && (*p == c->quote || json_is_hit(*p, SCAN_SPECIAL)))
            return false;
        if (*p != c->delimiter) {
            *out++ = *p;
            continue;
        }
        end_clean(c, k, out);
        begin_clean(k, p + 1, k->out);
        out = k->out + 2;
    }
    return end_clean(c, k, out);
}
