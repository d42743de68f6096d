/* firehose-local: an honest stand-in for the Firehose API on this machine. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/run/options.h"
#include "tools/firehose_local/api.h"
#include "tools/stand_in.h"

enum { BODY_MAX = 16 << 20, CONNECTIONS_MAX = 64, STREAMS_MAX = 50, DEADLINE_MS = 60 * 1000 };

struct flags {
    str listen, dir, streams, access_key, secret_key, region, port_file;
    bool no_auth;
    uint64_t buffer_size, buffer_interval;
};
static const struct setting table[] = {
    {"listen", SETTING_STR, "127.0.0.1:4566", offsetof(struct flags, listen),
     "Address, host:port; with port 0 the system chooses one."},
    {"dir", SETTING_STR, "firehose-local", offsetof(struct flags, dir),
     "Folder for the objects, one a stream in it."},
    {"streams", SETTING_STR, "", offsetof(struct flags, streams),
     "Streams to create at the start, with commas between; or --stream NAME once for each."},
    {"access_key", SETTING_STR, "", offsetof(struct flags, access_key),
     "Access key id; without one, AWS_ACCESS_KEY_ID."},
    {"secret_key", SETTING_STR, "", offsetof(struct flags, secret_key),
     "Secret key; without one, AWS_SECRET_ACCESS_KEY."},
    {"no_auth", SETTING_BOOL, "false", offsetof(struct flags, no_auth),
     "Take requests without looking at their signatures."},
    {"region", SETTING_STR, "", offsetof(struct flags, region),
     "Region that signatures must name; without one, any will do."},
    {"buffer_size", SETTING_BYTES, "5MiB", offsetof(struct flags, buffer_size),
     "Close an object at this many bytes."},
    {"buffer_interval", SETTING_MSEC, "60s", offsetof(struct flags, buffer_interval),
     "Close an object this long after its first record."},
    {"port_file", SETTING_STR, "", offsetof(struct flags, port_file),
     "Write the port into this file when ready."},
    {0},
};

static const char about[] = "firehose-local: a local stand-in for the Amazon Data Firehose "
                            "API.\n\n"
                            "  firehose-local --no-auth --stream s\n"
                            "  firehose-local --listen 127.0.0.1:0 --dir /tmp/objects "
                            "--stream s --stream t\n\n";

struct program {
    struct arena arena;
    struct flags flags;
    str streams[STREAMS_MAX];
    uint32_t stream_count;
    struct loop *loop;
    struct store *store;
    struct server *server;
    struct api api;
};

static int add_stream(struct program *p, str name, struct error *err)
{
    if (p->stream_count == STREAMS_MAX)
        return error_set(err, ERR_USAGE, "more than %d streams", STREAMS_MAX);
    p->streams[p->stream_count++] = name;
    return 0;
}

/* --stream may stand more than once, which the table cannot say: take them out first. */
static int take_streams(struct program *p, int *argc, char **argv, struct error *err)
{
    int kept = 0;

    for (int i = 0; i < *argc; i++) {
        str value = str_of(argv[i]), flag = str_cut(&value, '=');
        if (!str_is(flag, "--stream")) {
            argv[kept++] = argv[i];
            continue;
        }
        if (!value.p && i + 1 < *argc)
            value = str_of(argv[++i]);
        if (add_stream(p, value, err))
            return err->code;
    }
    *argc = kept;
    return 0;
}

static int take_options(struct program *p, int argc, char **argv, struct error *err)
{
    struct flags *f = &p->flags;

    if (take_streams(p, &argc, argv, err) ||
        options_parse(table, f, false, &argc, argv, &p->arena, err))
        return err->code;
    if (argc > 0)
        return error_set(err, ERR_USAGE, "'%s' is one word too many", argv[0]);
    for (str rest = f->streams; rest.n;) {
        str name = str_trim(str_cut(&rest, ','));
        if (name.n && add_stream(p, name, err))
            return err->code;
    }
    if (f->access_key.n == 0)
        f->access_key = str_of(getenv("AWS_ACCESS_KEY_ID"));
    if (f->secret_key.n == 0)
        f->secret_key = str_of(getenv("AWS_SECRET_ACCESS_KEY"));
    if (!f->no_auth && (f->access_key.n == 0 || f->secret_key.n == 0))
        return error_set(err, ERR_USAGE,
                         "no keys to check signatures with: set AWS_ACCESS_KEY_ID "
                         "and AWS_SECRET_ACCESS_KEY, or say --no-auth");
    return 0;
}

static int start(struct program *p, struct error *err)
{
    const struct flags *f = &p->flags;
    const struct server_limits limits = {
        .body_bytes = BODY_MAX, .connections = CONNECTIONS_MAX, .deadline_ms = DEADLINE_MS};
    const struct stream_limits objects = {.object_bytes = f->buffer_size,
                                          .object_ms = f->buffer_interval};

    p->store = store_open(p->loop, f->dir, objects, err);
    if (!p->store)
        return err->code;
    for (uint32_t i = 0; i < p->stream_count; i++)
        if (!store_find(p->store, p->streams[i]) && !store_create(p->store, p->streams[i], err))
            return err->code;
    p->api.loop = p->loop;
    p->api.auth = (struct auth){f->no_auth, f->access_key, f->secret_key, f->region};
    p->api.ops.store = p->store;
    p->api.ops.region = f->region.n ? f->region : STR("us-east-1");
    p->api.ops.object_bytes = f->buffer_size;
    p->api.ops.object_ms = f->buffer_interval;
    p->server = server_new(p->loop, f->listen, &limits, api_handle, &p->api, err);
    if (!p->server)
        return err->code;
    return stand_in_listens("firehose-local", f->listen, server_port(p->server), f->port_file,
                            err);
}

static void on_signal(void *ctx)
{
    loop_stop(ctx);
}

int main(int argc, char **argv)
{
    struct program p = {0};
    struct error err = {0};

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return stand_in_help(about, table);
    log_open("firehose-local", LOG_LOGFMT, LEVEL_INFO);
    operations_init(&p.api.ops);
    p.loop = loop_new();
    argc--;
    loop_signal(p.loop, SIGTERM, on_signal, p.loop);
    loop_signal(p.loop, SIGINT, on_signal, p.loop);
    if (take_options(&p, argc, argv + 1, &err) == 0 && start(&p, &err) == 0)
        loop_run(p.loop);
    api_free(&p.api); /* what it holds back belongs to the server's requests */
    server_free(p.server);
    store_close(p.store);
    loop_free(p.loop);
    arena_free(&p.arena);
    if (err.code)
        log_error("cannot start", LOG_ERROR_TEXT(&err));
    return error_exit_status(&err);
}
