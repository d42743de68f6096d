/* Whatever the body of a put is: what is taken is good JSON, and its records are those that the
 * JSON scanner finds, byte for byte. The first byte says which of the two operations it is. */
#include <stdio.h>
#include <stdlib.h>

#include "common/data/digest.h"
#include "common/data/json.h"
#include "tests/fuzz/fuzz.h"
#include "tools/firehose_local/put.h"

static void check_record(struct arena *a, str body, const char *pointer, const char *want,
                         uint32_t n)
{
    str value, text;

    PROMISE(json_pointer(body, str_of(pointer), &value));
    if (str_is(value, "null")) {
        PROMISE(n == 0);
        return;
    }
    PROMISE(json_unquote(a, value, &text));
    unsigned char *bytes = arena_alloc(a, text.n + 1);
    PROMISE(base64_decode(bytes, text) == n);
    PROMISE(n == 0 || memcmp(bytes, want, n) == 0);
}

static void check_taken(struct arena *a, str body, const struct put *p, bool is_batch)
{
    const struct json_limits limits = {.depth = 80, .members = UINT32_MAX};
    const char *at = p->bytes;
    uint32_t missing = UINT32_MAX;
    size_t where;

    PROMISE(json_check(body, &limits, &where) == NULL);
    PROMISE(p->is_given || p->n == 0);
    PROMISE(is_batch || p->n <= 1);
    if (p->is_missing)
        missing = p->missing_at;
    PROMISE(missing == UINT32_MAX || missing < p->n);
    if (p->n > PUT_RECORDS_MAX || p->is_missing)
        return;
    for (uint32_t i = 0; i < p->n; at += p->sizes[i++]) {
        char pointer[64];
        snprintf(pointer, sizeof(pointer), is_batch ? "/Records/%u/Data" : "/Record/Data", i);
        check_record(a, body, pointer, at, p->sizes[i]);
    }
    PROMISE((size_t)(at - p->bytes) == p->total);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena a = {0};
    struct put p;
    bool is_batch = n && bytes[0] == 'b';
    str body = {(const char *)bytes + 1, n ? n - 1 : 0};

    if (n == 0)
        return 0;
    char *decoded = malloc(PUT_DECODED_MAX(body.n)); /* its very size, for the sanitizer */
    if (!decoded)
        die("out of memory");
    if (!put_parse(&p, body, is_batch, &a, decoded))
        check_taken(&a, body, &p, is_batch);
    free(decoded);
    arena_free(&a);
    return 0;
}
