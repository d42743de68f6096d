/* What a pool of look-ups shares, without a stage: a worker of test_lookups.py. Reads words
 * from stdin, a line each: want KEY        answered by `KEY found|missing|failed [MEMBERS]`
 *     look KEY        what this process knows: `look found|missing|not [MEMBERS]`
 *     answer WORD [MEMBERS]   how fetches end from now on; they begin with `fetch KEY`
 *     calls           from now on make as many calls as the gate lets: `call MICROSECONDS`
 *     report ok|failed [RETRY_AFTER_MS]
 *     state           counters; stop
 * Arguments: socket, ms of a fetch, ttl, missing ttl, stale (ms), jitter, entries, bytes,
 * local; limit, period (ms), burst. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/data/keys.h"
#include "common/io/loop.h"
#include "common/io/redis.h"
#include "workers/lookup_cache.h"
#include "workers/lookup_rate.h"

enum { TURN_US = 5000, LINE_MAX_BYTES = 65536, CROWD = 3 };

struct lookups {
    struct loop *loop;
    struct services services;
    struct lookup_cache *cache;
    struct lookup_rate *rate;
    struct timer *input, *again;
    uint64_t fetch_us;
    char line[LINE_MAX_BYTES];
    size_t n;
    char word[16], members[1024];
    bool is_calling;
};
struct one { /* that is wanted */
    struct wanted wanted;
    struct lookups *l;
    struct timer *timer;
    char key[];
};

static uint64_t number(const char *s)
{
    return strtoull(s, NULL, 10);
}

static uint64_t system_random(void *ctx)
{
    uint64_t value;

    (void)ctx;
    return getrandom(&value, sizeof(value), 0) == (ssize_t)sizeof(value) ? value : 1;
}

static const char *word_of(enum lookup_result result)
{
    return result == LOOKUP_FOUND ? "found" : result == LOOKUP_MISSING ? "missing" : "failed";
}

static void on_fetched(void *ctx)
{
    struct one *o = ctx;
    const char *word = o->l->word;
    const struct lookup_answer a = {
        .result = strcmp(word, "found") == 0     ? LOOKUP_FOUND
                  : strcmp(word, "missing") == 0 ? LOOKUP_MISSING
                                                 : LOOKUP_FAILED,
        .body = str_of(o->l->members),
        .reason = STR("no_answer"),
        .may_retry = true,
    };

    lookup_cache_fetched(o->l->cache, &o->wanted, &a);
}

static void fetch(void *ctx, struct wanted *w)
{
    struct one *o = ctx;

    printf("fetch " STR_FMT "\n", STR_ARG(w->key));
    timer_start(o->timer, o->l->fetch_us);
}

static void on_done(void *ctx, const struct lookup_answer *a)
{
    struct one *o = ctx;

    printf("%s %s " STR_FMT "\n", o->key, word_of(a->result), STR_ARG(a->body));
    timer_free(o->timer);
    free(o);
}

static void want(struct lookups *l, str key)
{
    struct one *o = xalloc(sizeof(*o) + key.n + 1);

    memcpy(o->key, key.p, key.n);
    o->l = l;
    o->timer = timer_new(l->loop, on_fetched, o);
    o->wanted =
        (struct wanted){.key = {o->key, key.n}, .fetch = fetch, .done = on_done, .ctx = o};
    lookup_cache_want(l->cache, &o->wanted);
}

static void look(struct lookups *l, str key)
{
    static const char *const words[] = {"not", "found", "missing"};
    str members = STR_NONE;
    enum cached is = lookup_cache_look(l->cache, key, &members);

    printf("look %s " STR_FMT "\n", words[is], STR_ARG(members));
}

static void state(const struct lookups *l)
{
    struct lookup_cache_state s = lookup_cache_state(l->cache);
    struct lookup_rate_state r = lookup_rate_state(l->rate);

    printf(
        "state local=%llu shared=%llu waited=%llu joined=%llu fetched=%llu stale=%llu put=%llu "
        "refused=%llu sought=%u granted=%llu thrown=%llu asks=%llu word=%s\n",
        (unsigned long long)s.local, (unsigned long long)s.shared, (unsigned long long)s.waited,
        (unsigned long long)s.joined, (unsigned long long)s.fetched,
        (unsigned long long)s.stale, (unsigned long long)s.put, (unsigned long long)s.refused,
        s.sought, (unsigned long long)r.granted, (unsigned long long)r.thrown_away,
        (unsigned long long)r.asks, r.word);
}

static void ask(void *ctx);

static void granted(void *lookup, uint32_t n, uint64_t wait_us, bool is_open)
{
    struct lookups *l = lookup;
    const struct lookup_gate *gate = lookup_rate_gate(l->rate);

    for (uint32_t i = 0; i < n; i++)
        printf("call %llu\n", (unsigned long long)clock_mono_us(l->services.clock));
    for (uint32_t i = 0; i < n && strcmp(l->word, "quiet") != 0; i++)
        gate->report(gate->ctx, strcmp(l->word, "failed") != 0, 0);
    if (is_open)
        printf("shut\n");
    timer_start(l->again, MAX(wait_us, (uint64_t)TURN_US));
}

static void ask(void *ctx)
{
    struct lookups *l = ctx;
    const struct lookup_gate *gate = lookup_rate_gate(l->rate);

    if (l->is_calling)
        gate->ask(gate->ctx, CROWD, granted, l);
}

static void on_line(struct lookups *l, str line)
{
    str rest = line, word = str_cut(&rest, ' ');
    const struct lookup_gate *gate = lookup_rate_gate(l->rate);

    if (str_is(word, "want")) {
        want(l, rest);
    } else if (str_is(word, "look")) {
        look(l, rest);
    } else if (str_is(word, "answer")) {
        str how = str_cut(&rest, ' ');
        (void)snprintf(l->word, sizeof(l->word), STR_FMT, STR_ARG(how));
        (void)snprintf(l->members, sizeof(l->members), STR_FMT, STR_ARG(rest));
    } else if (str_is(word, "calls")) {
        l->is_calling = true;
        ask(l);
    } else if (str_is(word, "report")) {
        str how = str_cut(&rest, ' ');
        uint64_t ms = 0;
        gate->report(gate->ctx, str_is(how, "ok"), str_to_u64(rest, &ms) ? ms : 0);
    } else if (str_is(word, "state")) {
        state(l);
    } else if (str_is(word, "stop")) {
        lookup_cache_stop(l->cache);
    }
}

static void on_input(void *ctx)
{
    struct lookups *l = ctx;
    ssize_t n = read(STDIN_FILENO, l->line + l->n, sizeof(l->line) - l->n);
    const char *end;

    if (n == 0) {
        loop_stop(l->loop);
        return;
    }
    l->n += n > 0 ? (size_t)n : 0;
    while ((end = memchr(l->line, '\n', l->n))) {
        size_t used = (size_t)(end - l->line) + 1;
        on_line(l, (str){l->line, used - 1});
        l->n -= used;
        memmove(l->line, l->line + used, l->n);
    }
    timer_start(l->input, TURN_US);
}

static void on_ready(void *ctx)
{
    (void)ctx;
    printf("ready\n");
}

int main(int argc, char **argv)
{
    static struct lookups l = {.word = "found", .members = "\"a\":1"};
    const struct keys keys = {STR("sp"), STR("0")};
    const struct redis_events events = {.ready = on_ready};

    if (argc != 13)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    const struct redis_address address = {.path = str_of(argv[1])};
    l.loop = loop_new();
    l.services = (struct services){
        .clock = &clock_system, .random = system_random, .loop = l.loop, .keys = &keys};
    l.services.redis = redis_new(l.loop, &address, &events);
    l.fetch_us = number(argv[2]) * 1000;
    const struct lookup_cache_config cache = {.stage = STR("locate"),
                                              .fingerprint = STR("0123456789abcdef"),
                                              .ttl_ms = number(argv[3]),
                                              .missing_ttl_ms = number(argv[4]),
                                              .stale_ms = number(argv[5]),
                                              .jitter = number(argv[6]),
                                              .entries = number(argv[7]),
                                              .bytes = number(argv[8]),
                                              .local = number(argv[9])};
    const struct lookup_rate_config rate = {.name = STR("geo"),
                                            .limit = number(argv[10]),
                                            .period_ms = number(argv[11]),
                                            .burst = number(argv[12]),
                                            .timeout_ms = 500};
    l.cache = lookup_cache_new(&cache, &l.services);
    l.rate = lookup_rate_new(&rate, &l.services);
    l.input = timer_new(l.loop, on_input, &l);
    l.again = timer_new(l.loop, ask, &l);
    redis_connect(l.services.redis);
    timer_start(l.input, 0);
    loop_run(l.loop);
    redis_free(l.services.redis);
    lookup_rate_free(l.rate);
    lookup_cache_free(l.cache);
    timer_free(l.input);
    timer_free(l.again);
    loop_free(l.loop);
    return 0;
}
