/* Fields of a stream entry, cut at NULs: any of them become an entry or a dead letter with a
 * reason; its records stand inside its data, and members appended to a good document leave it
 * good. */
#include "common/data/entry.h"
#include "common/data/json.h"
#include "tests/fuzz/fuzz.h"

enum { FIELDS_MAX = 64 };

static void promise_inside(str part, str whole)
{
    PROMISE(part.n == 0 || (part.p >= whole.p && str_end(part) <= str_end(whole)));
}

static void promise_member(struct batch *b, struct record *r)
{
    struct json_limits limits = {.members = UINT32_MAX};
    bool was_good = !json_check(r->line, NULL, NULL);
    str value;

    record_add(b, r, STR("sp_id"), STR("\"0-1\""));
    record_add(b, r, STR("sp_at"), STR("12"));
    char *start = arena_alloc(&b->arena, record_length(r));
    str written = str_between(start, record_write(r, start));
    PROMISE(written.n <= record_length(r));
    if (!was_good)
        return;
    PROMISE(!json_check(written, &limits, NULL));
    PROMISE(record_find(r, STR("sp_at"), &value) && str_is(value, "12"));
    if (json_type(str_trim(r->line)) == JSON_OBJECT)
        PROMISE(json_find(written, STR("sp_id"), &value) && str_is(value, "\"0-1\""));
}

static void promise_records(struct batch *b, const struct entry *e)
{
    PROMISE(e->data.n == 0 || e->n == b->record_count);
    batch_each(r, b) {
        PROMISE(r->entry == e && r->number == (uint32_t)(r - b->records));
        PROMISE(r->line.n > 0 && !memchr(r->line.p, '\n', r->line.n));
        promise_inside(r->line, e->data);
        promise_member(b, r);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct batch batch;
    struct arena arena = batch.arena;
    str fields[FIELDS_MAX], rest = {(const char *)bytes, n}, detail = STR_NONE;
    uint32_t count = 0;

    while (rest.p && count < FIELDS_MAX)
        fields[count++] = str_cut(&rest, '\0');
    batch = (struct batch){.arena = arena, .entry_count = 1};
    batch.entries = arena_zalloc(&batch.arena, sizeof(*batch.entries));
    const char *reason = entry_decode(&batch.arena, batch.entries, STR("1700000000000-0"),
                                      fields, count, &detail);
    PROMISE(!reason || detail.n > 0);
    PROMISE(batch.entries->src.n > 0);
    if (!reason) {
        batch_cut(&batch);
        promise_records(&batch, batch.entries);
    }
    arena_reset(&batch.arena);
    return 0;
}
