/* What a document costs the deliverer: bench-deliver [documents [bytes]]. Packing, writing with
 * sp_source, base64, SHA-256 and signature; then the same with the calls sent to a peer that
 * takes all, in a process of its own. Prints JSON lines. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/data/node.h"
#include "common/io/server.h"
#include "workers/deliver.h"
#include "workers/stages.h"

#define SRC "0123456789abcdef"
enum { BATCHES = DELIVER_BATCHES, BATCH_BYTES = 1 << 20, ROWS_OF_AN_ENTRY = 140 };

struct bench {
    struct loop *loop;
    struct services services;
    struct worker worker;
    struct arena arena;
    struct batch batches[BATCHES];
    uint32_t free[BATCHES], free_count;
};
static struct bench *bench;

static void fake_note(struct worker *w, struct notes *n)
{
    (void)w;
    n->done(n->ctx, true);
}

static void fake_finish(struct worker *w, struct batch *b)
{
    (void)w;
    bench->free[bench->free_count++] = (uint32_t)(b - bench->batches);
}

static void fake_announce(struct worker *w, void (*go_on)(void *ctx), void *ctx)
{
    (void)w;
    go_on(ctx);
}

static bool fake_source(struct worker *w, str src, struct source_info *info)
{
    (void)w;
    (void)src;
    *info = (struct source_info){STR("file:///data/in/listings-2026-11-22.csv"),
                                 STR("208512345-1763800000123456789")};
    return true;
}

static const struct host host = {
    .finish = fake_finish, .announce = fake_announce, .note = fake_note, .source = fake_source};

static void take_all(void *ctx, struct server_request *q)
{
    static char answer[1 << 16];
    uint32_t n = 0;
    str body = server_body(q);

    (void)ctx;
    for (const char *p = body.p; (p = memchr(p, 'D', body.n - (size_t)(p - body.p))); n++) {
        const char *quote = memchr(p, '}', body.n - (size_t)(p - body.p));
        p = quote ? quote : body.p + body.n;
    }
    size_t length = (size_t)snprintf(answer, sizeof(answer),
                                     "{\"FailedPutCount\":0,\"RequestResponses\":[");
    for (uint32_t i = 0; i < n; i++)
        length += (size_t)snprintf(answer + length, sizeof(answer) - length,
                                   "%s{\"RecordId\":\"%u\"}", i ? "," : "", i);
    length += (size_t)snprintf(answer + length, sizeof(answer) - length, "]}");
    server_answer(q, 200, "application/x-amz-json-1.1", (str){answer, length}, NULL, 0);
}

/* In a child, so that its time is not ours. */
static pid_t start_peer(void)
{
    const struct server_limits limits = {.body_bytes = 8 << 20};
    struct error err = {0};
    char endpoint[64];
    int ready[2];

    if (pipe(ready) != 0)
        die("pipe failed");
    pid_t child = fork();
    if (child == 0) {
        struct loop *l = loop_new();
        struct server *s = server_new(l, STR("127.0.0.1:0"), &limits, take_all, NULL, &err);
        uint16_t port = s ? server_port(s) : 0;
        if (write(ready[1], &port, sizeof(port)) != sizeof(port))
            _exit(1);
        loop_run(l);
    }
    uint16_t port = 0;
    if (read(ready[0], &port, sizeof(port)) != sizeof(port) || port == 0)
        die("the peer did not start");
    snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", port);
    setenv("AWS_ENDPOINT_URL_FIREHOSE", endpoint, 1);
    return child;
}

static void fill_batch(struct batch *b, int bytes)
{
    struct entry *e = NULL;
    uint32_t count = BATCH_BYTES / (uint32_t)bytes;

    b->entries = arena_zalloc(&b->arena, (count / ROWS_OF_AN_ENTRY + 1) * sizeof(*e));
    for (uint32_t i = 0; i < count; i++) {
        if (i % ROWS_OF_AN_ENTRY == 0) {
            e = &b->entries[b->entry_count++];
            *e = (struct entry){.src = STR(SRC), .at = 1763800000000 + i};
        }
        str line = arena_printf(
            &b->arena, "{\"sp_id\":\"" SRC "-%u-%u\",\"city\":\"Leeds\",\"pad\":\"%0*d\"}",
            i + 1, i * 122, bytes - 70, 0);
        batch_emit(b, e, line, i % ROWS_OF_AN_ENTRY);
    }
}

static double cpu_seconds(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void print(const char *what, uint64_t documents, double cpu, uint64_t us)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    printf("{\"what\":\"%s\",\"documents\":%" PRIu64 ",\"cpu_s_per_million\":%.3f,"
           "\"documents_per_s\":%.0f,\"max_rss_kib\":%ld}\n",
           what, documents, cpu * 1e6 / (double)documents, (double)documents * 1e6 / (double)us,
           u.ru_maxrss);
}

static uint64_t some_random(void *ctx)
{
    (void)ctx;
    return 1;
}

static void open_stage(struct bench *t)
{
    struct node *firehose = arena_zalloc(&t->arena, sizeof(*firehose));
    struct node *config = arena_zalloc(&t->arena, sizeof(*config));
    struct findings f = {.arena = &t->arena};
    struct error err = {0};
    struct node *stream = arena_zalloc(&t->arena, sizeof(*stream));

    *stream = (struct node){.type = NODE_TEXT, .key = STR("stream"), .text = STR("s")};
    *firehose =
        (struct node){.type = NODE_MAP, .key = STR("firehose"), .children = stream, .count = 1};
    *config = (struct node){.type = NODE_MAP, .children = firehose, .count = 1};
    t->worker = (struct worker){.stage = &stage_deliver,
                                .host = &host,
                                .services = &t->services,
                                .name = STR("ship"),
                                .arena = &t->arena};
    t->worker.state = arena_zalloc(&t->arena, stage_deliver.state_size);
    setting_fill(stage_deliver.settings, config, t->worker.state, &f);
    if (f.errors || stage_deliver.open(&t->worker, &err) != 0)
        die("%s", err.text);
}

/* A batch again, as if it had just been read. */
static uint32_t process(struct bench *t, uint32_t i)
{
    struct batch *b = &t->batches[i];

    if (stage_deliver.process(&t->worker, b) != WORK_LATER)
        die("nothing to deliver");
    return b->record_count;
}

static void measure_all(struct bench *t, uint64_t documents, const struct arena_mark *marks)
{
    uint64_t done = 0, start = clock_mono_us(&clock_system);
    double cpu = cpu_seconds();

    while (done < documents) {
        while (t->free_count) {
            uint32_t i = t->free[--t->free_count];
            arena_rewind(&t->batches[i].arena, marks[i]);
            done += process(t, i);
        }
        loop_once(t->loop);
    }
    stage_deliver.flush(&t->worker);
    while (t->free_count < BATCHES)
        loop_once(t->loop);
    print("collect, encode, send", done, cpu_seconds() - cpu,
          clock_mono_us(&clock_system) - start);
}

/* Collect and encode alone: the same parcels, no call. */
static void measure_encode(struct bench *t, uint64_t documents, const struct arena_mark *marks)
{
    struct deliver *s = t->worker.state;
    struct call *c = &s->flights[0].call;
    uint64_t done = 0, start = clock_mono_us(&clock_system);
    double cpu = cpu_seconds();
    uint32_t room = s->limits.in_flight;

    for (uint32_t k = 0; done < documents; k = (k + 1) % BATCHES) {
        s->active = room; /* no call goes out */
        arena_rewind(&t->batches[k].arena, marks[k]);
        done += process(t, k);
        pack_close(s);
        while (s->fresh.first) {
            c->count = 0;
            c->bytes = 0;
            while (s->fresh.first && c->bytes + s->fresh.first->bytes <= s->limits.call_bytes) {
                c->parcels[c->count] = queue_pop(&s->fresh);
                c->bytes += c->parcels[c->count++]->bytes;
            }
            s->sink->encode(s->sink_state, c, 1763800000000);
            for (uint32_t i = 0; i < c->count; i++)
                parcel_release(s, c->parcels[i]);
        }
        s->held_count--;
    }
    s->active = 0;
    print("collect, encode", done, cpu_seconds() - cpu, clock_mono_us(&clock_system) - start);
}

int main(int argc, char **argv)
{
    uint64_t documents = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000000;
    int bytes = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 450;
    struct bench t = {.free_count = 0};
    struct arena_mark marks[BATCHES];
    struct error err = {0};

    bench = &t;
    setenv("AWS_ACCESS_KEY_ID", "a", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "b", 1);
    pid_t peer = start_peer();
    t.loop = loop_new();
    t.services = (struct services){.clock = &clock_system,
                                   .random = some_random,
                                   .loop = t.loop,
                                   .http = http_new(t.loop, &err),
                                   .pipeline_version = 3};
    for (uint32_t i = 0; i < BATCHES; i++) {
        fill_batch(&t.batches[i], bytes);
        marks[i] = arena_mark(&t.batches[i].arena);
        t.free[t.free_count++] = i;
    }
    open_stage(&t);
    measure_encode(&t, documents, marks);
    measure_all(&t, documents, marks);
    stage_deliver.close(&t.worker);
    http_free((struct http *)t.services.http);
    loop_free(t.loop);
    for (uint32_t i = 0; i < BATCHES; i++)
        arena_free(&t.batches[i].arena);
    arena_free(&t.arena);
    kill(peer, SIGTERM);
    waitpid(peer, NULL, 0);
    return 0;
}
