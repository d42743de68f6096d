#include "tools/run_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/buf.h"

enum { ENV_MAX = 64 * 1024 };

static int make(const char *path, struct error *err)
{
    struct stat st;

    if (mkdir(path, 0700) == 0)
        return 0;
    if (errno != EEXIST)
        return error_set(err, ERR_SYSTEM, "cannot make '%s': %s", path, strerror(errno));
    if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return error_set(err, ERR_SYSTEM, "'%s' is there and is not a directory", path);
    if (st.st_uid != geteuid())
        return error_set(err, ERR_SYSTEM, "'%s' belongs to another user", path);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return error_set(err, ERR_SYSTEM, "others may write to '%s': chmod 700 it", path);
    return 0;
}

static str default_path(struct arena *a)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");

    if (runtime && *runtime)
        return arena_printf(a, "%s/standpipe", runtime);
    return arena_printf(a, "/tmp/standpipe-%lu", (unsigned long)geteuid());
}

/* Held until this process ends: children do not inherit it. */
static int take_lock(struct arena *a, struct run_dir *d, struct error *err)
{
    str path = arena_printf(a, STR_FMT "/lock", STR_ARG(d->path));
    char pid[24] = "";

    d->lock = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (d->lock < 0)
        return error_set(err, ERR_SYSTEM, "cannot open '%s': %s", path.p, strerror(errno));
    if (flock(d->lock, LOCK_EX | LOCK_NB) != 0) {
        ssize_t n = read(d->lock, pid, sizeof(pid) - 1);
        pid[MAX(n, (ssize_t)0)] = '\0';
        return error_set(err, ERR_SYSTEM,
                         "another 'standpipe run' (process %.*s) uses '%s'; stop it, or name "
                         "another directory with --dir",
                         (int)strcspn(pid, "\n"), pid, d->path.p);
    }
    if (ftruncate(d->lock, 0) != 0 || dprintf(d->lock, "%ld\n", (long)getpid()) < 0)
        return error_set(err, ERR_SYSTEM, "cannot write '%s': %s", path.p, strerror(errno));
    return 0;
}

int run_dir_open(struct arena *a, str given, struct run_dir *d, struct error *err)
{
    str path = given.n ? arena_copy(a, given) : default_path(a);
    char absolute[PATH_MAX];

    *d = (struct run_dir){.lock = -1};
    if (make(path.p, err) != 0)
        return err->code;
    if (!realpath(path.p, absolute))
        return error_set(err, ERR_SYSTEM, "cannot resolve '%s': %s", path.p, strerror(errno));
    d->path = arena_copy(a, str_of(absolute));
    d->socket = arena_printf(a, STR_FMT "/redis.sock", STR_ARG(d->path));
    d->redis = arena_printf(a, STR_FMT "/redis", STR_ARG(d->path));
    d->objects = arena_printf(a, STR_FMT "/objects", STR_ARG(d->path));
    if (d->socket.n >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return error_set(err, ERR_SYSTEM,
                         "'%s' is too long for a socket (107 bytes); give a shorter --dir",
                         d->socket.p);
    int rc = take_lock(a, d, err);
    if (rc == 0)
        rc = make(d->redis.p, err);
    if (rc == 0)
        rc = make(d->objects.p, err);
    if (rc == 0) /* of an earlier run: it appears again when this one is ready */
        unlink(arena_printf(a, STR_FMT "/env", STR_ARG(d->path)).p);
    if (rc != 0)
        run_dir_close(d);
    return rc;
}

void run_dir_close(struct run_dir *d)
{
    if (d->lock >= 0)
        close(d->lock);
    d->lock = -1;
}

static bool is_plain(str s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_@%+=:,./-";
    for (size_t i = 0; i < s.n; i++)
        if (!memchr(plain, s.p[i], sizeof(plain) - 1))
            return false;
    return true;
}

/* A word that the shell reads as it is. */
static bool add_quoted(struct buf *out, str s)
{
    if (is_plain(s))
        return buf_add(out, s);
    bool fits = buf_add(out, STR("'"));
    for (size_t i = 0; i < s.n && fits; i++)
        fits = buf_add(out, s.p[i] == '\'' ? STR("'\\''") : (str){s.p + i, 1});
    return fits && buf_add(out, STR("'"));
}

int run_dir_write_env(struct arena *a, const struct run_dir *d, const str *pairs, uint32_t n,
                      struct error *err)
{
    str path = arena_printf(a, STR_FMT "/env", STR_ARG(d->path));
    str fresh = arena_printf(a, STR_FMT ".new", STR_ARG(path));
    struct buf out;
    bool fits = true;

    buf_init(&out, ENV_MAX);
    for (uint32_t i = 0; i < n && fits; i++)
        fits = buf_add(&out, pairs[2 * i]) && buf_add(&out, STR("=")) &&
               add_quoted(&out, pairs[2 * i + 1]) && buf_add(&out, STR("\n"));
    int fd = open(fresh.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_written = fits && fd >= 0 && write(fd, out.p, out.n) == (ssize_t)out.n;
    int cause = errno;
    if (fd >= 0)
        close(fd);
    buf_free(&out);
    if (!is_written || rename(fresh.p, path.p) != 0)
        return error_set(err, ERR_SYSTEM, "cannot write '%s': %s", path.p,
                         strerror(is_written ? errno : cause));
    return 0;
}
