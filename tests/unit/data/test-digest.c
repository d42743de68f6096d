#include "common/data/digest.h"

#include <stdlib.h>

#include "tests/unit/check.h"

/* A str in a static table, where a compound literal is no constant. */
#define TEXT(literal)                                                                          \
    {                                                                                          \
        (literal), sizeof(literal) - 1                                                         \
    }

static str hex_of(const unsigned char digest[DIGEST_BYTES], char out[2 * DIGEST_BYTES])
{
    digest_hex(digest, out);
    return (str){out, (size_t)2 * DIGEST_BYTES};
}

/* FIPS 180-2, appendix B, and the empty text. */
static void test_digest_sha256_vectors(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    unsigned char digest[DIGEST_BYTES];
    char hex[2 * DIGEST_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        digest_sha256(str_of(cases[i].text), digest);
        CHECK_STR(hex_of(digest, hex), str_of(cases[i].want));
    }
}

static void test_digest_in_pieces_equals_whole_and_can_be_reset(void)
{
    struct digest *d = digest_new();
    unsigned char whole[DIGEST_BYTES], pieces[DIGEST_BYTES];

    digest_sha256(STR("one two three"), whole);
    for (int round = 0; round < 2; round++) {
        digest_add(d, STR("one "));
        digest_add(d, STR_NONE);
        digest_add(d, STR("two three"));
        digest_end(d, pieces);
        CHECK(memcmp(whole, pieces, DIGEST_BYTES) == 0);
        digest_reset(d);
    }
    digest_add(d, STR("thrown away"));
    digest_reset(d);
    digest_end(d, pieces);
    digest_sha256(STR_NONE, whole);
    CHECK(memcmp(whole, pieces, DIGEST_BYTES) == 0);
    digest_free(d);
    digest_free(NULL);
}

/* RFC 4231, test cases 1 to 4, 6 and 7; keys and data as byte and count where they repeat. */
static void test_digest_hmac_vectors(void)
{
    char key_b[20], key_aa[131], data_dd[50], data_cd[50];
    memset(key_b, 0x0b, sizeof(key_b));
    memset(key_aa, 0xaa, sizeof(key_aa));
    memset(data_dd, 0xdd, sizeof(data_dd));
    memset(data_cd, 0xcd, sizeof(data_cd));
    const struct {
        str key, data;
        const char *want;
    } cases[] = {
        {{key_b, 20},
         STR("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {STR("Jefe"), STR("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{key_aa, 20},
         {data_dd, 50},
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {STR("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14"
             "\x15\x16\x17\x18\x19"),
         {data_cd, 50},
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {{key_aa, 131},
         STR("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {{key_aa, 131},
         STR("This is a test using a larger than block-size key and a larger than block-size "
             "data. The key needs to be hashed before being used by the HMAC algorithm."),
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    unsigned char digest[DIGEST_BYTES];
    char hex[2 * DIGEST_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        digest_hmac(cases[i].key, cases[i].data, digest);
        CHECK_STR(hex_of(digest, hex), str_of(cases[i].want));
    }
}

static void test_digest_equal_compares_length_and_bytes(void)
{
    CHECK(digest_equal(STR("abc"), STR("abc")));
    CHECK(digest_equal(STR_NONE, STR("")));
    CHECK(!digest_equal(STR("abc"), STR("abd")));
    CHECK(!digest_equal(STR("abc"), STR("ab")));
}

/* RFC 4648, chapter 10, and all characters of the alphabet. */
static void test_base64_vectors(void)
{
    static const struct {
        str bytes;
        const char *text;
    } cases[] = {
        {TEXT(""), ""},
        {TEXT("f"), "Zg=="},
        {TEXT("fo"), "Zm8="},
        {TEXT("foo"), "Zm9v"},
        {TEXT("foob"), "Zm9vYg=="},
        {TEXT("fooba"), "Zm9vYmE="},
        {TEXT("foobar"), "Zm9vYmFy"},
        {TEXT("\x00\x10\x83\x10\x51\x87\x20\x92\x8b\x30\xd3\x8f\x41\x14\x93\x51\x55\x97\x61\x96"
              "\x9b\x71\xd7\x9f\x82\x18\xa3\x92\x59\xa7\xa2\x9a\xab\xb2\xdb\xaf\xc3\x1c\xb3\xd3"
              "\x5d\xb7\xe3\x9e\xbb\xf3\xdf\xbf"),
         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"},
    };
    char text[80];
    unsigned char bytes[80];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str got = {text, (size_t)(base64_encode(text, cases[i].bytes) - text)};
        CHECK_STR(got, str_of(cases[i].text));
        CHECK_INT(got.n, BASE64_LENGTH(cases[i].bytes.n));
        long n = base64_decode(bytes, str_of(cases[i].text));
        CHECK_INT(n, cases[i].bytes.n);
        CHECK_STR(((str){(char *)bytes, (size_t)MAX(n, 0)}), cases[i].bytes);
    }
}

static void test_base64_decode_refuses_what_is_not_base64(void)
{
    static const char *const cases[] = {
        "A",    "AA",       "AAA",      "====",     "A===",         "Zg=A",     "Zh==",
        "Zm9=", "AAAA====", "AA==AAAA", "AAA\n",    "AA A",         "AA-A",     "AA_A",
        "*AAA", "AAAAAAA*", "AAA\x80",  "A=AAAAAA", "AAAAAAAA*AAA", "AAAA\"AAA"};
    unsigned char bytes[16];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (base64_decode(bytes, str_of(cases[i])) != -1) {
            printf("# taken: %s\n", cases[i]);
            CHECK(false);
        }
    CHECK_INT(base64_decode(bytes, (str){"AA\0A", 4}), -1);
}

/* Every length around the widths of the loops; blocks of exact size let ASan see one byte more.
 */
static void test_base64_round_trip_of_every_length(void)
{
    for (size_t n = 0; n < 200; n++) {
        size_t text_n = BASE64_LENGTH(n);
        char *bytes = xalloc(n), *text = xalloc(text_n);
        unsigned char *back = xalloc(text_n / 4 * 3);

        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)(i * 97 + n);
        CHECK(base64_encode(text, (str){bytes, n}) == text + text_n);
        CHECK_INT(base64_decode(back, (str){text, text_n}), n);
        CHECK(n == 0 || memcmp(bytes, back, n) == 0);
        for (size_t i = 0; i < text_n; i++) {
            char kept = text[i];
            text[i] = '!';
            CHECK_INT(base64_decode(back, (str){text, text_n}), -1);
            text[i] = kept;
        }
        free(bytes);
        free(text);
        free(back);
    }
}

int main(void)
{
    RUN(test_digest_sha256_vectors);
    RUN(test_digest_in_pieces_equals_whole_and_can_be_reset);
    RUN(test_digest_hmac_vectors);
    RUN(test_digest_equal_compares_length_and_bytes);
    RUN(test_base64_vectors);
    RUN(test_base64_decode_refuses_what_is_not_base64);
    RUN(test_base64_round_trip_of_every_length);
    return check_done();
}
