#include "common/data/coerce.h"
#include "common/data/text.h"

enum { WORD_MAX = 64 };

static const char *const truthy_default[] = {"true", "yes", "y", "1", "t", NULL};
static const char *const falsy_default[] = {"false", "no", "n", "0", "f", NULL};

static bool stands_in(const str *words, uint32_t n, const char *const *otherwise, str word)
{
    for (uint32_t i = 0; i < n; i++)
        if (str_equal(words[i], word))
            return true;
    for (; n == 0 && *otherwise; otherwise++)
        if (str_is(word, *otherwise))
            return true;
    return false;
}

bool coerce_boolean(const struct coerce_setup *setup, struct arena *a, str text,
                    struct coerced *out)
{
    if (text.n <= WORD_MAX) {
        str word = text_fold(a, text);
        if (stands_in(setup->truthy, setup->truthy_count, truthy_default, word)) {
            out->value = STR("true");
            return true;
        }
        if (stands_in(setup->falsy, setup->falsy_count, falsy_default, word)) {
            out->value = STR("false");
            return true;
        }
    }
    return coerce_refuse(out, "is none of the words for true or false");
}
