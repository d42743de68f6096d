/* The rules of each source, and which of them hold for a uri. */
#include "workers/normalise_rules.h"

#include <fnmatch.h>
#include <stdlib.h>

#include "workers/normalise_load.h"

enum { SOURCES_MAX = 256, PATH_MAX_BYTES = 4096 };

static bool is_map(struct load *l, const struct node *n, const char *what)
{
    if (!n || n->type == NODE_MAP || n->type == NODE_EMPTY)
        return true;
    findings_error(l->findings, n->at, node_width(n), "'%s' must be a map", what);
    return false;
}

static void check_keys(struct load *l, const struct node *source)
{
    str valid[8];
    uint32_t n = 0;

    for (; normalise_source_settings[n].name && n < ARRAY_LEN(valid); n++)
        valid[n] = str_of(normalise_source_settings[n].name);
    for (const struct node *key = source->children; key; key = key->next) {
        uint32_t i = 0;
        while (i < n && !str_equal(key->key, valid[i]))
            i++;
        if (i == n)
            findings_unknown(l->findings, key->key_at, key->key, "key", valid, n);
    }
}

static void load_source(struct load *l, const struct load_source *from,
                        struct normalise_rules *rules)
{
    const struct node *s = from->node, *name = load_member(s, "name");

    check_keys(l, s);
    if (name && name->type == NODE_TEXT)
        rules->name = name->text;
    rules->files = load_texts(l, load_member(s, "files"), false, &rules->file_count);
    if (!rules->file_count)
        findings_error(l->findings, s->at, node_width(s),
                       "a source needs files: ['*zoopla*.csv']");
    if (is_map(l, load_member(s, "fields"), "fields") &&
        is_map(l, load_member(s, "defaults"), "defaults"))
        load_fields(l, from, rules);
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

static bool load_avsc(struct load *l, const struct normalise_config *config,
                      const struct schema **schema)
{
    struct error err = {0};

    *schema = NULL;
    if (!config->schema.n)
        return true;
    *schema = schema_read(l->arena, config->schema, &err);
    if (!*schema)
        findings_error(l->findings, config->schema_node->at, 1, "%s", err.text);
    return *schema != NULL;
}

void normalise_sources_load(struct normalise_sources *s, struct arena *a,
                            const struct normalise_config *config, struct findings *f)
{
    struct load l = {a, f, s, arena_zalloc(a, sizeof(struct normalise_memo))};
    struct load_source from = {.config = config};
    uint32_t n = config->sources ? config->sources->count : 0;

    *s = (struct normalise_sources){0};
    if (!is_whole(&l, config) || !load_avsc(&l, config, &from.schema))
        return;
    s->schema = from.schema;
    s->list = arena_zalloc(a, (n + 1) * sizeof(*s->list));
    for (from.node = n ? config->sources->children : NULL; from.node;
         from.node = from.node->next)
        load_source(&l, &from, &s->list[s->n++]);
    load_fields(&l, &from, &s->list[s->n++]);
}

void normalise_sources_free(struct normalise_sources *s)
{
    for (uint32_t i = 0; i < s->pattern_count; i++)
        pattern_free(s->patterns[i].compiled);
    free(s->patterns);
    *s = (struct normalise_sources){0};
}

str normalise_file_of(str uri)
{
    const char *slash = uri.n ? memrchr(uri.p, '/', uri.n) : NULL;

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
    str file = normalise_file_of(uri);

    for (uint32_t i = 0; uri.n && i + 1 < s->n; i++)
        for (uint32_t j = 0; j < s->list[i].file_count; j++)
            if (fits(s->list[i].files[j], uri) || fits(s->list[i].files[j], file))
                return &s->list[i];
    return &s->list[s->n - 1];
}
