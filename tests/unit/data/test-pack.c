#include "common/data/pack.h"

#include <stdlib.h>

#include "common/data/entry.h"
#include "tests/unit/check.h"

#define SRC STR("0123456789abcdef")

/* What a reader would get: the entries packed, decoded and cut again. */
static void read_back(struct batch *b, const struct pack *p)
{
    b->entries = arena_alloc(&b->arena, p->entries * sizeof(*b->entries));
    for (struct pack_entry *o = p->first; o; o = o->next) {
        str detail;
        CHECK(!entry_decode(&b->arena, &b->entries[b->entry_count++], STR("9-9"), o->args,
                            o->arg_count, &detail));
    }
    batch_cut(b);
}

static void pack_all(struct batch *b, struct pack *p, const str *cols)
{
    struct record **list =
        arena_alloc(&b->arena, (b->record_count + 1) * sizeof(struct record *));

    for (uint32_t i = 0; i < b->record_count; i++)
        list[i] = &b->records[i];
    pack_records(&b->arena, p, list, b->record_count, cols);
}

static uint64_t row_of(const struct record *r)
{
    return r->entry->row + r->number;
}

static void check_same(const struct batch *in, const struct batch *out)
{
    CHECK_INT(out->record_count, in->record_count);
    for (uint32_t i = 0; i < MIN(in->record_count, out->record_count); i++) {
        const struct record *a = &in->records[i], *b = &out->records[i];
        CHECK_STR(b->line, a->line);
        CHECK_STR(b->entry->src, a->entry->src);
        CHECK_STR(b->entry->cols, a->entry->cols);
        CHECK_STR(b->entry->run, a->entry->run);
        CHECK_INT(b->entry->at, a->entry->at);
        CHECK_INT(b->entry->try, 0); /* attempts were those of the stage behind it */
        if (a->entry->cols.n)
            CHECK_INT(row_of(b), row_of(a));
    }
}

/* Marks stay with their records, also in the middle of an entry and behind one that left. */
static void test_marks_stay_with_their_records(void)
{
    const str cols = STR("[\"a\"]");
    struct entry from = {.src = SRC, .cols = cols, .row = 1, .at = 5};
    const uint8_t marks[] = {0, 1, 1, 5, 0, 4, 0, 2, 7, 0};
    struct batch in = {0}, out = {0};
    struct pack p = {0};

    for (uint32_t i = 0; i < 3 * ARRAY_LEN(marks); i++)
        if (i != ARRAY_LEN(marks) + 2)
            batch_emit(&in, &from, STR("[17,\"x\"]"), i)->marks =
                i < 2 * ARRAY_LEN(marks) ? marks[i % ARRAY_LEN(marks)] : 0;
    pack_all(&in, &p, NULL);
    read_back(&out, &p);
    CHECK_INT(out.record_count, in.record_count);
    for (uint32_t i = 0; i < out.record_count; i++)
        CHECK_INT(out.records[i].marks, in.records[i].marks);
    CHECK_STR(out.entries[0].marks, STR("1-3 windows-1252,8 windows-1252,11 windows-1252,"
                                        "7-8 replaced,3 truncated,5 truncated,8 truncated"));
    arena_free(&in.arena);
    arena_free(&out.arena);
}

static void unknown_marks_mark_nothing(void)
{
    const char *const texts[] = {"",
                                 "0",
                                 "0 later",
                                 "x truncated",
                                 "3-1 truncated",
                                 "-1 truncated",
                                 "9 truncated",
                                 "0-truncated",
                                 "1 truncated,,0-0 replaced "};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct entry e = {.data = STR("{}\n{}"), .marks = str_of(texts[i])};
        struct batch b = {.entries = &e, .entry_count = 1};
        batch_cut(&b);
        CHECK_INT(b.records[0].marks, 0);
        CHECK_INT(b.records[1].marks, i + 1 < ARRAY_LEN(texts) ? 0 : 4);
        arena_free(&b.arena);
    }
}

static void test_pack_round_trips(void)
{
    const str cols = STR("[\"a\"]"), other = STR("[\"b\"]");
    struct entry from[] = {
        {.src = SRC, .cols = cols, .row = 1, .at = 5},
        {.src = SRC, .cols = cols, .row = 41, .at = 5},
        {.src = SRC, .cols = other, .row = 81, .at = 5},
        {.src = SRC, .row = 1, .at = 5},
        {.src = SRC, .row = 1, .at = 5, .try = 2},
        {.src = SRC, .row = 1, .at = 6, .try = 2},
        {.src = SRC, .row = 1, .at = 6, .run = STR("r1")},
        {.src = STR("ffffffffffffffff"), .row = 1, .at = 6},
    };
    struct batch in = {0}, out = {0};
    struct pack p = {0};

    for (size_t e = 0; e < ARRAY_LEN(from); e++)
        for (uint32_t i = 0; i < 40; i++)
            if (i != 30) /* a record that left: rows must not move up */
                batch_emit(&in, &from[e], from[e].cols.n ? STR("[17,\"x\"]") : STR("{\"a\":1}"),
                           i);
    pack_all(&in, &p, NULL);
    read_back(&out, &p);
    check_same(&in, &out);
    CHECK_INT(p.records, in.record_count);
    CHECK_INT(p.entries, 5 + 4); /* rows: cut at each gap, joined from 40 to 41 */
    arena_free(&in.arena);
    arena_free(&out.arena);
}

static void test_pack_keeps_the_caps(void)
{
    static const uint32_t lengths[] = {8, 120, 500, 65400, 65401, 300000, 32700, 32699, 32699};
    struct entry from = {.src = SRC, .row = 1, .at = 5};
    struct batch in = {0}, out = {0};
    struct pack p = {0};
    size_t bytes = 0;

    for (uint32_t i = 0; i < 3000; i++) {
        size_t n = i < 2000 ? lengths[i % 3] : lengths[i % ARRAY_LEN(lengths)];
        char *line = arena_alloc(&in.arena, n);
        memset(line, 'x', n);
        line[0] = '{';
        line[n - 1] = '}';
        batch_emit(&in, &from, (str){line, n}, i);
    }
    pack_all(&in, &p, NULL);
    for (struct pack_entry *o = p.first; o; o = o->next) {
        CHECK(o->bytes <= ENTRY_DATA_MAX || o->records == 1);
        CHECK(o->records <= ENTRY_RECORDS_MAX);
        bytes += o->bytes;
    }
    CHECK_INT(p.bytes, bytes);
    read_back(&out, &p);
    check_same(&in, &out);
    arena_free(&in.arena);
    arena_free(&out.arena);
}

static void test_pack_gives_rows_the_columns_of_the_split(void)
{
    const str cols = STR("[\"a\",\"b\"]");
    struct entry job = {.src = SRC, .uri = STR("file:/x"), .row = 1, .at = 5};
    struct batch in = {0}, out = {0};
    struct pack p = {0};

    batch_emit(&in, &job, STR("[4,\"1\",\"2\"]"), 0);
    batch_emit(&in, &job, STR("[8,\"3\",\"4\"]"), 1);
    pack_all(&in, &p, &cols);
    read_back(&out, &p);
    CHECK_INT(p.entries, 1);
    CHECK_INT(out.record_count, 2);
    CHECK_STR(out.entries[0].cols, cols);
    CHECK_INT(row_of(&out.records[1]), 2);
    arena_free(&in.arena);
    arena_free(&out.arena);
}

static void test_pack_keeps_the_columns_of_rows_made_by_hand(void)
{
    const str cols = STR("[\"a\"]");
    struct entry by_hand = {.src = SRC, .cols = cols, .row = 1, .at = 5};
    struct batch in = {0}, out = {0};
    struct pack p = {0};

    batch_emit(&in, &by_hand, STR(" [4,\"1\"]"), 0);
    batch_emit(&in, &by_hand, STR("{\"a\":1}"), 1);
    pack_all(&in, &p, NULL);
    read_back(&out, &p);
    CHECK_INT(out.record_count, 2);
    CHECK_STR(out.records[0].entry->cols, cols);
    CHECK_STR(out.records[1].entry->cols, STR(""));
    arena_free(&in.arena);
    arena_free(&out.arena);
}

static void test_pack_writes_members_and_leaves_columns_behind(void)
{
    struct entry from = {.src = SRC, .cols = STR("[\"a\"]"), .row = 3, .at = 5};
    struct batch in = {0}, out = {0};
    struct pack p = {0};
    struct record *r = batch_emit(&in, &from, STR("{\"a\":1}"), 4);

    record_add(&in, r, STR("sp_x"), STR("true"));
    pack_all(&in, &p, NULL);
    read_back(&out, &p);
    CHECK_INT(out.record_count, 1);
    CHECK_STR(out.records[0].line, STR("{\"a\":1,\"sp_x\":true}"));
    CHECK_INT(out.entries[0].cols.n, 0);
    CHECK_INT(out.entries[0].row, 7);
    CHECK(out.entries[0].is_booked);
    arena_free(&in.arena);
    arena_free(&out.arena);
}

int main(void)
{
    RUN(test_pack_round_trips);
    RUN(test_marks_stay_with_their_records);
    RUN(unknown_marks_mark_nothing);
    RUN(test_pack_keeps_the_caps);
    RUN(test_pack_gives_rows_the_columns_of_the_split);
    RUN(test_pack_keeps_the_columns_of_rows_made_by_hand);
    RUN(test_pack_writes_members_and_leaves_columns_behind);
    return check_done();
}
