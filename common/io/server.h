#pragma once
/* HTTP server on the loop: strict about what it reads (io/server_scan.h), with a cap or a time
 * limit on everything. Not evhttp: that one mends what must be refused, and reads 4 KiB at a
 * time. For /metrics and firehose-local; later the intake. */
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/io/loop.h"

struct server;
struct server_request;               /* answered once: server_answer() or server_hang_up() */
struct server_limits {               /* 0: the default in brackets */
    size_t body_bytes, header_bytes; /* (1 MiB), (8 KiB) */
    uint32_t connections;            /* (256) */
    uint64_t deadline_ms, idle_ms;   /* of a request, first byte to last (10 s); (30 s) */
};
/* May answer at once or later; a client that left meanwhile is no trouble. */
typedef void server_handler(void *ctx, struct server_request *q);

/* Listen at "host:port" (port 0: any). */
struct server *server_new(struct loop *l, str address, const struct server_limits *limits,
                          server_handler *handler, void *ctx, struct error *err) MUST_CHECK;
void server_free(struct server *s); /* requests not answered yet die with it */
uint16_t server_port(const struct server *s);

str server_method(const struct server_request *q); /* GET or POST: others got 501 */
str server_path(const struct server_request *q);   /* as sent, without the query */
str server_query(const struct server_request *q);
str server_header(const struct server_request *q, const char *name); /* empty: none */
str server_body(struct server_request *q);                           /* valid until answered */
/* All headers, for a signature check: name and value by index; false behind the last. */
bool server_header_at(const struct server_request *q, uint32_t i, str *name, str *value);
bool server_is_local(const struct server_request *q); /* the peer is this machine */

/* `headers`: more "Name: value" lines, Date may be among them. The body is copied. */
void server_answer(struct server_request *q, int status, const char *type, str body,
                   const char *const *headers, uint32_t header_count);
/* Send the answer to come in pieces of `bytes` with a pause between them. */
void server_slice(struct server_request *q, size_t bytes, uint64_t pause_us);
void server_hang_up(struct server_request *q); /* close without an answer */
