/* Records of one's own on their way. */
#include "common/run/offline_parts.h"

static void admit_records(struct offline *o, struct batch *b, str from)
{
    struct record **one = arena_alloc(&b->arena, sizeof(*one));

    batch_each(r, b) {
        const struct route *route = route_match(&o->setup.pipeline->routes, from, r, &b->arena);
        *one = r;
        if (!offline_ends_by(o, from, r, route))
            offline_go_along(o, route, one, 1, NULL);
    }
}

static void admit(struct offline *o, struct batch *b, const struct offline_records *in)
{
    const struct pipeline *p = o->setup.pipeline;
    uint32_t number = 0, stop = o->stop;
    bool is_inbox = in->entrance == OFFLINE_BEHIND && str_is(in->at, "inbox");
    const struct pipeline_stage *def = pipeline_find(p, in->at, &number);

    if (!is_inbox && !def)
        error_set(o->err, ERR_CONFIG, "the pipeline has no stage '" STR_FMT "'",
                  STR_ARG(in->at));
    else if (in->entrance == OFFLINE_BEHIND)
        admit_records(o, b, in->at);
    else if (def->kind->wants_jobs)
        error_set(o->err, ERR_DATA, "stage '" STR_FMT "' works on files, not on records",
                  STR_ARG(in->at));
    else if (def->kind->is_end)
        batch_each(r, b)
            offline_tell(o,
                         &(struct offline_end){OFFLINE_OUT, def->name, r, STR_NONE, STR_NONE});
    else {
        o->stop = in->entrance == OFFLINE_ALONE ? number : stop;
        offline_work_on(o, number, b);
        o->stop = stop;
    }
}

int offline_records(struct offline *o, const struct offline_records *in, struct error *err)
{
    struct batch b = {0};

    offline_begin(o, in->uri, STR_NONE, err);
    struct entry e = {.id = STR("0-1"),
                      .data = in->data,
                      .cols = in->cols,
                      .src = (str){o->src, OFFLINE_SRC_DIGITS},
                      .row = 1,
                      .at = clock_wall_ms(o->setup.clock)};
    b.entries = &e;
    b.entry_count = 1;
    batch_cut(&b);
    admit(o, &b, in);
    arena_free(&b.arena);
    return err->code;
}
