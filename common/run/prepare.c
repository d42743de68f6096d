/* What a stage wants to know before it works: the job of a file, and what source ids stand for.
 * Asked for once an entry or a batch, never once a record. */
#include "common/base/log.h"
#include "common/run/runner.h"

enum { SOURCES_MAX = 256 }; /* kept; then all are forgotten */

static void go_on(struct flight *f)
{
    if (f->asked > 0)
        return;
    if (f->is_bad_answer) { /* the connection went away */
        flight_wait(f, 100 * 1000, flight_prepare);
        return;
    }
    f->mark = arena_mark(&f->batch.arena);
    f->batch.kept = NULL;
    flight_process(f);
}

/* Jobs. */

static str job_id(const struct entry *e)
{
    for (uint32_t i = 0; i + 1 < e->field_count; i += 2)
        if (str_is(e->fields[i], "job") && e->fields[i + 1].n)
            return e->fields[i + 1];
    return e->id;
}

static void on_job(void *ctx, const struct reply *reply)
{
    struct flight *f = ctx;

    f->asked--;
    f->is_bad_answer |= !reply || reply->type != REPLY_ARRAY;
    if (!f->is_bad_answer) {
        str *fields = arena_alloc(&f->batch.arena, (reply->n + 1) * sizeof(*fields));
        for (uint32_t i = 0; i < reply->n; i++)
            fields[i] = reply->items[i].text;
        f->job = fields;
        f->job_count = reply->n;
    }
    go_on(f);
}

static void on_columns(void *ctx, const struct reply *reply)
{
    struct flight *f = ctx;

    f->asked--;
    f->is_bad_answer |= !reply;
    if (reply && reply->type == REPLY_ARRAY && reply->n == 5)
        f->columns = (struct last_columns){
            .cols = reply->items[0].text,
            .uri = reply->items[1].text,
            .is_own = str_equal(reply->items[2].text, job_id(&f->batch.entries[0])),
            .drift = reply->items[3].text,
            .before = reply->items[4].text};
    go_on(f);
}

static void ask_columns(struct flight *f)
{
    struct process *p = f->runner->process;
    struct arena *a = &f->batch.arena;

    f->columns = (struct last_columns){0};
    f->columns_key = keys_columns(&p->keys, a, f->runner->def->name, f->batch.entries[0].uri);
    redis_say(p->redis, a, on_columns, f, STR("HMGET"), f->columns_key, STR("cols"), STR("uri"),
              STR("job"), STR("drift"), STR("before"));
}

struct last_columns runner_columns(struct worker *w, const struct batch *b)
{
    const struct flight *f = b->owner;

    (void)w;
    return f->columns;
}

static void ask_job(struct flight *f)
{
    struct arena *a = &f->batch.arena;
    struct process *p = f->runner->process;

    f->job_key = keys_job(&p->keys, a, job_id(&f->batch.entries[0]));
    redis_say(p->redis, a, on_job, f, STR("HGETALL"), f->job_key);
}

str runner_job(struct worker *w, const struct batch *b, const str **fields, uint32_t *count)
{
    const struct flight *f = b->owner;

    (void)w;
    *fields = f->job;
    *count = f->job_count;
    return f->job_key;
}

/* Sources. */

static struct source_slot *find_source(const struct runner *r, str src)
{
    for (struct source_slot *s = r->sources; s; s = s->next)
        if (str_equal(src, (str){s->src, sizeof(s->src)}))
            return s;
    return NULL;
}

bool runner_source(struct worker *w, str src, struct source_info *info)
{
    const struct source_slot *s = find_source(w->runner, src);

    if (!s || !s->info.uri.n)
        return false;
    *info = s->info;
    return true;
}

struct source_ask {
    struct flight *flight;
    str src;
};

static void keep_source(struct runner *r, str src, str uri, str version)
{
    struct source_slot *s = arena_zalloc(&r->source_arena, sizeof(*s));

    *s = (struct source_slot){.next = r->sources};
    memcpy(s->src, src.p, sizeof(s->src));
    s->info.uri = arena_copy(&r->source_arena, uri);
    s->info.version = arena_copy(&r->source_arena, version);
    r->sources = s;
    r->source_count++;
}

static void on_source(void *ctx, const struct reply *reply)
{
    struct source_ask *ask = ctx;
    struct flight *f = ask->flight;

    f->asked--;
    f->is_bad_answer |= !reply;
    if (reply && reply->type == REPLY_ARRAY && reply->n == 2 &&
        !find_source(f->runner, ask->src))
        keep_source(f->runner, ask->src, reply->items[0].text, reply->items[1].text);
    go_on(f);
}

static void ask_sources(struct flight *f)
{
    struct runner *r = f->runner;
    struct arena *a = &f->batch.arena;
    str last = STR_NONE;

    if (r->source_count > SOURCES_MAX) {
        arena_reset(&r->source_arena);
        r->sources = NULL;
        r->source_count = 0;
    }
    batch_each_entry(e, &f->batch) {
        if (e->src.n != sizeof(r->sources->src) || str_equal(e->src, last) ||
            find_source(r, e->src))
            continue;
        struct source_ask *ask = arena_alloc(a, sizeof(*ask));
        *ask = (struct source_ask){.flight = f, .src = e->src};
        last = e->src;
        f->asked++;
        redis_say(r->process->redis, a, on_source, ask, STR("HMGET"),
                  keys_source(&r->process->keys, a, e->src), STR("uri"), STR("version"));
    }
}

void flight_prepare(struct flight *f)
{
    const struct stage *kind = f->runner->def->kind;

    f->is_bad_answer = false;
    f->asked = 1; /* this call's own, so that early answers do not run ahead */
    if (!kind->wants_jobs) {
        ask_sources(f);
    } else if (f->batch.entry_count > 0) {
        f->asked += 2;
        ask_job(f);
        ask_columns(f);
    }
    f->asked--;
    go_on(f);
}
