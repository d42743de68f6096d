#include "common/io/server_reply.h"

#include <time.h>

const char *server_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {{200, "OK"},
                 {202, "Accepted"},
                 {204, "No Content"},
                 {400, "Bad Request"},
                 {401, "Unauthorized"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {405, "Method Not Allowed"},
                 {413, "Content Too Large"},
                 {414, "URI Too Long"},
                 {415, "Unsupported Media Type"},
                 {417, "Expectation Failed"},
                 {429, "Too Many Requests"},
                 {431, "Request Header Fields Too Large"},
                 {500, "Internal Server Error"},
                 {501, "Not Implemented"},
                 {503, "Service Unavailable"},
                 {504, "Gateway Timeout"},
                 {505, "HTTP Version Not Supported"}};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Unknown";
}

static bool has_date(const char *const *headers, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (strncmp(headers[i], "Date:", 5) == 0)
            return true;
    return false;
}

static bool put_date(struct buf *out)
{
    time_t now = time(NULL);
    struct tm utc;
    char text[48];

    gmtime_r(&now, &utc);
    size_t n = strftime(text, sizeof(text), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    return buf_add(out, (str){text, n});
}

bool server_reply_write(struct buf *out, const struct server_reply *r)
{
    bool fits = buf_printf(out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
                           r->status, server_status_text(r->status), r->type, r->body.n);

    for (uint32_t i = 0; i < r->header_count; i++)
        fits = fits && buf_printf(out, "%s\r\n", r->headers[i]);
    if (!has_date(r->headers, r->header_count))
        fits = fits && put_date(out);
    if (r->is_last)
        fits = fits && buf_add(out, STR("Connection: close\r\n"));
    return fits && buf_add(out, STR("\r\n")) && buf_add(out, r->body);
}
