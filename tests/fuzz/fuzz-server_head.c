/* Whatever comes, the head is judged alike in pieces and whole, and one that is taken can be
 * read in one way only. The first byte is the size of the pieces, the rest what a client sends.
 */
#include <strings.h>

#include "common/io/server_scan.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_BYTES = 8192 };

/* -1: more must come. */
static int scan(struct server_scan *s, str bytes, size_t piece)
{
    *s = (struct server_scan){0};
    for (size_t at = 0; at < bytes.n && !s->is_done; at += piece) {
        int status = server_scan(s, (str){bytes.p + at, MIN(piece, bytes.n - at)}, MAX_BYTES);
        if (status)
            return status;
    }
    return s->is_done ? 0 : -1;
}

/* Lines that begin with `name`, found by other means than the parser's. */
static unsigned lines_named(str head, const char *name)
{
    unsigned found = 0;

    for (size_t i = 0; i + strlen(name) <= head.n; i++)
        found +=
            i > 0 && head.p[i - 1] == '\n' && strncasecmp(head.p + i, name, strlen(name)) == 0;
    return found;
}

static void check_taken(const struct server_head *h, str head)
{
    const char *end = head.p + head.n;
    bool is_old = memmem(head.p, head.n, " HTTP/1.0\r\n", 11) != NULL;

    for (size_t i = 0; i < head.n; i++) {
        PROMISE(head.p[i] != '\n' || (i > 0 && head.p[i - 1] == '\r'));
        PROMISE(head.p[i] != '\r' || (i + 1 < head.n && head.p[i + 1] == '\n'));
        PROMISE(head.p[i] != '\0');
    }
    PROMISE(str_ends(head, STR("\r\n\r\n")));
    PROMISE(h->path.n > 0 && h->path.p[0] == '/');
    PROMISE(lines_named(head, "transfer-encoding:") == 0);
    PROMISE(lines_named(head, "content-length:") <= 1);
    PROMISE(lines_named(head, "host:") == 1 || (is_old && lines_named(head, "host:") == 0));
    PROMISE(h->content_length == 0 || lines_named(head, "content-length:") == 1);
    PROMISE(h->content_length <= 9999999999);
    for (uint32_t i = 0; i < h->header_count; i++) {
        PROMISE(h->headers[i].name.n > 0 && h->headers[i].name.p > head.p);
        PROMISE(h->headers[i].value.p + h->headers[i].value.n <= end);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct server_head h;
    struct server_scan whole, pieces;
    str sent = {(const char *)bytes + 1, n - 1};

    if (n < 2)
        return 0;
    int status = scan(&whole, sent, sent.n);
    PROMISE(status == scan(&pieces, sent, 1 + bytes[0] % 16));
    PROMISE(whole.n == pieces.n && whole.is_done == pieces.is_done);
    if (status)
        return 0;
    str head = {sent.p, whole.n};
    if (server_head_read(&h, head) == 0)
        check_taken(&h, head);
    return 0;
}
