#pragma once
/* The stage deliver through its table, its notes and a fake Firehose in one loop. */
#include "common/base/log.h"
#include "common/data/yaml.h"
#include "tests/unit/workers/fake_firehose.h"
#include "workers/deliver.h"
#include "workers/stages.h"

#define SRC "0123456789abcdef"
enum { DEADLINE_US = 20000000 };

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

static inline void fake_finish(struct worker *w, struct batch *b)
{
    uint32_t i = (uint32_t)(b - now->batches);

    CHECK(w == &now->worker);
    CHECK(!now->is_finished[i]);
    now->is_finished[i] = true;
    now->finished++;
}

static inline void fake_announce(struct worker *w, void (*go_on)(void *ctx), void *ctx)
{
    (void)w;
    go_on(ctx);
}

static inline void fake_note(struct worker *w, struct notes *n)
{
    CHECK(w == &now->worker);
    CHECK(n->count > 0 && now->asked_count < DELIVER_BATCHES);
    now->asked[now->asked_count++] = n;
    now->notes++;
}

/* Nothing may go out before this. */
static inline void answer_notes(struct fixture *f)
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

static inline bool fake_source(struct worker *w, str src, struct source_info *info)
{
    (void)w;
    if (!str_is(src, SRC))
        return false;
    *info = (struct source_info){STR("file:///in/\"a\".csv"), STR("12-34")};
    return true;
}

static const struct host host = {
    .finish = fake_finish, .announce = fake_announce, .note = fake_note, .source = fake_source};

static inline uint64_t wall_ms(void *ctx)
{
    (void)ctx;
    return clock_wall_ms(&clock_system);
}

static inline uint64_t mono_us(void *ctx)
{
    const struct fixture *f = ctx;

    return clock_mono_us(&clock_system) + f->skipped_us;
}

static inline uint64_t no_jitter(void *ctx)
{
    (void)ctx;
    return 0; /* waits of one microsecond */
}

static inline void tick(void *ctx)
{
    struct fixture *f = ctx;

    answer_notes(f);
    timer_start(f->tick, 1000);
}

static inline void configure(struct fixture *f, const char *settings)
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

static inline struct fixture *begin(const char *settings,
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

static inline void end(struct fixture *f)
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

static inline struct batch *new_batch(struct fixture *f)
{
    struct entry *e = &f->entries[f->batch_count];
    struct batch *b = &f->batches[f->batch_count++];

    *e = (struct entry){.src = STR(SRC), .at = 1700000000000};
    b->entries = e;
    b->entry_count = 1;
    return b;
}

static inline void add_line(struct batch *b, str line)
{
    batch_emit(b, b->entries, arena_copy(&b->arena, line), b->record_count);
}

/* Documents number `from` up to `to`, each of about `bytes`. */
static inline struct batch *numbered(struct fixture *f, uint32_t from, uint32_t to, int bytes)
{
    struct batch *b = new_batch(f);

    for (uint32_t i = from; i < to; i++)
        add_line(b, arena_printf(&b->arena, "{\"i\":%u,\"pad\":\"%0*d\"}", i, bytes, 0));
    return b;
}

static inline enum work process(struct fixture *f, struct batch *b)
{
    return stage_deliver.process(&f->worker, b);
}

/* Run until `count` batches are finished. */
static inline void wait_for(struct fixture *f, uint32_t count)
{
    uint64_t until = clock_mono_us(&clock_system) + DEADLINE_US;

    while (f->finished < count && clock_mono_us(&clock_system) < until)
        loop_once(f->loop);
    CHECK_INT(f->finished, count);
}

static inline void wait_for_calls(struct fixture *f, uint32_t count)
{
    uint64_t until = clock_mono_us(&clock_system) + DEADLINE_US;

    while (f->fake.calls < count && clock_mono_us(&clock_system) < until)
        loop_once(f->loop);
    CHECK(f->fake.calls >= count);
}

static inline void check_taken_once(const struct fixture *f, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        if (i != f->fake.refuse && f->fake.taken[i] != 1) {
            printf("# document %u was taken %u times\n", i, f->fake.taken[i]);
            CHECK_INT(f->fake.taken[i], 1);
        }
}

static inline uint32_t count_dead(const struct batch *b)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < b->record_count; i++)
        n += b->records[i].verdict == VERDICT_DEAD;
    return n;
}
