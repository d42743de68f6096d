/* Fields of an entry, name and value with tabs between them: whatever decodes can be cut,
 * packed and decoded again, and gives the same records. */
#include "common/data/entry.h"
#include "common/data/pack.h"
#include "tests/fuzz/fuzz.h"

enum { FIELDS_MAX = 40 };

static uint32_t split(str text, str *fields)
{
    uint32_t n = 0;

    while (text.p && n < FIELDS_MAX)
        fields[n++] = str_cut(&text, '\t');
    return n & ~1u;
}

static void check_entry(const struct entry *e)
{
    PROMISE(e->data.n || e->uri.n);
    PROMISE(e->src.n == 16 && e->row >= 1);
    for (size_t i = 0; i < e->src.n; i++)
        PROMISE(e->src.p[i] && strchr("0123456789abcdefABCDEF", e->src.p[i]));
}

static void check_same(const struct record *a, const struct record *b)
{
    PROMISE(str_equal(a->line, b->line));
    PROMISE(str_equal(a->entry->src, b->entry->src) && str_equal(a->entry->run, b->entry->run));
    PROMISE(a->entry->at == b->entry->at && b->entry->try == 0);
    if (!b->entry->cols.n)
        return;
    PROMISE(str_equal(a->entry->cols, b->entry->cols));
    PROMISE(a->entry->row + a->number == b->entry->row + b->number);
}

static void pack_again(struct batch *b, struct batch *again)
{
    struct record **list = arena_alloc(&b->arena, (b->record_count + 1) * sizeof(void *));
    struct pack p = {0};
    str detail;

    for (uint32_t i = 0; i < b->record_count; i++)
        list[i] = &b->records[i];
    pack_records(&b->arena, &p, list, b->record_count, NULL);
    again->entries = arena_alloc(&b->arena, (p.entries + 1) * sizeof(*again->entries));
    for (struct pack_entry *o = p.first; o; o = o->next) {
        struct entry *e = &again->entries[again->entry_count++];
        PROMISE(o->bytes <= ENTRY_DATA_MAX || o->records == 1);
        PROMISE(o->records <= ENTRY_RECORDS_MAX);
        PROMISE(!entry_decode(&b->arena, e, STR("9-9"), o->args, o->arg_count, &detail));
        PROMISE(e->is_booked && e->n == o->records);
    }
    batch_cut(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct batch batch, again;
    str fields[FIELDS_MAX], detail = STR_NONE;
    struct entry e;

    uint32_t count = split((str){(const char *)bytes, n}, fields);
    const char *reason =
        entry_decode(&batch.arena, &e, STR("1700000000000-0"), fields, count, &detail);
    PROMISE(!reason == !detail.n);
    if (!reason) {
        check_entry(&e);
        batch.entries = &e;
        batch.entry_count = 1;
        batch_cut(&batch);
        pack_again(&batch, &again);
        PROMISE(again.record_count == batch.record_count);
        for (uint32_t i = 0; i < batch.record_count; i++)
            check_same(&batch.records[i], &again.records[i]);
    }
    arena_reset(&batch.arena);
    arena_reset(&again.arena);
    batch = (struct batch){.arena = batch.arena};
    again = (struct batch){.arena = again.arena};
    return 0;
}
