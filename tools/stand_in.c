#include "tools/stand_in.h"

#include <errno.h>
#include <stdio.h>

#include "common/run/options.h"

static int write_port(struct arena *a, str path, uint16_t port, struct error *err)
{
    const char *name = arena_copy(a, path).p;
    const char *fresh = arena_printf(a, "%s.new", name).p;
    FILE *file = fopen(fresh, "we");
    bool is_good = file && fprintf(file, "%u\n", port) > 0;

    is_good = file && fclose(file) == 0 && is_good;
    if (!is_good || rename(fresh, name) != 0)
        return error_set(err, ERR_SYSTEM, "write '%s': %s", name, strerror(errno));
    return 0;
}

int stand_in_help(const char *about, const struct setting *table)
{
    struct buf text;

    buf_init(&text, 64 << 10);
    bool fits = buf_add(&text, str_of(about)) && options_help(table, &text) &&
                fwrite(text.p, 1, text.n, stdout) == text.n;
    buf_free(&text);
    return fits ? 0 : 1;
}

int stand_in_listens(const char *name, str listen, uint16_t port, str port_file,
                     struct error *err)
{
    struct arena arena = {0};
    int rc = port_file.n ? write_port(&arena, port_file, port, err) : 0;

    arena_free(&arena);
    if (rc)
        return rc;
    str host = {listen.p, (size_t)((const char *)memrchr(listen.p, ':', listen.n) - listen.p)};
    printf("%s listening on http://" STR_FMT ":%u\n", name, STR_ARG(host), port);
    fflush(stdout);
    return 0;
}
