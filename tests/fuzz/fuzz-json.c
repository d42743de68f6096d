/* Whatever the bytes are, json stays inside them and what it finds stands there. What
 * json_check() takes, all other readers of ours understand, and cJSON too. */
#include "common/data/doc.h"
#include "common/data/json.h"
#include "common/data/text.h"
#include "tests/fuzz/fuzz.h"

static void promise_inside(str part, str whole)
{
    PROMISE(part.n == 0 || (part.p >= whole.p && str_end(part) <= str_end(whole)));
}

/* Any bytes: nothing but staying inside can be asked. */
static void walk(str text)
{
    str rest = text, name, value;

    for (str cut = json_skip(&rest); cut.n; cut = json_skip(&rest))
        promise_inside(cut, text);
    promise_inside(rest, text);
    if (!json_open(text, &rest))
        return;
    str items = rest;
    while (json_next_member(&rest, &name, &value)) {
        promise_inside(name, text);
        promise_inside(value, text);
    }
    while (json_next_item(&items, &value))
        promise_inside(value, text);
}

static void promise_member(struct arena *a, str object, str name, str value)
{
    str text, found = STR_NONE, quoted = {name.p - 1, name.n + 2};

    PROMISE(json_unquote(a, quoted, &text));
    PROMISE(text_is_utf8(text));
    PROMISE(json_find(object, text, &found));
    PROMISE(found.p >= value.p); /* itself or a later namesake */
    str again = json_quoted(a, text), back;
    PROMISE(!json_check(again, NULL, NULL) && json_unquote(a, again, &back));
    PROMISE(str_equal(back, text));
}

static void promise_good(struct arena *a, str text)
{
    str rest = text, whole = json_skip(&rest), name, value, found;

    PROMISE(whole.n > 0 && json_type(whole) != JSON_INVALID);
    PROMISE(json_skip(&rest).n == 0 && rest.n == 0);
    PROMISE(json_pointer(text, STR(""), &found) && found.p == whole.p && found.n == whole.n);
    PROMISE(text_is_utf8(json_text(a, whole)));
    if (!json_open(whole, &rest))
        return;
    if (json_type(whole) == JSON_OBJECT)
        while (json_next_member(&rest, &name, &value)) {
            promise_member(a, whole, name, value);
            PROMISE(!json_check(value, NULL, NULL));
        }
    else
        while (json_next_item(&rest, &value))
            PROMISE(!json_check(value, NULL, NULL));
    str closing = json_skip(&rest);
    PROMISE(closing.n == 0 && rest.n == 1); /* all was understood, up to the bracket */
}

static void promise_limits(str text)
{
    struct json_limits tight = {.depth = 2, .number_bytes = 3, .members = 2};

    if (!json_check(text, &tight, NULL))
        PROMISE(!json_check(text, NULL, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct arena arena;
    str text = {(const char *)bytes, n};
    size_t at = 0;
    struct error err = {0};

    walk(text);
    PROMISE(!json_check(json_quoted(&arena, text), NULL, NULL));
    promise_limits(text);
    if (json_check(text, NULL, &at)) {
        PROMISE(at <= n);
    } else {
        promise_good(&arena, text);
        struct cJSON *doc = doc_parse(text, n, &err);
        PROMISE(doc || str_starts(str_of(err.text), STR("JSON with a NUL")));
        doc_free(doc);
    }
    arena_reset(&arena);
    return 0;
}
