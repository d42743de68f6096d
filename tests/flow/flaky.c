/* A second program on the same libraries, for tests: the stages of standpipe and one more that
 * fails as its records ask. {"retry":2} is to be tried again later twice, {"abort":1} kills its
 * worker, {"loop":1} never ends, {"slow":300} takes so many milliseconds. And its splitter dies
 * of rows with `kill me`, of the header of files called `bad-head`, and of a row that killed
 * others in files called `untouchable`, even when it is only to be passed over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/io/loop.h"
#include "common/run/run.h"
#include "tools/commands.h"
#include "workers/dispatch.h"
#include "workers/stages.h"

static uint64_t number_of(const struct record *r, const char *name)
{
    uint64_t value;
    str text;

    return record_find(r, str_of(name), &text) && str_to_u64(text, &value) ? value : 0;
}

static enum work flaky_process(struct worker *w, struct batch *b)
{
    (void)w;
    batch_each(r, b) {
        volatile bool for_ever = number_of(r, "loop") > 0;
        while (for_ever)
            ;
        if (number_of(r, "abort"))
            abort();
        usleep((useconds_t)number_of(r, "slow") * 1000);
        if (number_of(r, "retry") > r->entry->try)
            record_settle(r, VERDICT_RETRY, STR("flaky"), STR("not yet"));
    }
    return WORK_DONE;
}

static const struct setting no_settings[] = {{0}};
static const struct stage stage_flaky = {
    .name = "flaky",
    .summary = "Fail as the records ask.",
    .settings = no_settings,
    .process = flaky_process,
    .max_inflight = 1,
};
/* Keeps what it gets for a while and then does all of it in one go, as an answer for many does.
 */
enum { KEPT_MAX = 4, KEPT_US = 20 * 1000 };
struct keeper {
    struct worker *worker;
    struct timer *timer;
    struct batch *kept[KEPT_MAX];
    uint32_t n;
};

static void keeper_go_on(void *ctx)
{
    struct keeper *k = ctx;
    struct batch *batches[KEPT_MAX];
    uint32_t n = k->n;

    memcpy(batches, k->kept, sizeof(batches));
    for (uint32_t i = 0; i < n; i++)
        batch_each(r, batches[i])
            if (number_of(r, "abort"))
                abort();
    k->n = 0;
    for (uint32_t i = 0; i < n; i++)
        k->worker->host->finish(k->worker, batches[i]);
}

static void keeper_on_timer(void *ctx)
{
    struct keeper *k = ctx;

    k->worker->host->announce(k->worker, keeper_go_on, k);
}

static int keeper_open(struct worker *w, struct error *err)
{
    struct keeper *k = w->state;

    (void)err;
    k->worker = w;
    k->timer = timer_new(w->services->loop, keeper_on_timer, k);
    return 0;
}

static enum work keeper_process(struct worker *w, struct batch *b)
{
    struct keeper *k = w->state;

    k->kept[k->n++] = b;
    if (!timer_is_running(k->timer))
        timer_start(k->timer, KEPT_US);
    return WORK_LATER;
}

static void keeper_close(struct worker *w)
{
    timer_free(((struct keeper *)w->state)->timer);
}

static const struct stage stage_keeper = {
    .name = "keeper",
    .summary = "Fail as the records ask, later.",
    .state_size = sizeof(struct keeper),
    .settings = no_settings,
    .open = keeper_open,
    .process = keeper_process,
    .close = keeper_close,
    .max_inflight = KEPT_MAX,
};

static bool has(str s, const char *word)
{
    return s.n && memmem(s.p, s.n, word, strlen(word));
}

static enum work split_process(struct worker *w, struct batch *b)
{
    enum work work = stage_split.process(w, b);
    bool is_given_up = work == WORK_DONE && b->care != CARE_NONE;

    batch_each(r, b) {
        if (r->verdict != VERDICT_DEAD && has(r->line, "kill me"))
            abort();
    }
    if (!is_given_up && (has(b->entries[0].uri, "bad-head") ||
                         (b->care && has(b->entries[0].uri, "untouchable"))))
        abort();
    return work;
}

static struct stage split; /* filled in main */
static const struct stage *const kinds[] = {
    &split, &stage_normalise, &stage_deliver, &stage_flaky, &stage_keeper, NULL,
};

static int apply(const struct options_common *common, int argc, char **argv, struct arena *a,
                 struct error *err)
{
    struct command_call call = {.common = common,
                                .kinds = kinds,
                                .argc = argc,
                                .argv = argv,
                                .options = arena_zalloc(a, command_apply.options_size + 1),
                                .arena = a};

    return command_apply.run(&call, err);
}

static int work(const char *word, const struct options_common *common, int argc, char **argv,
                struct arena *a, struct error *err)
{
    struct run_options options = {0};

    if (options_parse(run_options, &options, false, &argc, argv, a, err))
        return err->code;
    log_open(word, LOG_LOGFMT, LEVEL_INFO);
    for (const struct stage *const *k = kinds; *k; k++)
        if (strcmp(word, (*k)->name) == 0)
            return run_worker(*k, kinds, common, &options);
    return run_dispatcher(kinds, common, &options);
}

int main(int argc, char **argv)
{
    struct options_common common = {0};
    struct arena a = {0};
    struct error err = {0};
    char *word = argv[1];

    split = stage_split;
    split.process = split_process;
    argc -= 2;
    argv += 2;
    int status = options_parse(options_common, &common, true, &argc, argv, &a, &err);
    if (status == 0)
        status = strcmp(word, "apply") == 0 ? apply(&common, argc, argv, &a, &err)
                                            : work(word, &common, argc, argv, &a, &err);
    if (err.text[0])
        fprintf(stderr, "flaky: %s\n", err.text);
    arena_free(&a);
    return status < 0 ? error_exit_status(&err) : status;
}
