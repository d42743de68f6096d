#include "common/run/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { PASSWORD_MAX = 4096 };

/* The first line of a secret's file. */
static int read_password(struct arena *a, str path, str *password, struct error *err)
{
    str name = arena_copy(a, path);
    int fd = open(name.p, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_set(err, ERR_CONFIG, "cannot open the password file '%s': %s", name.p,
                         strerror(errno));
    char *text = arena_alloc(a, PASSWORD_MAX);
    ssize_t n = read(fd, text, PASSWORD_MAX);
    int cause = errno;
    close(fd);
    if (n < 0)
        return error_set(err, ERR_CONFIG, "cannot read the password file '%s': %s", name.p,
                         strerror(cause));
    str rest = {text, (size_t)n};
    *password = str_cut(&rest, '\n');
    return 0;
}

int connect_address(struct arena *a, const struct options_common *common,
                    struct redis_address *to, struct error *err)
{
    int rc = redis_address_parse(a, common->redis, to, err);

    if (rc == 0 && common->redis_user.n)
        to->user = common->redis_user;
    if (rc == 0 && common->redis_password_file.n)
        rc = read_password(a, common->redis_password_file, &to->password, err);
    return rc;
}
