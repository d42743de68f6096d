#include "common/run/offline.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/random.h"
#include "common/run/offline_parts.h"

static int open_station(struct offline *o, const struct pipeline_stage *def, struct station *s,
                        struct error *err)
{
    struct findings findings = {.arena = &s->arena};

    s->worker = (struct worker){.stage = def->kind,
                                .services = &o->services,
                                .name = def->name,
                                .config = def->config,
                                .arena = &s->arena,
                                .host = &offline_host,
                                .runner = o};
    if (def->kind->is_end)
        return 0; /* its destination is not here */
    s->worker.state = arena_zalloc(&s->arena, def->kind->state_size);
    setting_fill(def->kind->settings, def->config, s->worker.state, &findings);
    if (findings.errors)
        return error_set(err, ERR_CONFIG, "stage '" STR_FMT "': " STR_FMT, STR_ARG(def->name),
                         STR_ARG(findings.list[0].text));
    if (def->kind->open && def->kind->open(&s->worker, err))
        return err->code;
    s->is_open = true;
    return 0;
}

struct offline *offline_open(const struct offline_setup *setup, struct error *err)
{
    struct offline *o = xalloc(sizeof(*o));
    const struct pipeline *p = setup->pipeline;
    int rc = 0;

    *o = (struct offline){.setup = *setup, .stop = UINT32_MAX};
    o->services = (struct services){.clock = setup->clock,
                                    .random = random_bits,
                                    .roots = &o->folder,
                                    .root_count = 1,
                                    .canned = setup->canned,
                                    .canned_ctx = setup->canned_ctx,
                                    .pipeline_version = p->version};
    o->stations = xalloc((p->stage_count + 1) * sizeof(*o->stations));
    if (setup->stop.n && !pipeline_find(p, setup->stop, &o->stop))
        rc = error_set(err, ERR_CONFIG, "the pipeline has no stage '" STR_FMT "'",
                       STR_ARG(setup->stop));
    for (uint32_t i = 0; i < p->stage_count && rc == 0; i++)
        rc = open_station(o, &p->stages[i], &o->stations[i], err);
    if (rc == 0)
        return o;
    offline_close(o);
    return NULL;
}

void offline_close(struct offline *o)
{
    if (!o)
        return;
    for (uint32_t i = 0; i < o->setup.pipeline->stage_count; i++) {
        struct station *s = &o->stations[i];
        if (s->is_open && s->worker.stage->close)
            s->worker.stage->close(&s->worker);
        arena_free(&s->arena);
    }
    free(o->stations);
    arena_free(&o->file);
    free(o);
}

void offline_begin(struct offline *o, str uri, str folder, struct error *err)
{
    arena_reset(&o->file);
    o->field_count = 0;
    o->rows = 0;
    o->err = err;
    o->uri = arena_copy(&o->file, uri);
    o->folder = arena_copy(&o->file, folder);
    hash_hex(hash_bytes(uri), o->src);
}

uint64_t offline_rows(const struct offline *o)
{
    return o->rows;
}

uint64_t offline_row(const struct record *r)
{
    return r->entry->row + r->number;
}
