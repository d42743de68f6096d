/* libavro says whether the text is a schema, and is strict about names; what it does not keep
 * (defaults, logical types, docs) is read from the same text here. */
#include "common/data/schema.h"

#include <avro.h>

#include "common/data/json.h"

struct known { /* a named type that stood before */
    struct known *next;
    str name; /* full name */
    const struct schema_type *type;
};
struct reader {
    struct arena *arena;
    struct error *err;
    struct known *known;
    str space; /* namespace of what is being read */
    uint32_t depth;
};

static const struct {
    const char *name;
    enum schema_kind kind;
} primitives[] = {
    {"null", SCHEMA_NULL},     {"boolean", SCHEMA_BOOLEAN}, {"int", SCHEMA_INT},
    {"long", SCHEMA_LONG},     {"float", SCHEMA_FLOAT},     {"double", SCHEMA_DOUBLE},
    {"string", SCHEMA_STRING}, {"bytes", SCHEMA_BYTES},
};

static const struct {
    const char *name;
    enum schema_logical logical;
    enum schema_kind kind, or_kind; /* the types that it may stand on */
} logicals[] = {
    {"date", SCHEMA_DATE, SCHEMA_INT, SCHEMA_INT},
    {"time-millis", SCHEMA_TIME_MILLIS, SCHEMA_INT, SCHEMA_INT},
    {"time-micros", SCHEMA_TIME_MICROS, SCHEMA_LONG, SCHEMA_LONG},
    {"timestamp-millis", SCHEMA_TIMESTAMP_MILLIS, SCHEMA_LONG, SCHEMA_LONG},
    {"timestamp-micros", SCHEMA_TIMESTAMP_MICROS, SCHEMA_LONG, SCHEMA_LONG},
    {"decimal", SCHEMA_DECIMAL, SCHEMA_BYTES, SCHEMA_FIXED},
    {"uuid", SCHEMA_UUID, SCHEMA_STRING, SCHEMA_STRING},
};

static const struct schema_type *read_type(struct reader *r, str json, str place);

static void *refuse(struct reader *r, str place, const char *what)
{
    if (!r->err->text[0])
        error_set(r->err, ERR_DATA, "schema: " STR_FMT " %s", STR_ARG(place), what);
    return NULL;
}

/* Avro 1.11, "Names"; libavro lets more through. */
static bool is_name(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return s.n > 0;
}

/* The text of a member, empty when it is not there or no text. */
static str text_of(struct reader *r, str object, const char *name)
{
    str value, text;

    if (!json_find(object, str_of(name), &value) || !json_unquote(r->arena, value, &text))
        return STR_NONE;
    return text;
}

static uint32_t number_of(str object, const char *name)
{
    uint64_t number;
    str value;

    return json_find(object, str_of(name), &value) && str_to_u64(value, &number) &&
                   number <= UINT32_MAX
               ? (uint32_t)number
               : 0;
}

static str full_name(struct reader *r, str name)
{
    if (!r->space.n || !name.n || memchr(name.p, '.', name.n))
        return name;
    return arena_printf(r->arena, STR_FMT "." STR_FMT, STR_ARG(r->space), STR_ARG(name));
}

static void remember(struct reader *r, str name, const struct schema_type *type)
{
    struct known *k = arena_alloc(r->arena, sizeof(*k));

    *k = (struct known){r->known, full_name(r, name), type};
    r->known = k;
}

static const struct schema_type *read_name(struct reader *r, str name, str place)
{
    struct schema_type *type;

    for (size_t i = 0; i < ARRAY_LEN(primitives); i++) {
        if (!str_is(name, primitives[i].name))
            continue;
        type = arena_zalloc(r->arena, sizeof(*type));
        type->kind = primitives[i].kind;
        type->is_nullable = type->kind == SCHEMA_NULL;
        return type;
    }
    for (const struct known *k = r->known; k; k = k->next)
        if (str_equal(k->name, full_name(r, name)) || str_equal(k->name, name))
            return k->type->kind == SCHEMA_RECORD && !k->type->record
                       ? refuse(r, place, "stands in itself: a document would have no end")
                       : k->type;
    return refuse(r, place, "has a type that nobody declared");
}

static const struct schema_type *read_items(struct reader *r, struct schema_type *type,
                                            str json, const char *member, str place)
{
    const struct schema_type **branch = arena_alloc(r->arena, sizeof(void *));
    str items;

    type->kind = str_is(STR("items"), member) ? SCHEMA_ARRAY : SCHEMA_MAP;
    if (!json_find(json, str_of(member), &items))
        return refuse(r, place, "is an array or a map without the type of what is in it");
    branch[0] = read_type(r, items, place);
    type->branches = branch;
    type->branch_count = 1;
    return branch[0] ? type : NULL;
}

static const struct schema_type *read_enum(struct reader *r, struct schema_type *type, str json,
                                           str place)
{
    str list, rest, item;
    uint32_t n = 0;

    if (!json_find(json, STR("symbols"), &list) || !json_open(list, &rest))
        return refuse(r, place, "is an enum without symbols");
    while (json_next_item(&rest, &item))
        n++;
    str *symbols = arena_alloc(r->arena, (n + 1) * sizeof(*symbols));
    for (json_open(list, &rest); json_next_item(&rest, &item); type->symbol_count++) {
        str *symbol = &symbols[type->symbol_count];
        if (!json_unquote(r->arena, item, symbol) || !is_name(*symbol))
            return refuse(r, place, "has a symbol that is no name: letters, digits and _");
    }
    type->kind = SCHEMA_ENUM;
    type->symbols = symbols;
    return type;
}

static const struct schema *read_record(struct reader *r, str json, str place)
{
    struct schema *s = arena_zalloc(r->arena, sizeof(*s));
    str list, rest, item;
    uint32_t n = 0;

    s->name = text_of(r, json, "name");
    if (!json_find(json, STR("fields"), &list) || !json_open(list, &rest))
        return refuse(r, place, "is a record without fields");
    while (json_next_item(&rest, &item))
        n++;
    if (n > SCHEMA_FIELDS_MAX)
        return refuse(r, place, "has more than 1000 fields");
    struct schema_field *fields = arena_zalloc(r->arena, (n + 1) * sizeof(*fields));
    s->fields = fields;
    for (json_open(list, &rest); json_next_item(&rest, &item); s->n++) {
        struct schema_field *f = &fields[s->n];
        str type;
        f->name = text_of(r, item, "name");
        f->doc = text_of(r, item, "doc");
        if (!is_name(f->name) || schema_find(s, f->name))
            return refuse(r, place, "has two fields of one name, or one that is no name");
        str at = arena_printf(r->arena, STR_FMT "." STR_FMT, STR_ARG(place), STR_ARG(f->name));
        if (!json_find(item, STR("default"), &f->fallback))
            f->fallback = STR_NONE;
        if (!json_find(item, STR("type"), &type))
            return refuse(r, at, "has no type");
        f->type = read_type(r, type, at);
        if (!f->type)
            return NULL;
    }
    return s;
}

/* An unknown logical type, or one on a type that it cannot stand on, is to be ignored:
 * Avro 1.11, "Logical Types". */
static void read_logical(struct reader *r, struct schema_type *type, str json)
{
    str name = text_of(r, json, "logicalType");

    for (size_t i = 0; i < ARRAY_LEN(logicals); i++)
        if (str_is(name, logicals[i].name) &&
            (type->kind == logicals[i].kind || type->kind == logicals[i].or_kind))
            type->logical = logicals[i].logical;
    if (type->logical != SCHEMA_DECIMAL)
        return;
    type->precision = number_of(json, "precision");
    type->scale = number_of(json, "scale");
    if (!type->precision || type->scale > type->precision)
        type->logical = SCHEMA_PLAIN;
}

static const struct schema_type *read_named(struct reader *r, struct schema_type *type,
                                            str json, str kind, str place)
{
    str name = text_of(r, json, "name"), space = text_of(r, json, "namespace"),
        outer = r->space;
    const struct schema_type *read = type;

    if (space.n)
        r->space = space;
    remember(r, name, type);
    if (str_is(kind, "enum")) {
        read = read_enum(r, type, json, place);
    } else if (str_is(kind, "fixed")) {
        type->kind = SCHEMA_FIXED;
        type->size = number_of(json, "size");
    } else {
        type->kind = SCHEMA_RECORD;
        type->record = read_record(r, json, place);
        read = type->record ? type : NULL;
    }
    r->space = outer;
    return read;
}

static const struct schema_type *read_object(struct reader *r, str json, str place)
{
    struct schema_type *type = arena_zalloc(r->arena, sizeof(*type));
    const struct schema_type *read;
    str kind = text_of(r, json, "type"), inner;

    if (str_is(kind, "array")) {
        read = read_items(r, type, json, "items", place);
    } else if (str_is(kind, "map")) {
        read = read_items(r, type, json, "values", place);
    } else if (str_is(kind, "record") || str_is(kind, "enum") || str_is(kind, "fixed")) {
        read = read_named(r, type, json, kind, place);
    } else {
        if (!json_find(json, STR("type"), &inner))
            return refuse(r, place, "has no type");
        read = read_type(r, inner, place);
        if (read)
            *type = *read;
    }
    if (!read)
        return NULL;
    read_logical(r, type, json);
    return type;
}

/* [null, T] and [T, null] are T that may be null; more types stay a union. */
static const struct schema_type *read_union(struct reader *r, str json, str place)
{
    const struct schema_type **branches;
    struct schema_type *type = arena_zalloc(r->arena, sizeof(*type));
    str rest, item;
    uint32_t n = 0, i = 0;

    for (json_open(json, &rest); json_next_item(&rest, &item);)
        n++;
    branches = arena_alloc(r->arena, (n + 1) * sizeof(*branches));
    for (json_open(json, &rest); json_next_item(&rest, &item);) {
        const struct schema_type *branch = read_type(r, item, place);
        if (!branch)
            return NULL;
        if (branch->kind == SCHEMA_NULL)
            type->is_nullable = true;
        else
            branches[i++] = branch;
    }
    if (i == 1) {
        bool is_nullable = type->is_nullable;
        *type = *branches[0];
        type->is_nullable |= is_nullable;
        return type;
    }
    type->kind = i ? SCHEMA_UNION : SCHEMA_NULL;
    type->branches = branches;
    type->branch_count = i;
    return type;
}

static const struct schema_type *read_type(struct reader *r, str json, str place)
{
    const struct schema_type *type;
    str name;

    if (r->depth == SCHEMA_DEPTH_MAX)
        return refuse(r, place, "is nested more than 32 deep");
    r->depth++;
    if (json_type(json) == JSON_OBJECT)
        type = read_object(r, json, place);
    else if (json_type(json) == JSON_ARRAY)
        type = read_union(r, json, place);
    else if (json_unquote(r->arena, json, &name))
        type = read_name(r, name, place);
    else
        type = refuse(r, place, "has a type that is no name, object or list");
    r->depth--;
    return type;
}

/* What libavro thinks of it. */
static int check_avro(str avsc, struct error *err)
{
    avro_schema_t avro;

    if (avro_schema_from_json_length(avsc.p, avsc.n, &avro) != 0)
        return error_set(err, ERR_DATA, "schema: %s", avro_strerror());
    bool is_record = avro_typeof(avro) == AVRO_RECORD;
    avro_schema_decref(avro);
    return is_record ? 0 : error_set(err, ERR_DATA, "schema: a record is wanted");
}

const struct schema *schema_read(struct arena *a, str avsc, struct error *err)
{
    const struct json_limits limits = {.depth = 4 * SCHEMA_DEPTH_MAX};
    struct reader r = {.arena = a, .err = err};
    size_t at;
    str text = arena_copy(a, avsc);

    *err = (struct error){0};
    const char *problem =
        avsc.n > SCHEMA_TEXT_MAX ? "is longer than 256 KiB" : json_check(text, &limits, &at);
    if (problem) {
        error_set(err, ERR_DATA, "schema: %s", problem);
        return NULL;
    }
    if (check_avro(text, err))
        return NULL;
    const struct schema_type *type = read_type(&r, text, text_of(&r, text, "name"));
    return type ? type->record : NULL;
}

const struct schema_field *schema_find(const struct schema *s, str name)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (str_equal(s->fields[i].name, name))
            return &s->fields[i];
    return NULL;
}
