#include "common/io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* IANA, "IPv4 Special-Purpose Address Registry", and multicast. */
static const struct address_range ranges4[] = {
    {{0}, 4, 8},
    {{10}, 4, 8},
    {{100, 64}, 4, 10},
    {{127}, 4, 8},
    {{169, 254}, 4, 16},
    {{172, 16}, 4, 12},
    {{192, 0, 0}, 4, 24},
    {{192, 0, 2}, 4, 24},
    {{192, 88, 99}, 4, 24},
    {{192, 168}, 4, 16},
    {{198, 18}, 4, 15},
    {{198, 51, 100}, 4, 24},
    {{203, 0, 113}, 4, 24},
    {{224}, 4, 4},
    {{240}, 4, 4},
};
/* Of 2000::/3, which is all that is global: Teredo and others of the IETF, documentation,
 * 6to4. NAT64 and mapped addresses lie outside of it. */
static const struct address_range global6 = {{0x20}, 16, 3};
static const struct address_range ranges6[] = {
    {{0x20, 0x01, 0x00}, 16, 23},
    {{0x20, 0x01, 0x0d, 0xb8}, 16, 32},
    {{0x20, 0x02}, 16, 16},
    {{0x3f, 0xff, 0x00}, 16, 20},
};

static bool is_in(const unsigned char *address, const struct address_range *r)
{
    unsigned whole = r->bits / 8, rest = r->bits % 8;

    if (memcmp(address, r->bytes, whole) != 0)
        return false;
    return rest == 0 || (address[whole] ^ r->bytes[whole]) >> (8 - rest) == 0;
}

static bool is_in_any(const unsigned char *address, const struct address_range *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_in(address, &list[i]))
            return true;
    return false;
}

static const unsigned char *bytes_of(const struct sockaddr *a, size_t *n)
{
    *n = a->sa_family == AF_INET ? 4 : a->sa_family == AF_INET6 ? 16 : 0;
    if (*n == 4)
        return (const unsigned char *)&((const struct sockaddr_in *)(const void *)a)->sin_addr;
    return (const unsigned char *)&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
}

bool address_is_global(const struct sockaddr *a)
{
    size_t n;
    const unsigned char *bytes = bytes_of(a, &n);

    if (n == 4)
        return !is_in_any(bytes, ranges4, ARRAY_LEN(ranges4));
    return n == 16 && is_in(bytes, &global6) && !is_in_any(bytes, ranges6, ARRAY_LEN(ranges6));
}

bool address_is(const struct sockaddr *a, str text)
{
    char name[INET6_ADDRSTRLEN] = "";
    unsigned char want[16];
    size_t n;
    const unsigned char *bytes = bytes_of(a, &n);

    if (n == 0 || text.n >= sizeof(name))
        return false;
    memcpy(name, text.p, text.n);
    return inet_pton(a->sa_family, name, want) == 1 && memcmp(bytes, want, n) == 0;
}

bool address_range_parse(str text, struct address_range *range)
{
    char name[INET6_ADDRSTRLEN] = "";
    str bits = text, address = str_cut(&bits, '/');
    struct address_range r = {.n = memchr(address.p, ':', address.n) ? 16 : 4};
    uint64_t length = r.n * 8ULL;

    if (address.n == 0 || address.n >= sizeof(name))
        return false;
    memcpy(name, address.p, address.n);
    if (inet_pton(r.n == 4 ? AF_INET : AF_INET6, name, r.bytes) != 1)
        return false;
    if (bits.p && (!str_to_u64(bits, &length) || length > r.n * 8ULL))
        return false;
    r.bits = (unsigned)length;
    for (unsigned i = r.bits; i < r.n * 8; i++)
        if (r.bytes[i / 8] >> (7 - i % 8) & 1)
            return false;
    *range = r;
    return true;
}

bool address_is_in(const struct sockaddr *a, const struct address_range *ranges, uint32_t n)
{
    size_t length;
    const unsigned char *bytes = bytes_of(a, &length);

    for (uint32_t i = 0; i < n; i++)
        if (ranges[i].n == length && is_in(bytes, &ranges[i]))
            return true;
    return false;
}
