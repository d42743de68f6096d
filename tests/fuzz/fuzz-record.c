/* The data of an entry: its records stand inside it, and members appended to a good document
 * leave it good. */
#include "common/data/batch.h"
#include "common/data/json.h"
#include "tests/fuzz/fuzz.h"

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
    PROMISE(e->n == b->record_count);
    batch_each(r, b) {
        PROMISE(r->entry == e && r->number == (uint32_t)(r - b->records));
        PROMISE(r->line.n > 0 && !memchr(r->line.p, '\n', r->line.n));
        promise_inside(r->line, e->data);
        promise_member(b, r);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct arena arena;
    struct entry entry = {.data = {(const char *)bytes, n}};
    struct batch batch = {.arena = arena, .entries = &entry, .entry_count = 1};

    batch_cut(&batch);
    promise_records(&batch, &entry);
    arena = batch.arena;
    arena_reset(&arena);
    return 0;
}
