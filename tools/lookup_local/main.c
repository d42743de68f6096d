/* lookup-local: a look-up service on this machine, as slow and as faulty as one wishes. */
#include <signal.h>
#include <sys/resource.h>

#include "common/base/log.h"
#include "common/run/options.h"
#include "tools/lookup_local/service.h"
#include "tools/stand_in.h"

enum { CONNECTIONS_MAX = 4096, DEADLINE_MS = 60 * 1000 };

struct flags {
    str listen, data, key, faults, port_file;
    bool invent;
};
static const struct setting table[] = {
    {"listen", SETTING_STR, "127.0.0.1:4567", offsetof(struct flags, listen),
     "Address, host:port; with port 0 the system chooses one."},
    {"data", SETTING_STR, "", offsetof(struct flags, data),
     "File of the answers, CSV or NDJSON; without one it knows nothing."},
    {"key", SETTING_STR, "key", offsetof(struct flags, key),
     "Members that are looked up by, with commas between. A request gives them by name in its "
     "query or JSON body, else as the last pieces of its path."},
    {"invent", SETTING_BOOL, "false", offsetof(struct flags, invent),
     "Answer unknown keys as well, with a place made of the key."},
    {"faults", SETTING_STR, "", offsetof(struct flags, faults),
     "JSON object of what goes wrong, as POST /_local/faults takes it."},
    {"port_file", SETTING_STR, "", offsetof(struct flags, port_file),
     "Write the port into this file when ready."},
    {0},
};
static const char about[] = "lookup-local: a look-up service for tests and demonstrations.\n\n"
                            "  lookup-local --data places.csv --key country,city\n"
                            "  lookup-local --listen 127.0.0.1:0 --invent --faults "
                            "'{\"latency_ms\":20,\"missing\":0.1}'\n\n";

struct program {
    struct arena arena;
    struct flags flags;
    struct loop *loop;
    struct server *server;
    struct service service;
};

/* A client a connection: more than the usual number of files. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int start(struct program *p, struct error *err)
{
    const struct flags *f = &p->flags;
    const struct server_limits limits = {.connections = CONNECTIONS_MAX,
                                         .deadline_ms = DEADLINE_MS};

    p->service.invents = f->invent;
    if (data_set_key(&p->service.data, f->key, err) != 0)
        return err->code;
    if (f->data.n && data_load(&p->service.data, arena_copy(&p->arena, f->data).p, err) != 0)
        return err->code;
    if (f->faults.n && faults_read(&p->service.faults, f->faults, err) != 0)
        return err->code;
    raise_limit();
    p->server = server_new(p->loop, f->listen, &limits, service_handle, &p->service, err);
    if (!p->server)
        return err->code;
    return stand_in_listens("lookup-local", f->listen, server_port(p->server), f->port_file,
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
    log_open("lookup-local", LOG_LOGFMT, LEVEL_INFO);
    p.loop = loop_new();
    service_init(&p.service, p.loop);
    argc--;
    loop_signal(p.loop, SIGTERM, on_signal, p.loop);
    loop_signal(p.loop, SIGINT, on_signal, p.loop);
    if (options_parse(table, &p.flags, false, &argc, argv + 1, &p.arena, &err) == 0 && argc > 0)
        error_set(&err, ERR_USAGE, "'%s' is one word too many", argv[1]);
    if (!err.code && start(&p, &err) == 0)
        loop_run(p.loop);
    server_free(p.server);
    service_free(&p.service);
    loop_free(p.loop);
    arena_free(&p.arena);
    if (err.code)
        log_error("cannot start", LOG_ERROR_TEXT(&err));
    return error_exit_status(&err);
}
