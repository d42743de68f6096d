#include "common/run/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { SECRET_MAX = 4096 };

int secret_read_file(struct arena *a, str path, const char *what, str *value, struct error *err)
{
    str name = arena_copy(a, path);
    int fd = open(name.p, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_set(err, ERR_CONFIG, "cannot open %s '%s': %s", what, name.p,
                         strerror(errno));
    char *text = arena_alloc(a, SECRET_MAX);
    ssize_t n = read(fd, text, SECRET_MAX);
    int cause = errno;
    close(fd);
    if (n < 0)
        return error_set(err, ERR_CONFIG, "cannot read %s '%s': %s", what, name.p,
                         strerror(cause));
    str rest = {text, (size_t)n};
    *value = str_cut(&rest, '\n');
    return 0;
}

static str variable_of(struct arena *a, str name, const char *end)
{
    str text = arena_printf(a, "STANDPIPE_SECRET_" STR_FMT "%s", STR_ARG(name), end);
    char *p = arena_alloc(a, text.n + 1);

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool is_small = c >= 'a' && c <= 'z', is_sign = c == '-' || c == '.';
        p[i] = is_small ? (char)(c - 'a' + 'A') : is_sign ? '_' : c;
    }
    p[text.n] = '\0';
    return (str){p, text.n};
}

int secret_read(struct arena *a, str name, str *value, struct error *err)
{
    const char *folders[] = {getenv("STANDPIPE_SECRETS"), getenv("CREDENTIALS_DIRECTORY"),
                             "/run/secrets"};
    str variable = variable_of(a, name, "");

    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        if (!folders[i] || !folders[i][0])
            continue;
        str path = arena_printf(a, "%s/" STR_FMT, folders[i], STR_ARG(name));
        if (access(path.p, F_OK) == 0)
            return secret_read_file(a, path, "the secret", value, err);
    }
    const char *text = getenv(variable.p), *file = getenv(variable_of(a, name, "_FILE").p);
    if (!text && file)
        return secret_read_file(a, str_of(file), "the secret", value, err);
    if (!text)
        return error_set(err, ERR_CONFIG,
                         "no secret '" STR_FMT "': no such file in $STANDPIPE_SECRETS, "
                         "$CREDENTIALS_DIRECTORY and /run/secrets, and no variable " STR_FMT,
                         STR_ARG(name), STR_ARG(variable));
    *value = arena_copy(a, str_of(text));
    return 0;
}
