#define ZLIB_CONST
#include "common/io/inflate.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum {
    GZIP_WINDOW = 15 + 16, /* with gzip's own head and checksum */
    ZSTD_WINDOW = 25,
    TAKE_MAX = 1 << 30, /* zlib counts in 32 bits */
};
struct inflate {
    enum inflate_kind kind;
    z_stream gzip;
    ZSTD_DCtx *zstd;
    const char *problem;
};

enum inflate_kind inflate_detect(str head)
{
    if (str_starts(head, STR("\x1f\x8b\x08")))
        return INFLATE_GZIP;
    bool is_skippable = head.n > 3 && ((unsigned char)head.p[0] & 0xf0) == 0x50 &&
                        memcmp(head.p + 1, "\x2a\x4d\x18", 3) == 0;
    return is_skippable || str_starts(head, STR("\x28\xb5\x2f\xfd")) ? INFLATE_ZSTD
                                                                     : INFLATE_NONE;
}

const char *inflate_name(enum inflate_kind kind)
{
    static const char *const names[] = {[INFLATE_GZIP] = "gzip", [INFLATE_ZSTD] = "zstd"};

    return names[kind];
}

struct inflate *inflate_new(enum inflate_kind kind)
{
    struct inflate *i = xalloc(sizeof(*i));

    *i = (struct inflate){.kind = kind};
    if (kind == INFLATE_GZIP) {
        if (inflateInit2(&i->gzip, GZIP_WINDOW) != Z_OK)
            out_of_memory();
        return i;
    }
    i->zstd = ZSTD_createDCtx();
    if (!i->zstd)
        out_of_memory();
    ZSTD_DCtx_setParameter(i->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW);
    return i;
}

void inflate_free(struct inflate *i)
{
    if (!i)
        return;
    if (i->kind == INFLATE_GZIP)
        inflateEnd(&i->gzip);
    ZSTD_freeDCtx(i->zstd);
    free(i);
}

void inflate_next(struct inflate *i)
{
    i->problem = NULL;
    if (i->kind == INFLATE_GZIP)
        inflateReset(&i->gzip);
    else
        ZSTD_DCtx_reset(i->zstd, ZSTD_reset_session_only);
}

static enum inflate_status some_gzip(struct inflate *i, str *in, char **to, const char *end)
{
    z_stream *z = &i->gzip;
    uInt give = (uInt)MIN(in->n, (size_t)TAKE_MAX);
    uInt room = (uInt)MIN((size_t)(end - *to), (size_t)TAKE_MAX);

    z->next_in = (const Bytef *)in->p;
    z->avail_in = give;
    z->next_out = (Bytef *)*to;
    z->avail_out = room;
    int code = inflate(z, Z_NO_FLUSH);
    *in = (str){in->p + (give - z->avail_in), in->n - (give - z->avail_in)};
    *to += room - z->avail_out;
    if (code == Z_STREAM_END)
        return INFLATE_MEMBER;
    if (code == Z_OK || code == Z_BUF_ERROR)
        return INFLATE_MORE;
    if (code == Z_MEM_ERROR)
        out_of_memory();
    i->problem = z->msg ? z->msg : "no gzip";
    return INFLATE_BROKEN;
}

static enum inflate_status some_zstd(struct inflate *i, str *in, char **to, const char *end)
{
    ZSTD_inBuffer from = {.src = in->p, .size = in->n};
    ZSTD_outBuffer out = {.dst = *to, .size = (size_t)(end - *to)};
    size_t code = ZSTD_decompressStream(i->zstd, &out, &from);

    *in = (str){in->p + from.pos, in->n - from.pos};
    *to += out.pos;
    if (ZSTD_isError(code)) {
        i->problem = ZSTD_getErrorName(code);
        return INFLATE_BROKEN;
    }
    return code == 0 ? INFLATE_MEMBER : INFLATE_MORE;
}

enum inflate_status inflate_some(struct inflate *i, str *in, char **to, const char *end)
{
    return i->kind == INFLATE_GZIP ? some_gzip(i, in, to, end) : some_zstd(i, in, to, end);
}

const char *inflate_problem(const struct inflate *i)
{
    return i->problem;
}
