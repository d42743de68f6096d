/* What the books say of a topic against what a recount found in it. */
#include <inttypes.h>

#include "tools/audit.h"

static uint64_t distance(int64_t a, int64_t b)
{
    return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

static void compare_waiting(struct audit *a, const struct audit_topic *t)
{
    uint64_t records = distance(t->records, t->found_records);
    uint64_t bytes = distance(t->bytes, t->found_bytes);

    if (t->found_records < t->records)
        audit_differ(a, "missing", t->name, records,
                     "%" PRIu64 " records (%" PRIu64 " bytes) that the books hold are not in "
                     "the stream: entries were trimmed or deleted, or the books were moved",
                     records, bytes);
    else if (t->found_records > t->records)
        audit_differ(a, "surplus", t->name, records,
                     "%" PRIu64 " records (%" PRIu64 " bytes) stand in the stream that the "
                     "books do not hold: the books were moved, or entries with a field `n` "
                     "were put in by hand",
                     records, bytes);
    else if (bytes)
        audit_differ(a, "bytes", t->name, 0,
                     "the books say %" PRId64 " bytes, the entries hold %" PRId64, t->bytes,
                     t->found_bytes);
}

static void compare_totals(struct audit *a, const struct audit_topic *t)
{
    int64_t ends = t->out + t->dead + t->filtered + t->records;

    if (t->is_splitter ? t->in >= t->records : t->in == ends)
        return;
    if (t->is_splitter)
        audit_differ(a, "totals", t->name, (uint64_t)(t->records - t->in),
                     "%" PRId64 " jobs came in, but %" PRId64 " wait", t->in, t->records);
    else
        audit_differ(a, "totals", t->name, distance(t->in, ends),
                     "%" PRId64 " records came in, but out + dead + filtered + waiting are "
                     "%" PRId64 ": the books were moved",
                     t->in, ends);
}

static void compare_claims(struct audit *a, const struct audit_topic *t)
{
    str later = keys_lane(a->keys, a->arena, "later");

    if (t->gone)
        audit_differ(a, "gone", t->name, 0,
                     "%" PRIu64 " entries are claimed by a worker, but deleted: their records "
                     "are lost",
                     t->gone);
    if (t->asleep)
        audit_differ(a, "asleep", t->name, t->asleep_records,
                     "%" PRIu64 " entries (%" PRIu64 " records) were put aside for another "
                     "attempt, but are due at no time: redis-cli ZADD '" STR_FMT "' 0 '" STR_FMT
                     " " STR_FMT "' wakes the first one",
                     t->asleep, t->asleep_records, STR_ARG(later), STR_ARG(t->name),
                     STR_ARG(t->asleep_id));
    if (t->stranded)
        audit_differ(a, "stranded", t->name, t->stranded_records,
                     "%" PRIu64 " entries (%" PRIu64 " records) were read and are claimed by "
                     "nobody, since a consumer was deleted: redis-cli XCLAIM '" STR_FMT
                     "' sp '~released' 0 " STR_FMT " FORCE JUSTID puts the first one back",
                     t->stranded, t->stranded_records, STR_ARG(t->key),
                     STR_ARG(t->stranded_id));
}

/* What was read, is claimed by nobody, and waits no more by the books: it is done, and was kept
 * before `keep` left the pipeline. */
static void forgive_kept(struct audit_topic *t)
{
    int64_t records = (int64_t)t->stranded_records;

    if (t->is_moving || records == 0 || t->found_records - t->records != records ||
        t->found_bytes - t->bytes != t->stranded_bytes)
        return;
    t->left_over = t->stranded;
    t->found_records -= records;
    t->found_bytes -= t->stranded_bytes;
    t->stranded = 0;
}

void audit_compare(struct audit *a, struct audit_topic *t, bool has_books)
{
    const struct {
        const char *name;
        int64_t value;
    } all[] = {{"records", t->records}, {"bytes", t->bytes}, {"in", t->in},
               {"out", t->out},         {"dead", t->dead},   {"filtered", t->filtered}};

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (all[i].value < 0)
            audit_differ(a, "negative", t->name, 0, "%s is %" PRId64, all[i].name,
                         all[i].value);
    if (has_books)
        forgive_kept(t);
    compare_claims(a, t);
    if (!has_books)
        return;
    if (!t->is_letters)
        compare_totals(a, t);
    if (!t->is_moving)
        compare_waiting(a, t);
}
