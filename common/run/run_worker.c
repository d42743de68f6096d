/* The role of a stage worker: a runner for every stage of its kind. */
#include "common/run/process.h"
#include "common/run/runner.h"

struct team {
    const struct stage *kind;
    struct runner *runners;
};

static void close_team(struct process *p)
{
    struct team *t = p->work;

    for (struct runner *r = t->runners, *next; r; r = next) {
        next = r->next;
        runner_close(r);
    }
    t->runners = NULL;
}

static void resume(struct process *p)
{
    const struct team *t = p->work;

    for (struct runner *r = t->runners; r; r = r->next)
        runner_begin(r);
}

static int open_team(struct process *p, struct error *err)
{
    struct team *t = p->work;

    for (uint32_t i = 0; i < p->pipeline->stage_count; i++) {
        if (p->pipeline->stages[i].kind != t->kind)
            continue;
        struct runner *r = runner_open(p, i, err);
        if (!r) {
            close_team(p);
            return err->code;
        }
        r->next = t->runners;
        t->runners = r;
    }
    resume(p);
    return 0;
}

static void quiesce(struct process *p)
{
    const struct team *t = p->work;

    for (struct runner *r = t->runners; r; r = r->next)
        runner_quiesce(r);
}

static bool is_quiet(struct process *p)
{
    const struct team *t = p->work;

    for (const struct runner *r = t->runners; r; r = r->next)
        if (!runner_is_quiet(r))
            return false;
    return true;
}

static void release(struct process *p)
{
    const struct team *t = p->work;

    for (struct runner *r = t->runners; r; r = r->next)
        runner_release(r);
}

static void woken(struct process *p, str topic, str message)
{
    const struct team *t = p->work;
    uint32_t number;

    if (str_is(message, "due")) {
        for (struct runner *r = t->runners; r; r = r->next)
            if (str_equal(r->def->name, topic))
                runner_look_for_due(r);
        return;
    }
    if (!pipeline_find(p->pipeline, topic, &number))
        return;
    p->levels[number] = 0; /* it fell to its low mark; the next commit tells the figure */
    for (struct runner *r = t->runners; r; r = r->next)
        runner_look_at_gate(r);
}

static const char *state(struct process *p)
{
    const struct team *t = p->work;

    for (const struct runner *r = t->runners; r; r = r->next)
        if (!r->is_held)
            return "running";
    return t->runners ? "held" : "waiting";
}

int run_worker(const struct stage *kind, const struct stage *const *kinds,
               const struct options_common *common, const struct run_options *options)
{
    const struct process_role role = {
        .kind = kind->name,
        .open = open_team,
        .quiesce = quiesce,
        .is_quiet = is_quiet,
        .release = release,
        .close = close_team,
        .resume = resume,
        .woken = woken,
        .state = state,
    };
    struct team team = {.kind = kind};

    return process_run(&role, &team, kinds, common, options);
}
