#include "tools/say.h"

#include <stdarg.h>

#include "common/data/json.h"
#include "common/data/shape.h"
#include "tools/show.h"

enum { PIECE_MAX = 64 * 1024 * 1024, HELD = 64 * 1024 };

void say_begin(struct say *s, FILE *to)
{
    *s = (struct say){.to = to, .has_colour = show_has_colour(fileno(to))};
    buf_init(&s->out, PIECE_MAX);
}

static void flush(struct say *s)
{
    if (!s->is_broken && fwrite(s->out.p, 1, s->out.n, s->to) != s->out.n)
        s->is_broken = true;
    buf_reset(&s->out);
}

static void said(struct say *s, bool fits)
{
    s->is_broken |= !fits;
    if (s->out.n >= HELD)
        flush(s);
}

int say_end(struct say *s, struct error *err)
{
    if (s->out.n)
        flush(s);
    bool is_good = !s->is_broken && fflush(s->to) == 0;
    buf_free(&s->out);
    return is_good ? 0 : error_set(err, ERR_SYSTEM, "nobody reads the output any more");
}

void say(struct say *s, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    said(s, n >= 0 && (size_t)n < sizeof(text) && buf_add(&s->out, (str){text, (size_t)n}));
}

void say_text(struct say *s, str text)
{
    said(s, buf_add(&s->out, text));
}

void say_quoted(struct say *s, str text)
{
    bool fits = buf_reserve(&s->out, JSON_QUOTED_MAX(text.n));

    if (fits)
        s->out.n = (size_t)(json_quote(s->out.p + s->out.n, text) - s->out.p);
    said(s, fits);
}

void say_seen(struct say *s, str text)
{
    struct arena arena = {0};

    say_text(s, shape_printable(&arena, text));
    arena_free(&arena);
}

void say_in(struct say *s, enum say_colour colour, const char *text)
{
    if (s->has_colour && colour != SAY_PLAIN)
        say(s, "\033[%dm%s\033[0m", colour, text);
    else
        say_text(s, str_of(text));
}
