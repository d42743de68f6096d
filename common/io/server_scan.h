#pragma once
/* The head of an HTTP/1.1 request, taken strictly: what proxies and servers could read in two
 * ways is refused, not mended. Pure functions over bytes. */
#include "common/base/str.h"

enum { SERVER_HEADERS_MAX = 100, SERVER_LINE_MAX = 2048 /* of the request line */ };

struct server_scan { /* zeroed: before the first byte */
    int state;
    size_t n;       /* bytes of the head so far */
    uint32_t lines; /* ended so far */
    bool is_done;   /* the head ends behind `n` */
};
/* Look at the bytes that came, in pieces of any size; `n` counts on. Returns 0 to go on (or
 * is_done), else the status to refuse with: 400, 414, 431. Nothing is looked at behind the
 * head. */
int server_scan(struct server_scan *s, str bytes, size_t max_bytes) MUST_CHECK;

struct server_header {
    str name, value; /* without outer blanks */
};
struct server_head { /* borrows from the bytes of the head */
    str method, path, query;
    struct server_header headers[SERVER_HEADERS_MAX];
    uint32_t header_count;
    uint64_t content_length;
    bool expects_continue, is_last; /* is_last: close behind the answer */
};
/* Read a head that server_scan() found whole. Returns 0, else the status to refuse with: 400,
 * 417, 431, 501, 505. */
int server_head_read(struct server_head *h, str head) MUST_CHECK;
str server_head_find(const struct server_head *h, str name); /* the first; empty: none */
