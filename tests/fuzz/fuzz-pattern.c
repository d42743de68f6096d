/* A pattern, a tab, and a text: either a complaint, or an answer whose groups lie in the text.
 */
#include "common/data/pattern.h"
#include "common/data/text.h"
#include "tests/fuzz/fuzz.h"

static struct arena arena;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    str text = {(const char *)bytes, n}, source = str_cut(&text, '\t'), why = STR_NONE;
    str groups[PATTERN_GROUPS_MAX];
    struct pattern *p = pattern_new(&arena, source, &why);

    PROMISE(p || why.n > 0);
    if (p && text_is_utf8(text) && pattern_find(p, text, groups, PATTERN_GROUPS_MAX))
        for (size_t i = 0; i < PATTERN_GROUPS_MAX; i++)
            PROMISE(!groups[i].n ||
                    (groups[i].p >= text.p && str_end(groups[i]) <= str_end(text)));
    pattern_free(p);
    arena_reset(&arena);
    return 0;
}
