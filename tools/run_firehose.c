#include "tools/run_firehose.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

static const struct node *firehose_of(const struct pipeline_stage *s)
{
    return strcmp(s->kind->name, "deliver") == 0 && s->config ? node_get(s->config, "firehose")
                                                              : NULL;
}

str run_named_endpoint(const struct pipeline *p, bool *is_open)
{
    str named = STR_NONE;

    *is_open = false;
    for (uint32_t i = 0; i < p->stage_count; i++) {
        const struct node *firehose = firehose_of(&p->stages[i]);
        const struct node *endpoint = firehose ? node_get(firehose, "endpoint") : NULL;
        if (endpoint && endpoint->text.n)
            named = endpoint->text;
        else if (firehose)
            *is_open = true;
    }
    return named;
}

str run_stream_names(struct arena *a, const struct pipeline *p)
{
    str names = STR_NONE;

    for (uint32_t i = 0; i < p->stage_count; i++) {
        const struct node *firehose = firehose_of(&p->stages[i]);
        const struct node *stream = firehose ? node_get(firehose, "stream") : NULL;
        if (stream)
            names = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(names), names.n ? "," : "",
                                 STR_ARG(stream->text));
    }
    return names.n ? names : STR("");
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

uint16_t run_free_port(void)
{
    struct sockaddr_in at = loopback(0);
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
                    getsockname(fd, (struct sockaddr *)&at, &size) == 0;

    if (fd >= 0)
        close(fd);
    return is_bound ? ntohs(at.sin_port) : 0;
}

bool run_port_answers(uint16_t port)
{
    struct sockaddr_in at = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

    if (fd >= 0)
        close(fd);
    return answers;
}

int run_new_credentials(struct error *err)
{
    unsigned char random[28];
    char text[2 * sizeof(random) + 1];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return error_set(err, ERR_SYSTEM, "getrandom: %s", strerror(errno));
    for (size_t i = 0; i < sizeof(random); i++)
        snprintf(text + 2 * i, 3, "%02X", random[i]);
    char id[] =
        "AKIA0123456789ABCDEF"; /* the form of AWS: 4 and 16 letters, 40 for the secret */
    memcpy(id + 4, text, 16);
    setenv("AWS_ACCESS_KEY_ID", id, 1);
    setenv("AWS_SECRET_ACCESS_KEY", text + 16, 1);
    unsetenv("AWS_SESSION_TOKEN");
    return 0;
}
