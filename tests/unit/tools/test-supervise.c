#include "tools/supervise.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/unit/check.h"

enum { DEADLINE_US = 10 * 1000000 };

static struct loop *loop;
static bool is_late;

static void on_late(void *ctx)
{
    (void)ctx;
    is_late = true;
}

/* Handle events until `what` holds, at most DEADLINE_US. */
#define UNTIL(what)                                                                            \
    do {                                                                                       \
        struct timer *late_ = timer_new(loop, on_late, NULL);                                  \
        is_late = false;                                                                       \
        timer_start(late_, DEADLINE_US);                                                       \
        while (!(what) && !is_late)                                                            \
            loop_once(loop);                                                                   \
        CHECK(what);                                                                           \
        timer_free(late_);                                                                     \
    } while (0)

static struct child *start_shell(struct supervisor *s, const char *script)
{
    return supervisor_start(s, 0, "shell", (const char *[]){"sh", "-c", script, NULL});
}

static void test_supervise_starts_a_killed_child_again(void)
{
    loop = loop_new();
    struct supervisor *s = supervisor_new(loop, NULL, NULL);
    struct child *c = start_shell(s, "exec sleep 60");
    pid_t first = child_pid(c);

    CHECK(first > 0);
    CHECK_INT(kill(first, SIGKILL), 0);
    UNTIL(child_pid(c) && child_pid(c) != first);
    pid_t second = child_pid(c);
    supervisor_free(s);
    loop_free(loop);
    CHECK(kill(second, 0) != 0);
}

static void test_supervise_gives_up_on_hopeless_ends(void)
{
    static const struct {
        const char *program, *script;
        int status;
    } cases[] = {
        {"sh", "exit 78", SUPERVISE_HOPELESS},
        {"/no/such/program", "", SUPERVISE_NO_PROGRAM},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        loop = loop_new();
        struct supervisor *s = supervisor_new(loop, NULL, NULL);
        struct child *c = supervisor_start(
            s, 0, "hopeless", (const char *[]){cases[i].program, "-c", cases[i].script, NULL});
        int status = 0;
        UNTIL(child_is_over(c, &status));
        CHECK_INT(status, cases[i].status);
        CHECK(supervisor_is_down(s, 0));
        supervisor_free(s);
        loop_free(loop);
    }
}

static void test_supervise_stop_is_final_and_by_group(void)
{
    loop = loop_new();
    struct supervisor *s = supervisor_new(loop, NULL, NULL);
    struct child *c = start_shell(s, "exec sleep 60");
    struct child *other =
        supervisor_start(s, 1, "other", (const char *[]){"sleep", "60", NULL});
    int status = 0;

    supervisor_stop(s, 0, DEADLINE_US / 1000);
    UNTIL(supervisor_is_down(s, 0));
    CHECK(child_is_over(c, &status));
    CHECK_INT(status, 128 + SIGTERM);
    CHECK(child_pid(other) > 0 && !supervisor_is_down(s, 1));
    supervisor_free(s);
    loop_free(loop);
}

static void test_supervise_kills_what_ignores_the_stop(void)
{
    int ready[2];
    char byte;

    CHECK_INT(pipe(ready), 0);
    loop = loop_new();
    struct supervisor *s = supervisor_new(loop, NULL, NULL);
    char path[64], script[160];
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), ready[1]);
    snprintf(script, sizeof(script), "trap '' TERM; echo > %s; while :; do sleep 1; done",
             path);
    struct child *c = start_shell(s, script);
    int status = 0;

    CHECK_INT(read(ready[0], &byte, 1), 1); /* from now on it ignores SIGTERM */
    supervisor_stop(s, 0, 50);
    UNTIL(child_is_over(c, &status));
    CHECK_INT(status, 128 + SIGKILL);
    supervisor_free(s);
    loop_free(loop);
    close(ready[0]);
    close(ready[1]);
}

int main(void)
{
    log_open("test", LOG_LOGFMT, LEVEL_ERROR);
    RUN(test_supervise_starts_a_killed_child_again);
    RUN(test_supervise_gives_up_on_hopeless_ends);
    RUN(test_supervise_stop_is_final_and_by_group);
    RUN(test_supervise_kills_what_ignores_the_stop);
    return check_done();
}
