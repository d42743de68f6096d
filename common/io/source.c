#include "common/io/source.h"

#include "common/io/source_kinds.h"

int source_refuse(str *reason, struct error *err, str uri, const char *why)
{
    *reason = STR("source_refused");
    return error_set(err, ERR_DATA, "source '" STR_FMT "': %s", STR_ARG(uri), why);
}

int source_open(struct source *s, struct arena *a, str uri, const struct source_setup *setup,
                str *reason, struct error *err)
{
    return source_file_open(s, a, uri, setup, reason, err);
}

void source_close(struct source *s)
{
    if (s->ops)
        s->ops->close(s->self);
    *s = (struct source){0};
}

int source_read(struct source *s, uint64_t offset, char *to, size_t n, size_t *got, str *reason,
                struct error *err)
{
    return s->ops->read(s->self, offset, to, n, got, reason, err);
}

bool source_is_same(const struct source *s)
{
    return s->ops->is_same(s->self);
}
