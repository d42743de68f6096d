/* One field: its rule, compiled and held against the type that its schema gives it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/data/json.h"
#include "workers/normalise_load.h"

enum { PAD_MAX = 64, NUMBER_MAX = 40 };

static bool is_scalar(const struct schema_type *t)
{
    return t->kind >= SCHEMA_BOOLEAN && t->kind <= SCHEMA_ENUM;
}

/* The coercer that reads a schema's type when no rule names one. */
static const char *coercer_of(const struct schema_type *t)
{
    switch (t->logical) {
    case SCHEMA_DATE:
        return "date";
    case SCHEMA_TIMESTAMP_MILLIS:
    case SCHEMA_TIMESTAMP_MICROS:
        return "timestamp";
    case SCHEMA_DECIMAL:
        return "number";
    case SCHEMA_TIME_MILLIS:
    case SCHEMA_TIME_MICROS:
        return "time";
    case SCHEMA_UUID:
    case SCHEMA_PLAIN:
        break;
    }
    switch (t->kind) {
    case SCHEMA_BOOLEAN:
        return "boolean";
    case SCHEMA_INT:
    case SCHEMA_LONG:
        return "integer";
    case SCHEMA_FLOAT:
    case SCHEMA_DOUBLE:
        return "number";
    case SCHEMA_STRING:
    case SCHEMA_BYTES:
    case SCHEMA_FIXED:
        return "text";
    case SCHEMA_ENUM:
        return "enum";
    case SCHEMA_ARRAY:
        return is_scalar(t->branches[0]) ? "list" : "json";
    case SCHEMA_MAP:
    case SCHEMA_RECORD:
        return "json";
    case SCHEMA_NULL:
    case SCHEMA_UNION:
        break;
    }
    return NULL;
}

/* What the schema reads with where no rule says so: the field, and the items of a list. */
static void load_coercers(const struct rule *r, const struct schema_type *t,
                          struct normalise_field *field)
{
    const char *name = coercer_of(t),
               *item = t->kind == SCHEMA_ARRAY ? coercer_of(t->branches[0]) : NULL;

    if (!field->coercer && name && field->from < FROM_NAME)
        field->coercer = coercer_find(str_of(name));
    if (item && !node_get(r->node, "item") && is_scalar(t->branches[0]))
        field->setup.item = coercer_find(str_of(item));
}

static void load_pad(struct load *l, const struct rule *r, struct normalise_field *field)
{
    const struct node *width = r->pad ? node_get(r->pad, "width") : NULL,
                      *with = r->pad ? node_get(r->pad, "with") : NULL;
    uint64_t number;

    if (!r->pad || r->pad->type == NODE_EMPTY)
        return;
    if (!width || !with || !str_to_u64(width->text, &number) || number > PAD_MAX ||
        with->text.n != 1 || with->text.p[0] < ' ' || strchr("\"\\\x7f", with->text.p[0])) {
        load_complain(l, r->pad,
                      "must be {width: 5, with: '0'}: up to 64 wide, with one printable ASCII "
                      "character that is not \" or \\");
        return;
    }
    field->pad_width = (uint32_t)number;
    field->pad_with = with->text.p[0];
}

/* An end of `between`, which may be absent. */
static double load_bound(struct load *l, const struct node *n, double otherwise)
{
    char text[NUMBER_MAX], *end;

    if (!n || n->type == NODE_EMPTY)
        return otherwise;
    snprintf(text, sizeof(text), STR_FMT, STR_ARG(n->text));
    double bound = strtod(text, &end);
    if (n->type != NODE_TEXT || end == text || *end)
        load_complain(l, n, "is no number");
    return bound;
}

static void load_bounds(struct load *l, const struct rule *r, struct normalise_field *field)
{
    const struct node *map = r->between;

    if (!map || map->type == NODE_EMPTY)
        return;
    if (map->type != NODE_MAP || !(node_get(map, "least") || node_get(map, "most"))) {
        load_complain(l, map, "must be {least: 0, most: 100}, one of them at least");
        return;
    }
    field->is_bounded = true;
    field->least = load_bound(l, node_get(map, "least"), -HUGE_VAL);
    field->most = load_bound(l, node_get(map, "most"), HUGE_VAL);
}

/* A part that is a word stands there as it is; a number or a date is read like a cell. */
static bool read_fallback(struct load *l, const struct normalise_field *field, str text,
                          struct coerced *c)
{
    static const bool is_word[] = {
        [TAKE_NOTE] = true, [TAKE_CURRENCY] = true, [TAKE_PERIOD] = true,
        [TAKE_UNIT] = true, [TAKE_AGE] = true,      [TAKE_LON] = false};

    if (field->coercer && text.n && !is_word[field->setup.take])
        return field->coercer->run(&field->setup, l->arena, str_trim(text), c);
    c->value = json_quoted(l->arena, text);
    return true;
}

static void load_fallback(struct load *l, const struct rule *r, struct normalise_field *field)
{
    const struct node *n = r->fallback;
    struct coerced c = {0};
    str issue, why;

    if (!n)
        return;
    if (n->type != NODE_TEXT) {
        findings_error(l->findings, n->at, node_width(n), "a text is wanted here");
        return;
    }
    if (!read_fallback(l, field, n->text, &c))
        load_complain(l, n, arena_copy(l->arena, c.why).p);
    else if (field->type && !schema_fits(field->type, l->arena, c.value, &issue, &why))
        load_complain(l, n, arena_copy(l->arena, why).p);
    field->fallback = c.value;
}

/* What the schema knows: a default, and that null is none of its values. */
static void load_schema(struct normalise_field *field, const struct schema_field *known)
{
    if (!known)
        return;
    if (!field->fallback.n && known->fallback.n && !str_is(known->fallback, "null"))
        field->fallback = known->fallback;
    if (!known->type->is_nullable && !field->fallback.n)
        field->is_required = true;
}

void load_field(struct load *l, const struct node *merged, const struct schema_field *known,
                struct normalise_field *field)
{
    static const char *const cases[] = {"as-is", "upper", "lower", NULL};
    static const char *const unreadable[] = {"issue", "null", "dead", NULL};
    struct rule r;

    load_rule(l, merged, &r);
    field->name = merged->key;
    field->type = known ? known->type : NULL;
    field->label = json_quoted(l->arena, field->name);
    if (str_starts(field->name, STR("sp_")) || !field->name.n)
        findings_error(l->findings, merged->key_at, (uint32_t)field->name.n,
                       "a field must have a name that does not begin with sp_: standpipe's own "
                       "members do");
    load_from(l, &r, field);
    load_steps(l, &r, field);
    load_setup(l, &r, field);
    if (known)
        load_coercers(&r, known->type, field);
    field->letter_case = load_choice(l, &r, "case", r.letter_case, cases);
    field->unreadable = load_choice(l, &r, "unreadable", r.unreadable, unreadable);
    load_pad(l, &r, field);
    load_bounds(l, &r, field);
    load_fallback(l, &r, field);
    field->is_required = r.is_required;
    load_schema(field, known);
}
