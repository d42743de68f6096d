/* Where records go, and in which entries. */
#include "common/data/json.h"
#include "tests/unit/run/output_world.h"

static void test_output_of_every_fate_of_a_record(void)
{
    const struct {
        const char *data; /* of an entry that the books know, 16 bytes and more */
        const char *ship, *side, *books, *source, *counts, *dead_reason;
    } rows[] = {
        {"{\"kind\":\"ship\"}", "{\"kind\":\"ship\"}", "",
         "tidy:bytes -15 ship:bytes 15 tidy:records -1 tidy:out 1 ship:records 1 ship:in 1", "",
         "ship 1", NULL},
        {"{\"kind\":\"fork\"}", "{\"kind\":\"fork\"}", "{\"kind\":\"fork\"}",
         "tidy:bytes -15 ship:bytes 15 side:bytes 15 tidy:records -1 tidy:out 1 "
         "ship:records 1 ship:in 1 side:records 1 side:in 1",
         "open 1", "fork 1", NULL},
        {"{\"kind\":\"drop\"}", "", "", "tidy:bytes -15 tidy:records -1 tidy:filtered 1",
         "filtered 1 open -1 filtered:unwanted 1", "", NULL},
        {"{\"kind\":\"bad\"}", "", "",
         "tidy:bytes -14 tidy:records -1 tidy:dead 1 dead:records 1 dead:bytes 14",
         "dead 1 open -1", "", "refused"},
        {"{\"kind\":\"none\"}", "", "",
         "tidy:bytes -15 tidy:records -1 tidy:dead 1 dead:records 1 dead:bytes 15",
         "dead 1 open -1", "", "no_route"},
        {"{\"kind\":\"ship\"}\n{\"kind\":\"drop\"}\n\n{\"kind\":\"ship\"}\n",
         "{\"kind\":\"ship\"}\n{\"kind\":\"ship\"}", "",
         "tidy:bytes -49 ship:bytes 31 tidy:records -3 tidy:out 2 tidy:filtered 1 "
         "ship:records 2 ship:in 2",
         "filtered 1 open -1 filtered:unwanted 1", "ship 2", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;
        const struct entry e = {.id = STR("5-0"),
                                .src = AA,
                                .row = 7,
                                .at = 1000,
                                .n = 1,
                                .is_booked = true,
                                .data = str_of(rows[i].data)};

        open_world(&w, TIDY);
        fill(&w, &e, 1);
        build(&w, 0, 1);
        CHECK_STR(w.commit.topic, STR("sp:{0}:tidy"));
        CHECK_INT(w.commit.mode, COMMIT_DELETE);
        CHECK_INT(w.commit.id_count, 1);
        CHECK_STR(w.commit.ids[0], STR("5-0"));
        CHECK(!w.commit.progress);
        CHECK_STR(w.commit.hashes[0].key, STR("sp:{0}:books"));
        CHECK_STR(w.commit.hashes[0].moves[0].field, STR("tidy:bytes"));
        CHECK_STR(data_of(&w, "sp:{0}:ship"), str_of(rows[i].ship));
        CHECK_STR(data_of(&w, "sp:{0}:side"), str_of(rows[i].side));
        CHECK_STR(moves_of(&w, "sp:{0}:books"), str_of(rows[i].books));
        CHECK_STR(moves_of(&w, "sp:{0}:source:00000000000000aa"), str_of(rows[i].source));
        CHECK_STR(moves_of(&w, "sp:{0}:count:kinds:total"), str_of(rows[i].counts));
        const struct commit_output *dead = output_of(&w, "sp:{0}:dead");
        CHECK_INT(dead != NULL, rows[i].dead_reason != NULL);
        if (dead && rows[i].dead_reason) {
            CHECK_STR(dead->pack.first->args[1], STR("tidy"));
            CHECK_STR(dead->pack.first->args[3], str_of(rows[i].dead_reason));
        }
        close_world(&w);
    }
}

static str field_of(const struct pack_entry *e, const char *name)
{
    for (uint32_t i = 0; i + 1 < e->arg_count; i += 2)
        if (str_is(e->args[i], name))
            return e->args[i + 1];
    return STR_NONE;
}

/* The record goes back into its topic as an entry of its own, and is still waiting in all
 * books; what came with it goes on. */
static void test_output_of_a_record_to_be_tried_again(void)
{
    struct entry e = {.id = STR("5-0"),
                      .src = AA,
                      .row = 7,
                      .at = 1000,
                      .n = 2,
                      .is_booked = true,
                      .data = STR("{\"kind\":\"ship\"}\n{\"kind\":\"late\"}")};

    for (e.try = 0; e.try < 5; e.try++) {
        struct world w;
        bool is_over = e.try + 1 == 5; /* the default of attempts */

        e.tried = e.try ? 2000 : 0;
        open_world(&w, TIDY);
        fill(&w, &e, 1);
        record_settle(&w.batch.records[1], VERDICT_RETRY, STR("late"), STR("Not yet."));
        build(&w, 0, 1);
        CHECK_STR(data_of(&w, "sp:{0}:ship"), STR("{\"kind\":\"ship\"}"));
        CHECK_STR(
            moves_of(&w, "sp:{0}:books"),
            is_over ? STR("tidy:bytes -31 ship:bytes 15 tidy:records -2 tidy:out 1 tidy:dead 1 "
                          "dead:records 1 dead:bytes 15 ship:records 1 ship:in 1")
                    : STR("tidy:bytes -16 ship:bytes 15 tidy:records -1 tidy:out 1 "
                          "ship:records 1 ship:in 1"));
        CHECK_STR(moves_of(&w, "sp:{0}:source:00000000000000aa"),
                  is_over ? STR("dead 1 open -1") : STR(""));
        const struct commit_output *out =
            output_of(&w, is_over ? "sp:{0}:dead" : "sp:{0}:tidy");
        CHECK(out);
        if (!out)
            break;
        const struct pack_entry *p = out->pack.first;
        CHECK_STR(field_of(p, is_over ? "attempts" : "try"),
                  arena_printf(&w.arena, "%u", e.try + 1));
        CHECK_STR(field_of(p, "first"), e.try ? STR("2000") : STR("1800000000000"));
        CHECK_STR(field_of(p, "reason"), STR("late"));
        CHECK_STR(field_of(p, "row"), STR("8"));
        CHECK_STR(field_of(p, "data"), STR("{\"kind\":\"late\"}"));
        close_world(&w);
    }
}

/* Those that only had to wait stay together, and it is no attempt, be it the last. */
static void test_output_of_records_that_only_waited(void)
{
    struct entry e = {.id = STR("5-0"),
                      .src = AA,
                      .row = 7,
                      .at = 1000,
                      .n = 3,
                      .is_booked = true,
                      .data = STR("{\"kind\":\"a\"}\n{\"kind\":\"ship\"}\n{\"kind\":\"c\"}")};

    for (e.try = 0; e.try < 6; e.try += 2) {
        struct world w;
        e.tried = e.try ? 2000 : 0;
        open_world(&w, TIDY);
        fill(&w, &e, 1);
        for (uint32_t i = 0; i < 3; i += 2) {
            w.batch.records[i].is_untried = true;
            record_settle(&w.batch.records[i], VERDICT_RETRY, STR("late"), STR("Not yet."));
        }
        build(&w, 0, 1);
        const struct commit_output *out = output_of(&w, "sp:{0}:tidy");
        CHECK(out && out->pack.entries == 1 && out->pack.records == 2);
        if (out) {
            CHECK_STR(field_of(out->pack.first, "try"),
                      arena_printf(&w.arena, "%u", MAX(e.try, 1u)));
            CHECK_STR(field_of(out->pack.first, "data"),
                      STR("{\"kind\":\"a\"}\n{\"kind\":\"c\"}"));
        }
        CHECK_STR(data_of(&w, "sp:{0}:ship"), STR("{\"kind\":\"ship\"}"));
        CHECK_STR(moves_of(&w, "sp:{0}:source:00000000000000aa"), STR(""));
        close_world(&w);
    }
}

/* A commit that was refused for one of its entries is built again entry by entry: together they
 * move what the whole would have. */
static void test_output_of_single_entries_adds_up(void)
{
    const struct entry entries[] = {
        BOOKED("5-0", AA, 1, "{\"kind\":\"ship\"}"),
        BOOKED("5-1", BB, 1, "{\"kind\":\"fork\"}"),
        BOOKED("5-2", AA, 2, "{\"kind\":\"none\"}"),
        BOOKED("5-3", AA, 3, "{\"kind\":\"drop\"}"),
    };
    const char *const data[] = {"{\"kind\":\"ship\"}", "{\"kind\":\"fork\"}", "", ""};
    const char *const fields[] = {"tidy:bytes", "tidy:records", "tidy:out",  "tidy:dead",
                                  "ship:bytes", "ship:records", "dead:bytes"};
    const int64_t totals[] = {-60, -4, 2, 1, 30, 2, 15};
    int64_t sums[ARRAY_LEN(fields)] = {0};
    struct world w;

    open_world(&w, TIDY);
    fill(&w, entries, ARRAY_LEN(entries));
    build(&w, 0, 4);
    CHECK_STR(data_of(&w, "sp:{0}:ship"), STR("{\"kind\":\"ship\"}|{\"kind\":\"fork\"}"));
    for (uint32_t i = 0; i < ARRAY_LEN(entries); i++) {
        output_build(&w.c, &w.batch, i, 1, &w.commit);
        CHECK_INT(w.commit.id_count, 1);
        CHECK_STR(w.commit.ids[0], entries[i].id);
        CHECK_STR(data_of(&w, "sp:{0}:ship"), str_of(data[i]));
        const struct commit_hash *books = hash_of(&w, "sp:{0}:books");
        for (uint32_t j = 0; j < books->n; j++)
            for (size_t k = 0; k < ARRAY_LEN(fields); k++)
                if (str_is(books->moves[j].field, fields[k]))
                    sums[k] += books->moves[j].delta;
    }
    for (size_t k = 0; k < ARRAY_LEN(fields); k++)
        CHECK_INT(sums[k], totals[k]);
    close_world(&w);
}

/* Entry by entry must not cost the memory of the whole batch each time. */
static void test_output_of_single_entries_takes_little_memory(void)
{
    enum { ENTRIES = 256, LINES = 100 };
    struct world w;
    struct entry *entries;
    size_t before, after;

    open_world(&w, TIDY);
    char *data = arena_alloc(&w.arena, LINES * 16), *end = data;
    for (int i = 0; i < LINES; i++)
        end = (char *)memcpy(end, "{\"kind\":\"ship\"}\n", 16) + 16;
    entries = arena_zalloc(&w.arena, ENTRIES * sizeof(*entries));
    for (int i = 0; i < ENTRIES; i++)
        entries[i] = (struct entry){.id = STR("5-0"),
                                    .src = AA,
                                    .row = 1,
                                    .at = 1,
                                    .n = LINES,
                                    .is_booked = true,
                                    .data = {data, LINES * 16}};
    fill(&w, entries, ENTRIES);
    build(&w, 0, ENTRIES);
    before = arena_size(&w.batch.arena);
    for (uint32_t i = 0; i < ENTRIES; i++)
        output_build(&w.c, &w.batch, i, 1, &w.commit);
    after = arena_size(&w.batch.arena);
    CHECK(after - before < 8 << 20);
    close_world(&w);
}

static void test_output_packs_into_full_entries(void)
{
    enum { RECORDS = 1200 };
    struct world w;
    struct entry *entries;

    open_world(&w, TIDY);
    entries = arena_zalloc(&w.arena, RECORDS * sizeof(*entries));
    for (uint32_t i = 0; i < RECORDS; i++)
        entries[i] = (struct entry)BOOKED("5-0", AA, 1, "{\"kind\":\"ship\"}");
    fill(&w, entries, RECORDS);
    build(&w, 0, RECORDS);
    const struct pack *p = &output_of(&w, "sp:{0}:ship")->pack;
    CHECK_INT(p->entries, 3); /* 500, 500, 200 */
    CHECK_INT(p->records, RECORDS);
    CHECK_INT(p->first->records, ENTRY_RECORDS_MAX);
    CHECK_INT(p->last->records, RECORDS - 2 * ENTRY_RECORDS_MAX);
    CHECK_INT(p->bytes, RECORDS * 16 - 3);
    close_world(&w);
}

static void test_output_entry_json_is_json(void)
{
    struct arena a = {0};
    str fields[] = {STR("data"), STR("a\"b\n\xff"), STR(""), STR(""), STR("odd")};
    str line = output_entry_json(&a, fields, 5);

    CHECK(!json_check(line, NULL, NULL));
    CHECK_STR(line, STR("{\"data\":\"a\\\"b\\n\xef\xbf\xbd\",\"\":\"\"}"));
    CHECK_STR(output_entry_json(&a, NULL, 0), STR("{}"));
    arena_free(&a);
}

int main(void)
{
    RUN(test_output_of_every_fate_of_a_record);
    RUN(test_output_of_a_record_to_be_tried_again);
    RUN(test_output_of_records_that_only_waited);
    RUN(test_output_of_single_entries_adds_up);
    RUN(test_output_of_single_entries_takes_little_memory);
    RUN(test_output_packs_into_full_entries);
    RUN(test_output_entry_json_is_json);
    return check_done();
}
