#include "common/run/output.h"

#include "common/data/entry.h"
#include "common/data/json.h"
#include "tests/unit/check.h"

static const struct setting no_settings[] = {{0}};
static const struct stage split = {
    .name = "split", .settings = no_settings, .wants_jobs = true};
static const struct stage normalise = {.name = "normalise", .settings = no_settings};
static const struct stage deliver = {
    .name = "deliver", .settings = no_settings, .is_end = true};
static const struct stage *const kinds[] = {&split, &normalise, &deliver, NULL};
static const struct keys keys = {{"sp", 2}, {"0", 1}};
enum { ROWS, TIDY, SHIP, SIDE }; /* numbers of the stages */
static const uint64_t now_ms = 1800000000000, day_ms = 24 * 3600 * 1000;

static const char text[] = "pipeline: test\n"
                           "stages:\n"
                           "  rows: {split: {}}\n"
                           "  tidy: {normalise: {}}\n"
                           "  ship: {deliver: {}}\n"
                           "  side: {deliver: {}}\n"
                           "routes:\n"
                           "  - {from: inbox, to: rows}\n"
                           "  - {from: rows, to: tidy}\n"
                           "  - {from: tidy, when: kind == 'drop', drop: unwanted}\n"
                           "  - {from: tidy, when: kind == 'fork', to: [side, ship]}\n"
                           "  - {from: tidy, when: kind == 'bad', dead: refused}\n"
                           "  - {from: tidy, when: kind == 'ship', to: ship}\n"
                           "counts:\n"
                           "  kinds: {on: tidy, key: kind}\n"
                           "  arrived: {on: ship, key: kind}\n";

struct world {
    struct arena arena;
    struct pipeline *pipeline;
    struct output_context c;
    struct batch batch;
    struct commit commit;
};

static str uri_of(void *ctx, str src)
{
    (void)ctx;
    return str_is(src, "00000000000000aa") ? STR("file:///aa.csv") : STR_NONE;
}

static void open_world(struct world *w, uint32_t stage)
{
    struct findings findings = {.arena = &w->arena};

    *w = (struct world){0};
    findings.arena = &w->arena;
    w->pipeline = pipeline_load(str_of(text), STR_NONE, kinds, &findings);
    if (!w->pipeline)
        die("the pipeline is wrong: " STR_FMT, STR_ARG(findings.list[0].text));
    w->c = (struct output_context){.pipeline = w->pipeline,
                                   .stage = stage,
                                   .keys = &keys,
                                   .now_ms = now_ms,
                                   .uri_of = uri_of};
}

static void close_world(struct world *w)
{
    pipeline_free(w->pipeline);
    arena_free(&w->batch.arena);
    arena_free(&w->arena);
}

/* Documents of the given kinds, one an entry, as an earlier stage wrote them. */
static void fill(struct world *w, const struct entry *entries, uint32_t n)
{
    w->batch.entries = arena_alloc(&w->batch.arena, n * sizeof(*entries));
    memcpy(w->batch.entries, entries, n * sizeof(*entries));
    w->batch.entry_count = n;
    batch_cut(&w->batch);
}

static void build(struct world *w, uint32_t from, uint32_t n)
{
    output_route(&w->c, &w->batch);
    output_build(&w->c, &w->batch, from, n, &w->commit);
}

static const struct commit_hash *hash_of(const struct world *w, const char *key)
{
    const struct commit_hash *found = NULL;

    for (uint32_t i = 0; i < w->commit.hash_count; i++) {
        if (!str_is(w->commit.hashes[i].key, key))
            continue;
        CHECK(!found); /* once each */
        found = &w->commit.hashes[i];
    }
    return found;
}

/* "field delta field delta ..." of a hash, in order; moves of 0 are left out. */
static str moves_of(struct world *w, const char *key)
{
    const struct commit_hash *h = hash_of(w, key);
    str all = STR("");

    for (uint32_t i = 0; h && i < h->n; i++)
        if (h->moves[i].delta)
            all = arena_printf(&w->arena, STR_FMT "%s" STR_FMT " %" PRId64, STR_ARG(all),
                               all.n ? " " : "", STR_ARG(h->moves[i].field), h->moves[i].delta);
    return all;
}

static const struct commit_output *output_of(const struct world *w, const char *key)
{
    for (uint32_t i = 0; i < w->commit.output_count; i++)
        if (str_is(w->commit.outputs[i].key, key))
            return &w->commit.outputs[i];
    return NULL;
}

/* The `data` of all entries of an output, a bar between them. */
static str data_of(struct world *w, const char *key)
{
    const struct commit_output *o = output_of(w, key);
    str all = STR("");

    for (const struct pack_entry *e = o ? o->pack.first : NULL; e; e = e->next)
        for (uint32_t i = 0; i + 1 < e->arg_count; i += 2)
            if (str_is(e->args[i], "data"))
                all = arena_printf(&w->arena, STR_FMT "%s" STR_FMT, STR_ARG(all),
                                   all.n ? "|" : "", STR_ARG(e->args[i + 1]));
    return all;
}

#define AA STR("00000000000000aa")
#define BB STR("00000000000000bb")
#define BOOKED(name, source, number, bytes)                                                    \
    {                                                                                          \
        .id = STR(name), .src = (source), .row = (number), .at = 1000, .n = 1,                 \
        .is_booked = true, .data = STR(bytes),                                                 \
    }

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

static void test_output_of_a_destination(void)
{
    const struct entry entries[] = {
        BOOKED("5-0", AA, 1, "{\"kind\":\"a\",\"x\":1}"),
        BOOKED("5-1", BB, 1, "{\"kind\":\"a\"}"),
        BOOKED("5-2", AA, 2, "{\"kind\":\"b\"}"),
    };
    struct world w;

    open_world(&w, SHIP);
    fill(&w, entries, ARRAY_LEN(entries));
    record_settle(&w.batch.records[2], VERDICT_DEAD, STR("refused"), STR("Too large."));
    w.batch.entries[1].ambiguous = 2;
    build(&w, 0, 3);
    CHECK_STR(moves_of(&w, "sp:{0}:books"),
              STR("ship:bytes -42 ship:records -3 ship:out 2 ship:dead 1 ship:ambiguous 2 "
                  "dead:records 1 dead:bytes 12"));
    CHECK_STR(moves_of(&w, "sp:{0}:source:00000000000000aa"),
              STR("delivered 1 dead 1 open -2"));
    CHECK_STR(moves_of(&w, "sp:{0}:source:00000000000000bb"), STR("delivered 1 open -1"));
    CHECK_STR(moves_of(&w, "sp:{0}:count:arrived:total"), STR("a 2"));
    CHECK_INT(hash_of(&w, "sp:{0}:source:00000000000000aa")->expire_ms, now_ms + 30 * day_ms);
    CHECK_INT(w.commit.output_count, 1);
    CHECK_STR(w.commit.outputs[0].key, STR("sp:{0}:dead"));

    str *args = w.commit.outputs[0].pack.first->args;
    uint32_t n = w.commit.outputs[0].pack.first->arg_count;
    bool has_uri = false;
    for (uint32_t i = 0; i + 1 < n; i += 2)
        has_uri |= str_is(args[i], "uri") && str_is(args[i + 1], "file:///aa.csv");
    CHECK(has_uri);
    close_world(&w);
}

/* Put into a topic by hand: it comes in and leaves in one commit, and its source's `open` is 0
 * behind it. */
static void test_output_of_entries_that_the_books_do_not_know(void)
{
    const struct entry by_hand = {.id = STR("5-0"),
                                  .src = AA,
                                  .row = 1,
                                  .at = 1000,
                                  .n = 2,
                                  .data = STR("{\"kind\":\"ship\"}\n{\"kind\":\"drop\"}")};
    struct world w;

    open_world(&w, TIDY);
    fill(&w, &by_hand, 1);
    build(&w, 0, 1);
    CHECK_STR(moves_of(&w, "sp:{0}:books"),
              STR("ship:bytes 15 tidy:in 2 tidy:out 1 tidy:filtered 1 ship:records 1 "
                  "ship:in 1"));
    CHECK_STR(moves_of(&w, "sp:{0}:source:00000000000000aa"),
              STR("rows 2 filtered 1 open 1 filtered:unwanted 1"));
    close_world(&w);

    open_world(&w, SHIP);
    fill(&w, &by_hand, 1);
    build(&w, 0, 1);
    CHECK_STR(moves_of(&w, "sp:{0}:books"), STR("ship:in 2 ship:out 2"));
    CHECK_STR(moves_of(&w, "sp:{0}:source:00000000000000aa"), STR("rows 2 delivered 2"));
    close_world(&w);
}

/* One dead letter leaves for an entry that cannot be understood, however many it claims. */
static void test_output_of_an_entry_that_is_not_understood(void)
{
    const struct {
        bool is_booked;
        const char *books;
    } rows[] = {
        {true, "tidy:bytes -3 tidy:records -5 tidy:in -4 tidy:dead 1 dead:records 1 "
               "dead:bytes 11"},
        {false, "tidy:in 1 tidy:dead 1 dead:records 1 dead:bytes 11"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;
        str fields[] = {STR("data"), STR("abc")};
        const struct entry bad = {.id = STR("5-0"),
                                  .src = AA,
                                  .row = 1,
                                  .n = 5,
                                  .is_booked = rows[i].is_booked,
                                  .data = STR("abc"),
                                  .fields = fields,
                                  .field_count = 2};

        open_world(&w, TIDY);
        w.batch.entries = arena_alloc(&w.batch.arena, sizeof(bad));
        w.batch.entries[0] = bad;
        w.batch.entry_count = 1;
        record_settle(batch_emit(&w.batch, w.batch.entries, STR("{\"data\":\"\"}"), 0),
                      VERDICT_DEAD, STR("bad_entry"), STR("It is bad."));
        build(&w, 0, 1);
        CHECK_STR(moves_of(&w, "sp:{0}:books"), str_of(rows[i].books));
        close_world(&w);
    }
}

/* A step of a job: rows come into being; the entry is released by the last step alone. */
static void test_output_of_the_steps_of_a_job(void)
{
    const struct {
        bool is_booked, is_last;
        enum commit_mode mode;
        const char *books;
    } rows[] = {
        {true, false, COMMIT_HOLD,
         "tidy:bytes 14 rows:out 2 rows:dead 1 dead:records 1 dead:bytes 7 tidy:records 2 "
         "tidy:in 2"},
        {true, true, COMMIT_DELETE,
         "rows:bytes -9 tidy:bytes 14 rows:records -1 rows:out 2 rows:dead 1 dead:records 1 "
         "dead:bytes 7 tidy:records 2 tidy:in 2"},
        {false, false, COMMIT_HOLD,
         "tidy:bytes 14 rows:out 2 rows:dead 1 dead:records 1 dead:bytes 7 tidy:records 2 "
         "tidy:in 2"},
        {false, true, COMMIT_DELETE,
         "tidy:bytes 14 rows:in 1 rows:out 2 rows:dead 1 dead:records 1 dead:bytes 7 "
         "tidy:records 2 tidy:in 2"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;
        struct progress p = {
            .job = STR("sp:{0}:job:5-0"), .to = 30, .row = 4, .is_last = rows[i].is_last};
        struct entry job = {.id = STR("5-0"),
                            .src = AA,
                            .row = 1,
                            .n = 1,
                            .at = 1000,
                            .is_booked = rows[i].is_booked,
                            .uri = STR("file:///a"),
                            .cols = STR("[\"a\"]")};

        open_world(&w, ROWS);
        w.batch.entries = &job;
        w.batch.entry_count = 1;
        w.batch.progress = &p;
        batch_emit(&w.batch, &job, STR("[5,\"a\"]"), 0);
        record_settle(batch_emit(&w.batch, &job, STR("[9,\"b\"]"), 1), VERDICT_DEAD,
                      STR("bad_row"), STR_NONE);
        batch_emit(&w.batch, &job, STR("[14,\"\"]"), 2);
        build(&w, 0, 1);
        CHECK_INT(w.commit.mode, rows[i].mode);
        CHECK(w.commit.progress == &p);
        CHECK_INT(w.commit.job_expire_ms, rows[i].is_last ? now_ms + 7 * day_ms : 0);
        /* a row that failed stands between them: rows share an entry only one behind the other
         */
        CHECK_STR(data_of(&w, "sp:{0}:tidy"), STR("[5,\"a\"]|[14,\"\"]"));
        CHECK_STR(moves_of(&w, "sp:{0}:books"), str_of(rows[i].books));
        CHECK_STR(moves_of(&w, "sp:{0}:source:00000000000000aa"), STR("rows 3 dead 1 open 2"));
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

struct told {
    int64_t bytes[8];
    uint32_t calls;
};

static void tell(void *ctx, uint32_t stage, int64_t bytes)
{
    struct told *t = ctx;

    t->bytes[stage] = bytes;
    t->calls++;
}

static void test_output_levels_from_the_answer(void)
{
    const struct entry fork = BOOKED("5-0", AA, 1, "{\"kind\":\"fork\"}");
    struct world w;
    struct told told = {{0}, 0};
    int64_t values[64];

    open_world(&w, TIDY);
    fill(&w, &fork, 1);
    build(&w, 0, 1);
    const struct commit_hash *books = &w.commit.hashes[0];
    for (uint32_t i = 0; i < books->n; i++)
        values[i] = 1000 + i;
    struct commit_answer answer = {.kind = ANSWER_GOOD, .values = values};
    output_levels(&w.c, &w.commit, &answer, tell, &told);
    CHECK_INT(told.calls, 0); /* the answer tells nothing */
    answer.value_count = books->n;
    output_levels(&w.c, &w.commit, &answer, tell, &told);
    CHECK_INT(told.calls, 3);
    CHECK_INT(told.bytes[TIDY], 1000);
    CHECK_INT(told.bytes[SHIP], 1001);
    CHECK_INT(told.bytes[SIDE], 1002);
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
    RUN(test_output_of_a_destination);
    RUN(test_output_of_entries_that_the_books_do_not_know);
    RUN(test_output_of_an_entry_that_is_not_understood);
    RUN(test_output_of_the_steps_of_a_job);
    RUN(test_output_of_single_entries_adds_up);
    RUN(test_output_of_single_entries_takes_little_memory);
    RUN(test_output_packs_into_full_entries);
    RUN(test_output_levels_from_the_answer);
    RUN(test_output_entry_json_is_json);
    return check_done();
}
