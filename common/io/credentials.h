#pragma once
/* Keys to AWS, from wherever the usual chain finds them first, renewed before they end:
 * environment, web identity, shared credentials file, config file, container, instance
 * metadata. A profile that is named (AWS_PROFILE) switches the environment off. */
#include "common/base/error.h"
#include "common/data/sigv4.h"
#include "common/io/remote.h"

struct credentials;

/* `r` outlives it. NULL: only what needs no network. */
struct credentials *credentials_new(const struct remote *r) MUST_CHECK;
void credentials_free(struct credentials *c); /* also NULL */
/* What no waiting mends: half a pair of keys, a profile that is not there, nothing at all.
 * ERR_CONFIG. */
int credentials_check(struct credentials *c, struct error *err) MUST_CHECK;
/* NULL: not there (yet), `*why` says what is wrong with them. They are looked for: ask again
 * after a while. */
const struct sigv4_credentials *credentials_get(struct credentials *c,
                                                const char **why) MUST_CHECK;
/* What was had last, and may have ended; empty before the first. */
const struct sigv4_credentials *credentials_last(const struct credentials *c) MUST_CHECK;
/* The other side refused them. True: others were found, or are looked for; once a minute. */
bool credentials_refused(struct credentials *c);
