#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "common/io/source.h"
#include "tests/unit/check.h"

enum { TEXT = 300000, PART = 100000, PACKED_MAX = 400000 };

static char folder[] = "/tmp/standpipe-unpack-XXXXXX";
static char text[TEXT];
static struct arena arena;

static size_t pack_gzip(char *to, str s)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)s.p, .avail_in = (uInt)s.n};

    z.next_out = (Bytef *)to;
    z.avail_out = PACKED_MAX;
    CHECK_INT(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    CHECK_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return PACKED_MAX - z.avail_out;
}

static size_t pack_zstd(char *to, str s)
{
    return ZSTD_compress(to, PACKED_MAX, s.p, s.n, 3);
}

/* In three members, or in one. */
static str pack(size_t (*one)(char *, str), uint32_t members)
{
    char *to = arena_alloc(&arena, (size_t)PACKED_MAX * 3), *end = to;
    size_t part = TEXT / members;

    for (uint32_t i = 0; i < members; i++)
        end += one(end, (str){text + i * part, part});
    return str_between(to, end);
}

static void open_packed(struct source *s, str bytes, const struct source_setup *setup)
{
    str path = arena_printf(&arena, "%s/packed", folder);
    str uri = arena_printf(&arena, "file://%s", path.p), reason;
    struct error err = {0};
    int fd = open(path.p, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n)
        die("cannot write '%s'", path.p);
    close(fd);
    CHECK_INT(source_open(s, &arena, uri, setup, &reason, &err), 0);
}

static struct source_setup setup_of(void)
{
    static str root;

    root = str_of(folder);
    return (struct source_setup){.roots = &root, .root_count = 1};
}

/* From `offset` to the end, in pieces of `step`. False: a failure, whose word is `reason`. */
static bool read_all(struct source *s, uint64_t offset, size_t step, char *to, size_t *n,
                     str *reason)
{
    struct error err = {0};
    size_t got = 1;

    *n = 0;
    while (got) {
        if (source_read(s, offset + *n, to + *n, MIN(step, TEXT - *n + 1), &got, reason, &err))
            return false;
        *n += got;
    }
    return true;
}

static void test_unpack_gives_what_was_packed(void)
{
    static const struct {
        size_t (*one)(char *, str);
        uint32_t members;
        const char *name, *behind;
        enum source_ending end;
    } rows[] = {
        {pack_gzip, 1, "gzip", "", SOURCE_WHOLE},
        {pack_gzip, 3, "gzip", "", SOURCE_WHOLE},
        {pack_zstd, 1, "zstd", "", SOURCE_WHOLE},
        {pack_zstd, 3, "zstd", "", SOURCE_WHOLE},
        {pack_gzip, 3, "gzip", "junk", SOURCE_TRAILING},
        {pack_zstd, 3, "zstd", "j", SOURCE_TRAILING},
    };
    const size_t steps[] = {1000, 65536, TEXT + 1};
    struct source_setup setup = setup_of();
    char *out = xalloc(TEXT + 1);

    for (size_t i = 0; i < ARRAY_LEN(rows) * ARRAY_LEN(steps); i++) {
        struct source s = {0};
        str packed = pack(rows[i / 3].one, rows[i / 3].members), reason;
        char *all = arena_alloc(&arena, packed.n + 8);
        memcpy(all, packed.p, packed.n);
        memcpy(all + packed.n, rows[i / 3].behind, strlen(rows[i / 3].behind));
        open_packed(&s, (str){all, packed.n + strlen(rows[i / 3].behind)}, &setup);
        CHECK_STR(str_of(s.compression), str_of(rows[i / 3].name));
        size_t n;
        CHECK(read_all(&s, 0, steps[i % 3], out, &n, &reason));
        CHECK_INT(n, TEXT);
        CHECK(memcmp(out, text, TEXT) == 0);
        CHECK_INT(source_ended(&s).kind, rows[i / 3].end);
        CHECK(read_all(&s, 123456, 4096, out, &n, &reason)); /* back, and on from there */
        CHECK_INT(n, TEXT - 123456);
        CHECK(memcmp(out, text + 123456, n) == 0);
        source_close(&s);
    }
    free(out);
}

/* Wherever it breaks off: what came before, once, and it is said. */
static void test_unpack_tells_a_cut(void)
{
    static size_t (*const kinds[])(char *, str) = {pack_gzip, pack_zstd};
    struct source_setup setup = setup_of();
    char *out = xalloc(TEXT + 1);

    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        str packed = pack(kinds[k], 3), reason;
        size_t before = 0;
        for (size_t cut = 4; cut < packed.n; cut += packed.n / 97) {
            struct source s = {0};
            size_t n;
            open_packed(&s, (str){packed.p, cut}, &setup);
            CHECK(read_all(&s, 0, 5000, out, &n, &reason));
            CHECK(n < TEXT && n >= before);
            CHECK(memcmp(out, text, n) == 0);
            CHECK_INT(source_ended(&s).kind, SOURCE_CUT);
            before = n;
            source_close(&s);
        }
    }
    free(out);
}

static void test_unpack_tells_damage(void)
{
    struct source_setup setup = setup_of();
    str packed = pack(pack_gzip, 3), reason;
    char *bytes = arena_alloc(&arena, packed.n), *out = xalloc(TEXT + 1);
    struct source s = {0};
    size_t n;

    memcpy(bytes, packed.p, packed.n);
    memset(bytes + packed.n / 2, 0, 64);
    open_packed(&s, (str){bytes, packed.n}, &setup);
    CHECK(read_all(&s, 0, 5000, out, &n, &reason));
    CHECK(n >= PART && n < TEXT);
    CHECK_INT(source_ended(&s).kind, SOURCE_CUT);
    source_close(&s);
    free(out);
}

static void test_unpack_stops_a_bomb(void)
{
    struct source_setup setup = setup_of();
    struct source s = {0};
    char *out = xalloc(TEXT + 1);
    str reason = STR_NONE;
    size_t n;

    setup.unpacked_max = 50000;
    open_packed(&s, pack(pack_gzip, 1), &setup);
    CHECK(!read_all(&s, 0, 1000, out, &n, &reason));
    CHECK_STR(reason, STR("unpacked_too_large"));
    CHECK(n <= 50000);
    source_close(&s);
    free(out);
}

/* A later life goes on from a member: nothing before it has to be there. */
static void test_unpack_goes_on_from_a_mark(void)
{
    enum { BIG = 3 << 20 };
    struct source_setup setup = setup_of();
    char *big = xalloc(BIG), *to = xalloc(2 * BIG), out[1000];
    struct error err = {0};
    struct source s = {0};
    size_t n = 0, got = 0, first;
    str reason;

    for (size_t i = 0; i < BIG; i++)
        big[i] = text[i % TEXT];
    first = ZSTD_compress(to, BIG, big, BIG / 2, 1);
    n = first + ZSTD_compress(to + first, BIG, big + BIG / 2, BIG / 2, 1);
    open_packed(&s, (str){to, n}, &setup);
    CHECK_INT(source_mark(&s, BIG).out, 0);
    CHECK_INT(source_read(&s, BIG - sizeof(out), out, sizeof(out), &got, &reason, &err), 0);
    struct source_mark mark = source_mark(&s, BIG - 1);
    CHECK_INT(mark.in, first);
    CHECK_INT(mark.out, BIG / 2);
    CHECK_INT(source_mark(&s, BIG / 2 - 1).out, 0);
    source_close(&s);

    setup.mark = mark;
    memset(to + 100, 'x', first - 100); /* it is not looked at */
    open_packed(&s, (str){to, n}, &setup);
    CHECK_INT(source_read(&s, BIG - 500, out, sizeof(out), &got, &reason, &err), 0);
    CHECK_INT(got, 500);
    CHECK(memcmp(out, big + BIG - 500, 500) == 0);
    source_close(&s);
    free(big);
    free(to);
}

int main(void)
{
    if (!mkdtemp(folder))
        die("no folder");
    for (size_t i = 0; i < TEXT; i++)
        text[i] = (char)('a' + (i * i / 7 + i / 11) % 23);
    RUN(test_unpack_gives_what_was_packed);
    RUN(test_unpack_tells_a_cut);
    RUN(test_unpack_tells_damage);
    RUN(test_unpack_stops_a_bomb);
    RUN(test_unpack_goes_on_from_a_mark);
    unlink(arena_printf(&arena, "%s/packed", folder).p);
    rmdir(folder);
    arena_free(&arena);
    return check_done();
}
