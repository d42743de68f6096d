#pragma once
/* HTTP in front of the data: which key is asked for, when the answer leaves, what it is; and
 * the doors for tests under /_local, which only this machine may use. */
#include "common/base/clock.h"
#include "common/io/server.h"
#include "tools/lookup_local/data.h"
#include "tools/lookup_local/faults.h"
#include "tools/lookup_local/meter.h"

struct asked;
struct service {
    struct loop *loop;
    const struct clock *clock;
    struct data data;
    struct faults faults;
    struct meter meter;
    bool invents;               /* a document for a key that the file does not have */
    struct asked *all;          /* requests not answered yet */
    struct asked *first, *last; /* those that wait for a slot */
    uint64_t at_work;
    struct arena arena; /* of one request */
    struct buf body;
};

void service_init(struct service *s, struct loop *l);
void service_handle(void *service, struct server_request *q); /* a server_handler */
void service_free(struct service *s);                         /* behind the server's end */
