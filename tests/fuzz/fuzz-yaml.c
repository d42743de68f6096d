/* A pipeline file is refused with a sentence, or becomes a tree that, printed as JSON and read
 * again, prints the same. */
#include "common/base/buf.h"
#include "common/data/json.h"
#include "common/data/yaml.h"
#include "tests/fuzz/fuzz.h"

enum { PRINT_MAX = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct arena arena;
    struct error err = {0};
    struct buf once, twice;

    buf_init(&once, PRINT_MAX);
    buf_init(&twice, PRINT_MAX);
    const struct node *root = yaml_load(&arena, (str){(const char *)bytes, n}, &err);
    PROMISE(root || (err.code && err.text[0]));
    if (root && node_to_json(root, &once)) {
        struct json_limits limits = {.depth = 1024, .members = UINT32_MAX};
        PROMISE(!json_check(buf_str(&once), &limits, NULL));
        const struct node *again = yaml_load(&arena, buf_str(&once), &err);
        PROMISE(again && node_to_json(again, &twice));
        PROMISE(str_equal(buf_str(&once), buf_str(&twice)));
    }
    buf_free(&once);
    buf_free(&twice);
    arena_reset(&arena);
    return 0;
}
