#include "common/io/remote.h"

#include "tests/unit/check.h"

static void test_remote_hosts(void)
{
    static const struct {
        const char *allow, *host, *port;
        bool may;
        const char *address;
    } rows[] = {
        {"", "a.org", "443", false, ""},
        {"a.org", "a.org", "443", true, ""},
        {"a.org", "A.ORG", "80", true, ""},
        {"a.org", "b.a.org", "443", false, ""},
        {"a.org", "a.org.", "443", false, ""},
        {"a.org", "xa.org", "443", false, ""},
        {"a.org:8080", "a.org", "443", false, ""},
        {"a.org:8080", "a.org", "8080", true, ""},
        {"x.org, a.org:443,a.org:80", "a.org", "80", true, ""},
        {"10.0.0.5", "10.0.0.5", "80", true, "10.0.0.5"},
        {"10.0.0.5:80", "10.0.0.5", "80", true, "10.0.0.5"},
        {"[::1]:80", "[::1]", "80", true, "::1"},
        {"[::1]", "[::1]", "80", true, "::1"},
        {"in.local=10.0.0.5", "in.local", "80", true, "10.0.0.5"},
        {"in.local:81=[fd00::1]", "in.local", "81", true, "fd00::1"},
        {"in.local:81=[fd00::1]", "in.local", "80", false, ""},
        {",,", "", "80", false, ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        str address = STR("");
        CHECK_INT(remote_may_call(str_of(rows[i].allow), str_of(rows[i].host),
                                  str_of(rows[i].port), &address),
                  rows[i].may);
        CHECK_STR(address, str_of(rows[i].address));
    }
}

static void test_remote_buckets(void)
{
    static const struct {
        const char *allow, *bucket, *key;
        bool may;
    } rows[] = {
        {"", "a", "x", false},       {"a", "a", "x", true},
        {"a", "ab", "x", false},     {"a/in/", "a", "in/x", true},
        {"a/in/", "a", "in", false}, {"a/in/", "a", "out/x", false},
        {"b,a", "a", "x", true},     {"*", "any", "x", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_INT(
            remote_may_read(str_of(rows[i].allow), str_of(rows[i].bucket), str_of(rows[i].key)),
            rows[i].may);
}

int main(void)
{
    RUN(test_remote_hosts);
    RUN(test_remote_buckets);
    return check_done();
}
