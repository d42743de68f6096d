/* Archives of any bytes: the same comes out whether they come whole or in pieces, and nothing
 * is written behind the room that there is. */
#include "common/io/inflate.h"

#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

enum { OUT_MAX = 256 * 1024 };

struct unpacked {
    char *bytes;
    size_t n;
    uint32_t members;
    bool is_broken;
};

static enum inflate_status feed(struct inflate *i, str *in, char **to, char *end, size_t piece)
{
    enum inflate_status status = INFLATE_MORE;
    bool is_moving = true; /* without input there may still be something to come out */

    while (is_moving && *to < end && status == INFLATE_MORE) {
        str some = {in->p, MIN(in->n, piece)};
        size_t before = some.n;
        char *room = (size_t)(end - *to) > piece * 3 ? *to + piece * 3 : end, *from = *to;
        status = inflate_some(i, &some, to, room);
        PROMISE(*to >= from && *to <= room && some.n <= before);
        is_moving = some.n < before || *to > from;
        *in = (str){in->p + (before - some.n), in->n - (before - some.n)};
    }
    PROMISE(status != INFLATE_MORE || *to == end || in->n == 0);
    return status;
}

static struct unpacked unpack(enum inflate_kind kind, str in, size_t piece)
{
    struct unpacked u = {.bytes = xalloc(OUT_MAX)};
    struct inflate *i = inflate_new(kind);
    char *to = u.bytes, *end = u.bytes + OUT_MAX;

    while (in.n && to < end && inflate_detect(in) == kind) {
        inflate_next(i);
        enum inflate_status status = feed(i, &in, &to, end, piece);
        u.members += status == INFLATE_MEMBER;
        u.is_broken = status == INFLATE_BROKEN;
        if (status != INFLATE_MEMBER)
            break;
    }
    PROMISE(!u.is_broken || inflate_problem(i));
    inflate_free(i);
    u.n = (size_t)(to - u.bytes);
    return u;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    str in = {(const char *)bytes, n};
    enum inflate_kind kind = inflate_detect(in);

    if (kind == INFLATE_NONE)
        return 0;
    struct unpacked whole = unpack(kind, in, n), pieces = unpack(kind, in, 7);
    size_t common = MIN(whole.n, pieces.n);
    PROMISE(memcmp(whole.bytes, pieces.bytes, common) == 0);
    /* Behind damage one may have come further than the other. */
    bool is_whole = !whole.is_broken && !pieces.is_broken && whole.n < OUT_MAX;
    PROMISE(!is_whole || (whole.n == pieces.n && whole.members == pieces.members));
    free(whole.bytes);
    free(pieces.bytes);
    return 0;
}
