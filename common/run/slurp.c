#include "common/run/slurp.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/base/buf.h"

static int read_all(int fd, struct buf *to)
{
    for (;;) {
        size_t room = MIN((size_t)64 * 1024, to->max - to->n);
        if (room == 0 || !buf_reserve(to, room))
            return 0;
        ssize_t n = read(fd, to->p + to->n, room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -1 : 0;
        to->n += (size_t)n;
    }
}

int slurp(struct arena *a, const char *path, size_t max, str *text, struct error *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct buf bytes;

    if (fd < 0)
        return error_set(err, ERR_USAGE, "open '%s': %s", path, strerror(errno));
    buf_init(&bytes, max);
    int failed = read_all(fd, &bytes);
    int why = errno;
    if (!is_stdin)
        close(fd);
    if (!failed)
        *text = arena_copy(a, buf_str(&bytes));
    buf_free(&bytes);
    return failed ? error_set(err, ERR_SYSTEM, "read '%s': %s", path, strerror(why)) : 0;
}
