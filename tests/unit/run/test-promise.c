#include "common/run/promise.h"

#include "tests/unit/check.h"

static struct reply text(const char *s)
{
    return (struct reply){.type = REPLY_STRING, .text = str_of(s)};
}

static struct reply list(struct reply *items, uint32_t n)
{
    return (struct reply){.type = REPLY_ARRAY, .items = items, .n = n};
}

static void test_promise_of_settings_and_role(void)
{
    static const struct {
        const char *appendonly, *fsync, *rewrite, *policy, *least, *role;
        uint32_t replicas;
        enum promise want;
    } rows[] = {
        {"yes", "always", "no", "noeviction", "0", "master", 0, PROMISE_DURABLE},
        {"yes", "everysec", "no", "noeviction", "0", "master", 0, PROMISE_EVERYSEC},
        {"yes", "no", "no", "noeviction", "0", "master", 0, PROMISE_NONE},
        {"no", "always", "no", "noeviction", "0", "master", 0, PROMISE_NONE},
        {"yes", "always", "yes", "noeviction", "0", "master", 0, PROMISE_NONE},
        {"yes", "always", "no", "allkeys-lru", "0", "master", 0, PROMISE_NONE},
        {"yes", "always", "no", "noeviction", "0", "master", 2, PROMISE_FAILOVER},
        {"yes", "always", "no", "noeviction", "1", "master", 2, PROMISE_DURABLE},
        {"yes", "everysec", "no", "noeviction", "1", "master", 1, PROMISE_EVERYSEC},
        {"yes", "always", "no", "noeviction", "0", "slave", 0, PROMISE_NONE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct reply settings[] = {
            text("appendonly"),
            text(rows[i].appendonly),
            text("appendfsync"),
            text(rows[i].fsync),
            text("no-appendfsync-on-rewrite"),
            text(rows[i].rewrite),
            text("maxmemory-policy"),
            text(rows[i].policy),
            text("min-replicas-to-write"),
            text(rows[i].least),
        };
        struct reply replicas[2] = {text("a"), text("b")};
        struct reply parts[] = {
            text(rows[i].role), {.type = REPLY_INTEGER}, list(replicas, rows[i].replicas)};
        struct reply config = list(settings, ARRAY_LEN(settings));
        struct reply role = list(parts, ARRAY_LEN(parts));

        CHECK_INT(promise_of(&config, &role), rows[i].want);
    }
}

static void test_promise_of_no_answer_is_unknown(void)
{
    struct reply denied = {.type = REPLY_ERROR, .text = STR("NOPERM")};
    struct reply empty = list(NULL, 0);

    CHECK_INT(promise_of(NULL, NULL), PROMISE_UNKNOWN);
    CHECK_INT(promise_of(&denied, &denied), PROMISE_UNKNOWN);
    CHECK_INT(promise_of(&empty, &empty), PROMISE_UNKNOWN);
}

int main(void)
{
    RUN(test_promise_of_settings_and_role);
    RUN(test_promise_of_no_answer_is_unknown);
    return check_done();
}
