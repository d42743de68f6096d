#include "common/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_free(struct buf *b)
{
    free(b->p);
    *b = (struct buf){.max = b->max};
}

void buf_reset(struct buf *b)
{
    b->n = 0;
}

bool buf_reserve(struct buf *b, size_t more)
{
    if (more > b->max - b->n)
        return false;
    if (more <= b->size - b->n)
        return true;
    size_t size = MAX(b->n + more, MIN(b->max, MAX(b->size * 2, (size_t)256)));
    b->p = xrealloc(b->p, size + 1); /* one more for the NUL of buf_printf() */
    b->size = size;
    return true;
}

bool buf_add(struct buf *b, str s)
{
    if (!buf_reserve(b, s.n))
        return false;
    if (s.n)
        memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    return true;
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args, again;

    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(n >= 0);
    bool fits = buf_reserve(b, (size_t)n);
    if (fits && n > 0) {
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
    return fits;
}
