#include "tools/check_live.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io/http.h"
#include "common/io/library.h"

enum { ANSWER_MS = 5000, ANSWER_MAX = 64 * 1024 };

static const struct mark nowhere = {0};

/* Redis. */

struct library_look {
    struct library_check check;
    struct loop *loop;
    bool is_done, is_found, is_answered;
};

static void on_library(void *ctx, bool found, const struct reply *answer)
{
    struct library_look *l = ctx;

    l->is_done = true;
    l->is_found = found;
    l->is_answered = answer != NULL;
    loop_stop(l->loop);
}

static void check_library(struct findings *f, struct redis *redis, struct loop *loop)
{
    struct library_look l = {.loop = loop};

    library_check(&l.check, redis, LIBRARY_FOUND, on_library, &l);
    if (!l.is_done)
        loop_run(loop);
    if (!l.is_answered)
        findings_error(f, nowhere, 1, "Redis: the connection was lost; look at its log");
    else if (!l.is_found)
        findings_warn(f, nowhere, 1,
                      "Redis: the function library is not there yet; 'standpipe apply' and the "
                      "dispatcher load it");
}

static void check_redis(struct command_call *call, struct findings *f)
{
    struct error err = {0};
    struct loop *loop;
    struct redis *redis;

    if (command_connect(call, &loop, &redis, &err)) {
        findings_error(f, nowhere, 1, "Redis: %s; start it, or name another with --redis",
                       err.text);
        return;
    }
    check_library(f, redis, loop);
    redis_free(redis);
    loop_free(loop);
}

/* Folders. */

static bool splits_files(const struct pipeline *p)
{
    for (uint32_t i = 0; i < p->stage_count; i++)
        if (p->stages[i].kind->wants_jobs)
            return true;
    return false;
}

static void check_root(struct findings *f, struct arena *a, str root)
{
    struct stat st;
    str path = arena_copy(a, root);
    const char *problem = NULL;

    if (stat(path.p, &st) != 0 || access(path.p, R_OK | X_OK) != 0)
        problem = strerror(errno);
    else if (!S_ISDIR(st.st_mode))
        problem = "is no folder";
    if (problem)
        findings_error(f, nowhere, 1,
                       "folder '" STR_FMT "' of --roots: %s; make it, let workers read it, or "
                       "name another",
                       STR_ARG(root), problem);
}

static void check_roots(struct command_call *call, struct check_file *file, str roots)
{
    if (!roots.n && splits_files(file->pipeline))
        findings_warn(
            &file->findings, nowhere, 1,
            "no folder is named: workers read files in none until they are told --roots "
            "(STANDPIPE_ROOTS)");
    while (roots.n) {
        str root = str_cut(&roots, ':');
        if (root.n)
            check_root(&file->findings, call->arena, root);
    }
}

/* Destinations. */

struct call_look {
    struct loop *loop;
    struct arena *arena;
    str failure;
};

static void on_answer(void *ctx, const struct http_answer *answer)
{
    struct call_look *l = ctx;

    if (answer->failure)
        l->failure = arena_copy(l->arena, str_of(answer->failure));
    loop_stop(l->loop);
}

/* Any answer will do: it is there, and its certificate is good. */
static void check_endpoint(struct findings *f, const struct pipeline_stage *stage, str url,
                           struct arena *a)
{
    struct call_look l = {.loop = loop_new(), .arena = a};
    struct error err = {0};
    struct http *http = http_new(l.loop, &err);
    const struct http_request q = {
        .method = STR("GET"), .url = url, .timeout_ms = ANSWER_MS, .max_answer = ANSWER_MAX};

    if (http) {
        http_send(http, &q, on_answer, &l);
        loop_run(l.loop);
    } else {
        l.failure = arena_copy(a, str_of(err.text));
    }
    if (l.failure.n)
        findings_error(f, stage->config->key_at, (uint32_t)stage->config->key.n,
                       "stage '" STR_FMT "': " STR_FMT " does not answer: " STR_FMT
                       "; look at the endpoint and the region, and at the network",
                       STR_ARG(stage->name), STR_ARG(url), STR_ARG(l.failure));
    if (http)
        http_free(http);
    loop_free(l.loop);
}

static void check_stage(struct findings *f, const struct pipeline_stage *stage)
{
    struct arena arena = {0};
    struct error err = {0};
    const struct services services = {.clock = &clock_system};
    struct worker w = {.stage = stage->kind,
                       .services = &services,
                       .name = stage->name,
                       .config = stage->config,
                       .arena = &arena,
                       .host = &host_nobody};
    str url;

    w.state = arena_zalloc(&arena, stage->kind->state_size);
    setting_fill(stage->kind->settings, stage->config, w.state, f);
    if (stage->kind->probe(&w, &url, &err) == 0 && url.n)
        check_endpoint(f, stage, url, &arena);
    else if (err.code)
        findings_error(f, stage->config->key_at, (uint32_t)stage->config->key.n,
                       "stage '" STR_FMT "': %s", STR_ARG(stage->name), err.text);
    arena_free(&arena);
}

bool check_live(struct command_call *call, struct check_file *file, str roots)
{
    struct findings *f = &file->findings;
    uint32_t before = f->errors;

    check_redis(call, f);
    check_roots(call, file, roots);
    for (uint32_t i = 0; i < file->pipeline->stage_count; i++)
        if (file->pipeline->stages[i].kind->probe)
            check_stage(f, &file->pipeline->stages[i]);
    findings_sort(f);
    return f->errors == before;
}
