#include "common/run/promise.h"

static const struct {
    const char *name, *sentence;
} promises[] = {
    [PROMISE_UNKNOWN] = {"unknown", "this user may not ask Redis how it keeps its data"},
    [PROMISE_NONE] = {"none", "a restart or a full memory of Redis may lose what was accepted"},
    [PROMISE_FAILOVER] = {"failover", "may lose on failover: what the new master had not yet "
                                      "received is gone"},
    [PROMISE_EVERYSEC] = {"everysec", "a kill of Redis may lose the last second or two of what "
                                      "was accepted"},
    [PROMISE_DURABLE] = {"durable", "what was accepted survives a kill and a power failure, if "
                                    "the disk is honest"},
};

str promise_setting(const struct reply *config, const char *name)
{
    for (uint32_t i = 0; config->type == REPLY_ARRAY && i + 1 < config->n; i += 2)
        if (str_is(config->items[i].text, name))
            return config->items[i + 1].text;
    return STR_NONE;
}

/* ["master", offset, [replica, ...]] */
uint64_t promise_replicas(const struct reply *role)
{
    bool is_master = role->type == REPLY_ARRAY && role->n >= 3 &&
                     str_is(role->items[0].text, "master") &&
                     role->items[2].type == REPLY_ARRAY;

    return is_master ? role->items[2].n : 0;
}

enum promise promise_of(const struct reply *config, const struct reply *role)
{
    if (!config || !role || config->type != REPLY_ARRAY || role->type != REPLY_ARRAY ||
        role->n == 0)
        return PROMISE_UNKNOWN;
    str fsync = promise_setting(config, "appendfsync");
    if (!str_is(role->items[0].text, "master") ||
        !str_is(promise_setting(config, "appendonly"), "yes") ||
        !str_is(promise_setting(config, "maxmemory-policy"), "noeviction") ||
        !str_is(promise_setting(config, "no-appendfsync-on-rewrite"), "no") ||
        (!str_is(fsync, "always") && !str_is(fsync, "everysec")))
        return PROMISE_NONE;
    if (promise_replicas(role) > 0 &&
        str_is(promise_setting(config, "min-replicas-to-write"), "0"))
        return PROMISE_FAILOVER;
    return str_is(fsync, "always") ? PROMISE_DURABLE : PROMISE_EVERYSEC;
}

const char *promise_name(enum promise p)
{
    return promises[p].name;
}

const char *promise_sentence(enum promise p)
{
    return promises[p].sentence;
}
