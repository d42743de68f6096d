/* Regular files under the roots, opened so that no symbolic link, no `..` and no device can
 * lead elsewhere; read with pread, never mapped. A file ends where it ended when it was opened:
 * what was appended since is another version, and the last row of this one may be half of a
 * row. */
#include "common/io/source_kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdlib.h>
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

static int open_failed(str *reason, struct error *err, str path)
{
    int problem = errno;

    if (problem == ELOOP || problem == EXDEV)
        return source_refuse(reason, err, path,
                             "it goes through a symbolic link, or by '..' out of its folder");
    if (problem == ENXIO)
        return source_refuse(reason, err, path, "it is no regular file"); /* but a socket */
    bool is_passing = problem == EMFILE || problem == ENFILE || problem == ENOMEM;
    *reason = problem == ENOENT || problem == ENOTDIR ? STR("source_missing")
                                                      : STR("source_unreadable");
    return error_set(err, is_passing ? ERR_AGAIN : ERR_DATA, "open '" STR_FMT "': %s",
                     STR_ARG(path), strerror(problem));
}

struct file {
    int fd;
    uint64_t size;
    uint64_t mtime_ns;
};

static uint64_t mtime_of(const struct stat *st)
{
    return (uint64_t)st->st_mtim.tv_sec * 1000000000U + (uint64_t)st->st_mtim.tv_nsec;
}

static int file_read(void *self, uint64_t offset, char *to, size_t n, size_t *got, str *reason,
                     struct error *err)
{
    const struct file *f = self;
    uint64_t left = f->size - MIN(offset, f->size);
    ssize_t some;

    do
        some = pread(f->fd, to, MIN((uint64_t)n, left), (off_t)offset);
    while (some < 0 && errno == EINTR);
    if (some < 0) {
        *reason = STR("source_unreadable");
        return error_set(err, ERR_DATA, "read at offset %" PRIu64 ": %s", offset,
                         strerror(errno));
    }
    *got = (size_t)some;
    return 0;
}

static bool file_is_same(void *self)
{
    const struct file *f = self;
    struct stat st;

    return fstat(f->fd, &st) == 0 && (uint64_t)st.st_size == f->size &&
           mtime_of(&st) == f->mtime_ns;
}

static void file_close(void *self)
{
    struct file *f = self;

    close(f->fd);
    free(f);
}

static const struct source_ops file_ops = {
    .read = file_read, .is_same = file_is_same, .close = file_close};

int source_file_open(struct source *s, struct arena *a, str uri,
                     const struct source_setup *setup, str *reason, struct error *err)
{
    struct stat st;
    str path;

    if (!path_of(a, uri, &path))
        return source_refuse(
            reason, err, uri,
            "write it as file:///path/to/file, percent-encoded, or as s3://bucket/key "
            "or https://host/path");
    const str *root = root_of(path, setup->roots, setup->root_count);
    if (!root)
        return source_refuse(reason, err, uri,
                             "it is under none of the folders that --roots names");
    size_t skip = str_is(*root, "/") ? 1 : root->n + 1;
    int fd = open_beneath(*root, path.n > skip ? path.p + skip : ".");
    if (fd < 0)
        return open_failed(reason, err, path);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return source_refuse(reason, err, uri, "it is no regular file");
    }
    struct file *f = xalloc(sizeof(*f));
    *f = (struct file){.fd = fd, .size = (uint64_t)st.st_size, .mtime_ns = mtime_of(&st)};
    *s = (struct source){
        .is_found = true,
        .size = f->size,
        .version = arena_printf(a, "%" PRIu64 "-%" PRIu64, f->size, f->mtime_ns),
        .ops = &file_ops,
        .self = f,
    };
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return 0;
}
