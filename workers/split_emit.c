#include "workers/split_emit.h"

#include <inttypes.h>

#include "common/base/log.h"
#include "common/data/json.h"
#include "common/data/marks.h"
#include "common/data/text.h"
#include "workers/split_document.h"
#include "workers/split_job.h"

/* Which bytes of the file a row is, for its letter, which may hold only the first of them. */
static str where(struct arena *a, const struct reader *r, const struct row *row)
{
    return arena_printf(a, "row of " STR_FMT " at offset %" PRIu64 ", %" PRIu64 " bytes",
                        STR_ARG(r->uri), row->offset, row->end - row->offset);
}

void split_emit_half(struct reader *r, struct batch *b, const struct row *row)
{
    struct entry *e = &b->entries[0];
    str raw = json_quoted(&b->arena, row->bytes);
    str line = row->line.n ? row->line
                           : arena_printf(&b->arena, "[%" PRIu64 "," STR_FMT "]", row->offset,
                                          STR_ARG(raw));

    record_settle(
        batch_emit(b, e, line, (uint32_t)(r->row++ - e->row)), VERDICT_DEAD, STR("incomplete"),
        arena_printf(&b->arena, "half a " STR_FMT, STR_ARG(where(&b->arena, r, row))));
}

/* A row is a row; but some are no data. */
static void judge(const struct reader *r, const struct split_policy *policy, struct batch *b,
                  const struct row *row, struct record *record)
{
    str reason;
    enum verdict verdict = split_policy_of(policy, row->line, r->header, &reason);

    if (verdict == VERDICT_PASS)
        return;
    str detail = verdict == VERDICT_DROP ? STR_NONE : where(&b->arena, r, row);
    record_settle(record, verdict, reason, detail);
}

/* A short last row is half of one, when its file does not end with a line. */
static uint8_t marks_of(const struct reader *r, const struct row *row)
{
    bool is_short = r->format == ROWS_CSV && row->cells < r->limits.cells;

    return (uint8_t)((row->recoded ? MARK_RECODED : 0) | (row->replaced ? MARK_REPLACED : 0) |
                     (is_short && row->is_unended ? MARK_TRUNCATED : 0));
}

void split_emit(struct reader *r, const struct split_policy *policy, struct batch *b,
                const struct row *row, bool is_bad)
{
    struct entry *e = &b->entries[0];
    uint32_t number = (uint32_t)(r->row++ - e->row);
    uint8_t marks = is_bad ? 0 : marks_of(r, row);

    r->replaced += (marks & MARK_REPLACED) != 0;
    r->truncated += (marks & MARK_TRUNCATED) != 0;
    if (row->recoded && r->recoded++ == 0)
        log_warn("a file is not UTF-8 and is read as windows-1252", LOG_STR("uri", r->uri),
                 LOG_U64("offset", row->offset));
    if (!is_bad && r->format == ROWS_CSV) {
        struct record *record = batch_emit(b, e, row->line, number);
        record->marks = marks;
        judge(r, policy, b, row, record);
        return;
    }
    if (!is_bad) {
        str document =
            split_document(&b->arena, row->line, r->src, r->row - 1, row->offset, marks);
        batch_emit(b, e, document, number);
        return;
    }
    str raw = json_quoted(&b->arena, row->bytes);
    str line = arena_printf(&b->arena, "[%" PRIu64 "," STR_FMT "]", row->offset, STR_ARG(raw));
    record_settle(batch_emit(b, e, line, number), VERDICT_DEAD, row->reason,
                  arena_printf(&b->arena, "%s" STR_FMT "%s" STR_FMT,
                               str_is(row->reason, "poison") ? "workers died of this " : "",
                               STR_ARG(where(&b->arena, r, row)), row->why.n ? ": " : "",
                               STR_ARG(row->why)));
}

void split_tell_aside(const struct reader *r, struct batch *b, const struct row *row)
{
    str text = row->bytes;
    for (int i = 0; i < 3 && !text_is_utf8(text); i++)
        text.n--; /* where it was cut */
    if (!text_is_utf8(text))
        text = text_from_1252(&b->arena, row->bytes);
    str quoted = json_quoted(&b->arena, text);

    split_set(b->progress, row->reason,
              arena_printf(&b->arena, "[%" PRIu64 ",%" PRIu64 "," STR_FMT "]", row->offset,
                           row->end, STR_ARG(quoted)));
    log_info("a file has members around its records", LOG_STR("uri", r->uri),
             LOG_STR("where", row->reason), LOG_U64("offset", row->offset));
}
