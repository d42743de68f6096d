/* Lists packed into a cell: by a separator, in braces, or as JSON. */
#include <assert.h>

#include "common/data/json.h"
#include "common/data/list.h"

enum { ITEMS_MAX = 4096, DEPTH_MAX = 32 };

bool list_add_value(struct list *l, str value)
{
    if (l->n == ITEMS_MAX)
        return coerce_refuse(l->out, "has more than 4096 items");
    if (l->n == l->size) {
        str *more = arena_alloc(l->arena, (l->size * 2 + 8) * sizeof(*more));
        if (l->n)
            memcpy(more, l->values, l->n * sizeof(*more));
        l->values = more;
        l->size = l->size * 2 + 8;
    }
    l->values[l->n++] = value;
    return true;
}

/* What is wrong with an item is wrong with the list. */
static bool refuse_item(struct list *l, const struct coerced *item)
{
    *l->out = (struct coerced){
        .issue = item->issue,
        .why = arena_printf(l->arena, "has an item that " STR_FMT, STR_ARG(item->why))};
    return false;
}

static bool add(struct list *l, const struct coerce_setup *setup, str text)
{
    struct coerced item = {0};

    if (!l->item->run(setup, l->arena, text, &item))
        return refuse_item(l, &item);
    if (item.issue.n) {
        l->out->issue = item.issue;
        l->out->why = item.why;
    }
    l->out->is_part |= item.is_part;
    return list_add_value(l, item.value);
}

bool list_add(struct list *l, str text)
{
    text = str_trim(text);
    return !text.n || add(l, l->setup, text);
}

static bool add_number(struct list *l, str number)
{
    struct coerce_setup setup = coerce_setup_of_json(l->setup);

    return add(l, &setup, coerce_plain_digits(l->item, l->arena, number));
}

static str write(const struct list *l)
{
    size_t size = 2;
    char *start, *out;

    for (uint32_t i = 0; i < l->n; i++)
        size += l->values[i].n + 1;
    start = out = arena_alloc(l->arena, size);
    *out++ = '[';
    for (uint32_t i = 0; i < l->n; i++) {
        if (i)
            *out++ = ',';
        out = mempcpy(out, l->values[i].p, l->values[i].n);
    }
    *out++ = ']';
    return str_between(start, out);
}

static bool split(struct list *l, str text, str separator)
{
    const char *p = text.p, *end = str_end(text), *next;

    for (; (next = memmem(p, (size_t)(end - p), separator.p, separator.n));
         p = next + separator.n)
        if (!list_add(l, str_between(p, next)))
            return false;
    return list_add(l, str_between(p, end));
}

static bool add_json(struct list *l, str value)
{
    enum json_type type = json_type(value);
    str text;

    if (type == JSON_NULL || (type == JSON_STRING && l->item->run == coerce_text))
        return list_add_value(l, value);
    if ((type == JSON_OBJECT && !l->item->takes_object) ||
        (type == JSON_ARRAY && !l->item->takes_array))
        return coerce_refuse(l->out, "has an item that is an object or an array");
    if (type == JSON_NUMBER)
        return add_number(l, value);
    return json_unquote(l->arena, value, &text) ? list_add(l, text) : list_add(l, value);
}

static bool is_array(str text)
{
    static const struct json_limits limits = {.depth = DEPTH_MAX};

    return text.p[0] == '[' && !json_check(text, &limits, NULL);
}

static bool read_json(struct list *l, str array)
{
    str rest, value;

    if (!json_open(array, &rest))
        return coerce_refuse(l->out, "is no JSON array");
    while (json_next_item(&rest, &value))
        if (!add_json(l, value))
            return false;
    return true;
}

static bool read_list(struct list *l, str text)
{
    str separator = l->setup->separator;

    if (is_array(text)) /* of a document, or of a cell that has no other sense */
        return read_json(l, text);
    if (str_is(separator, "braces"))
        return list_read_braces(l, text);
    if (!str_is(separator, "json"))
        return split(l, text, separator.n ? separator : STR(","));
    text = list_from_python(l->arena, text);
    return text.n && is_array(text) ? read_json(l, text)
                                    : coerce_refuse(l->out, "is no JSON array");
}

bool coerce_list(const struct coerce_setup *setup, struct arena *a, str text,
                 struct coerced *out)
{
    static const struct coercer plain = {.run = coerce_text};
    struct list l = {.setup = setup, .arena = a, .out = out};

    l.item = setup->item ? setup->item : &plain;
    assert(l.item->run != coerce_list); /* the pipeline's checker refuses it */
    if (!read_list(&l, text))
        return false;
    out->value = write(&l);
    return true;
}
