#include "common/data/record_key.h"

#include "common/data/json.h"

bool record_key_of(struct arena *a, const str *texts, uint32_t n, str *key)
{
    size_t room = 2 + n * sizeof("null,");
    bool is_whole = true;

    if (n == 1) {
        *key = texts[0];
        return key->p != NULL;
    }
    for (uint32_t i = 0; i < n; i++)
        room += JSON_QUOTED_MAX(texts[i].n);
    char *start = arena_reserve(a, room), *end = start;
    *end++ = '[';
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            *end++ = ',';
        if (texts[i].p) {
            end = json_quote(end, texts[i]);
        } else {
            memcpy(end, "null", 4);
            end += 4;
            is_whole = false;
        }
    }
    *end++ = ']';
    arena_trim(a, end);
    *key = str_between(start, end);
    return is_whole;
}

bool record_key(struct arena *a, const struct record *r, const str *members, uint32_t n,
                str *key)
{
    str *texts = arena_alloc(a, n * sizeof(*texts)), value;

    for (uint32_t i = 0; i < n; i++) {
        bool is_there = record_find(r, members[i], &value) && json_type(value) != JSON_NULL;
        texts[i] = is_there ? json_text(a, value) : STR_NONE;
    }
    return record_key_of(a, texts, n, key);
}
