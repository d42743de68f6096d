#include "tools/command.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/io/redis.h"

enum { CONNECT_US = 5 * 1000000, PASSWORD_MAX = 4096 };

struct attempt {
    bool is_ready, is_late;
    struct error why; /* of the last loss */
};

/* The first line of a secret's file. */
static int read_password(struct arena *a, str path, str *password, struct error *err)
{
    str name = arena_copy(a, path);
    int fd = open(name.p, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_set(err, ERR_CONFIG, "cannot open the password file '%s': %s", name.p,
                         strerror(errno));
    char *text = arena_alloc(a, PASSWORD_MAX);
    ssize_t n = read(fd, text, PASSWORD_MAX);
    int cause = errno;
    close(fd);
    if (n < 0)
        return error_set(err, ERR_CONFIG, "cannot read the password file '%s': %s", name.p,
                         strerror(cause));
    str rest = {text, (size_t)n};
    *password = str_cut(&rest, '\n');
    return 0;
}

static int find_address(struct command_call *call, struct redis_address *to, struct error *err)
{
    const struct options_common *common = call->common;
    int rc = redis_address_parse(call->arena, common->redis, to, err);

    if (rc == 0 && common->redis_user.n)
        to->user = common->redis_user;
    if (rc == 0 && common->redis_password_file.n)
        rc = read_password(call->arena, common->redis_password_file, &to->password, err);
    return rc;
}

static void on_ready(void *ctx)
{
    ((struct attempt *)ctx)->is_ready = true;
}

static void on_lost(void *ctx, const struct error *why)
{
    ((struct attempt *)ctx)->why = *why;
}

static void on_late(void *ctx)
{
    ((struct attempt *)ctx)->is_late = true;
}

int command_connect(struct command_call *call, struct loop **loop, struct redis **redis,
                    struct error *err)
{
    /* In the arena: the connection goes on telling it what happens. */
    struct attempt *attempt = arena_zalloc(call->arena, sizeof(*attempt));
    struct redis_events events = {.ready = on_ready, .lost = on_lost, .ctx = attempt};
    struct redis_address to;
    int rc = find_address(call, &to, err);

    if (rc != 0)
        return rc;
    struct loop *l = loop_new();
    struct redis *r = redis_new(l, &to, &events);
    struct timer *late = timer_new(l, on_late, attempt);
    redis_connect(r);
    timer_start(late, CONNECT_US);
    while (!attempt->is_ready && !attempt->is_late && attempt->why.code != ERR_CONFIG)
        loop_once(l);
    timer_free(late);
    if (attempt->is_ready) {
        *loop = l;
        *redis = r;
        return 0;
    }
    redis_free(r);
    loop_free(l);
    *err = attempt->why;
    return err->code ? err->code : error_set(err, ERR_REDIS, "redis did not answer in 5 s");
}
