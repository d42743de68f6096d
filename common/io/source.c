#include "common/io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Decoded once; false on a broken escape or a NUL. */
static bool decode(struct arena *a, str s, str *path)
{
    char *out = arena_alloc(a, s.n + 1), *end = out;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            int high = i + 2 < s.n ? str_hex_digit(s.p[i + 1]) : -1;
            int low = i + 2 < s.n ? str_hex_digit(s.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            return false;
        *end++ = c;
    }
    *end = '\0';
    *path = (str){out, (size_t)(end - out)};
    return true;
}

/* file:///path, file://localhost/path, file:/path */
static bool path_of(struct arena *a, str uri, str *path)
{
    if (!str_starts(uri, STR("file:")))
        return false;
    str rest = {uri.p + 5, uri.n - 5};
    if (str_starts(rest, STR("//"))) {
        rest = (str){rest.p + 2, rest.n - 2};
        if (str_starts(rest, STR("localhost/")))
            rest = (str){rest.p + 9, rest.n - 9};
    }
    return rest.n && rest.p[0] == '/' && decode(a, rest, path);
}

static bool is_under(str path, str root)
{
    if (str_is(root, "/"))
        return true;
    return path.n > root.n + 1 && str_starts(path, root) && path.p[root.n] == '/';
}

/* The longest root wins. */
static const str *root_of(str path, const str *roots, uint32_t n)
{
    const str *best = NULL;

    for (uint32_t i = 0; i < n; i++)
        if (is_under(path, roots[i]) && (!best || roots[i].n > best->n))
            best = &roots[i];
    return best;
}

static int open_beneath(str root, const char *rest)
{
    const struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    int folder = open(root.p, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return -1;
    int fd = (int)syscall(SYS_openat2, folder, rest, &how, sizeof(how));
    int problem = errno;
    close(folder);
    errno = problem;
    return fd;
}

static str version_of(struct arena *a, const struct stat *st)
{
    uint64_t size = (uint64_t)st->st_size;
    uint64_t mtime_ns =
        (uint64_t)st->st_mtim.tv_sec * 1000000000U + (uint64_t)st->st_mtim.tv_nsec;

    return arena_printf(a, "%" PRIu64 "-%" PRIu64, size, mtime_ns);
}

static int refuse(str *reason, struct error *err, str uri, const char *why)
{
    *reason = STR("source_refused");
    return error_set(err, ERR_DATA, "source '" STR_FMT "': %s", STR_ARG(uri), why);
}

static int open_failed(str *reason, struct error *err, str path)
{
    int problem = errno;

    if (problem == ELOOP || problem == EXDEV)
        return refuse(reason, err, path,
                      "it goes through a symbolic link, or by '..' out of its folder");
    if (problem == ENXIO)
        return refuse(reason, err, path, "it is no regular file"); /* but a socket */
    bool is_passing = problem == EMFILE || problem == ENFILE || problem == ENOMEM;
    *reason = problem == ENOENT || problem == ENOTDIR ? STR("source_missing")
                                                      : STR("source_unreadable");
    return error_set(err, is_passing ? ERR_AGAIN : ERR_DATA, "open '" STR_FMT "': %s",
                     STR_ARG(path), strerror(problem));
}

int source_open(struct source *s, struct arena *a, str uri, const str *roots,
                uint32_t root_count, str *reason, struct error *err)
{
    struct stat st;
    str path;

    if (!path_of(a, uri, &path))
        return refuse(reason, err, uri, "write it as file:///path/to/file, percent-encoded");
    const str *root = root_of(path, roots, root_count);
    if (!root)
        return refuse(reason, err, uri, "it is under none of the folders that --roots names");
    size_t skip = str_is(*root, "/") ? 1 : root->n + 1;
    int fd = open_beneath(*root, path.n > skip ? path.p + skip : ".");
    if (fd < 0)
        return open_failed(reason, err, path);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return refuse(reason, err, uri, "it is no regular file");
    }
    *s = (struct source){
        .is_open = true, .fd = fd, .size = (uint64_t)st.st_size, .version = version_of(a, &st)};
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return 0;
}

void source_close(struct source *s)
{
    if (s->is_open)
        close(s->fd);
    *s = (struct source){0};
}

int source_read(const struct source *s, uint64_t offset, char *to, size_t n, size_t *got,
                struct error *err)
{
    ssize_t some;

    do
        some = pread(s->fd, to, n, (off_t)offset);
    while (some < 0 && errno == EINTR);
    if (some < 0)
        return error_set(err, ERR_SYSTEM, "read at offset %" PRIu64 ": %s", offset,
                         strerror(errno));
    *got = (size_t)some;
    return 0;
}

bool source_is_same(const struct source *s)
{
    struct arena a = {0};
    struct stat st;
    bool same = fstat(s->fd, &st) == 0 && str_equal(version_of(&a, &st), s->version);

    arena_free(&a);
    return same;
}
