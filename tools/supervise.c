#include "tools/supervise.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"

/* The first restart is nearly at once; a child that keeps dying is tried every 5 s. */
enum { BACKOFF_FIRST_MS = 100, BACKOFF_MAX_MS = 5000, STABLE_US = 10 * 1000000 };

struct child {
    struct child *next;
    char *name, **argv; /* owned */
    struct group *group;
    pid_t pid; /* 0: not running */
    uint32_t ends;
    int status; /* of its last end */
    bool is_over;
    uint64_t started_us, backoff_ms;
    struct timer *restart;
};
struct group {
    struct supervisor *supervisor;
    bool is_stopping;
    struct timer *kill; /* what ignores SIGTERM */
};
struct supervisor {
    struct loop *loop;
    struct child *children;
    struct group groups[SUPERVISE_GROUPS];
    loop_fn *changed;
    void *ctx;
};

static void become(const struct child *c, pid_t parent, const sigset_t *mask) NORETURN;
static void become(const struct child *c, pid_t parent, const sigset_t *mask)
{
    static const int handled[] = {SIGINT, SIGTERM, SIGCHLD, SIGHUP, SIGPIPE};
    int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);

    /* SIGKILL: a SIGTERM could leave a worker waiting for a Redis that dies beside it. What is
     * pending stays pending, and Redis has handed its log to the kernel before it answered. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(1);
    setpgid(0, 0);
    if (empty < 0 || dup2(empty, 0) < 0 || dup2(2, 1) < 0)
        _exit(1);
    close_range(3, ~0U, 0);
    for (size_t i = 0; i < ARRAY_LEN(handled); i++)
        signal(handled[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(c->argv[0], c->argv);
    fprintf(stderr, "standpipe: cannot start '%s': %s\n", c->argv[0], strerror(errno));
    _exit(SUPERVISE_NO_PROGRAM);
}

static void start(void *ctx)
{
    struct child *c = ctx;
    pid_t parent = getpid();
    sigset_t all, before;

    /* A signal between fork and exec would run our handler in the child, on our sockets. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        become(c, parent, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    c->started_us = clock_mono_us(&clock_system);
    if (pid > 0) {
        setpgid(pid, pid); /* here too: whoever comes first */
        c->pid = pid;
        log_debug("started", LOG_CSTR("child", c->name), LOG_U64("pid", pid));
        return;
    }
    log_warn("cannot fork", LOG_CSTR("child", c->name), LOG_CSTR("error", strerror(errno)));
    timer_start(c->restart, BACKOFF_MAX_MS * UINT64_C(1000));
}

static void ended(struct child *c, int wait_status)
{
    pid_t pid = c->pid;
    bool is_signal = WIFSIGNALED(wait_status);
    uint64_t lived = clock_mono_us(&clock_system) - c->started_us;

    c->pid = 0;
    c->ends++;
    c->status = is_signal ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
    c->is_over = c->group->is_stopping || c->status == SUPERVISE_HOPELESS ||
                 c->status == SUPERVISE_NO_PROGRAM;
    if (c->group->is_stopping)
        return;
    if (c->is_over) {
        log_error("child ended, a restart would not help", LOG_CSTR("child", c->name),
                  LOG_U64("status", c->status));
        return;
    }
    c->backoff_ms = lived > STABLE_US || !c->backoff_ms
                        ? BACKOFF_FIRST_MS
                        : MIN(c->backoff_ms * 2, (uint64_t)BACKOFF_MAX_MS);
    log_warn(
        "child ended, starting it again", LOG_CSTR("child", c->name), LOG_U64("pid", pid),
        LOG_U64(is_signal ? "signal" : "status", is_signal ? WTERMSIG(wait_status) : c->status),
        LOG_U64("after_ms", c->backoff_ms));
    timer_start(c->restart, c->backoff_ms * 1000);
}

/* Each pid is asked for by name: children of others in this process are not ours to reap. */
static void reap(void *ctx)
{
    struct supervisor *s = ctx;
    bool any = false;

    for (struct child *c = s->children; c; c = c->next) {
        int status;
        if (!c->pid || waitpid(c->pid, &status, WNOHANG) != c->pid)
            continue;
        ended(c, status);
        any = true;
    }
    if (any && s->changed)
        s->changed(s->ctx);
}

/* Whole process groups: a server may have forked a helper. */
static void kill_group(void *ctx)
{
    const struct group *g = ctx;

    for (struct child *c = g->supervisor->children; c; c = c->next) {
        if (c->group != g || !c->pid)
            continue;
        log_warn("child did not stop in time, killing it", LOG_CSTR("child", c->name));
        kill(-c->pid, SIGKILL);
    }
}

struct supervisor *supervisor_new(struct loop *l, loop_fn *changed, void *ctx)
{
    struct supervisor *s = xalloc(sizeof(*s));

    *s = (struct supervisor){.loop = l, .changed = changed, .ctx = ctx};
    for (struct group *g = s->groups; g < s->groups + SUPERVISE_GROUPS; g++) {
        g->supervisor = s;
        g->kill = timer_new(l, kill_group, g);
    }
    loop_signal(l, SIGCHLD, reap, s);
    return s;
}

static void child_free(struct child *c)
{
    if (c->pid && kill(c->pid, SIGKILL) == 0)
        waitpid(c->pid, NULL, 0);
    timer_free(c->restart);
    for (char **arg = c->argv; *arg; arg++)
        free(*arg);
    free(c->argv);
    free(c->name);
    free(c);
}

void supervisor_free(struct supervisor *s)
{
    if (!s)
        return;
    for (struct child *c = s->children, *next; c; c = next) {
        next = c->next;
        child_free(c);
    }
    for (struct group *g = s->groups; g < s->groups + SUPERVISE_GROUPS; g++)
        timer_free(g->kill);
    free(s);
}

struct child *supervisor_start(struct supervisor *s, uint32_t group, const char *name,
                               const char *const *argv)
{
    struct child *c = xalloc(sizeof(*c));
    size_t n = 0;

    assert(group < SUPERVISE_GROUPS);
    while (argv[n])
        n++;
    c->argv = xalloc((n + 1) * sizeof(*c->argv));
    for (size_t i = 0; i < n; i++)
        c->argv[i] = xstrdup(argv[i]);
    c->name = xstrdup(name);
    c->group = &s->groups[group];
    c->restart = timer_new(s->loop, start, c);
    c->next = s->children;
    s->children = c;
    start(c);
    return c;
}

void supervisor_stop(struct supervisor *s, uint32_t group, uint64_t grace_ms)
{
    struct group *g = &s->groups[group];

    g->is_stopping = true;
    for (struct child *c = s->children; c; c = c->next) {
        if (c->group != g)
            continue;
        if (c->pid)
            kill(c->pid, SIGTERM);
        else
            c->is_over = true;
        timer_stop(c->restart);
    }
    timer_start(g->kill, grace_ms * 1000);
}

bool supervisor_is_down(const struct supervisor *s, uint32_t group)
{
    for (const struct child *c = s->children; c; c = c->next)
        if (c->group == &s->groups[group] && (c->pid || !c->is_over))
            return false;
    return true;
}

uint32_t child_ends(const struct child *c)
{
    return c->ends;
}

pid_t child_pid(const struct child *c)
{
    return c->pid;
}

bool child_is_over(const struct child *c, int *status)
{
    if (c->is_over)
        *status = c->status;
    return c->is_over;
}
