#pragma once
/* The bytes of an HTTP/1.1 answer. */
#include "common/base/buf.h"

struct server_reply {
    int status;
    const char *type; /* of the body */
    str body;
    const char *const *headers; /* more of them, "Name: value" without a line end */
    uint32_t header_count;
    bool is_last; /* the connection closes behind it */
};
/* With a Date, unless `headers` has one. False: it is larger than the buffer's cap. */
bool server_reply_write(struct buf *out, const struct server_reply *r) MUST_CHECK;
const char *server_status_text(int status); /* "Not Found" */
