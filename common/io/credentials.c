#include "common/io/credentials.h"

#include <stdlib.h>

#include "common/io/aws.h"

struct credentials {
    struct loop *loop;
    struct http *http;
    const struct clock *clock;
    struct sigv4_credentials keys;
};

struct credentials *credentials_new(struct loop *loop, struct http *http,
                                    const struct clock *clock)
{
    struct credentials *c = xalloc(sizeof(*c));

    *c = (struct credentials){.loop = loop, .http = http, .clock = clock};
    return c;
}

void credentials_free(struct credentials *c)
{
    free(c);
}

const struct sigv4_credentials *credentials_get(struct credentials *c, const char **why)
{
    c->keys = (struct sigv4_credentials){.id = aws_environment("AWS_ACCESS_KEY_ID"),
                                         .secret = aws_environment("AWS_SECRET_ACCESS_KEY"),
                                         .token = aws_environment("AWS_SESSION_TOKEN")};
    if (c->keys.id.n && c->keys.secret.n)
        return &c->keys;
    *why = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    return NULL;
}

bool credentials_refused(struct credentials *c)
{
    (void)c;
    return false;
}
