#include "workers/split_end.h"

#include <stdio.h>

#include "common/base/log.h"
#include "common/data/json.h"
#include "common/run/output.h"
#include "workers/split_job.h"

static void end_job(struct batch *b, str state, uint64_t now_ms)
{
    b->progress->is_last = true;
    split_set(b->progress, STR("state"), state);
    split_set_number(b->progress, &b->arena, STR("ended"), now_ms);
}

/* The job itself is the dead letter, or the whole entry when it names no file; what was read
 * before goes on. */
static void end_with_letter(struct worker *w, struct reader *r, struct batch *b,
                            const struct trouble *t, str state)
{
    struct entry *e = &b->entries[0];
    struct progress *p = b->progress;
    str detail = arena_copy(&b->arena, str_of(t->err.text));
    str uri = json_quoted(&b->arena, e->uri);
    str line = e->uri.n ? arena_printf(&b->arena, "{\"uri\":" STR_FMT "}", STR_ARG(uri))
                        : output_entry_json(&b->arena, e->fields, e->field_count);

    if (r->src.n)
        e->src = r->src;
    if (b->record_count == 0)
        e->row = p->row;
    record_settle(batch_emit(b, e, line, (uint32_t)(p->row - e->row)), VERDICT_DEAD, t->reason,
                  detail);
    split_set(p, STR("uri"), e->uri);
    split_set(p, STR("error"), detail);
    end_job(b, state, clock_wall_ms(w->services->clock));
    log_warn("a file cannot be split, or not all of it", LOG_STR("uri", e->uri),
             LOG_STR("reason", t->reason), LOG_STR("error", detail));
    source_close(&r->file);
}

enum work split_give_up(struct worker *w, struct reader *r, struct batch *b,
                        const struct trouble *t)
{
    end_with_letter(w, r, b, t, STR("failed"));
    return WORK_DONE;
}

enum work split_end(struct worker *w, struct reader *r, struct batch *b)
{
    struct source_end end = source_ended(&r->file);
    struct trouble t = {.reason =
                            end.kind == SOURCE_CUT ? STR("incomplete") : STR("trailing_bytes")};

    if (end.kind == SOURCE_WHOLE && r->lacks.n) {
        end.kind = SOURCE_CUT;
        t.reason = STR("incomplete");
        (void)snprintf(end.text, sizeof(end.text), STR_FMT, STR_ARG(r->lacks));
    }
    if (end.kind == SOURCE_WHOLE) {
        end_job(b, STR("done"), clock_wall_ms(w->services->clock));
        return WORK_DONE;
    }
    error_set(&t.err, ERR_DATA, "%s", end.text);
    end_with_letter(w, r, b, &t, end.kind == SOURCE_CUT ? STR("incomplete") : STR("done"));
    return WORK_DONE;
}
