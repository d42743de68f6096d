#include "common/io/source.h"

#include "common/io/source_kinds.h"

int source_refuse(str *reason, struct error *err, str uri, const char *why)
{
    *reason = STR("source_refused");
    return error_set(err, ERR_DATA, "source '" STR_FMT "': %s", STR_ARG(uri), why);
}

static int look_inside(struct source *s, const struct source_setup *setup, str *reason,
                       struct error *err)
{
    char head[INFLATE_HEAD];
    size_t n = 0, got = 1;

    for (; n < sizeof(head) && got; n += got) {
        int rc = s->ops->read(s->self, n, head + n, sizeof(head) - n, &got, reason, err);
        if (rc)
            return rc;
    }
    enum inflate_kind kind = inflate_detect((str){head, n});
    if (kind != INFLATE_NONE)
        source_unpack(s, kind, setup);
    return 0;
}

static int find(struct source *s, struct arena *a, str uri, const struct source_setup *setup,
                str *reason, struct error *err)
{
    if (str_starts(uri, STR("s3://")))
        return source_s3_open(s, a, uri, setup, reason, err);
    if (str_starts(uri, STR("http://")) || str_starts(uri, STR("https://")))
        return source_http_open(s, a, uri, setup, reason, err);
    return source_file_open(s, a, uri, setup, reason, err);
}

int source_open(struct source *s, struct arena *a, str uri, const struct source_setup *setup,
                str *reason, struct error *err)
{
    int rc = s->is_found ? 0 : find(s, a, uri, setup, reason, err);

    if (rc == 0)
        rc = look_inside(s, setup, reason, err);
    if (rc != 0 && rc != ERR_AGAIN)
        source_close(s);
    s->is_open = rc == 0;
    return rc;
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

struct source_end source_ended(const struct source *s)
{
    return s->ops->end ? s->ops->end(s->self) : (struct source_end){0};
}

struct source_mark source_mark(const struct source *s, uint64_t offset)
{
    return s->ops->mark ? s->ops->mark(s->self, offset) : (struct source_mark){0};
}
