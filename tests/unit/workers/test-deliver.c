/* The stage through its table, against a Firehose in the same loop that does as it is told. */
#include "workers/deliver.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "common/data/digest.h"
#include "common/data/json.h"
#include "common/data/yaml.h"
#include "common/io/server.h"
#include "tests/unit/check.h"
#include "workers/stages.h"

#define SRC "0123456789abcdef"
enum { CALLS_MAX = 4096, RECORDS_MAX = 500, SEEN_MAX = 2048, DEADLINE_US = 20000000 };

struct received { /* a Firehose record of the call being answered */
    char *text;   /* decoded, with a NUL */
    size_t n;
};
struct fake {
    struct server *server;
    void (*answer)(struct fake *f, struct server_request *q); /* what is to happen */
    struct received records[RECORDS_MAX];
    uint32_t count, calls;    /* records in this call; calls so far */
    uint32_t taken[SEEN_MAX]; /* how often document i was accepted */
    uint32_t shown[SEEN_MAX]; /* how often it was sent */
    uint32_t refuse;          /* document that can never be taken */
    size_t largest_call;
    uint32_t most_records;
    char last[4096]; /* text of the first record of the last call */
};
struct fixture {
    struct loop *loop;
    struct services services;
    struct clock clock;
    uint64_t skipped_us; /* by which our clock is ahead */
    struct worker worker;
    struct arena arena;
    struct fake fake;
    struct batch batches[DELIVER_BATCHES];
    struct entry entries[DELIVER_BATCHES];
    uint32_t batch_count, finished;
    bool is_finished[DELIVER_BATCHES];
    struct timer *tick;
    struct notes *asked[DELIVER_BATCHES]; /* notes that wait for their answer */
    uint32_t asked_count, notes;          /* notes so far */
    uint32_t refuse_notes;                /* so many are not noted */
    const struct entry *gone;             /* belongs to another by now */
};
static struct fixture *now; /* fake_finish() has no context of the test's */

static void fake_finish(struct worker *w, struct batch *b)
{
    uint32_t i = (uint32_t)(b - now->batches);

    CHECK(w == &now->worker);
    CHECK(!now->is_finished[i]);
    now->is_finished[i] = true;
    now->finished++;
}

static void fake_announce(struct worker *w, void (*go_on)(void *ctx), void *ctx)
{
    (void)w;
    go_on(ctx);
}

static void fake_note(struct worker *w, struct notes *n)
{
    CHECK(w == &now->worker);
    CHECK(n->count > 0 && now->asked_count < DELIVER_BATCHES);
    now->asked[now->asked_count++] = n;
    now->notes++;
}

/* Nothing may go out before this. */
static void answer_notes(struct fixture *f)
{
    struct notes *asked[DELIVER_BATCHES];
    uint32_t count = f->asked_count;

    memcpy(asked, f->asked, sizeof(asked));
    f->asked_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct notes *n = asked[i];
        bool is_noted = f->refuse_notes == 0;
        f->refuse_notes -= !is_noted;
        for (struct note *k = n->list; is_noted && k < n->list + n->count; k++) {
            k->entry->sent += k->records;
            k->entry->is_gone |= k->entry == f->gone;
        }
        n->done(n->ctx, is_noted);
    }
}

static bool fake_source(struct worker *w, str src, struct source_info *info)
{
    (void)w;
    if (!str_is(src, SRC))
        return false;
    *info = (struct source_info){STR("file:///in/\"a\".csv"), STR("12-34")};
    return true;
}

static const struct host host = {
    .finish = fake_finish, .announce = fake_announce, .note = fake_note, .source = fake_source};

static uint64_t wall_ms(void *ctx)
{
    (void)ctx;
    return clock_wall_ms(&clock_system);
}

static uint64_t mono_us(void *ctx)
{
    const struct fixture *f = ctx;

    return clock_mono_us(&clock_system) + f->skipped_us;
}

static uint64_t no_jitter(void *ctx)
{
    (void)ctx;
    return 0; /* waits of one microsecond */
}

static void tick(void *ctx)
{
    struct fixture *f = ctx;

    answer_notes(f);
    timer_start(f->tick, 1000);
}

/* Documents carry their number as "i":<n>: the one in a text. */
static uint32_t number_of(const char *document)
{
    const char *at = strstr(document, "\"i\":");

    return at ? (uint32_t)strtoul(at + 4, NULL, 10) : 0;
}

static void mark(const struct fake *f, uint32_t i, uint32_t *counts)
{
    const char *next;

    for (const char *p = f->records[i].text; *p; p = next) {
        next = strchr(p, '\n');
        next = next ? next + 1 : p + strlen(p);
        if (number_of(p) < SEEN_MAX)
            counts[number_of(p)]++;
    }
}

static void read_call(struct fake *f, str body)
{
    str list, rest, item, data;
    size_t at, bytes = 0;

    CHECK(json_check(body, NULL, &at) == NULL);
    CHECK(json_find(body, STR("Records"), &list) && json_open(list, &rest));
    for (f->count = 0; f->count < RECORDS_MAX && json_next_item(&rest, &item); f->count++) {
        struct received *r = &f->records[f->count];
        CHECK(json_find(item, STR("Data"), &data));
        r->text = xrealloc(r->text, data.n + 1);
        r->n = (size_t)base64_decode((unsigned char *)r->text, (str){data.p + 1, data.n - 2});
        r->text[r->n] = '\0';
        bytes += r->n;
        mark(f, f->count, f->shown);
    }
    CHECK(!json_next_item(&rest, &item));
    snprintf(f->last, sizeof(f->last), "%s", f->records[0].text);
    f->largest_call = MAX(f->largest_call, bytes);
    f->most_records = MAX(f->most_records, f->count);
}

static void reply(struct server_request *q, int status, const char *body)
{
    server_answer(q, status, "application/x-amz-json-1.1", str_of(body), NULL, 0);
}

/* Accept all but those of which `is_failed` says the code. */
static void answer_each(struct fake *f, struct server_request *q,
                        const char *(*code)(struct fake *f, uint32_t i))
{
    struct buf out;
    uint32_t failed = 0;

    buf_init(&out, 1 << 20);
    for (uint32_t i = 0; i < f->count; i++) {
        const char *c = code ? code(f, i) : NULL;
        failed += c != NULL;
        if (!c)
            mark(f, i, f->taken);
        CHECK(c ? buf_printf(&out, "%s{\"ErrorCode\":\"%s\"}", i ? "," : "", c)
                : buf_printf(&out, "%s{\"RecordId\":\"%u\"}", i ? "," : "", i));
    }
    CHECK(buf_printf(&out, "],\"FailedPutCount\":%u}", failed));
    struct buf whole;
    buf_init(&whole, 2 << 20);
    CHECK(buf_add(&whole, STR("{\"RequestResponses\":[")) && buf_add(&whole, buf_str(&out)));
    server_answer(q, 200, "application/x-amz-json-1.1", buf_str(&whole), NULL, 0);
    buf_free(&out);
    buf_free(&whole);
}

static void take_all(struct fake *f, struct server_request *q)
{
    answer_each(f, q, NULL);
}

static void on_request(void *ctx, struct server_request *q)
{
    struct fake *f = ctx;

    CHECK(f->calls < CALLS_MAX);
    f->calls++;
    read_call(f, server_body(q));
    f->answer(f, q);
}

static void configure(struct fixture *f, const char *settings)
{
    struct findings findings = {.arena = &f->arena};
    struct error err = {0};
    struct node *config = yaml_load(&f->arena, str_of(settings), &err);

    CHECK_STR(str_of(err.text), STR_NONE);
    f->worker.config = config;
    f->worker.state = arena_zalloc(&f->arena, stage_deliver.state_size);
    setting_fill(stage_deliver.settings, config, f->worker.state, &findings);
    stage_deliver.check(f->worker.state, config, &findings);
    CHECK_INT(findings.errors, 0);
    CHECK_INT(stage_deliver.open(&f->worker, &err), 0);
    CHECK_STR(str_of(err.text), STR_NONE);
}

static struct fixture *begin(const char *settings,
                             void (*answer)(struct fake *, struct server_request *))
{
    const struct server_limits limits = {.body_bytes = 8 << 20};
    struct fixture *f = xalloc(sizeof(*f));
    struct error err = {0};
    char endpoint[64];

    now = f;
    f->loop = loop_new();
    f->fake.answer = answer;
    f->fake.refuse = UINT32_MAX;
    f->fake.server =
        server_new(f->loop, STR("127.0.0.1:0"), &limits, on_request, &f->fake, &err);
    CHECK_STR(str_of(err.text), STR_NONE);
    snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", server_port(f->fake.server));
    setenv("AWS_ENDPOINT_URL_FIREHOSE", endpoint, 1);
    setenv("AWS_ACCESS_KEY_ID", "a", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "b", 1);
    f->clock = (struct clock){wall_ms, mono_us, f};
    f->services = (struct services){.clock = &f->clock,
                                    .random = no_jitter,
                                    .loop = f->loop,
                                    .http = http_new(f->loop, &err),
                                    .pipeline_version = 3};
    f->worker = (struct worker){.stage = &stage_deliver,
                                .host = &host,
                                .services = &f->services,
                                .name = STR("ship"),
                                .arena = &f->arena};
    f->tick = timer_new(f->loop, tick, f);
    timer_start(f->tick, 0);
    configure(f, settings);
    return f;
}

static void end(struct fixture *f)
{
    stage_deliver.close(&f->worker);
    http_free((struct http *)f->services.http);
    server_free(f->fake.server);
    timer_free(f->tick);
    loop_free(f->loop);
    for (uint32_t i = 0; i < f->batch_count; i++)
        arena_free(&f->batches[i].arena);
    for (uint32_t i = 0; i < RECORDS_MAX; i++)
        free(f->fake.records[i].text);
    arena_free(&f->arena);
    free(f);
}

static struct batch *new_batch(struct fixture *f)
{
    struct entry *e = &f->entries[f->batch_count];
    struct batch *b = &f->batches[f->batch_count++];

    *e = (struct entry){.src = STR(SRC), .at = 1700000000000};
    b->entries = e;
    b->entry_count = 1;
    return b;
}

static void add_line(struct batch *b, str line)
{
    batch_emit(b, b->entries, arena_copy(&b->arena, line), b->record_count);
}

/* Documents number `from` up to `to`, each of about `bytes`. */
static struct batch *numbered(struct fixture *f, uint32_t from, uint32_t to, int bytes)
{
    struct batch *b = new_batch(f);

    for (uint32_t i = from; i < to; i++)
        add_line(b, arena_printf(&b->arena, "{\"i\":%u,\"pad\":\"%0*d\"}", i, bytes, 0));
    return b;
}

static enum work process(struct fixture *f, struct batch *b)
{
    return stage_deliver.process(&f->worker, b);
}

/* Run until `count` batches are finished. */
static void wait_for(struct fixture *f, uint32_t count)
{
    uint64_t until = clock_mono_us(&clock_system) + DEADLINE_US;

    while (f->finished < count && clock_mono_us(&clock_system) < until)
        loop_once(f->loop);
    CHECK_INT(f->finished, count);
}

static void wait_for_calls(struct fixture *f, uint32_t count)
{
    uint64_t until = clock_mono_us(&clock_system) + DEADLINE_US;

    while (f->fake.calls < count && clock_mono_us(&clock_system) < until)
        loop_once(f->loop);
    CHECK(f->fake.calls >= count);
}

static void check_taken_once(const struct fixture *f, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        if (i != f->fake.refuse && f->fake.taken[i] != 1) {
            printf("# document %u was taken %u times\n", i, f->fake.taken[i]);
            CHECK_INT(f->fake.taken[i], 1);
        }
}

static uint32_t count_dead(const struct batch *b)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < b->record_count; i++)
        n += b->records[i].verdict == VERDICT_DEAD;
    return n;
}

static void test_deliver_adds_source_and_one_newline(void)
{
    static const struct {
        const char *line, *want;
    } cases[] = {
        {"{\"sp_id\":\"" SRC "-7-1234\",\"i\":1}",
         "{\"sp_id\":\"" SRC "-7-1234\",\"i\":1,\"sp_source\":{\"uri\":\"file:///in/"
         "\\\"a\\\".csv\",\"version\":\"12-34\",\"row\":7,\"offset\":1234,\"at\":1700000000000,"
         "\"pipeline\":3}}\n"},
        {"{\"i\":1,\"sp_id\":\"" SRC "-1-0\"}",
         "{\"i\":1,\"sp_id\":\"" SRC "-1-0\",\"sp_source\":{\"uri\":\"file:///in/"
         "\\\"a\\\".csv\",\"version\":\"12-34\",\"row\":1,\"offset\":0,\"at\":1700000000000,"
         "\"pipeline\":3}}\n"},
        {"{\"i\":1,\"sp_id\":\"" SRC "-1-0\",\"j\":2}",
         "{\"i\":1,\"sp_id\":\"" SRC "-1-0\",\"j\":2,\"sp_source\":{\"uri\":\"file:///in/"
         "\\\"a\\\".csv\",\"version\":\"12-34\",\"row\":1,\"offset\":0,\"at\":1700000000000,"
         "\"pipeline\":3}}\n"},
        /* Of another source, or none: no row. */
        {"{\"i\":1,\"sp_id\":\"ffffffffffffffff-1-0\"}",
         "{\"i\":1,\"sp_id\":\"ffffffffffffffff-1-0\",\"sp_source\":{\"uri\":\"file:///in/"
         "\\\"a\\\".csv\",\"version\":\"12-34\",\"at\":1700000000000,\"pipeline\":3}}\n"},
        {"{\"x\":\"\\\"sp_id\\\":\\\"" SRC "-1-0\"}",
         "{\"x\":\"\\\"sp_id\\\":\\\"" SRC "-1-0\",\"sp_source\":{\"uri\":\"file:///in/"
         "\\\"a\\\".csv\",\"version\":\"12-34\",\"at\":1700000000000,\"pipeline\":3}}\n"},
        {"{\"sp_id\":\"" SRC "-01-2\"}",
         "{\"sp_id\":\"" SRC "-01-2\",\"sp_source\":{\"uri\":\"file:///in/"
         "\\\"a\\\".csv\",\"version\":\"12-34\",\"at\":1700000000000,\"pipeline\":3}}\n"},
        {" { } ", " {\"sp_source\":{\"uri\":\"file:///in/\\\"a\\\".csv\",\"version\":\"12-34\","
                  "\"at\":1700000000000,\"pipeline\":3}}\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f = begin("{linger: 1ms, firehose: {stream: s}}", take_all);
        struct batch *b = new_batch(f);
        add_line(b, str_of(cases[i].line));
        CHECK_INT(process(f, b), WORK_LATER);
        wait_for(f, 1);
        CHECK_STR(str_of(f->fake.last), str_of(cases[i].want));
        CHECK_INT(b->records[0].verdict, VERDICT_PASS);
        CHECK_INT(b->entries->ambiguous, 0);
        end(f);
    }
}

static void test_deliver_source_of_an_unknown_id(void)
{
    struct fixture *f = begin("{linger: 1ms, firehose: {stream: s}}", take_all);
    struct batch *b = new_batch(f);
    b->entries->src = STR("ffffffffffffffff");
    add_line(b, STR("{\"sp_id\":\"ffffffffffffffff-1-0\"}"));
    process(f, b);
    wait_for(f, 1);

    CHECK_STR(str_of(f->fake.last),
              STR("{\"sp_id\":\"ffffffffffffffff-1-0\",\"sp_source\":{\"row\":1,\"offset\":0,"
                  "\"at\":1700000000000,\"pipeline\":3}}\n"));
    end(f);
}

static void test_deliver_form_follows_settings(void)
{
    static const struct {
        const char *settings, *want;
    } cases[] = {
        {"{firehose: {stream: s, source: false}}", "{\"i\":1}\n{\"i\":2}\n"},
        {"{firehose: {stream: s, source: false, pack: false}}", "{\"i\":1}\n"},
        {"{firehose: {stream: s, source: false, pack: false, newline: false}}", "{\"i\":1}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f = begin(cases[i].settings, take_all);
        struct batch *b = new_batch(f);
        add_line(b, STR("{\"i\":1}"));
        add_line(b, STR("{\"i\":2}"));
        process(f, b);
        stage_deliver.flush(&f->worker);
        wait_for(f, 1);
        CHECK_STR(str_of(f->fake.last), str_of(cases[i].want));
        CHECK_INT(f->fake.calls, 1);
        end(f);
    }
}

static void test_deliver_collects_over_batches(void)
{
    struct fixture *f = begin("{linger: 50ms, firehose: {stream: s}}", take_all);
    process(f, numbered(f, 0, 10, 10));
    process(f, numbered(f, 10, 20, 10));
    wait_for(f, 2);

    CHECK_INT(f->fake.calls, 1);
    CHECK_INT(f->fake.most_records, 1);
    check_taken_once(f, 0, 20);
    end(f);
}

static void test_deliver_keeps_the_limits_of_a_call(void)
{
    static const struct {
        const char *settings;
        int bytes;
        uint32_t calls, most_records;
        size_t largest_call;
    } cases[] = {
        {"{firehose: {stream: s, source: false, pack: false}}", 1, 3, 500, 1 << 20},
        {"{firehose: {stream: s, source: false, pack: false, call_bytes: 4MiB}}", 9000, 3, 466,
         4 << 20},
        {"{firehose: {stream: s, source: false, record_bytes: 10KiB, call_bytes: 100KiB}}", 200,
         3, 10, 100 << 10},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f = begin(cases[i].settings, take_all);
        process(f, numbered(f, 0, 1100, cases[i].bytes));
        stage_deliver.flush(&f->worker);
        wait_for(f, 1);
        CHECK_INT(f->fake.calls, cases[i].calls);
        CHECK(f->fake.most_records <= cases[i].most_records);
        CHECK(f->fake.largest_call <= cases[i].largest_call);
        check_taken_once(f, 0, 1100);
        end(f);
    }
}

static void test_deliver_never_cuts_what_is_too_large(void)
{
    static const struct {
        size_t bytes; /* with the newline */
        bool is_dead;
    } cases[] = {{1024000, false}, {1024001, true}, {1048576, true}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f =
            begin("{linger: 1ms, firehose: {stream: s, source: false}}", take_all);
        struct batch *b = new_batch(f);
        char *line = xalloc(cases[i].bytes);
        memset(line, ' ', cases[i].bytes);
        line[0] = '{';
        line[cases[i].bytes - 2] = '}';
        add_line(b, (str){line, cases[i].bytes - 1});
        CHECK_INT(process(f, b), cases[i].is_dead ? WORK_DONE : WORK_LATER);
        wait_for(f, cases[i].is_dead ? 0 : 1);
        CHECK_INT(f->fake.largest_call, cases[i].is_dead ? 0 : cases[i].bytes);
        CHECK_INT(count_dead(b), cases[i].is_dead);
        if (cases[i].is_dead)
            CHECK_STR(b->records[0].reason, STR("too_large"));
        free(line);
        end(f);
    }
}

static void test_deliver_wants_documents(void)
{
    struct fixture *f = begin("{linger: 1ms, firehose: {stream: s}}", take_all);
    struct batch *b = new_batch(f);
    add_line(b, STR("[0,\"cell\"]"));
    add_line(b, STR("{\"i\":1}"));
    add_line(b, STR("hello"));
    CHECK_INT(process(f, b), WORK_LATER);
    wait_for(f, 1);

    CHECK_INT(count_dead(b), 2);
    CHECK_STR(b->records[0].reason, STR("not_a_document"));
    CHECK_INT(f->fake.taken[1], 1);
    end(f);
}

static const char *throttle_every_third(struct fake *f, uint32_t i)
{
    return f->calls == 1 && i % 3 == 1 ? "ServiceUnavailableException" : NULL;
}

static void throttle_some(struct fake *f, struct server_request *q)
{
    answer_each(f, q, throttle_every_third);
}

static void test_deliver_sends_the_failed_alone(void)
{
    struct fixture *f =
        begin("{firehose: {stream: s, source: false, pack: false}}", throttle_some);
    struct batch *b = numbered(f, 0, 9, 10);
    process(f, b);
    stage_deliver.flush(&f->worker);
    wait_for(f, 1);

    CHECK_INT(f->fake.calls, 2);
    CHECK_INT(f->fake.count, 3);
    CHECK_INT(number_of(f->fake.records[0].text), 1);
    CHECK_INT(number_of(f->fake.records[1].text), 4);
    CHECK_INT(number_of(f->fake.records[2].text), 7);
    check_taken_once(f, 0, 9);
    CHECK_INT(b->entries->ambiguous, 0);
    end(f);
}

/* The first call goes wrong in the way of the case, the others are taken. */
static int wrong_status;
static const char *wrong_body;
static void go_wrong_once(struct fake *f, struct server_request *q)
{
    if (f->calls > 1)
        take_all(f, q);
    else if (wrong_status)
        reply(q, wrong_status, wrong_body);
    else
        server_hang_up(q);
}

static void test_deliver_counts_what_was_ambiguous(void)
{
    static const struct {
        int status;
        const char *body;
        uint32_t ambiguous;
    } cases[] = {
        {0, "", 5},
        {500, "{\"__type\":\"InternalFailure\"}", 5},
        {503, "", 5},
        {504, "<html>", 5},
        {200, "{\"FailedPutCount\":0,\"RequestResponses\":[]}", 5},
        {200,
         "{\"FailedPutCount\":1,\"RequestResponses\":[{\"ErrorCode\":\"InternalFailure\"}]}",
         5},
        {200, "{\"FailedPutCount\":1,\"RequestResponses\":[{\"ErrorCode\":\"Odd\"}]}", 0},
        {503, "{\"__type\":\"ServiceUnavailableException\"}", 0},
        {400, "{\"__type\":\"ThrottlingException\"}", 0},
        {429, "", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f = begin("{firehose: {stream: s, source: false}}", go_wrong_once);
        const struct deliver *s = f->worker.state;
        uint64_t before = metric_value(s->ambiguous);
        wrong_status = cases[i].status;
        wrong_body = cases[i].body;
        struct batch *b = numbered(f, 0, 5, 10);
        process(f, b);
        stage_deliver.flush(&f->worker);
        wait_for(f, 1);
        CHECK_INT(f->fake.calls, 2);
        CHECK_INT(b->entries->ambiguous, cases[i].ambiguous);
        CHECK_INT(metric_value(s->ambiguous) - before, cases[i].ambiguous);
        CHECK_INT(count_dead(b), 0);
        check_taken_once(f, 0, 5);
        end(f);
    }
}

/* Every record that may be taken once more has been noted before; a plain refusal takes
 * nothing, so that the note is good for the next call, too. */
static void test_deliver_notes_what_may_be_taken(void)
{
    static const struct {
        int status;
        const char *body;
        uint32_t refused, notes, sent;
    } cases[] = {
        {200, "{}", 0, 2, 10}, {503, "", 0, 2, 10}, {429, "", 0, 1, 5},
        {429, "", 1, 2, 5},    {503, "", 2, 4, 10},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture *f = begin("{firehose: {stream: s, source: false}}", go_wrong_once);
        wrong_status = cases[i].status;
        wrong_body = cases[i].body;
        f->refuse_notes = cases[i].refused;
        struct batch *b = numbered(f, 0, 5, 10);
        process(f, b);
        stage_deliver.flush(&f->worker);
        f->skipped_us += 11000000;
        wait_for(f, 1);
        CHECK_INT(f->notes, cases[i].notes);
        CHECK_INT(b->entries->sent, cases[i].sent);
        check_taken_once(f, 0, 5);
        end(f);
    }
}

static void test_deliver_leaves_what_another_has(void)
{
    struct fixture *f = begin("{firehose: {stream: s, source: false}}", take_all);
    struct batch *gone = numbered(f, 0, 5, 10), *ours = numbered(f, 5, 10, 10);

    f->gone = gone->entries;
    process(f, gone);
    process(f, ours);
    stage_deliver.flush(&f->worker);
    wait_for(f, 2);
    for (uint32_t i = 0; i < 5; i++)
        CHECK_INT(f->fake.shown[i], 0);
    check_taken_once(f, 5, 10);

    f->gone = NULL;
    struct batch *all = numbered(f, 10, 15, 10);
    f->gone = all->entries;
    process(f, all); /* nothing is left of its call */
    stage_deliver.flush(&f->worker);
    wait_for(f, 3);
    CHECK_INT(f->fake.calls, 1);
    CHECK_INT(count_dead(all), 0);
    end(f);
}

static const char *wrong_name, *wrong_text;
static void refuse_one(struct fake *f, struct server_request *q)
{
    char text[128];

    for (uint32_t i = 0; i < f->count; i++)
        for (const char *p = f->records[i].text; p; p = strchr(p, '\n')) {
            p += *p == '\n';
            if (!*p)
                break;
            if (number_of(p) != f->refuse)
                continue;
            snprintf(text, sizeof(text), "{\"__type\":\"%s\",\"message\":\"%s%u.member\"}",
                     wrong_name, wrong_text, i);
            reply(q, 400, text);
            return;
        }
    take_all(f, q);
}

static void test_deliver_finds_the_one_that_is_refused(void)
{
    static const struct {
        const char *settings, *name, *text;
        uint32_t most_calls; /* two for each halving, and the first */
    } cases[] = {
        {"{firehose: {stream: s, source: false, pack: false}}", "InvalidArgumentException", "",
         17},
        {"{firehose: {stream: s, source: false, pack: false}}", "ValidationException",
         "at 'records.", 4},
        {"{firehose: {stream: s, source: false, record_bytes: 1KiB}}", "SerializationException",
         "", 19},
        {"{firehose: {stream: s, source: false}}", "SerializationException", "", 17},
    };
    static const uint32_t bad[] = {0, 37, 255};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
            struct fixture *f = begin(cases[i].settings, refuse_one);
            f->fake.refuse = bad[k];
            wrong_name = cases[i].name;
            wrong_text = cases[i].text;
            struct batch *b = numbered(f, 0, 256, 10);
            process(f, b);
            stage_deliver.flush(&f->worker);
            wait_for(f, 1);
            CHECK_INT(count_dead(b), 1);
            CHECK_INT(b->records[bad[k]].verdict, VERDICT_DEAD);
            CHECK_STR(b->records[bad[k]].reason, STR("refused"));
            if (f->fake.calls > cases[i].most_calls)
                printf("# case %zu, document %u: %u calls\n", i, bad[k], f->fake.calls);
            CHECK(f->fake.calls <= cases[i].most_calls);
            CHECK_INT(b->entries->ambiguous, 0);
            check_taken_once(f, 0, 256);
            end(f);
        }
}

static void refuse_all(struct fake *f, struct server_request *q)
{
    (void)f;
    reply(q, 400,
          "{\"__type\":\"InvalidArgumentException\",\"message\":\"KinesisStreamAsSource\"}");
}

/* A stream that is set up wrongly refuses everything: that is not the records' fault. */
static void test_deliver_throws_nothing_away_before_something_is_taken(void)
{
    struct fixture *f = begin("{firehose: {stream: s, source: false}}", refuse_all);
    struct batch *b = numbered(f, 0, 3, 10);
    log_to(-1);
    process(f, b);
    stage_deliver.flush(&f->worker);
    wait_for_calls(f, 20);
    CHECK_INT(f->finished, 0);
    CHECK_INT(count_dead(b), 0);
    f->fake.answer = take_all;
    wait_for(f, 1);
    log_to(2);

    CHECK_INT(count_dead(b), 0);
    check_taken_once(f, 0, 3);
    end(f);
}

static void deny(struct fake *f, struct server_request *q)
{
    (void)f;
    reply(q, 400, "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}");
}

static void test_deliver_holds_without_permission(void)
{
    struct fixture *f = begin("{firehose: {stream: s, source: false}}", deny);
    struct batch *b = numbered(f, 0, 3, 10);
    log_to(-1);
    process(f, b);
    stage_deliver.flush(&f->worker);
    for (uint32_t calls = 1; calls <= 3; calls++) {
        wait_for_calls(f, calls);
        while (((struct deliver *)f->worker.state)->active)
            loop_once(f->loop);
        for (int i = 0; i < 20; i++) /* nothing goes out while it is held */
            loop_once(f->loop);
        CHECK_INT(f->fake.calls, calls);
        f->skipped_us += 11000000;
        stage_deliver.flush(&f->worker);
    }
    f->fake.answer = take_all;
    f->skipped_us += 11000000;
    stage_deliver.flush(&f->worker);
    wait_for_calls(f, 4);
    f->skipped_us += 11000000;
    stage_deliver.flush(&f->worker);
    wait_for(f, 1);
    log_to(2);

    CHECK_INT(count_dead(b), 0);
    CHECK_INT(b->entries->ambiguous, 0);
    check_taken_once(f, 0, 3);
    end(f);
}

static const char *fail_five(struct fake *f, uint32_t i)
{
    return number_of(f->records[i].text) == 5 ? "InternalFailure" : NULL;
}

static void fail_one_for_ever(struct fake *f, struct server_request *q)
{
    answer_each(f, q, fail_five);
}

static void test_deliver_gives_up_on_a_record_that_fails_while_others_pass(void)
{
    struct fixture *f = begin(
        "{attempts: 3, firehose: {stream: s, source: false, pack: false}}", fail_one_for_ever);
    struct batch *b = numbered(f, 0, 10, 10);
    log_to(-1);
    process(f, b);
    stage_deliver.flush(&f->worker);
    wait_for_calls(f, 20); /* alone it may fail as long as it likes */
    CHECK_INT(count_dead(b), 0);
    for (uint32_t i = 1; i < 3; i++) {
        process(f, numbered(f, 10 * i, 10 * i + 10, 10));
        wait_for_calls(f, f->fake.calls + (i < 2 ? 5 : 1));
    }
    wait_for(f, 3);
    log_to(2);

    CHECK_INT(b->records[5].verdict, VERDICT_DEAD);
    CHECK_STR(b->records[5].reason, STR("not_taken"));
    CHECK_INT(count_dead(b), 1);
    end(f);
}

static void test_deliver_check_finds_mistakes(void)
{
    static const struct {
        const char *settings;
        unsigned errors;
    } cases[] = {
        {"{firehose: {stream: s}}", 0},
        {"{}", 1},
        {"{firehose: {}}", 1},
        {"{firehose: {stream: s, steam: 1}}", 1},
        {"{firehose: {stream: 'a b'}}", 1},
        {"{linger: 61s, firehose: {stream: s}}", 1},
        {"{attempts: 0, firehose: {stream: s}}", 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena = {0};
        struct findings findings = {.arena = &arena};
        struct error err = {0};
        struct node *config = yaml_load(&arena, str_of(cases[i].settings), &err);
        struct deliver *s = arena_zalloc(&arena, sizeof(*s));
        setting_fill(stage_deliver.settings, config, s, &findings);
        stage_deliver.check(s, config, &findings);
        if (findings.errors != cases[i].errors)
            printf("# %s\n", cases[i].settings);
        CHECK_INT(findings.errors, cases[i].errors);
        arena_free(&arena);
    }
}

static void test_deliver_close_leaves_calls_in_flight(void)
{
    struct fixture *f = begin("{firehose: {stream: s}}", deny);
    process(f, numbered(f, 0, 3, 10));
    stage_deliver.flush(&f->worker);
    process(f, numbered(f, 3, 6, 10));

    CHECK_INT(f->finished, 0);
    end(f);
}

int main(void)
{
    RUN(test_deliver_adds_source_and_one_newline);
    RUN(test_deliver_source_of_an_unknown_id);
    RUN(test_deliver_form_follows_settings);
    RUN(test_deliver_collects_over_batches);
    RUN(test_deliver_keeps_the_limits_of_a_call);
    RUN(test_deliver_never_cuts_what_is_too_large);
    RUN(test_deliver_wants_documents);
    RUN(test_deliver_sends_the_failed_alone);
    RUN(test_deliver_counts_what_was_ambiguous);
    RUN(test_deliver_notes_what_may_be_taken);
    RUN(test_deliver_leaves_what_another_has);
    RUN(test_deliver_finds_the_one_that_is_refused);
    RUN(test_deliver_throws_nothing_away_before_something_is_taken);
    RUN(test_deliver_holds_without_permission);
    RUN(test_deliver_gives_up_on_a_record_that_fails_while_others_pass);
    RUN(test_deliver_check_finds_mistakes);
    RUN(test_deliver_close_leaves_calls_in_flight);
    return check_done();
}
