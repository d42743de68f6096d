#include "common/run/heartbeat.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/io/answer.h"
#include "common/run/status.h"

enum { SLOTS = 64 };

/* An abstract unix socket is a lock that ends with its process and leaves no file. The
 * descriptor is never closed. */
static bool take_slot(const struct process *p, int slot)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint64_t place = hash_more(hash_bytes(p->common->redis), p->common->prefix);

    if (fd < 0)
        return false;
    int n = snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "standpipe/%016llx/%s/%d",
                     (unsigned long long)place, p->role->kind, slot);
    if (bind(fd, (const struct sockaddr *)&at,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0)
        return true;
    close(fd);
    return false;
}

void heartbeat_name(struct process *p)
{
    char host[65] = "";
    int slot = 0;

    p->started_ms = clock_wall_ms(p->services.clock);
    p->name = p->options->name;
    if (!p->name.n) {
        gethostname(host, sizeof(host) - 1);
        while (slot < SLOTS && !take_slot(p, slot))
            slot++;
        p->name = arena_printf(&p->arena, "%s-%s-%d", host, p->role->kind, slot);
    }
    p->consumer = arena_printf(&p->arena, STR_FMT ":%08llx", STR_ARG(p->name),
                               (unsigned long long)p->services.random(NULL) & 0xffffffff);
}

static str number(struct arena *a, uint64_t v)
{
    return arena_printf(a, "%llu", (unsigned long long)v);
}

static uint64_t cpu_us(const struct rusage *use)
{
    return (uint64_t)(use->ru_utime.tv_sec + use->ru_stime.tv_sec) * 1000000 +
           (uint64_t)(use->ru_utime.tv_usec + use->ru_stime.tv_usec);
}

/* A worker that has nothing to write would never hear that the server became a replica. */
static void on_written(void *ctx, const struct reply *reply)
{
    struct process *p = ctx;

    if (answer_of(reply) == ANSWER_RECONNECT)
        redis_drop(p->redis, "it is the wrong server now");
}

void heartbeat_send(struct process *p)
{
    struct arena *a = &p->beat_arena;
    struct rusage use;

    if (!redis_is_ready(p->redis) || !p->is_library_there)
        return;
    arena_reset(a);
    getrusage(RUSAGE_SELF, &use);
    str key = keys_worker(&p->keys, a, p->name);
    str nonce = {p->consumer.p + p->name.n + 1, p->consumer.n - p->name.n - 1};
    const str args[] = {
        STR("FCALL"),
        STR("sp1_beat"),
        STR("1"),
        key,
        number(a, p->options->lease_ms * 2),
        STR("kind"),
        str_of(p->role->kind),
        STR("nonce"),
        nonce,
        STR("pid"),
        number(a, (uint64_t)getpid()),
        STR("http"),
        status_address(p),
        STR("version"),
        STR(STANDPIPE_VERSION),
        STR("pipeline"),
        number(a, p->pipeline ? p->pipeline->version : 0),
        STR("beat"),
        number(a, ++p->beats),
        STR("started"),
        number(a, p->started_ms),
        STR("state"),
        str_of(p->is_stopping    ? "stopping"
               : p->is_role_open ? p->role->state(p)
                                 : "waiting"),
        STR("records"),
        number(a, p->records),
        STR("cpu_us"),
        number(a, cpu_us(&use)),
        STR("rss"),
        number(a, (uint64_t)use.ru_maxrss * 1024),
    };
    redis_send(p->redis, args, ARRAY_LEN(args), NULL, on_written, p);
}

static void on_ended(void *ctx, const struct reply *reply)
{
    struct process *p = ctx;

    (void)reply;
    loop_stop(p->loop);
}

void heartbeat_end(struct process *p)
{
    timer_stop(p->beat);
    redis_say(p->redis, NULL, on_ended, p, STR("DEL"),
              keys_worker(&p->keys, &p->arena, p->name));
}
