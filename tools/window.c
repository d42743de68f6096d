/* `standpipe window`: what windows say, and whether a recount of what was delivered says the
 * same. */
#include "tools/window.h"

#include <stdio.h>
#include <time.h>

#include "common/io/redis.h"
#include "tools/commands.h"
#include "tools/show.h"
#include "tools/snapshot.h"

#define SCREEN_CLEAR "\033[H\033[2J"

static const struct setting window_options[] = {
    {"all", SETTING_BOOL, "false", offsetof(struct window_settings, all),
     "Every window there is, not only the last one."},
    {"limit", SETTING_COUNT, "50", offsetof(struct window_settings, limit),
     "So many groups of a window; 0: all of them."},
    {"watch", SETTING_BOOL, "false", offsetof(struct window_settings, watch),
     "Show it again every second, until it is interrupted."},
    {"json", SETTING_BOOL, "false", offsetof(struct window_settings, json),
     "Print JSON objects, one a line: as results are."},
    {"recount", SETTING_BOOL, "false", offsetof(struct window_settings, recount),
     "Sum up the documents of the files anew, and compare; exit 1 when they differ."},
    {0},
};

static int find_window(struct window_call *w, str name, struct error *err)
{
    const struct pipeline *p = w->pipeline;

    for (w->number = 0; w->number < p->window_count; w->number++) {
        w->window = &p->windows[w->number];
        if (str_equal(w->window->name, name))
            return 0;
    }
    return error_set(err, ERR_USAGE,
                     "the pipeline has no window '" STR_FMT "': standpipe window lists them",
                     STR_ARG(name));
}

static int list(struct window_call *w, struct say *s, struct error *err)
{
    struct arena *a = w->call->arena;
    const struct reply *state, *panes;

    for (uint32_t i = 0; i < w->pipeline->window_count; i++) {
        const struct pipeline_window *v = &w->pipeline->windows[i];
        if (WINDOW_ASK(w, a, &state, err, STR("HMGET"), keys_window(&w->keys, a, v->name),
                       STR("late"), STR("emitted")) ||
            WINDOW_ASK(w, a, &panes, err, STR("ZCARD"), keys_panes(&w->keys, a, v->name)))
            return err->code;
        str late = state->items[0].text, emitted = state->items[1].text;
        say(s, STR_FMT ": of " STR_FMT ", %lld panes, %s late records, %s results went out\n",
            STR_ARG(v->name), STR_ARG(w->pipeline->stages[v->on].name),
            (long long)panes->integer, late.n ? late.p : "0", emitted.n ? emitted.p : "0");
    }
    if (w->pipeline->window_count == 0)
        say(s, "the pipeline has no windows\n");
    return 0;
}

static void wait_a_second(void)
{
    (void)nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
}

/* Until it is interrupted, or nobody reads it any more. */
static int watch(struct window_call *w, struct say *s, struct error *err)
{
    struct arena round = {0};
    int rc;

    do {
        arena_reset(&round);
        say(s, "%s", show_is_terminal(1) ? SCREEN_CLEAR : "");
        rc = window_show(w, s, &round, err);
        if (rc == 0)
            rc = say_end(s, err);
        say_begin(s, stdout);
        if (rc == 0)
            wait_a_second();
    } while (rc == 0);
    arena_free(&round);
    return rc;
}

static int work(struct window_call *w, struct say *s, struct error *err)
{
    struct command_call *call = w->call;

    if (call->argc == 0)
        return list(w, s, err);
    if (find_window(w, str_of(call->argv[0]), err))
        return err->code;
    if (w->options->recount)
        return window_recount(w, s, err);
    if (call->argc > 1)
        return error_set(err, ERR_USAGE, "files are for --recount");
    return w->options->watch ? watch(w, s, err) : window_show(w, s, call->arena, err);
}

static int run_window(struct command_call *call, struct error *err)
{
    struct window_call w = {.call = call,
                            .options = call->options,
                            .keys = {.prefix = call->common->prefix, .lane = STR("0")}};
    struct error none = {0};
    struct say s;

    if (command_connect(call, &w.loop, &w.redis, err))
        return err->code;
    int rc = snapshot_pipeline(w.redis, &w.keys, call->kinds, call->arena, &w.pipeline, err);
    say_begin(&s, stdout);
    if (rc == 0)
        rc = work(&w, &s, err);
    int said = say_end(&s, rc ? &none : err);
    pipeline_free(w.pipeline);
    redis_free(w.redis);
    loop_free(w.loop);
    return rc ? rc : said;
}

const struct command command_window = {
    .name = "window",
    .summary = "Show the sums of windows, and recount them from what was delivered.",
    .usage = "[NAME [FILE...]]",
    .examples = "standpipe window\n"
                "standpipe window hourly --watch\n"
                "standpipe window hourly --all --json --limit 0 > hourly.ndjson\n"
                "standpipe window hourly --recount objects/2026/11/23/*.gz\n",
    .options = window_options,
    .options_size = sizeof(struct window_settings),
    .run = run_window,
};
