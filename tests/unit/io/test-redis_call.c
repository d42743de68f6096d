#include "common/io/redis.h"

#include <stdlib.h>

#include "tests/unit/check.h"

static struct arena arena;

static void test_redis_address_parse_every_form(void)
{
    const struct {
        const char *url;
        struct redis_address want;
    } good[] = {
        {"redis://db", {.host = STR("db"), .port = 6379}},
        {"redis://db/", {.host = STR("db"), .port = 6379}},
        {"redis://db:7000", {.host = STR("db"), .port = 7000}},
        {"redis://db:7000/3", {.host = STR("db"), .port = 7000, .database = 3}},
        {"redis://127.0.0.1/0", {.host = STR("127.0.0.1"), .port = 6379}},
        {"redis://[::1]", {.host = STR("::1"), .port = 6379}},
        {"redis://[::1]:7000/2", {.host = STR("::1"), .port = 7000, .database = 2}},
        {"redis://secret@db", {.host = STR("db"), .port = 6379, .password = STR("secret")}},
        {"redis://:secret@db", {.host = STR("db"), .port = 6379, .password = STR("secret")}},
        {"redis://tidy:secret@db",
         {.host = STR("db"), .port = 6379, .user = STR("tidy"), .password = STR("secret")}},
        {"redis://tidy:a:b@c@db",
         {.host = STR("db"), .port = 6379, .user = STR("tidy"), .password = STR("a:b@c")}},
        {"redis://t%69dy:p%40ss%2f%3A@db:1",
         {.host = STR("db"), .port = 1, .user = STR("tidy"), .password = STR("p@ss/:")}},
        {"redis://u:%41@[fe80::1]:65535/65535",
         {.host = STR("fe80::1"),
          .port = 65535,
          .user = STR("u"),
          .password = STR("A"),
          .database = 65535}},
        {"redis://u:100%@db",
         {.host = STR("db"), .port = 6379, .user = STR("u"), .password = STR("100%")}},
        {"redis://u:%4@db",
         {.host = STR("db"), .port = 6379, .user = STR("u"), .password = STR("%4")}},
        {"redis://u:%zz%4g@db",
         {.host = STR("db"), .port = 6379, .user = STR("u"), .password = STR("%zz%4g")}},
        {"unix:///run/redis.sock", {.path = STR("/run/redis.sock")}},
        {"unix:///run/redis.sock?db=2", {.path = STR("/run/redis.sock"), .database = 2}},
        {"unix:///run/a%20b%3f", {.path = STR("/run/a b?")}},
        {"unix:///run/a%2", {.path = STR("/run/a%2")}},
        {"unix:///run/a%", {.path = STR("/run/a%")}},
    };

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        const struct redis_address *want = &good[i].want;
        struct redis_address got = {0};
        struct error err = {0};
        /* bytes that end where the URL ends, so that a sanitizer sees a step too far */
        size_t n = strlen(good[i].url);
        char *url = xalloc(n);

        memcpy(url, good[i].url, n);
        CHECK_INT(redis_address_parse(&arena, (str){url, n}, &got, &err), 0);
        free(url);
        CHECK_STR(got.path, want->path);
        CHECK_STR(got.host, want->host);
        CHECK_INT(got.port, want->port);
        CHECK_STR(got.user, want->user);
        CHECK_STR(got.password, want->password);
        CHECK_INT(got.database, want->database);
        CHECK(!got.path.n || got.path.p[got.path.n] == '\0');
        CHECK(!got.host.n || got.host.p[got.host.n] == '\0');
        arena_reset(&arena);
    }
}

static const char *const bad[] = {
    "",
    "redis",
    "redis:",
    "redis://",
    "redis:///1",
    "redis://:7000",
    "redis://[]",
    "redis://[::1",
    "redis://::1",
    "redis://fe80::1:6379",
    "redis://db:",
    "redis://db:0",
    "redis://db:65536",
    "redis://db:seven",
    "redis://db:-1",
    "redis://db/x",
    "redis://db/65536",
    "redis://db/1/2",
    "redis://user:pw@",
    "redis://a%00b",
    "redis://db:7000 ",
    "rediss://db",
    "http://db",
    "/run/redis.sock",
    "unix://run/redis.sock",
    "unix://",
    "unix:///run/a?",
    "unix:///run/a?db=",
    "unix:///run/a?db=x",
    "unix:///run/a?database=1",
    "unix:///run/a%00b",
};

static void test_redis_address_parse_refuses_with_the_right_form(void)
{
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct redis_address got = {.port = 1};
        struct error err = {0};
        int rc = redis_address_parse(&arena, str_of(bad[i]), &got, &err);

        if (rc != ERR_CONFIG)
            printf("# of '%s'\n", bad[i]);
        CHECK_INT(rc, ERR_CONFIG);
        CHECK(strstr(err.text, "redis://[user:password@]host[:port][/db]") != NULL);
        CHECK_INT(got.port, 1); /* untouched */
        arena_reset(&arena);
    }
}

static void test_redis_address_parse_shows_no_password(void)
{
    const char *const urls[] = {"redis://u:hunter2@db:x", "redis://hunter2@db/x",
                                "rediss://u:hunter2@db", "http://u:a@hunter2@db"};

    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct redis_address got;
        struct error err = {0};

        CHECK_INT(redis_address_parse(&arena, str_of(urls[i]), &got, &err), ERR_CONFIG);
        CHECK(strstr(err.text, "hunter2") == NULL);
        CHECK(strstr(err.text, "db") != NULL);
        arena_reset(&arena);
    }
}

int main(void)
{
    RUN(test_redis_address_parse_every_form);
    RUN(test_redis_address_parse_refuses_with_the_right_form);
    RUN(test_redis_address_parse_shows_no_password);
    arena_free(&arena);
    return check_done();
}
