/* The rules of each source: which fields there are, in which order they are written, and which
 * parts of the file speak of each. */
#include "workers/normalise_rules.h"

#include <fnmatch.h>

#include "common/data/json.h"
#include "workers/normalise_load.h"

enum { FIELDS_MAX = 1000, SOURCES_MAX = 256, PATH_MAX_BYTES = 4096 };

enum { SOURCE_KEYS = 4 };

struct draft { /* of one source, in the making */
    struct load load;
    const struct normalise_config *config;
    const struct schema *schema;
    const struct node *source; /* NULL: the rules that hold for all others */
    const struct node *
        *names; /* nodes whose keys are the fields, in the order of the document */
    const struct schema_field **known;
    uint32_t n;
};

static const struct node *member(const struct node *map, const char *key)
{
    const struct node *n = map && map->type == NODE_MAP ? node_get(map, key) : NULL;

    return n && n->type != NODE_EMPTY ? n : NULL;
}

static const struct node *find(const struct node *map, str key)
{
    for (const struct node *n = map && map->type == NODE_MAP ? map->children : NULL; n;
         n = n->next)
        if (str_equal(n->key, key))
            return n;
    return NULL;
}

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
static const struct node *used(struct draft *d, const struct node *field)
{
    const struct node *use = member(field, "use"), *rules = d->config->rules;
    str valid[16];
    uint32_t n = 0;

    if (!use)
        return NULL;
    const struct node *rule = find(rules, use->text);
    for (const struct node *r = rules ? rules->children : NULL; r && n < ARRAY_LEN(valid);
         r = r->next)
        valid[n++] = r->key;
    if (!rule)
        findings_unknown(d->load.findings, use->at, use->text, "rule", valid, n);
    return rule;
}

/* All that speaks of a field, the nearest first. */
static const struct node *merge(struct draft *d, const struct node *place)
{
    const struct node *own = unfold(&d->load, find(member(d->source, "fields"), place->key)),
                      *common = unfold(&d->load, find(d->config->fields, place->key));
    const struct node *layers[] = {own,
                                   used(d, own),
                                   common,
                                   used(d, common),
                                   member(d->source, "defaults"),
                                   d->config->defaults};

    return load_merge(&d->load, layers, ARRAY_LEN(layers), place);
}

static void add_name(struct draft *d, const struct node *place,
                     const struct schema_field *known)
{
    for (uint32_t i = 0; i < d->n; i++)
        if (str_equal(d->names[i]->key, place->key))
            return;
    if (d->n == FIELDS_MAX) {
        findings_error(d->load.findings, place->key_at, (uint32_t)place->key.n,
                       "more than 1000 fields");
        return;
    }
    d->names[d->n] = place;
    d->known[d->n++] = known;
}

static void add_names(struct draft *d, const struct node *fields)
{
    for (const struct node *n = fields ? fields->children : NULL; n; n = n->next)
        add_name(d, n, NULL);
}

/* Does a rule speak of a member of this record: "address.city"? */
static bool is_written_out(const struct draft *d, str path)
{
    const struct node *maps[] = {d->config->fields, member(d->source, "fields")};

    for (size_t i = 0; i < ARRAY_LEN(maps); i++)
        for (const struct node *n = maps[i] && maps[i]->type == NODE_MAP ? maps[i]->children
                                                                         : NULL;
             n; n = n->next)
            if (n->key.n > path.n + 1 && str_starts(n->key, path) && n->key.p[path.n] == '.')
                return true;
    return false;
}

/* The fields of the schema, those of nested records that rules speak of in their place. */
static void add_known(struct draft *d, const struct schema *s, str path)
{
    const struct node *where = d->config->schema_node;

    for (uint32_t i = 0; i < s->n; i++) {
        const struct schema_field *f = &s->fields[i];
        str name = path.n ? arena_printf(d->load.arena, STR_FMT "." STR_FMT, STR_ARG(path),
                                         STR_ARG(f->name))
                          : f->name;
        if (f->type->kind == SCHEMA_RECORD && is_written_out(d, name)) {
            add_known(d, f->type->record, name);
            continue;
        }
        struct node *place = arena_zalloc(d->load.arena, sizeof(*place));
        *place = (struct node){.key = name, .key_at = where->at, .at = where->at};
        add_name(d, place, f);
    }
}

/* With a schema: every rule must speak of a field that it has. */
static void check_known(struct draft *d, const struct node *fields)
{
    for (const struct node *n = fields && fields->type == NODE_MAP ? fields->children : NULL; n;
         n = n->next) {
        uint32_t i = 0;
        str valid[FIELDS_MAX];
        while (i < d->n && !str_equal(d->names[i]->key, n->key))
            i++;
        if (i < d->n)
            continue;
        for (i = 0; i < d->n; i++)
            valid[i] = d->names[i]->key;
        findings_unknown(d->load.findings, n->key_at, n->key, "field of the schema", valid,
                         d->n);
    }
}

static str parent_of(str name)
{
    const char *dot = name.n ? memrchr(name.p, '.', name.n) : NULL;

    return dot ? str_between(name.p, dot) : STR_NONE;
}

static str open_records(struct arena *a, str from, str to, str text)
{
    str parent = parent_of(to);

    if (to.n <= from.n)
        return text;
    text = open_records(a, from, parent, text);
    str last = parent.n ? (str){to.p + parent.n + 1, to.n - parent.n - 1} : to;
    str quoted = json_quoted(a, last);
    bool is_first = text.n && text.p[text.n - 1] == '{';
    return arena_printf(a, STR_FMT "%s" STR_FMT ":{", STR_ARG(text), is_first ? "" : ",",
                        STR_ARG(quoted));
}

/* How many records that one path is in and another is not. */
static str common_parent(str a, str b)
{
    while (a.n && !(str_equal(a, b) || (str_starts(b, a) && b.n > a.n && b.p[a.n] == '.')))
        a = parent_of(a);
    return a;
}

/* What stands before each value and behind it: fields of a nested record follow each other. */
static void write_out(struct arena *a, struct normalise_rules *rules)
{
    str open = STR_NONE;

    for (uint32_t i = 0; i < rules->n; i++) {
        struct normalise_field *f = &rules->fields[i];
        str parent = parent_of(f->name), shared = common_parent(open, parent);
        str last =
            parent.n ? (str){f->name.p + parent.n + 1, f->name.n - parent.n - 1} : f->name;
        str quoted = json_quoted(a, last), text = open_records(a, shared, parent, STR_NONE);
        bool is_first = text.n > 0;
        f->prefix = arena_printf(a, STR_FMT "%s" STR_FMT ":", STR_ARG(text),
                                 is_first ? "" : ",", STR_ARG(quoted));
        str next = i + 1 < rules->n ? parent_of(rules->fields[i + 1].name) : STR_NONE;
        str stays = common_parent(parent, next);
        char *suffix = arena_reserve(a, f->name.n + 1), *end = suffix;
        for (str p = parent; p.n > stays.n; p = parent_of(p))
            *end++ = '}';
        arena_trim(a, end);
        f->suffix = str_between(suffix, end);
        open = stays;
    }
}

/* Fields of one record stand together, in the order in which its first one came. */
static void group_names(struct draft *d)
{
    for (uint32_t i = 1; i < d->n; i++) {
        str parent = parent_of(d->names[i]->key);
        uint32_t to = i;
        for (uint32_t j = 0; parent.n && j < i; j++)
            if (common_parent(parent, parent_of(d->names[j]->key)).n)
                to = j + 1;
        const struct node *name = d->names[i];
        const struct schema_field *known = d->known[i];
        if (!parent.n || to == i)
            continue;
        memmove(&d->names[to + 1], &d->names[to], (i - to) * sizeof(*d->names));
        memmove(&d->known[to + 1], &d->known[to], (i - to) * sizeof(*d->known));
        d->names[to] = name;
        d->known[to] = known;
    }
}

static void load_fields(struct draft *d, struct normalise_rules *rules)
{
    const struct node *own = member(d->source, "fields");

    d->n = 0;
    if (d->schema) {
        add_known(d, d->schema, STR_NONE);
        check_known(d, d->config->fields);
        check_known(d, own);
    } else {
        add_names(d, d->config->fields);
        add_names(d, own);
        group_names(d);
    }
    rules->fields = arena_zalloc(d->load.arena, (d->n + 1) * sizeof(*rules->fields));
    for (rules->n = 0; rules->n < d->n; rules->n++) {
        struct normalise_field *f = &rules->fields[rules->n];
        load_field(&d->load, merge(d, d->names[rules->n]), d->known[rules->n], f);
        rules->has_raw |= f->from == FROM_RAW;
        rules->has_extra |= f->from == FROM_EXTRA;
        rules->has_issues |= f->from == FROM_ISSUES;
    }
    write_out(d->load.arena, rules);
}

static bool is_map(struct load *l, const struct node *n, const char *what)
{
    if (!n || n->type == NODE_MAP || n->type == NODE_EMPTY)
        return true;
    findings_error(l->findings, n->at, node_width(n), "'%s' must be a map", what);
    return false;
}

static void load_source(struct draft *d, struct normalise_rules *rules)
{
    struct load *l = &d->load;
    const struct node *s = d->source, *name = s ? member(s, "name") : NULL;
    str valid[SOURCE_KEYS];

    if (!s) {
        load_fields(d, rules);
        return;
    }
    for (size_t i = 0; i < SOURCE_KEYS; i++)
        valid[i] = str_of(normalise_source_settings[i].name);
    for (const struct node *n = s->children; n; n = n->next)
        if (!find(s, n->key) || !(str_equal(n->key, valid[0]) || str_equal(n->key, valid[1]) ||
                                  str_equal(n->key, valid[2]) || str_equal(n->key, valid[3])))
            findings_unknown(l->findings, n->key_at, n->key, "key", valid, ARRAY_LEN(valid));
    if (name && name->type == NODE_TEXT)
        rules->name = name->text;
    rules->files = load_texts(l, member(s, "files"), false, &rules->file_count);
    if (!rules->file_count)
        findings_error(l->findings, s->at, node_width(s),
                       "a source needs files: ['*zoopla*.csv']");
    if (is_map(l, member(s, "fields"), "fields") &&
        is_map(l, member(s, "defaults"), "defaults"))
        load_fields(d, rules);
}

static bool is_whole(struct load *l, const struct normalise_config *c)
{
    bool is_good = is_map(l, c->fields, "fields") && is_map(l, c->defaults, "defaults") &&
                   is_map(l, c->rules, "rules");

    if (c->sources && c->sources->type != NODE_EMPTY &&
        (c->sources->type != NODE_LIST || c->sources->count > SOURCES_MAX)) {
        findings_error(l->findings, c->sources->at, node_width(c->sources),
                       "'sources' must be a list of {name, files, defaults, fields}");
        return false;
    }
    for (const struct node *s = c->sources ? c->sources->children : NULL; s; s = s->next)
        is_good &= is_map(l, s, "sources");
    return is_good;
}

static bool load_avsc(struct draft *d, struct arena *a)
{
    struct error err = {0};

    if (!d->config->schema.n)
        return true;
    d->schema = schema_read(a, d->config->schema, &err);
    if (!d->schema)
        findings_error(d->load.findings, d->config->schema_node->at, 1, "%s", err.text);
    return d->schema != NULL;
}

void normalise_sources_load(struct normalise_sources *s, struct arena *a,
                            const struct normalise_config *config, struct findings *f)
{
    struct draft d = {.load = {a, f}, .config = config};
    uint32_t n = config->sources ? config->sources->count : 0;

    *s = (struct normalise_sources){0};
    if (!is_whole(&d.load, config) || !load_avsc(&d, a))
        return;
    s->schema = d.schema;
    s->list = arena_zalloc(a, (n + 1) * sizeof(*s->list));
    d.names = arena_alloc(a, FIELDS_MAX * sizeof(*d.names));
    d.known = arena_alloc(a, FIELDS_MAX * sizeof(*d.known));
    for (d.source = n ? config->sources->children : NULL; d.source; d.source = d.source->next)
        load_source(&d, &s->list[s->n++]);
    load_source(&d, &s->list[s->n++]);
}

void normalise_sources_free(struct normalise_sources *s)
{
    for (uint32_t i = 0; i < s->n; i++)
        for (uint32_t j = 0; j < s->list[i].n; j++)
            field_free(&s->list[i].fields[j]);
    *s = (struct normalise_sources){0};
}

static str last_part(str uri)
{
    const char *slash = memrchr(uri.p, '/', uri.n);

    return slash ? str_between(slash + 1, str_end(uri)) : uri;
}

static bool fits(str glob, str text)
{
    char pattern[PATH_MAX_BYTES], name[PATH_MAX_BYTES];

    if (glob.n >= sizeof(pattern) || text.n >= sizeof(name))
        return false;
    *(char *)mempcpy(pattern, glob.p, glob.n) = '\0';
    *(char *)mempcpy(name, text.p, text.n) = '\0';
    return fnmatch(pattern, name, 0) == 0;
}

const struct normalise_rules *normalise_sources_find(const struct normalise_sources *s, str uri)
{
    for (uint32_t i = 0; uri.n && i + 1 < s->n; i++)
        for (uint32_t j = 0; j < s->list[i].file_count; j++)
            if (fits(s->list[i].files[j], uri) || fits(s->list[i].files[j], last_part(uri)))
                return &s->list[i];
    return &s->list[s->n - 1];
}
