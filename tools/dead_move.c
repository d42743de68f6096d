#include "tools/dead_move.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "common/base/clock.h"
#include "tools/show.h"

enum {
    FULL_WAIT_US = 100 * 1000,
    TELL_US = 200 * 1000,
    FIXED_WORDS = 12,
};

static void rest(uint64_t us)
{
    const struct timespec t = {.tv_sec = (time_t)(us / 1000000),
                               .tv_nsec = (long)(us % 1000000 * 1000)};

    nanosleep(&t, NULL);
}

/* The arguments of a call. */

struct words {
    struct arena *arena;
    str *list;
    uint32_t n;
};

static void word(struct words *w, str s)
{
    w->list[w->n++] = s;
}

static void word_number(struct words *w, uint64_t v)
{
    word(w, arena_printf(w->arena, "%" PRIu64, v));
}

/* Number of the letter's source among the keys, from 1; 0: it has none. */
static uint32_t source_number(str *sources, uint32_t *count, str src)
{
    if (!src.n)
        return 0;
    for (uint32_t i = *count; i > 0; i--)
        if (str_equal(sources[i - 1], src))
            return i;
    sources[(*count)++] = src;
    return *count;
}

static str topic_key(const struct dead_move *m, struct arena *a)
{
    const struct keys *keys = &m->call->keys;

    return str_is(m->plan.to, "inbox") ? keys_global(keys, a, "inbox")
                                       : keys_topic(keys, a, m->plan.to);
}

static void redrive_words(const struct dead_move *m, struct words *w)
{
    const struct keys *keys = &m->call->keys;
    str sources[MOVE_MAX];
    uint32_t numbers[MOVE_MAX] = {0}, count = 0;

    for (uint32_t i = 0; i < m->n; i++)
        numbers[i] = source_number(sources, &count, m->letters[i]->src);
    word(w, STR("FCALL"));
    word(w, STR("sp1_redrive"));
    word_number(w, 3 + count);
    word(w, m->call->key);
    word(w, keys_lane(keys, w->arena, "books"));
    word(w, topic_key(m, w->arena));
    for (uint32_t i = 0; i < count; i++)
        word(w, keys_source(keys, w->arena, sources[i]));
    word(w, m->letters[0]->stage);
    word(w, m->plan.to);
    word(w, str_of(m->plan.form));
    word_number(w, m->plan.high);
    word_number(w, clock_wall_ms(&clock_system) + KEYS_SOURCE_KEEP_MS);
    word_number(w, m->n);
    for (uint32_t i = 0; i < m->n; i++) {
        word(w, m->letters[i]->id);
        word_number(w, numbers[i]);
    }
}

static void drop_words(const struct dead_move *m, struct words *w)
{
    word(w, STR("FCALL"));
    word(w, STR("sp1_drop"));
    word(w, STR("2"));
    word(w, m->call->key);
    word(w, keys_lane(&m->call->keys, w->arena, "books"));
    word_number(w, m->n);
    for (uint32_t i = 0; i < m->n; i++)
        word(w, m->letters[i]->id);
}

/* How far a call came: of the letters, from the first on. */
static int send_call(struct dead_move *m, uint32_t *came, struct error *err)
{
    struct words w = {.arena = &m->arena};
    const struct reply *answer;

    arena_reset(&m->arena);
    w.list = arena_alloc(&m->arena, (FIXED_WORDS + 3 * m->n) * sizeof(str));
    if (m->pipeline)
        redrive_words(m, &w);
    else
        drop_words(m, &w);
    if (redis_call(m->call->redis, w.list, w.n, &m->arena, &answer, err) != 0)
        return err->code;
    if (answer->type != REPLY_ARRAY || answer->n != 2)
        return error_set(err, ERR_REDIS, STR_FMT ": an answer of the wrong form",
                         STR_ARG(w.list[1]));
    m->moved += (uint64_t)answer->items[0].integer;
    m->gone += (uint64_t)answer->items[1].integer;
    *came = (uint32_t)(answer->items[0].integer + answer->items[1].integer);
    return 0;
}

static void tell(struct dead_move *m, uint64_t now_us)
{
    if (!show_is_terminal(2) || now_us < m->told_us + TELL_US)
        return;
    m->told_us = now_us;
    fprintf(stderr, "\r%s of %s ", show_digits(m->moved).text, show_digits(m->planned).text);
}

/* So slowly as was asked for. */
static void pace(struct dead_move *m)
{
    const struct rate *rate = &m->call->options->rate;
    uint64_t now_us = clock_mono_us(&clock_system);

    tell(m, now_us);
    if (!rate->count)
        return;
    double due = (double)m->moved * (double)rate->period_ms * 1000 / (double)rate->count;
    if (m->began_us + (uint64_t)due > now_us)
        rest(m->began_us + (uint64_t)due - now_us);
}

static void hold(struct dead_move *m)
{
    if (!m->is_held)
        fprintf(stderr, "the topic of '" STR_FMT "' is at its high mark: waiting\n",
                STR_ARG(m->plan.to));
    m->is_held = true;
    rest(FULL_WAIT_US);
}

static int flush(struct dead_move *m, struct error *err)
{
    while (m->n) {
        uint32_t came = 0;
        if (send_call(m, &came, err) != 0)
            return err->code;
        if (came == 0) {
            hold(m);
            continue;
        }
        m->n -= came;
        memmove(m->letters, m->letters + came, m->n * sizeof(*m->letters));
        m->is_held = false;
        pace(m);
    }
    return 0;
}

/* With a rate, some tenth of a second in one call. */
static uint32_t call_size(const struct dead_move *m)
{
    const struct rate *rate = &m->call->options->rate;
    uint64_t limit = m->call->options->limit;
    uint64_t n = limit ? MIN(limit - m->moved, (uint64_t)MOVE_MAX) : MOVE_MAX;

    if (rate->count)
        n = MIN(n, rate->count * 100 / rate->period_ms);
    return (uint32_t)MAX(n, (uint64_t)1);
}

static bool goes_along(const struct dead_move *m, const struct letter *l,
                       const struct dead_plan *plan)
{
    return m->n == 0 || (m->n < call_size(m) &&
                         (!m->pipeline || (str_equal(m->letters[0]->stage, l->stage) &&
                                           str_equal(m->plan.to, plan->to) &&
                                           str_is(str_of(m->plan.form), plan->form))));
}

static bool is_over(const struct dead_move *m)
{
    uint64_t limit = m->call->options->limit;

    return limit && m->moved + m->n >= limit;
}

static int move_letter(struct dead_move *m, const struct letter *l, struct error *err)
{
    struct dead_plan plan = {0};

    if (m->pipeline)
        plan = dead_plan(l, m->pipeline, m->call->options->to);
    if (plan.stays) {
        m->stayed++;
        return 0;
    }
    if (!goes_along(m, l, &plan) && flush(m, err) != 0)
        return err->code;
    if (is_over(m)) /* counted before the flush: some were gone, others take their place */
        return 0;
    m->plan = plan;
    m->letters[m->n++] = l;
    return 0;
}

int move_all(struct dead_move *m, struct error *err)
{
    struct letter_cursor c = {.redis = m->call->redis,
                              .key = m->call->key,
                              .filter = m->call->options->filter,
                              .until = m->until};
    bool more = true;
    int rc = 0;

    m->began_us = clock_mono_us(&clock_system);
    while (rc == 0 && !is_over(m) && (rc = letters_next(&c, &more, err)) == 0 && more) {
        for (uint32_t i = 0; i < c.count && rc == 0 && !is_over(m); i++)
            rc = move_letter(m, &c.letters[i], err);
        if (rc == 0)
            rc = flush(m, err); /* the page dies */
    }
    if (m->told_us)
        fputc('\n', stderr);
    letters_close(&c);
    arena_free(&m->arena);
    return rc;
}
