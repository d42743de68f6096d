/* A condition of any bytes, over a record of any bytes (behind the first NUL): it ends soon,
 * says the same twice, and leaves the state fit for the next condition. */
#include <time.h>

#include "common/data/script.h"
#include "tests/fuzz/fuzz.h"

enum { SOON_US = 1000 * 1000 }; /* of processor time: two calls, and what sanitizers add */

static const char document[] = "{\"price\":250,\"s\":\"25\\u0030\",\"none\":null,\"yes\":true,"
                               "\"rate\":2.5e1,\"tags\":[\"x\",[1]],"
                               "\"address\":{\"city\":\"Leeds\"},\"listing id\":7}";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    str rest = {(const char *)bytes, n};
    str text = str_cut(&rest, '\0');
    struct record r = {.line = rest.n ? rest : STR(document)},
                  next = {.line = STR("{\"n\":1}")};
    struct script *s = script_new();
    struct error error = {0};
    uint32_t first, condition;
    bool holds[2] = {false, false}, is_good[2];
    str why[2];

    PROMISE(script_compile(s, STR("n == 1 and missing == nil"), &first, &error) == 0);
    if (script_compile(s, text, &condition, &error) == 0) {
        clock_t start = clock();
        for (int i = 0; i < 2; i++)
            is_good[i] = script_test(s, condition, &r, &holds[i], &why[i]);
        PROMISE((clock() - start) / (CLOCKS_PER_SEC / 1000000) < SOON_US);
        PROMISE(is_good[0] == is_good[1] && holds[0] == holds[1]);
        PROMISE(is_good[1] || why[1].n);
    } else {
        PROMISE(error.code == ERR_CONFIG && error.text[0]);
    }
    PROMISE(script_test(s, first, &next, &holds[0], &why[0]) && holds[0]);
    script_free(s);
    return 0;
}
