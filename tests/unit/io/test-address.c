#include "common/io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/unit/check.h"

static struct sockaddr_storage of(const char *text)
{
    struct sockaddr_storage all = {0};
    struct sockaddr_in *four = (struct sockaddr_in *)&all;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&all;

    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
    } else {
        CHECK_INT(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
        six->sin6_family = AF_INET6;
    }
    return all;
}

static void test_address_global_alone(void)
{
    static const struct {
        const char *text;
        bool is_global;
    } rows[] = {
        {"8.8.8.8", true},
        {"1.1.1.1", true},
        {"100.63.255.255", true},
        {"100.128.0.0", true},
        {"172.15.255.255", true},
        {"172.32.0.0", true},
        {"223.255.255.255", true},
        {"2606:4700::1111", true},
        {"2a00:1450::1", true},
        {"0.0.0.0", false},
        {"10.1.2.3", false},
        {"100.64.0.1", false},
        {"127.0.0.1", false},
        {"127.255.0.1", false},
        {"169.254.169.254", false},
        {"169.254.170.2", false},
        {"172.16.0.1", false},
        {"172.31.255.255", false},
        {"192.0.2.1", false},
        {"192.168.1.1", false},
        {"198.19.255.255", false},
        {"224.0.0.1", false},
        {"255.255.255.255", false},
        {"::", false},
        {"::1", false},
        {"::ffff:127.0.0.1", false},
        {"::ffff:8.8.8.8", false},
        {"64:ff9b::7f00:1", false},
        {"2001::1", false},
        {"2001:db8::1", false},
        {"2002:7f00:1::", false},
        {"fd00:ec2::254", false},
        {"fe80::1", false},
        {"ff02::1", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sockaddr_storage a = of(rows[i].text);
        CHECK_INT(address_is_global((struct sockaddr *)&a), rows[i].is_global);
        CHECK(address_is((struct sockaddr *)&a, str_of(rows[i].text)));
        CHECK(!address_is((struct sockaddr *)&a, STR("9.9.9.9")));
    }
}

static void test_address_ranges(void)
{
    static const struct {
        const char *range, *address;
        bool is_good, is_in;
    } rows[] = {
        {"127.0.0.0/8", "127.9.9.9", true, true},
        {"127.0.0.0/8", "128.0.0.0", true, false},
        {"127.0.0.0/8", "::ffff:127.0.0.1", true, false},
        {"127.0.0.0/8", "7f00::1", true, false},
        {"10.0.0.1", "10.0.0.1", true, true},
        {"10.0.0.1", "10.0.0.2", true, false},
        {"10.0.0.0/31", "10.0.0.1", true, true},
        {"0.0.0.0/0", "10.0.0.1", true, true},
        {"::1/128", "::1", true, true},
        {"fd00::/8", "fdff::1", true, true},
        {"fd00::/8", "fc00::1", true, false},
        {"::/0", "10.0.0.1", true, false},
        {"10.0.0.1/8", "10.0.0.1", false, false},
        {"10.0.0.0/33", "10.0.0.1", false, false},
        {"10.0.0.0/", "10.0.0.1", false, false},
        {"10.0.0/8", "10.0.0.1", false, false},
        {"fd00::/129", "::1", false, false},
        {"example.com", "::1", false, false},
        {"", "::1", false, false},
        {"/8", "::1", false, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sockaddr_storage a = of(rows[i].address);
        struct address_range range = {0};
        CHECK_INT(address_range_parse(str_of(rows[i].range), &range), rows[i].is_good);
        if (rows[i].is_good)
            CHECK_INT(address_is_in((struct sockaddr *)&a, &range, 1), rows[i].is_in);
    }
}

int main(void)
{
    RUN(test_address_global_alone);
    RUN(test_address_ranges);
    return check_done();
}
