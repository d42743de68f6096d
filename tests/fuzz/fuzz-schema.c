/* A schema, a newline, and a value: a complaint or a plan, and then an answer whether the value
 * conforms to each of its fields. Memory stays in proportion to the input. */
#include "common/data/json.h"
#include "common/data/schema.h"
#include "tests/fuzz/fuzz.h"

static struct arena arena;

/* libavro 1.11.1 forgets the type at hand when it refuses another of that name. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libavro";
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    str value = {(const char *)bytes, n}, avsc = str_cut(&value, '\n'), issue, why;
    struct error err;
    size_t at;
    const struct schema *s = schema_read(&arena, avsc, &err);

    PROMISE(s || err.text[0]);
    PROMISE(arena_size(&arena) < 64 * n + 1024 * 1024);
    if (s && !json_check(value, NULL, &at))
        for (uint32_t i = 0; i < s->n; i++)
            PROMISE(schema_fits(s->fields[i].type, &arena, str_trim(value), &issue, &why) ||
                    (issue.n && why.n));
    arena_reset(&arena);
    return 0;
}
