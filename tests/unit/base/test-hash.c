#include "common/base/hash.h"

#include "tests/unit/check.h"

/* Computed apart, in Python: these stand in source ids and must never change. */
static void test_hash_is_the_same_for_ever(void)
{
    const struct {
        const char *text, *hex;
    } cases[] = {
        {"", "efd01f60ba992926"},
        {"a", "82a2a958a9bece5b"},
        {"file:///in/a.csv", "f9d02f6df7a3624d"},
    };
    char hex[16];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        hash_hex(hash_bytes(str_of(cases[i].text)), hex);
        CHECK_STR(((str){hex, 16}), str_of(cases[i].hex));
    }
    hash_hex(hash_more(hash_bytes(STR("file:///in/a.csv")), STR("1024-1700000000000000000")),
             hex);
    CHECK_STR(((str){hex, 16}), STR("e81daa59a781662d"));
    hash_hex(10, hex);
    CHECK_STR(((str){hex, 16}), STR("000000000000000a"));
}

int main(void)
{
    RUN(test_hash_is_the_same_for_ever);
    return check_done();
}
