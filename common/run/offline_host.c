/* What a stage finds behind it: no Redis, and nothing that comes later. */
#include "common/run/offline_parts.h"

static void on_finish(struct worker *w, struct batch *b)
{
    struct offline *o = w->runner;

    (void)b;
    o->is_finished = true;
}

static void on_give_up(struct worker *w, struct batch *b, const struct error *err)
{
    struct offline *o = w->runner;

    (void)b;
    error_set(o->err, ERR_DATA, "stage '" STR_FMT "' cannot work: %s", STR_ARG(w->name),
              err->text);
}

static void on_note(struct worker *w, struct notes *n)
{
    (void)w;
    n->done(n->ctx, true);
}

static str on_job(struct worker *w, const struct batch *b, const str **fields, uint32_t *count)
{
    struct offline *o = w->runner;

    (void)b;
    *fields = o->fields;
    *count = o->field_count;
    return STR("job");
}

static bool on_source(struct worker *w, str src, struct source_info *info)
{
    const struct offline *o = w->runner;

    if (!o->uri.n || !str_equal(src, (str){o->src, OFFLINE_SRC_DIGITS}))
        return false;
    *info = (struct source_info){.uri = o->uri};
    return true;
}

const struct host offline_host = {
    .finish = on_finish,
    .give_up = on_give_up,
    .note = on_note,
    .job = on_job,
    .source = on_source,
};
