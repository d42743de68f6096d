/* Filling in a request happens for each record, whether or not it is sent: its parts tell what
 * is looked up in the cache. */
#include "workers/lookup_plan.h"

#include <assert.h>

#include "common/run/secret.h"
#include "workers/lookup_plan_parts.h"

const struct lookup_config *lookup_plan_config(const struct lookup_plan *p)
{
    return &p->config;
}

str lookup_plan_origin(const struct lookup_plan *p)
{
    return url_template_origin(p->url);
}

static bool has_control(str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
            return true;
    return false;
}

int lookup_plan_open(struct lookup_plan *p, struct error *err)
{
    for (uint32_t i = 0; i < p->header_count; i++) {
        struct plan_header *h = &p->headers[i];
        str value;
        if (!h->secret.n)
            continue;
        if (secret_read(p->arena, h->secret, &value, err) != 0)
            return err->code;
        value = str_trim(value);
        if (!value.n || has_control(value))
            return error_set(err, ERR_CONFIG,
                             "the secret '" STR_FMT "' is empty or has control characters",
                             STR_ARG(h->secret));
        h->line =
            arena_printf(p->arena, STR_FMT ": " STR_FMT, STR_ARG(h->name), STR_ARG(value));
    }
    return 0;
}

/* The lines; those with members in them are part of what is asked. */
static enum url_expansion fill_headers(const struct lookup_plan *p, const struct record *r,
                                       struct arena *a, struct lookup_request *q,
                                       struct url_expanded *e)
{
    str *lines = arena_alloc(a, p->header_count * sizeof(*lines));

    for (uint32_t i = 0; i < p->header_count; i++) {
        const struct plan_header *h = &p->headers[i];
        lines[i] = h->line;
        if (h->line.n || !h->value) /* a secret that was not read: offline */
            continue;
        enum url_expansion found = url_template_expand(h->value, r, a, e);
        if (found != URL_EXPANDED)
            return found;
        lines[i] = arena_printf(a, STR_FMT ": " STR_FMT, STR_ARG(h->name), STR_ARG(e->text));
        q->key = arena_printf(a, STR_FMT "\n" STR_FMT, STR_ARG(q->key), STR_ARG(lines[i]));
    }
    q->headers = lines;
    q->header_count = p->header_count;
    return URL_EXPANDED;
}

enum url_expansion lookup_plan_fill(const struct lookup_plan *p, const struct record *r,
                                    struct arena *a, struct lookup_request *q,
                                    struct url_expanded *e)
{
    struct lookup_request request = {.method = p->method};
    enum url_expansion found = url_template_expand(p->url, r, a, e);

    if (found != URL_EXPANDED)
        return found;
    request.url = request.key = e->text;
    if (p->body) {
        found = url_template_expand(p->body, r, a, e);
        if (found != URL_EXPANDED)
            return found;
        request.body = e->text;
        request.key = arena_printf(a, STR_FMT " " STR_FMT "\n" STR_FMT, STR_ARG(p->method),
                                   STR_ARG(request.url), STR_ARG(request.body));
    }
    found = fill_headers(p, r, a, &request, e);
    if (found == URL_EXPANDED)
        *q = request;
    return found;
}
