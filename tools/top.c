/* `standpipe top`: every stage of the pipeline, refreshed each second. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/io/redis.h"
#include "tools/commands.h"
#include "tools/show.h"
#include "tools/top_view.h"

enum { SCREEN_MAX = 1 << 20, KEYS_US = 50 * 1000 };
#define SCREEN_OPEN  "\033[?1049h\033[?25l" /* a page of its own, no cursor */
#define SCREEN_CLOSE "\033[?25h\033[?1049l"
#define SCREEN_CLEAR "\033[H\033[2J"

struct top_settings {
    bool once, json;
    uint64_t every_ms;
};
static const struct setting top_options[] = {
    {"once", SETTING_BOOL, "false", offsetof(struct top_settings, once),
     "Print one table, with rates over one second, and end."},
    {"json", SETTING_BOOL, "false", offsetof(struct top_settings, json),
     "Print a JSON object a line instead of a table."},
    {"every", SETTING_MSEC, "1s", offsetof(struct top_settings, every_ms),
     "Time between two refreshes, at least 100ms."},
    {0},
};

struct top {
    const struct top_settings *options;
    struct loop *loop;
    struct redis *redis;
    struct keys keys;
    struct pipeline *pipeline; /* owned */
    const struct stage *const *kinds;
    struct arena arenas[2]; /* of this snapshot and the one before */
    struct snapshot snapshots[2];
    uint32_t now; /* index of this one */
    struct buf screen;
    bool is_live; /* on a terminal, until q */
    bool wants_out, is_due;
    struct timer *due, *look;
    struct termios terminal; /* as it was */
};

/* Take the next snapshot; a new version of the pipeline is read first. */
static int take(struct top *t, struct error *err)
{
    uint32_t next = !t->now;
    struct arena *a = &t->arenas[next];
    struct pipeline *p;

    arena_reset(a);
    int rc = snapshot_pipeline(t->redis, &t->keys, t->kinds, a, &p, err);
    if (rc != 0)
        return rc;
    pipeline_free(t->pipeline);
    t->pipeline = p;
    rc = snapshot_take(t->redis, &t->keys, p, a, &t->snapshots[next], err);
    if (rc == 0)
        t->now = next;
    return rc;
}

static bool show(struct top *t)
{
    bool fits = true;

    buf_reset(&t->screen);
    if (t->is_live)
        fits = buf_add(&t->screen, STR(SCREEN_CLEAR));
    const struct top_view view = {.arena = &t->arenas[t->now],
                                  .now = &t->snapshots[t->now],
                                  .before = &t->snapshots[!t->now],
                                  .is_human = show_is_terminal(1),
                                  .has_colour = show_has_colour(1)};
    fits =
        fits && (t->options->json ? top_json(&view, &t->screen) : top_table(&view, &t->screen));
    if (t->is_live)
        fits = fits && buf_printf(&t->screen, "q quits\n");
    return fits && fwrite(t->screen.p, 1, t->screen.n, stdout) == t->screen.n &&
           fflush(stdout) == 0;
}

/* The terminal. */

static void on_signal(void *ctx)
{
    ((struct top *)ctx)->wants_out = true;
}

static void on_look(void *ctx)
{
    struct top *t = ctx;
    struct pollfd keys = {.fd = 0, .events = POLLIN};
    char key;

    while (poll(&keys, 1, 0) > 0) {
        if (read(0, &key, 1) != 1 || key == 'q' || key == 'Q') {
            t->wants_out = true;
            return;
        }
    }
    timer_start(t->look, KEYS_US);
}

static void on_due(void *ctx)
{
    ((struct top *)ctx)->is_due = true;
}

static void take_terminal(struct top *t)
{
    t->is_live = isatty(0) && show_is_terminal(1) && !t->options->json &&
                 tcgetattr(0, &t->terminal) == 0;
    if (!t->is_live)
        return;
    struct termios quiet = t->terminal; /* keys come at once and are not shown; Ctrl-C stays */
    quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(0, TCSANOW, &quiet);
    fputs(SCREEN_OPEN, stdout);
    timer_start(t->look, KEYS_US);
}

static void give_terminal_back(struct top *t)
{
    if (!t->is_live)
        return;
    fputs(SCREEN_CLOSE, stdout);
    (void)fflush(stdout);
    tcsetattr(0, TCSANOW, &t->terminal);
}

/* Handle events until the next refresh is due; false: the user has seen enough. */
static bool wait_for_next(struct top *t, uint64_t ms)
{
    t->is_due = false;
    timer_start(t->due, ms * 1000);
    while (!t->is_due && !t->wants_out)
        loop_once(t->loop);
    return !t->wants_out;
}

static int once(struct top *t, struct error *err)
{
    int rc = take(t, err);

    if (rc == 0 && wait_for_next(t, 1000))
        rc = take(t, err);
    if (rc == 0 && !t->wants_out && !show(t))
        return 1;
    return rc;
}

static int again_and_again(struct top *t, struct error *err)
{
    int rc = take(t, err); /* rates need two; and what fails now would fail for ever */

    if (rc != 0)
        return rc;
    take_terminal(t);
    while (wait_for_next(t, t->options->every_ms)) {
        rc = take(t, err);
        if (rc == 0 && !show(t))
            break; /* nobody reads any more */
        if (rc != 0 && !t->is_live)
            break;
        if (rc != 0)
            printf(SCREEN_CLEAR "%s\n", err->text);
        (void)fflush(stdout);
        rc = 0; /* Redis is away: the connection tries on */
    }
    give_terminal_back(t);
    return rc;
}

static int run_top(struct command_call *call, struct error *err)
{
    struct top t = {.options = call->options,
                    .kinds = call->kinds,
                    .keys = {.prefix = call->common->prefix, .lane = STR("0")}};

    if (call->argc > 0)
        return error_set(err, ERR_USAGE, "top takes no word '%s'", call->argv[0]);
    if (t.options->every_ms < 100)
        return error_set(err, ERR_USAGE, "--every is at least 100ms");
    int rc = command_connect(call, &t.loop, &t.redis, err);
    if (rc != 0)
        return rc;
    buf_init(&t.screen, SCREEN_MAX);
    t.due = timer_new(t.loop, on_due, &t);
    t.look = timer_new(t.loop, on_look, &t);
    loop_signal(t.loop, SIGINT, on_signal, &t);
    loop_signal(t.loop, SIGTERM, on_signal, &t);
    rc = t.options->once ? once(&t, err) : again_and_again(&t, err);
    pipeline_free(t.pipeline);
    buf_free(&t.screen);
    arena_free(&t.arenas[0]);
    arena_free(&t.arenas[1]);
    redis_free(t.redis);
    timer_free(t.due);
    timer_free(t.look);
    loop_free(t.loop);
    return rc;
}

const struct command command_top = {
    .name = "top",
    .summary = "Show what each stage does: rates, what waits, how old it is, what died.",
    .examples = "standpipe top\nstandpipe top --once\nstandpipe top --once --json\n",
    .options = top_options,
    .options_size = sizeof(struct top_settings),
    .run = run_top,
};
