#pragma once
/* SHA-256, HMAC-SHA-256 and base64, over libcrypto. */
#include "common/base/str.h"

enum { DIGEST_BYTES = 32 };
struct digest; /* a running SHA-256 */

struct digest *digest_new(void) MUST_CHECK;
void digest_reset(struct digest *d);
void digest_add(struct digest *d, str bytes);
void digest_end(struct digest *d, unsigned char out[DIGEST_BYTES]); /* then reset before more */
void digest_free(struct digest *d);

void digest_sha256(str bytes, unsigned char out[DIGEST_BYTES]);
void digest_hmac(str key, str bytes, unsigned char out[DIGEST_BYTES]);
void digest_hex(const unsigned char in[DIGEST_BYTES],
                char out[2 * DIGEST_BYTES]); /* lower case */
bool digest_equal(str a, str b);             /* constant time in the bytes */

/* RFC 4648 with padding. */
#define BASE64_LENGTH(n) (((n) + 2) / 3 * 4)
char *base64_encode(char *out, str bytes); /* returns the end */
/* Strict: right length, padding and no foreign byte. Returns bytes written, or -1. At most
 * n / 4 * 3 bytes are written. */
long base64_decode(unsigned char *out, str text) MUST_CHECK;
