/* A byte that says what to take off, and the text: what comes out is UTF-8, no longer than the
 * text, and is clean. */
#include "common/data/clean.h"
#include "common/data/text.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct arena arena;
    str text = {(const char *)bytes + 1, n - 1};

    if (n < 2 || !text_is_utf8(text))
        return 0;
    unsigned what = bytes[0] & 15u;
    str clean = clean_text(&arena, text, what);
    PROMISE(text_is_utf8(clean));
    PROMISE(clean.n <= text.n);
    PROMISE(str_equal(str_trim(clean), clean));
    what &= ~(unsigned)CLEAN_HTML; /* "&amp;lt;" is "&lt;" once and "<" twice */
    PROMISE(str_equal(clean_text(&arena, clean, what), clean));
    arena_reset(&arena);
    return 0;
}
