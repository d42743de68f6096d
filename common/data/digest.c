#include "common/data/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

/* libcrypto fails here only without memory or without a default provider: nothing to handle. */
static void insist(int ok, const char *what)
{
    if (ok != 1)
        die("libcrypto: %s failed", what);
}

struct digest {
    EVP_MD_CTX *ctx; /* owned */
};

struct digest *digest_new(void)
{
    struct digest *d = xalloc(sizeof(*d));

    d->ctx = EVP_MD_CTX_new();
    insist(d->ctx != NULL, "EVP_MD_CTX_new");
    insist(EVP_DigestInit_ex2(d->ctx, EVP_sha256(), NULL), "EVP_DigestInit_ex2");
    return d;
}

void digest_reset(struct digest *d)
{
    insist(EVP_DigestInit_ex2(d->ctx, NULL, NULL), "EVP_DigestInit_ex2");
}

void digest_add(struct digest *d, str bytes)
{
    insist(EVP_DigestUpdate(d->ctx, bytes.p, bytes.n), "EVP_DigestUpdate");
}

void digest_end(struct digest *d, unsigned char out[DIGEST_BYTES])
{
    insist(EVP_DigestFinal_ex(d->ctx, out, NULL), "EVP_DigestFinal_ex");
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->ctx);
    free(d);
}

void digest_sha256(str bytes, unsigned char out[DIGEST_BYTES])
{
    insist(EVP_Digest(bytes.p, bytes.n, out, NULL, EVP_sha256(), NULL), "EVP_Digest");
}

void digest_hmac(str key, str bytes, unsigned char out[DIGEST_BYTES])
{
    const unsigned char *p = (const unsigned char *)bytes.p;

    insist(HMAC(EVP_sha256(), key.n ? key.p : "", (int)key.n, p, bytes.n, out, NULL) != NULL,
           "HMAC");
}

void digest_hex(const unsigned char in[DIGEST_BYTES], char out[2 * DIGEST_BYTES])
{
    for (int i = 0; i < DIGEST_BYTES; i++) {
        *out++ = "0123456789abcdef"[in[i] >> 4];
        *out++ = "0123456789abcdef"[in[i] & 15];
    }
}

bool digest_equal(str a, str b)
{
    return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}
