/* Which fields the rules of a source have, in which order, and what each of them says: the
 * source's word goes over the common one, that over what `use` names, that over defaults. */
#include "workers/normalise_load.h"

enum { FIELDS_MAX = 1000 };

struct names { /* of one source, in the making */
    struct load *load;
    const struct load_source *from;
    const struct node *own; /* fields of the source; NULL: none */
    struct load_place *list;
    uint32_t n;
};

/* `price: money` is short for {parse: money}. */
static const struct node *unfold(struct load *l, const struct node *field)
{
    struct node *map, *parse;

    if (!field || field->type != NODE_TEXT)
        return field;
    map = arena_alloc(l->arena, sizeof(*map));
    parse = arena_alloc(l->arena, sizeof(*parse));
    *map = *parse = *field;
    parse->key = STR("parse");
    parse->next = NULL;
    map->type = NODE_MAP;
    map->children = parse;
    map->count = 1;
    return map;
}

/* The rule that `use` names. */
static const struct node *used(const struct names *d, const struct node *field)
{
    const struct node *use = load_member(field, "use"), *rules = d->from->config->rules;
    str valid[16];
    uint32_t n = 0;

    if (!use)
        return NULL;
    const struct node *rule = load_find(rules, use->text);
    if (rule)
        return rule;
    for (const struct node *r = rules ? rules->children : NULL; r && n < ARRAY_LEN(valid);
         r = r->next)
        valid[n++] = r->key;
    findings_unknown(d->load->findings, use->at, use->text, "rule", valid, n);
    return NULL;
}

/* All that speaks of a field, the nearest first. */
static const struct node *merge(struct names *d, const struct node *place)
{
    const struct normalise_config *config = d->from->config;
    const struct node *own = unfold(d->load, load_find(d->own, place->key)),
                      *common = unfold(d->load, load_find(config->fields, place->key));
    const struct node *layers[] = {own,
                                   used(d, own),
                                   common,
                                   used(d, common),
                                   load_member(d->from->node, "defaults"),
                                   config->defaults};

    return load_merge(d->load, layers, ARRAY_LEN(layers), place);
}

static bool has_name(const struct names *d, str name)
{
    for (uint32_t i = 0; i < d->n; i++)
        if (str_equal(d->list[i].node->key, name))
            return true;
    return false;
}

static void add_name(struct names *d, const struct node *place,
                     const struct schema_field *known)
{
    if (has_name(d, place->key))
        return;
    if (d->n == FIELDS_MAX)
        findings_error(d->load->findings, place->key_at, (uint32_t)place->key.n,
                       "more than 1000 fields");
    else
        d->list[d->n++] = (struct load_place){place, known};
}

static const struct node *first_of(const struct node *map)
{
    return map && map->type == NODE_MAP ? map->children : NULL;
}

static void add_names(struct names *d, const struct node *fields)
{
    for (const struct node *n = first_of(fields); n; n = n->next)
        add_name(d, n, NULL);
}

static bool is_inside(str name, str record)
{
    return name.n > record.n + 1 && str_starts(name, record) && name.p[record.n] == '.';
}

/* Does a rule speak of a member of this record: "address.city"? */
static bool is_written_out(const struct names *d, str record)
{
    const struct node *maps[] = {d->from->config->fields, d->own};

    for (size_t i = 0; i < ARRAY_LEN(maps); i++)
        for (const struct node *n = first_of(maps[i]); n; n = n->next)
            if (is_inside(n->key, record))
                return true;
    return false;
}

/* The fields of the schema, those of nested records that rules speak of in their place. */
static void add_known(struct names *d, const struct schema *s, str path)
{
    const struct node *where = d->from->config->schema_node;
    struct arena *a = d->load->arena;

    for (uint32_t i = 0; i < s->n; i++) {
        const struct schema_field *f = &s->fields[i];
        str name = path.n
                       ? arena_printf(a, STR_FMT "." STR_FMT, STR_ARG(path), STR_ARG(f->name))
                       : f->name;
        if (f->type->kind == SCHEMA_RECORD && is_written_out(d, name)) {
            add_known(d, f->type->record, name);
            continue;
        }
        struct node *place = arena_zalloc(a, sizeof(*place));
        *place = (struct node){.key = name, .key_at = where->at, .at = where->at};
        add_name(d, place, f);
    }
}

/* With a schema: every rule must speak of a field that it has. */
static void check_known(const struct names *d, const struct node *fields)
{
    str valid[FIELDS_MAX];

    for (uint32_t i = 0; i < d->n; i++)
        valid[i] = d->list[i].node->key;
    for (const struct node *n = first_of(fields); n; n = n->next)
        if (!has_name(d, n->key))
            findings_unknown(d->load->findings, n->key_at, n->key, "field of the schema", valid,
                             d->n);
}

/* Without one: a name is that of a value or that of a record, not of both. */
static void check_records(const struct names *d)
{
    for (uint32_t i = 0; i < d->n; i++) {
        const struct node *record = d->list[i].node;
        for (uint32_t j = 0; j < d->n; j++)
            if (is_inside(d->list[j].node->key, record->key)) {
                findings_error(d->load->findings, record->key_at, (uint32_t)record->key.n,
                               "'" STR_FMT "' is a field, and '" STR_FMT "' lies inside of it",
                               STR_ARG(record->key), STR_ARG(d->list[j].node->key));
                break;
            }
    }
}

static void find_names(struct names *d)
{
    const struct normalise_config *config = d->from->config;

    if (d->from->schema) {
        add_known(d, d->from->schema, STR_NONE);
        check_known(d, config->fields);
        check_known(d, d->own);
        return;
    }
    add_names(d, config->fields);
    add_names(d, d->own);
    check_records(d);
    nest_group(d->list, d->n);
}

void load_fields(struct load *l, const struct load_source *from, struct normalise_rules *rules)
{
    struct names d = {.load = l, .from = from, .own = load_member(from->node, "fields")};

    d.list = arena_alloc(l->arena, FIELDS_MAX * sizeof(*d.list));
    find_names(&d);
    const struct node **merged = arena_alloc(l->arena, (d.n + 1) * sizeof(void *));
    rules->fields = arena_zalloc(l->arena, (d.n + 1) * sizeof(*rules->fields));
    for (rules->n = 0; rules->n < d.n; rules->n++) {
        const struct load_place *place = &d.list[rules->n];
        struct normalise_field *f = &rules->fields[rules->n];
        merged[rules->n] = merge(&d, place->node);
        load_field(l, merged[rules->n], place->known, f);
        rules->has_raw |= f->from == FROM_RAW;
        rules->has_extra |= f->from == FROM_EXTRA;
        rules->has_issues |= f->from == FROM_ISSUES;
    }
    load_kin(rules, merged);
    nest_write(l->arena, rules);
}
