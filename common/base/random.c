#include "common/base/random.h"

#include <sys/random.h>

uint64_t random_bits(void *ctx)
{
    uint64_t bits;

    (void)ctx;
    if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
        die("no random bytes");
    return bits;
}
