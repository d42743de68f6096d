#include "common/base/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUT_OF_MEMORY = 71 }; /* EX_OSERR */

void die(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

void out_of_memory(void)
{
    static const char said[] = "standpipe: out of memory\n";

    if (write(STDERR_FILENO, said, sizeof(said) - 1) < 0)
        _exit(OUT_OF_MEMORY); /* nobody is left to tell */
    _exit(OUT_OF_MEMORY);
}

void *xalloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    if (!p)
        out_of_memory();
    return p;
}

void *xrealloc(void *p, size_t size)
{
    void *q = realloc(p, size ? size : 1);

    if (!q)
        out_of_memory();
    return q;
}

char *xstrdup(const char *s)
{
    char *p = xalloc(strlen(s) + 1);

    return memcpy(p, s, strlen(s));
}
