#include "common/io/redis_write.h"

#include <event2/buffer.h>

enum { COPY_MAX = 4096 }; /* bytes of an argument that is copied */

/* Half a command would be read as another one. */
static void add(struct evbuffer *out, const char *p, size_t n)
{
    if (evbuffer_add(out, p, n) != 0)
        out_of_memory();
}

static void add_reference(struct evbuffer *out, str s)
{
    if (evbuffer_add_reference(out, s.p, s.n, NULL, NULL) != 0)
        out_of_memory();
}

static void add_header(struct evbuffer *out, char mark, uint64_t n)
{
    char text[32], *end = text;

    *end++ = mark;
    end = str_write_u64(end, n);
    *end++ = '\r';
    *end++ = '\n';
    add(out, text, (size_t)(end - text));
}

void redis_write(struct evbuffer *out, const str *args, uint32_t n)
{
    add_header(out, '*', n);
    for (uint32_t i = 0; i < n; i++) {
        add_header(out, '$', args[i].n);
        if (args[i].n > COPY_MAX)
            add_reference(out, args[i]);
        else
            add(out, args[i].p, args[i].n);
        add(out, "\r\n", 2);
    }
}
