#include "common/base/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

void *xalloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    if (!p)
        die("out of memory: %zu bytes", size);
    return p;
}

void *xrealloc(void *p, size_t size)
{
    void *q = realloc(p, size ? size : 1);

    if (!q)
        die("out of memory: %zu bytes", size);
    return q;
}

char *xstrdup(const char *s)
{
    char *p = xalloc(strlen(s) + 1);

    return memcpy(p, s, strlen(s));
}
