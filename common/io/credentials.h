#pragma once
/* Keys to AWS, from wherever the usual chain finds them first, renewed before they end. */
#include "common/data/sigv4.h"
#include "common/io/remote.h"

struct credentials;

struct credentials *credentials_new(struct loop *loop, struct http *http,
                                    const struct clock *clock) MUST_CHECK;
void credentials_free(struct credentials *c); /* also NULL */
/* NULL: not there (yet). They are looked for, `*why` says what is wrong with them; ask again
 * after a while. Valid until the next call of the loop. */
const struct sigv4_credentials *credentials_get(struct credentials *c,
                                                const char **why) MUST_CHECK;
/* The other side refused them. True: others are looked for, once in a while; ask again. */
bool credentials_refused(struct credentials *c);
