#include "common/base/error.h"

#include <stdarg.h>
#include <stdio.h>

/* One line for the log: bytes that could break it become dots. */
static void clean(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '.';
}

static void fill(struct error *e, const char *fmt, va_list args) PRINTF(2, 0);
static void fill(struct error *e, const char *fmt, va_list args)
{
    vsnprintf(e->text, sizeof(e->text), fmt, args);
    clean(e->text);
}

int error_set(struct error *e, int code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fill(e, fmt, args);
    va_end(args);
    e->at = (struct mark){0};
    return e->code = code;
}

int error_at(struct error *e, struct mark at, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fill(e, fmt, args);
    va_end(args);
    e->at = at;
    return e->code = ERR_CONFIG;
}

int error_wrap(struct error *e, const char *fmt, ...)
{
    struct error outer = *e;
    va_list args;

    va_start(args, fmt);
    fill(&outer, fmt, args);
    va_end(args);
    size_t n = strlen(outer.text), room = sizeof(outer.text) - 1 - n;
    struct str tail[] = {STR(": "), str_of(e->text)};
    for (size_t i = 0; i < ARRAY_LEN(tail); i++) {
        size_t take = MIN(tail[i].n, room);
        memcpy(outer.text + n, tail[i].p, take);
        n += take;
        room -= take;
    }
    outer.text[n] = '\0';
    *e = outer;
    return e->code;
}

int error_exit_status(const struct error *e)
{
    switch (e->code) {
    case 0:
        return 0;
    case ERR_CONFIG:
        return 78; /* EX_CONFIG: a supervisor need not restart */
    case ERR_REDIS:
    case ERR_HTTP:
        return 69; /* EX_UNAVAILABLE */
    case ERR_USAGE:
        return 2;
    default:
        return 1;
    }
}
