#include "common/io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/check.h"

static struct arena arena;
static char folder[] = "/tmp/standpipe-source-XXXXXX";

static str path(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static str uri(const char *prefix, const char *rest)
{
    return arena_printf(&arena, "%s%s%s", prefix, folder, rest);
}

static void write_file(const char *name, const char *text)
{
    int fd = open(path(name).p, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        die("cannot write '%s'", name);
    close(fd);
}

static void make_socket(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    str to = path(name);

    memcpy(at.sun_path, to.p, to.n);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
        die("cannot bind '%s'", name);
    close(fd);
}

static void make_tree(void)
{
    if (!mkdtemp(folder) || mkdir(path("in").p, 0700) || mkdir(path("in/deep").p, 0700) ||
        mkdir(path("in-2").p, 0700) || mkfifo(path("in/fifo").p, 0600) ||
        symlink("a.csv", path("in/inner").p) || symlink("../secret", path("in/outer").p) ||
        symlink("/etc", path("in/etc").p) || symlink("deep", path("in/way").p) ||
        symlink("in", path("entrance").p))
        die("cannot make the tree");
    write_file("secret", "secret");
    write_file("in/a.csv", "a,b\n1,2\n");
    write_file("in/deep/b c.csv", "deep");
    write_file("in/100%", "percent");
    write_file("in-2/c.csv", "other");
    write_file("in/locked", "locked");
    if (chmod(path("in/locked").p, 0))
        die("chmod failed");
    make_socket("in/socket");
}

static int opened(struct source *s, str from, const str *roots, uint32_t n, str *reason)
{
    struct error err = {0};
    const struct source_setup setup = {.roots = roots, .root_count = n};
    int rc = source_open(s, &arena, from, &setup, reason, &err);

    CHECK((rc == 0) == (err.text[0] == '\0'));
    return rc;
}

static void check_text(struct source *s, const char *want)
{
    char bytes[64];
    struct error err = {0};
    size_t got = 0;
    str reason;

    CHECK_INT(source_read(s, 0, bytes, sizeof(bytes), &got, &reason, &err), 0);
    CHECK_STR(((str){bytes, got}), str_of(want));
    CHECK_INT(source_read(s, got, bytes, sizeof(bytes), &got, &reason, &err), 0);
    CHECK_INT(got, 0);
}

static void test_source_open_takes_every_form_of_a_uri(void)
{
    const struct {
        const char *prefix, *rest, *text;
    } rows[] = {
        {"file://", "/in/a.csv", "a,b\n1,2\n"},
        {"file:", "/in/a.csv", "a,b\n1,2\n"},
        {"file://localhost", "/in/a.csv", "a,b\n1,2\n"},
        {"file://", "/in/%61%2ecsv", "a,b\n1,2\n"},
        {"file://", "/in/deep/b%20c.csv", "deep"},
        {"file://", "/in/deep/b c.csv", "deep"},
        {"file://", "/in/100%25", "percent"},
        {"file://", "/in/deep/../a.csv", "a,b\n1,2\n"},
        {"file://", "/in/deep%2f../a.cs%76", "a,b\n1,2\n"},
    };
    const str roots[] = {path("in")};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct source s = {0};
        str reason = STR_NONE;

        CHECK_INT(opened(&s, uri(rows[i].prefix, rows[i].rest), roots, 1, &reason), 0);
        CHECK_INT(s.size, strlen(rows[i].text));
        check_text(&s, rows[i].text);
        CHECK(source_is_same(&s));
        source_close(&s);
        CHECK(!s.is_open);
        source_close(&s);
    }
}

static void test_source_open_refuses(void)
{
    const struct {
        const char *prefix, *rest, *reason;
    } rows[] = {
        /* no file: URI, or a broken one */
        {"", "/in/a.csv", "source_refused"},
        {"http://", "/in/a.csv", "source_refused"},
        {"file://example.org", "/in/a.csv", "source_refused"},
        {"file://localhostess", "/in/a.csv", "source_refused"},
        {"file:.", "/in/a.csv", "source_refused"},
        {"file://", "/in/a.csv%", "source_refused"},
        {"file://", "/in/a.csv%2", "source_refused"},
        {"file://", "/in/a%zz.csv", "source_refused"},
        {"file://", "/in/a.csv%00", "source_refused"},
        {"file://", "/in/100%", "source_refused"},
        /* outside of the roots */
        {"file://", "/secret", "source_refused"},
        {"file://", "/in-2/c.csv", "source_refused"},
        {"file://", "/in", "source_refused"},
        {"file://", "/entrance/a.csv", "source_refused"},
        {"file://", "/in/../secret", "source_refused"},
        {"file://", "/in/%2e%2e/secret", "source_refused"},
        {"file://", "/in/deep/../../secret", "source_refused"},
        {"file://", "/in//etc/passwd", "source_refused"},
        {"file:///", "/in/a.csv", "source_refused"},
        /* symbolic links, in and out */
        {"file://", "/in/inner", "source_refused"},
        {"file://", "/in/outer", "source_refused"},
        {"file://", "/in/etc/passwd", "source_refused"},
        {"file://", "/in/way/b c.csv", "source_refused"},
        /* no regular file */
        {"file://", "/in/fifo", "source_refused"},
        {"file://", "/in/deep", "source_refused"},
        {"file://", "/in/", "source_refused"},
        {"file://", "/in/socket", "source_refused"},
        /* not there */
        {"file://", "/in/none.csv", "source_missing"},
        {"file://", "/in/none/none.csv", "source_missing"},
        {"file://", "/in/a.csv/none", "source_missing"},
        {"file://", "/in/a.csv/", "source_missing"},
        {"file://", "/in/locked", "source_unreadable"},
    };
    const str roots[] = {path("in")};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct source s = {0};
        str reason = STR_NONE, from = uri(rows[i].prefix, rows[i].rest);

        if (geteuid() == 0 && str_is(STR("source_unreadable"), rows[i].reason))
            continue; /* root reads everything */
        int rc = opened(&s, from, roots, 1, &reason);
        if (rc != ERR_DATA || !str_is(reason, rows[i].reason))
            printf("# of '" STR_FMT "'\n", STR_ARG(from));
        CHECK_INT(rc, ERR_DATA);
        CHECK_STR(reason, str_of(rows[i].reason));
        CHECK(!s.is_open);
        source_close(&s);
    }
}

static void test_source_open_refuses_devices(void)
{
    const str roots[] = {STR("/dev")};
    struct source s = {0};
    str reason = STR_NONE;

    CHECK_INT(opened(&s, STR("file:///dev/null"), roots, 1, &reason), ERR_DATA);
    CHECK_STR(reason, STR("source_refused"));
    CHECK_INT(opened(&s, STR("file:///dev/zero"), roots, 1, &reason), ERR_DATA);
    CHECK_STR(reason, STR("source_refused"));
}

static void test_source_open_looks_under_all_roots(void)
{
    const str roots[] = {path("in-2"), path("in"), path("in/deep"), path("none")};
    const str top[] = {STR("/")};
    struct source s = {0};
    str reason = STR_NONE;

    CHECK_INT(opened(&s, uri("file://", "/in-2/c.csv"), roots, 4, &reason), 0);
    check_text(&s, "other");
    source_close(&s);
    CHECK_INT(opened(&s, uri("file://", "/in/a.csv"), roots, 4, &reason), 0);
    source_close(&s);
    CHECK_INT(opened(&s, uri("file://", "/in/deep/b c.csv"), roots, 4, &reason), 0);
    source_close(&s);
    /* the longest root is the one that '..' must not leave */
    CHECK_INT(opened(&s, uri("file://", "/in/deep/../a.csv"), roots, 4, &reason), ERR_DATA);
    CHECK_STR(reason, STR("source_refused"));
    CHECK_INT(opened(&s, uri("file://", "/none/a"), roots, 4, &reason), ERR_DATA);
    CHECK_STR(reason, STR("source_missing"));

    CHECK_INT(opened(&s, uri("file://", "/in/a.csv"), top, 1, &reason), 0);
    source_close(&s);
    CHECK_INT(opened(&s, uri("file://", "/in/outer"), top, 1, &reason), ERR_DATA);
    CHECK_STR(reason, STR("source_refused"));
    CHECK_INT(opened(&s, STR("file:///"), top, 1, &reason), ERR_DATA);
    CHECK_STR(reason, STR("source_refused"));
    CHECK_INT(opened(&s, uri("file://", "/in/a.csv"), NULL, 0, &reason), ERR_DATA);
    CHECK_STR(reason, STR("source_refused"));
}

/* Bytes that end where the URI ends, so that a sanitizer sees a step too far. */
static void test_source_open_stays_inside_the_uri(void)
{
    const char *const tails[] = {"%", "%6", "%61", "", "%0", "%00"};
    const str roots[] = {path("in")};

    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        str text = arena_printf(&arena, "file://%s/in/a.csv%s", folder, tails[i]);
        char *bytes = xalloc(text.n);
        struct source s = {0};
        str reason = STR_NONE;

        memcpy(bytes, text.p, text.n);
        int rc = opened(&s, (str){bytes, text.n}, roots, 1, &reason);
        CHECK_INT(rc == 0, tails[i][0] == '\0');
        source_close(&s);
        free(bytes);
    }
}

static void change(const char *name, const char *how)
{
    const struct timespec times[] = {{.tv_sec = 1000, .tv_nsec = 1}, {.tv_sec = 1000}};

    if (strcmp(how, "append") == 0) {
        write_file(name, "1234567890");
    } else if (strcmp(how, "touch") == 0 && utimensat(AT_FDCWD, path(name).p, times, 0)) {
        die("utimensat failed");
    } else if (strcmp(how, "truncate") == 0 && truncate(path(name).p, 1)) {
        die("truncate failed");
    }
}

static void test_source_is_same_notices_a_change(void)
{
    const char *const ways[] = {"append", "touch", "truncate"};
    const str roots[] = {path("in")};

    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct source before = {0}, after = {0};
        str reason;

        write_file("in/changing", "12345");
        CHECK_INT(opened(&before, uri("file://", "/in/changing"), roots, 1, &reason), 0);
        CHECK(source_is_same(&before));
        change("in/changing", ways[i]);
        CHECK(!source_is_same(&before));
        CHECK_INT(opened(&after, uri("file://", "/in/changing"), roots, 1, &reason), 0);
        CHECK(!str_equal(before.version, after.version));
        source_close(&before);
        source_close(&after);
    }
}

/* A new file under the old name: what was opened is read to its end, and nobody takes the one
 * for the other. */
static void test_source_reads_on_in_a_replaced_file(void)
{
    const str roots[] = {path("in")};
    struct source before = {0}, after = {0};
    str reason;

    write_file("in/swapped", "old");
    CHECK_INT(opened(&before, uri("file://", "/in/swapped"), roots, 1, &reason), 0);
    write_file("in/new", "newer");
    CHECK_INT(rename(path("in/new").p, path("in/swapped").p), 0);
    check_text(&before, "old");
    CHECK_INT(opened(&after, uri("file://", "/in/swapped"), roots, 1, &reason), 0);
    CHECK(!str_equal(before.version, after.version));
    source_close(&before);
    source_close(&after);
}

int main(void)
{
    make_tree();
    RUN(test_source_open_takes_every_form_of_a_uri);
    RUN(test_source_open_refuses);
    RUN(test_source_open_refuses_devices);
    RUN(test_source_open_looks_under_all_roots);
    RUN(test_source_open_stays_inside_the_uri);
    RUN(test_source_is_same_notices_a_change);
    RUN(test_source_reads_on_in_a_replaced_file);
    str command = arena_printf(&arena, "rm -rf %s", folder);
    int gone = system(command.p);
    arena_free(&arena);
    return check_done() || gone;
}
