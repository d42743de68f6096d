#include "common/io/server_scan.h"

#include "common/base/arena.h"
#include "tests/unit/check.h"

/* A str in a static table, where a compound literal is no constant. */
#define TEXT(literal)                                                                          \
    {                                                                                          \
        (literal), sizeof(literal) - 1                                                         \
    }
#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST

enum { MAX_BYTES = 8192 };

/* The status that the head gets, fed in pieces; 0: taken. */
static int judge(str head, size_t piece, struct server_head *h)
{
    struct server_scan s = {0};

    for (size_t at = 0; at < head.n && !s.is_done; at += piece) {
        int status = server_scan(&s, (str){head.p + at, MIN(piece, head.n - at)}, MAX_BYTES);
        if (status)
            return status;
    }
    if (!s.is_done)
        return -1;
    return server_head_read(h, (str){head.p, s.n});
}

static const struct {
    const char *what;
    int want;
    str head;
} probes[] = {
    {"plain", 0, TEXT(LINE HOST "\r\n")},
    {"old version without Host", 0, TEXT("GET / HTTP/1.0\r\n\r\n")},
    {"one length", 0, TEXT(POST "Content-Length: 3\r\n\r\n")},
    {"blanks around a value", 0, TEXT(POST "Content-Length: \t 3 \t\r\n\r\n")},
    {"byte beyond ASCII in a value", 0, TEXT(LINE HOST "X-A: \xc3\xa9\r\n\r\n")},
    {"escape out of the root is for the router", 0, TEXT("GET /../x HTTP/1.1\r\n" HOST "\r\n")},
    {"bytes behind the head are not looked at", 0, TEXT(LINE HOST "\r\n\n\n\0")},
    {"length and coding", 400,
     TEXT(POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n")},
    {"coding", 400, TEXT(POST "Transfer-Encoding: chunked\r\n\r\n")},
    {"two codings", 400, TEXT(POST "Transfer-Encoding: gzip, chunked\r\n\r\n")},
    {"coding, folded name", 400, TEXT(POST "tRANSFER-encoding: x\r\n\r\n")},
    {"two lengths", 400, TEXT(POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n")},
    {"two equal lengths", 400, TEXT(POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n")},
    {"list of lengths", 400, TEXT(POST "Content-Length: 3, 3\r\n\r\n")},
    {"length with plus", 400, TEXT(POST "Content-Length: +3\r\n\r\n")},
    {"length with minus", 400, TEXT(POST "Content-Length: -1\r\n\r\n")},
    {"length in hex", 400, TEXT(POST "Content-Length: 0x3\r\n\r\n")},
    {"empty length", 400, TEXT(POST "Content-Length:\r\n\r\n")},
    {"length of 11 digits", 400, TEXT(POST "Content-Length: 00000000003\r\n\r\n")},
    {"blank behind a name", 400, TEXT(LINE HOST "X-A : b\r\n\r\n")},
    {"blank before a name", 400, TEXT(LINE HOST " X-A: b\r\n\r\n")},
    {"folded line", 400, TEXT(LINE HOST "X-A: b\r\n\tc\r\n\r\n")},
    {"no colon", 400, TEXT(LINE HOST "X-A\r\n\r\n")},
    {"no name", 400, TEXT(LINE HOST ": b\r\n\r\n")},
    {"bare LF", 400, TEXT(LINE HOST "X-A: b\n\r\n")},
    {"bare LF behind the request line", 400, TEXT("GET / HTTP/1.1\n" HOST "\r\n")},
    {"bare CR", 400, TEXT(LINE HOST "X-A: b\rc\r\n\r\n")},
    {"NUL in a value", 400, TEXT(LINE HOST "X-A: b\0c\r\n\r\n")},
    {"NUL in the path", 400, TEXT("GET /\0 HTTP/1.1\r\n" HOST "\r\n")},
    {"DEL in a value", 400, TEXT(LINE HOST "X-A: \x7f\r\n\r\n")},
    {"no Host", 400, TEXT(LINE "\r\n")},
    {"two Hosts", 400, TEXT(LINE HOST HOST "\r\n")},
    {"absolute target", 400, TEXT("GET http://evil/x HTTP/1.1\r\n" HOST "\r\n")},
    {"asterisk", 400, TEXT("OPTIONS * HTTP/1.1\r\n" HOST "\r\n")},
    {"no target", 400, TEXT("GET HTTP/1.1\r\n" HOST "\r\n")},
    {"two blanks", 400, TEXT("GET  / HTTP/1.1\r\n" HOST "\r\n")},
    {"blank at the end of the line", 400, TEXT("GET / HTTP/1.1 \r\n" HOST "\r\n")},
    {"no version", 400, TEXT("GET /\r\n" HOST "\r\n")},
    {"empty line first", 400, TEXT("\r\n" LINE HOST "\r\n")},
    {"byte beyond ASCII in the path", 400, TEXT("GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n")},
    {"wrong expectation", 417, TEXT(POST "Expect: tea\r\n\r\n")},
    {"TRACE", 501, TEXT("TRACE / HTTP/1.1\r\n" HOST "\r\n")},
    {"small get", 501, TEXT("get / HTTP/1.1\r\n" HOST "\r\n")},
    {"newer version", 505, TEXT("GET / HTTP/2.0\r\n" HOST "\r\n")},
};

static void test_server_scan_probes(void)
{
    static const size_t pieces[] = {1, 2, 7, 100000};
    struct server_head h;

    for (size_t i = 0; i < ARRAY_LEN(probes); i++)
        for (size_t k = 0; k < ARRAY_LEN(pieces); k++) {
            int got = judge(probes[i].head, pieces[k], &h);
            if (got != probes[i].want)
                printf("# '%s' in pieces of %zu\n", probes[i].what, pieces[k]);
            CHECK_INT(got, probes[i].want);
        }
}

static str repeat(struct arena *a, str first, str again, size_t n, str last)
{
    char *begin = arena_alloc(a, first.n + n * again.n + last.n), *out = begin;

    memcpy(out, first.p, first.n);
    out += first.n;
    for (size_t i = 0; i < n; i++, out += again.n)
        memcpy(out, again.p, again.n);
    memcpy(out, last.p, last.n);
    return (str){begin, (size_t)(out + last.n - begin)};
}

static void test_server_scan_limits(void)
{
    struct arena a = {0};
    struct server_head h;
    const struct {
        str first, again, last;
        size_t n;
        int want;
    } cases[] = {
        {STR("GET /"), STR("a"), STR(" HTTP/1.1\r\n" HOST "\r\n"), 2000, 0},
        {STR("GET /"), STR("a"), STR(" HTTP/1.1\r\n" HOST "\r\n"), 2048, 414},
        {STR(LINE HOST "X: "), STR("a"), STR("\r\n\r\n"), 8000, 0},
        {STR(LINE HOST "X: "), STR("a"), STR("\r\n\r\n"), 9000, 431},
        {STR(LINE HOST), STR("X: a\r\n"), STR("\r\n"), 99, 0},
        {STR(LINE HOST), STR("X: a\r\n"), STR("\r\n"), 100, 431},
        {STR(LINE HOST), STR("X: a\r\n"), STR(""), 10000, 431},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str head = repeat(&a, cases[i].first, cases[i].again, cases[i].n, cases[i].last);
        CHECK_INT(judge(head, 1000, &h), cases[i].want);
    }
    arena_free(&a);
}

static void test_server_head_takes_apart(void)
{
    struct server_head h;
    str head = STR("POST /a/b?c=1?2 HTTP/1.1\r\nHost: me:80\r\nX-One:1\r\nx-one:  2 \r\n"
                   "Content-Length: 0123456789\r\nConnection: foo , CLOSE\r\nEmpty:\r\n"
                   "Expect: 100-Continue\r\n\r\n");

    CHECK_INT(judge(head, head.n, &h), 0);
    CHECK_STR(h.method, STR("POST"));
    CHECK_STR(h.path, STR("/a/b"));
    CHECK_STR(h.query, STR("c=1?2"));
    CHECK_INT(h.header_count, 7);
    CHECK_STR(h.headers[1].name, STR("X-One"));
    CHECK_STR(h.headers[2].value, STR("2"));
    CHECK_STR(server_head_find(&h, STR("X-ONE")), STR("1"));
    CHECK_STR(server_head_find(&h, STR("empty")), STR(""));
    CHECK_STR(server_head_find(&h, STR("none")), STR(""));
    CHECK_INT(h.content_length, 123456789);
    CHECK(h.is_last);
    CHECK(h.expects_continue);

    CHECK_INT(judge(STR(LINE HOST "Connection: keep-alive\r\n\r\n"), 100, &h), 0);
    CHECK(!h.is_last);
    CHECK_INT(judge(STR("GET / HTTP/1.0\r\n\r\n"), 100, &h), 0);
    CHECK(h.is_last);
}

int main(void)
{
    RUN(test_server_scan_probes);
    RUN(test_server_scan_limits);
    RUN(test_server_head_takes_apart);
    return check_done();
}
