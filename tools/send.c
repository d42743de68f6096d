/* `standpipe send`: put files into the inbox, and with --wait follow each record of them to its
 * end. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/data/keys.h"
#include "common/io/redis.h"
#include "tools/commands.h"
#include "tools/file_uri.h"
#include "tools/follow.h"
#include "tools/send.h"

enum {
    FILES_MAX = 10000,
};

static const struct setting send_table[] = {
    {"wait", SETTING_BOOL, "false", offsetof(struct send_settings, wait),
     "Wait until every record is delivered, dead or filtered, and show the progress."},
    {"fail_on_dead", SETTING_BOOL, "false", offsetof(struct send_settings, fail_on_dead),
     "With --wait: exit 1 when a record died."},
    {"run", SETTING_STR, "", offsetof(struct send_settings, run),
     "Name of the replay that the records belong to; from '+' on it moves counts again."},
    {"dry_run", SETTING_BOOL, "false", offsetof(struct send_settings, dry_run),
     "Only say what would be sent."},
    {0},
};

/* Whether a splitter may read it, and what is there, only it can say. */
static bool is_uri(str name)
{
    return str_starts(name, STR("s3://")) || str_starts(name, STR("http://")) ||
           str_starts(name, STR("https://"));
}

static int look_at_file(struct arena *a, const char *name, struct follow_file *f,
                        struct error *err)
{
    char path[PATH_MAX], id[16];
    struct stat st;

    if (is_uri(str_of(name))) {
        *f = (struct follow_file){.name = name, .uri = str_of(name), .src = STR("")};
        return 0;
    }
    if (!realpath(name, path) || stat(path, &st) != 0 || access(path, R_OK) != 0)
        return error_set(err, ERR_DATA, "cannot read '%s': %s", name, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(err, ERR_DATA, "'%s' is not a plain file", name);
    str version =
        arena_printf(a, "%" PRIu64 "-%" PRIu64, (uint64_t)st.st_size,
                     (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec);
    str uri = file_uri(a, path);
    hash_hex(hash_more(hash_bytes(uri), version), id);
    *f = (struct follow_file){.name = name,
                              .uri = uri,
                              .src = arena_copy(a, (str){id, sizeof(id)}),
                              .size = (uint64_t)st.st_size};
    return 0;
}

static int put_in(struct follow *w, struct follow_file *f, str run, struct error *err)
{
    str inbox = keys_global(&w->keys, &w->arena, "inbox");
    str args[] = {STR("XADD"), inbox, STR("*"), STR("uri"), f->uri, STR("run"), run};
    uint32_t n = ARRAY_LEN(args) - (run.n ? 0 : 2);
    const struct reply *id;

    if (redis_call(w->redis, args, n, &w->arena, &id, err) != 0)
        return err->code;
    f->id = arena_copy(&w->arena, id->text);
    return 0;
}

static int send_all(struct follow *w, const struct send_settings *o, struct error *err)
{
    uint64_t dead;
    int rc = 0;

    for (uint32_t i = 0; i < w->count && rc == 0; i++) {
        struct follow_file *f = &w->files[i];
        if (o->wait)
            rc = follow_prepare(w, f, err);
        if (rc == 0)
            rc = put_in(w, f, o->run, err);
        if (rc == 0 && !o->wait)
            printf("%s %s\n", f->id.p, f->uri.p);
    }
    if (rc == 0 && o->wait)
        rc = follow_run(w, err);
    if (rc != 0 || !o->wait)
        return rc;
    bool is_through = follow_summarise(w, &dead);
    return !is_through || (o->fail_on_dead && dead);
}

static void say_files(const struct follow *w)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < w->count; i++) {
        printf("%" PRIu64 " " STR_FMT "\n", w->files[i].size, STR_ARG(w->files[i].uri));
        bytes += w->files[i].size;
    }
    fprintf(stderr, "nothing was sent: %" PRIu32 " files, %" PRIu64 " bytes\n", w->count,
            bytes);
}

int send_files(struct command_call *call, const struct send_settings *o, struct error *err)
{
    struct follow w = {.keys = {.prefix = call->common->prefix, .lane = STR("0")}};
    int rc = 0;

    if (call->argc < 1 || call->argc > FILES_MAX)
        return error_set(err, ERR_USAGE, "name 1 to %d files", FILES_MAX);
    w.count = (uint32_t)call->argc;
    w.files = arena_zalloc(call->arena, w.count * sizeof(*w.files));
    for (uint32_t i = 0; i < w.count && rc == 0; i++)
        rc = look_at_file(call->arena, call->argv[i], &w.files[i], err);
    if (rc == 0 && o->dry_run) {
        say_files(&w);
        return 0;
    }
    if (rc == 0)
        rc = command_connect(call, &w.loop, &w.redis, err);
    if (rc != 0)
        return rc; /* nothing was sent */
    rc = send_all(&w, o, err);
    redis_free(w.redis);
    loop_free(w.loop);
    follow_free(&w);
    return rc;
}

static int run_send(struct command_call *call, struct error *err)
{
    return send_files(call, call->options, err);
}

const struct command command_send = {
    .name = "send",
    .summary = "Send files, or URIs of s3, http and https, into the pipeline.",
    .usage = "FILE...",
    .examples = "standpipe send data.csv\nstandpipe send --wait data/*.csv\n"
                "standpipe send s3://bucket/2026/rows.csv.gz\n",
    .options = send_table,
    .options_size = sizeof(struct send_settings),
    .run = run_send,
};
