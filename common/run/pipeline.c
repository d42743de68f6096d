#include "common/run/pipeline.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "common/data/yaml.h"
#include "common/run/pipeline_load.h"

struct count_settings {
    str on, key, time;
    uint64_t every_ms, keep_ms;
    bool replays;
};
static const struct setting count_table[] = {
    {"on", SETTING_STR, NULL, offsetof(struct count_settings, on),
     "Stage whose records count when they leave it."},
    {"key", SETTING_STR, NULL, offsetof(struct count_settings, key),
     "Member whose text is counted by."},
    {"every", SETTING_MSEC, "0", offsetof(struct count_settings, every_ms),
     "Width of a window, in whole seconds; without it, one running total."},
    {"keep", SETTING_MSEC, "30d", offsetof(struct count_settings, keep_ms),
     "How long a window stays after its end; a total stays for ever unless this is given."},
    {"time", SETTING_STR, "", offsetof(struct count_settings, time),
     "Member with the time of the event; without it, the time it was accepted."},
    {"replays", SETTING_BOOL, "false", offsetof(struct count_settings, replays),
     "Count replayed records too; else only those of a run whose name begins with '+'."},
    {0},
};

struct dead_settings {
    uint64_t keep_ms, high_bytes;
    str full;
};
static const struct setting dead_table[] = {
    {"keep", SETTING_MSEC, "30d", offsetof(struct dead_settings, keep_ms),
     "How long dead letters stay; 0: for ever."},
    {"high", SETTING_BYTES, "256MiB", offsetof(struct dead_settings, high_bytes),
     "Bytes of dead letters that may stand there; 0: any number."},
    {"full", SETTING_STR, "stop", offsetof(struct dead_settings, full),
     "At `high`: `stop`, nothing new comes in; `drop_oldest`."},
    {0},
};

enum { TOP_KEYS = 12 };
/* No state: each key has a reader of its own. */
const struct setting pipeline_settings[] = {
    {"pipeline", SETTING_STR, "main", 0, "Name of the pipeline."},
    {"sources", SETTING_NODE, "", 0, "Where records come from beside the inbox."},
    {"stages", SETTING_NODE, NULL, 0, "The stages, by name: each of a kind.", INSIDE_NAMED,
     pipeline_stage_settings},
    {"routes", SETTING_NODE, NULL, 0,
     "Where records go: the first row that matches wins, a list in `to` forks.", INSIDE_LIST,
     pipeline_route_settings},
    {"counts", SETTING_NODE, "", 0, "What is counted in Redis, by name.", INSIDE_NAMED,
     count_table},
    {"windows", SETTING_NODE, "", 0, "What is summed up by key and time, by name.",
     INSIDE_NAMED, pipeline_window_settings},
    {"tables", SETTING_NODE, "", 0, "Tables in Redis that records write, by name.",
     INSIDE_NAMED, pipeline_table_settings},
    {"dead", SETTING_NODE, "", 0, "How long dead letters stay, and how many.", INSIDE_KEYS,
     dead_table},
    {"tests", SETTING_NODE, "", 0, "What is to become of records: for `standpipe test`.",
     INSIDE_LIST, pipeline_test_settings},
    {0},
};
_Static_assert(ARRAY_LEN(pipeline_settings) <= TOP_KEYS + 1, "room for the names");

const struct pipeline_stage *pipeline_find(const struct pipeline *p, str name, uint32_t *number)
{
    for (uint32_t i = 0; i < p->stage_count; i++) {
        if (!str_equal(p->stages[i].name, name))
            continue;
        *number = i;
        return &p->stages[i];
    }
    return NULL;
}

bool pipeline_text(struct loader *l, const struct node *map, const char *key, str *text)
{
    const struct node *n = node_get(map, key);

    if (!n)
        return false;
    if (n->type != NODE_TEXT) {
        findings_error(l->f, n->at, node_width(n), "'%s' must be text", key);
        return false;
    }
    *text = n->text;
    return true;
}

void pipeline_close(struct loader *l, const struct node *map, const char *const *valid,
                    uint32_t n)
{
    str words[TOP_KEYS];

    assert(n <= ARRAY_LEN(words));
    for (uint32_t i = 0; i < n; i++)
        words[i] = str_of(valid[i]);
    for (const struct node *key = map->children; key; key = key->next) {
        uint32_t i = 0;
        while (i < n && !str_equal(key->key, words[i]))
            i++;
        if (i == n)
            findings_unknown(l->f, key->key_at, key->key, "key", words, n);
    }
}

static void read_name(struct loader *l)
{
    const struct node *n = node_get(l->p->root, "pipeline");

    l->p->name = STR("main");
    if (!pipeline_text(l, l->p->root, "pipeline", &l->p->name))
        return;
    if (!pipeline_is_name(l->p->name))
        findings_error(l->f, n->at, node_width(n),
                       "the name of a pipeline is a small letter, then up to 63 small letters, "
                       "digits, '_' and '-'");
}

static void read_sources(struct loader *l)
{
    const struct node *sources = node_get(l->p->root, "sources");

    if (!sources || sources->type == NODE_EMPTY)
        return;
    if (sources->type != NODE_MAP)
        findings_error(l->f, sources->at, node_width(sources), "'sources' must be a map");
    for (const struct node *s = sources->children; s; s = s->next)
        findings_error(l->f, s->key_at, (uint32_t)s->key.n,
                       "'" STR_FMT "': this release knows no sources yet; add files and "
                       "records to the inbox",
                       STR_ARG(s->key));
}

static void read_count(struct loader *l, const struct node *map)
{
    struct count_settings s = {0};
    struct pipeline_count c = {.name = map->key};
    uint32_t before = l->f->errors;

    if (!pipeline_is_name(c.name))
        findings_error(l->f, map->key_at, (uint32_t)map->key.n,
                       "the name of a count is a small letter, then up to 63 small letters, "
                       "digits, '_' and '-'");
    setting_fill(count_table, map, &s, l->f);
    const struct node *on = node_get(map, "on");
    if (l->f->errors > before || !pipeline_stage_of(l, on, &c.on))
        return;
    if (s.every_ms % 1000)
        findings_error(l->f, node_at(map, "every"), 1, "a window is whole seconds wide");
    c.key = s.key;
    c.time = s.time;
    c.every_ms = s.every_ms;
    c.replays = s.replays;
    c.keep_ms = s.every_ms || node_get(map, "keep") ? s.keep_ms : 0;
    l->p->counts[l->p->count_count++] = c;
}

void pipeline_read_counts(struct loader *l)
{
    const struct node *counts = node_get(l->p->root, "counts");

    if (!counts || counts->type == NODE_EMPTY)
        return;
    if (counts->type != NODE_MAP || counts->count > PIPELINE_COUNTS_MAX) {
        findings_error(
            l->f, counts->at, node_width(counts),
            "'counts' is a map of up to %d names to {on, key, every, keep, time, replays}",
            PIPELINE_COUNTS_MAX);
        return;
    }
    l->p->counts = arena_alloc(&l->p->arena, (counts->count + 1) * sizeof(*l->p->counts));
    for (const struct node *c = counts->children; c; c = c->next)
        read_count(l, c);
}

static void read_dead(struct loader *l)
{
    static const struct node nothing = {.type = NODE_EMPTY};
    const struct node *map = node_get(l->p->root, "dead");
    struct dead_settings s = {0};
    const str words[] = {STR("stop"), STR("drop_oldest")};

    if (map && map->type != NODE_MAP && map->type != NODE_EMPTY) {
        findings_error(l->f, map->at, node_width(map), "'dead' is a map: {keep, high, full}");
        return;
    }
    setting_fill(dead_table, map ? map : &nothing, &s, l->f);
    l->p->dead = (struct pipeline_dead){.keep_ms = s.keep_ms,
                                        .high_bytes = s.high_bytes,
                                        .drops_oldest = str_equal(s.full, words[1])};
    if (!str_equal(s.full, words[0]) && !str_equal(s.full, words[1]))
        findings_unknown(l->f, node_at(map, "full"), s.full, "full", words, ARRAY_LEN(words));
}

/* Everything behind the parser. False: there are errors. */
static bool compile(struct loader *l, const struct node *root)
{
    uint32_t before = l->f->errors, n = 0;
    const char *keys[TOP_KEYS];

    l->p->root = root;
    l->p->script = script_new();
    if (root->type != NODE_MAP) {
        findings_error(
            l->f, root->at, node_width(root),
            "a pipeline is a map: pipeline, stages, routes, counts, windows, tables, dead, "
            "tests");
        return false;
    }
    for (const struct setting *t = pipeline_settings; t->name; t++)
        keys[n++] = t->name;
    pipeline_close(l, root, keys, n);
    read_name(l);
    read_sources(l);
    pipeline_read_stages(l);
    pipeline_read_routes(l);
    pipeline_read_counts(l);
    pipeline_read_windows(l);
    pipeline_read_tables(l);
    read_dead(l);
    pipeline_read_tests(l);
    if (l->p->stage_count)
        pipeline_check_graph(l);
    return l->f->errors == before;
}

struct pipeline *pipeline_load(str text, str folder, const struct stage *const *kinds,
                               struct findings *f)
{
    struct pipeline *p = xalloc(sizeof(*p));
    struct loader l = {.p = p, .f = f, .text = text, .folder = folder, .kinds = kinds};
    struct error error = {0};
    uint32_t before = f->errors;

    struct node *root = yaml_load(&p->arena, text, &error);
    if (root) {
        pipeline_expand(&l, root);
        pipeline_embed(&l, root);
    } else {
        findings_take(f, &error);
    }
    bool is_good = root && f->errors == before && compile(&l, root);
    findings_sort(f);
    if (is_good)
        return p;
    pipeline_free(p);
    return NULL;
}

void pipeline_free(struct pipeline *p)
{
    if (!p)
        return;
    script_free(p->script);
    arena_free(&p->arena);
    free(p);
}

bool pipeline_to_json(const struct pipeline *p, uint64_t version, uint64_t now_ms,
                      struct buf *out)
{
    char number[2][21] = {0};

    str_write_u64(number[0], version);
    str_write_u64(number[1], now_ms);
    return buf_printf(out, "{\"version\":%s,\"applied_at\":%s,\"pipeline\":", number[0],
                      number[1]) &&
           node_to_json(p->root, out) && buf_add(out, STR("}"));
}

static int load_json(struct loader *l, str text, struct error *err)
{
    const struct node *root = yaml_load(&l->p->arena, text, err);

    if (!root)
        return err->code;
    const struct node *version = node_get(root, "version"), *body = node_get(root, "pipeline");
    if (!version || !body || !str_to_u64(version->text, &l->p->version))
        return error_set(err, ERR_CONFIG, "it has no version and pipeline");
    if (compile(l, body))
        return 0;
    for (uint32_t i = 0; i < l->f->n; i++)
        if (!l->f->list[i].is_warning)
            return error_set(err, ERR_CONFIG, STR_FMT, STR_ARG(l->f->list[i].text));
    return error_set(err, ERR_CONFIG, "it has %u errors", l->f->errors);
}

struct pipeline *pipeline_from_json(str text, const struct stage *const *kinds,
                                    struct error *err)
{
    struct arena arena = {0};
    struct findings f = {.arena = &arena};
    struct pipeline *p = xalloc(sizeof(*p));
    struct loader l = {.p = p, .f = &f, .kinds = kinds, .text = STR("")};

    int failed = load_json(&l, text, err);
    arena_free(&arena);
    if (!failed)
        return p;
    pipeline_free(p);
    return NULL;
}
