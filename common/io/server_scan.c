#include "common/io/server_scan.h"

#include <strings.h>

enum state { REQUEST_LINE, LINE_END, LINE_START, NAME, VALUE, HEAD_END };

/* RFC 9110, 5.6.2: what names and methods are made of. */
static bool is_token_byte(unsigned char c)
{
    return ascii_is_letter_or_digit((char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_text_byte(unsigned char c)
{
    return c == '\t' || (c >= ' ' && c != 0x7f);
}

/* The state behind `c`, or -1. */
static int step(enum state state, unsigned char c)
{
    switch (state) {
    case REQUEST_LINE:
        return c == '\r' ? LINE_END : c >= ' ' && c < 0x7f ? REQUEST_LINE : -1;
    case LINE_END:
        return c == '\n' ? LINE_START : -1;
    case LINE_START:
        return c == '\r' ? HEAD_END : is_token_byte(c) ? NAME : -1;
    case NAME:
        return c == ':' ? VALUE : is_token_byte(c) ? NAME : -1;
    case VALUE:
        return c == '\r' ? LINE_END : is_text_byte(c) ? VALUE : -1;
    case HEAD_END:
        return c == '\n' ? HEAD_END : -1;
    }
    return -1;
}

int server_scan(struct server_scan *s, str bytes, size_t max_bytes)
{
    for (size_t i = 0; i < bytes.n && !s->is_done; i++) {
        int next = step((enum state)s->state, (unsigned char)bytes.p[i]);
        if (next < 0)
            return 400;
        s->n++;
        s->lines += next == LINE_START;
        s->is_done = s->state == HEAD_END;
        s->state = next;
        if (s->lines == 0 && s->n > SERVER_LINE_MAX)
            return 414;
        if (s->n > max_bytes || s->lines > SERVER_HEADERS_MAX + 1)
            return 431;
    }
    return 0;
}

static str cut_line(str *rest)
{
    str line = str_cut(rest, '\n');

    return (str){line.p, line.n - (line.n > 0)}; /* without its CR */
}

static int read_request_line(struct server_head *h, str line)
{
    h->method = str_cut(&line, ' ');
    str target = str_cut(&line, ' ');

    if (h->method.n == 0 || target.n == 0 || target.p[0] != '/')
        return 400;
    for (size_t i = 0; i < h->method.n; i++)
        if (!is_token_byte((unsigned char)h->method.p[i]))
            return 400;
    if (!str_is(line, "HTTP/1.1") && !str_is(line, "HTTP/1.0"))
        return line.n == 8 && str_starts(line, STR("HTTP/")) ? 505 : 400;
    h->is_last = str_is(line, "HTTP/1.0");
    h->path = str_cut(&target, '?');
    h->query = target;
    return str_is(h->method, "GET") || str_is(h->method, "POST") ? 0 : 501;
}

static bool equals_folded(str a, str b)
{
    return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

str server_head_find(const struct server_head *h, str name)
{
    for (uint32_t i = 0; i < h->header_count; i++)
        if (equals_folded(h->headers[i].name, name))
            return h->headers[i].value;
    return STR_NONE;
}

static uint32_t count(const struct server_head *h, str name)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < h->header_count; i++)
        n += equals_folded(h->headers[i].name, name);
    return n;
}

/* Connection is a list: is `word` one of its items? */
static bool names_connection(const struct server_head *h, str word)
{
    for (uint32_t i = 0; i < h->header_count; i++) {
        if (!equals_folded(h->headers[i].name, STR("connection")))
            continue;
        for (str rest = h->headers[i].value; rest.n;)
            if (equals_folded(str_trim(str_cut(&rest, ',')), word))
                return true;
    }
    return false;
}

/* The headers that say where this request ends, and so where the next one begins. */
static int read_framing(struct server_head *h)
{
    str length = server_head_find(h, STR("content-length"));
    str expect = server_head_find(h, STR("expect"));
    uint32_t lengths = count(h, STR("content-length")), hosts = count(h, STR("host"));

    if (count(h, STR("transfer-encoding")) || lengths > 1 || hosts > 1)
        return 400;
    if (hosts == 0 && !h->is_last) /* HTTP/1.0 knew no Host */
        return 400;
    if (lengths && (length.n > 10 || !str_to_u64(length, &h->content_length)))
        return 400;
    if (expect.n && !equals_folded(expect, STR("100-continue")))
        return 417;
    h->expects_continue = expect.n > 0;
    h->is_last |= names_connection(h, STR("close"));
    return 0;
}

int server_head_read(struct server_head *h, str head)
{
    str rest = head;

    *h = (struct server_head){0};
    int status = read_request_line(h, cut_line(&rest));
    if (status)
        return status;
    for (;;) {
        str value = cut_line(&rest);
        if (value.n == 0)
            break;
        if (h->header_count == SERVER_HEADERS_MAX)
            return 431;
        str name = str_cut(&value, ':');
        h->headers[h->header_count++] = (struct server_header){name, str_trim(value)};
    }
    return read_framing(h);
}
