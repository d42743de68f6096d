#include "workers/normalise_load.h"

#include "common/data/text.h"

const struct node *load_member(const struct node *map, const char *key)
{
    const struct node *n = node_get(map, key);

    return n && n->type != NODE_EMPTY ? n : NULL;
}

const struct node *load_find(const struct node *map, str key)
{
    for (const struct node *n = map && map->type == NODE_MAP ? map->children : NULL; n;
         n = n->next)
        if (str_equal(n->key, key))
            return n;
    return NULL;
}

void load_complain(struct load *l, const struct node *n, const char *what)
{
    findings_error(l->findings, n->at, node_width(n), "'" STR_FMT "' %s", STR_ARG(n->text),
                   what);
}

const struct node **load_words(struct load *l, const struct node *n, uint32_t *count)
{
    const struct node **words = arena_alloc(l->arena, (n ? n->count + 1 : 1) * sizeof(void *));

    *count = 0;
    if (n && n->type == NODE_TEXT) {
        words[(*count)++] = n;
    } else if (n && n->type == NODE_LIST) {
        for (const struct node *c = n->children; c; c = c->next)
            if (c->type == NODE_TEXT)
                words[(*count)++] = c;
            else
                findings_error(l->findings, c->at, node_width(c), "a word is wanted here");
    } else if (n && n->type != NODE_EMPTY) {
        findings_error(l->findings, n->at, node_width(n),
                       "a word or a list of words is wanted here");
    }
    return words;
}

const str *load_texts(struct load *l, const struct node *n, bool fold, uint32_t *count)
{
    const struct node **words = load_words(l, n, count);
    str *texts = arena_alloc(l->arena, (*count + 1) * sizeof(*texts));

    for (uint32_t i = 0; i < *count; i++)
        texts[i] = fold ? text_fold(l->arena, words[i]->text) : words[i]->text;
    return texts;
}

bool load_is_pattern(str s)
{
    return s.n > 2 && s.p[0] == '/' && s.p[s.n - 1] == '/';
}

static void add_pattern(struct normalise_sources *s, str source, struct pattern *p)
{
    if (s->pattern_count == s->pattern_room) {
        s->pattern_room = MAX(64u, 2 * s->pattern_room);
        s->patterns = xrealloc(s->patterns, s->pattern_room * sizeof(*s->patterns));
    }
    s->patterns[s->pattern_count++] = (struct normalise_pattern){source, p};
}

struct pattern *load_pattern(struct load *l, const struct node *n, str text)
{
    struct normalise_sources *s = l->sources;
    str source = {text.p + 1, text.n - 2}, why = STR_NONE;

    for (uint32_t i = 0; i < s->pattern_count; i++)
        if (str_equal(s->patterns[i].source, source))
            return s->patterns[i].compiled;
    struct pattern *p = pattern_new(l->arena, source, &why);
    if (p)
        add_pattern(s, source, p);
    else
        findings_error(l->findings, n->at, node_width(n), "'" STR_FMT "' " STR_FMT,
                       STR_ARG(text), STR_ARG(why));
    return p;
}

unsigned load_choice(struct load *l, const struct rule *r, const char *key, str word,
                     const char *const *words)
{
    str valid[16];
    uint32_t n = 0;

    for (; words[n] && n < ARRAY_LEN(valid); n++) {
        valid[n] = str_of(words[n]);
        if (str_equal(word, valid[n]))
            return n;
    }
    findings_unknown(l->findings, node_at(r->node, key), word, key, valid, n);
    return 0;
}

static struct node *find(struct node *first, str key)
{
    for (struct node *n = first; n; n = n->next)
        if (str_equal(n->key, key))
            return n;
    return NULL;
}

static struct node *copy_of(struct load *l, const struct node *n)
{
    struct node *copy = arena_alloc(l->arena, sizeof(*copy));

    *copy = *n;
    copy->next = NULL;
    return copy;
}

/* The words of two `nothing`: each is a word or a list. */
static void join_words(struct load *l, struct node *to, const struct node *more)
{
    struct node *list = copy_of(l, to), **end = &list->children;
    const struct node *parts[] = {to, more};

    list->type = NODE_LIST;
    list->children = NULL;
    list->count = 0;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        for (const struct node *w = parts[i]->type == NODE_LIST ? parts[i]->children : parts[i];
             w; w = parts[i]->type == NODE_LIST ? w->next : NULL) {
            *end = copy_of(l, w);
            end = &(*end)->next;
            list->count++;
        }
    list->next = to->next;
    *to = *list;
}

/* from, value, template: only the nearest layer that has one of them says where a field comes
 * from. */
static bool is_way(str key)
{
    return str_is(key, "from") || str_is(key, "value") || str_is(key, "template");
}

const struct node *load_merge(struct load *l, const struct node *const *layers, uint32_t n,
                              const struct node *place)
{
    struct node *map = arena_zalloc(l->arena, sizeof(*map)), **end = &map->children;
    uint32_t way = n;

    *map = (struct node){.type = NODE_MAP,
                         .key = place->key,
                         .key_at = place->key_at,
                         .at = place->at,
                         .end = place->end};
    for (uint32_t i = 0; i < n; i++)
        for (const struct node *m =
                 layers[i] && layers[i]->type == NODE_MAP ? layers[i]->children : NULL;
             m; m = m->next) {
            struct node *has = find(map->children, m->key);
            if (is_way(m->key))
                way = way == n ? i : way;
            if (has && str_is(m->key, "nothing")) {
                join_words(l, has, m);
            } else if (!has && (!is_way(m->key) || way == i)) {
                *end = copy_of(l, m);
                end = &(*end)->next;
                map->count++;
            }
        }
    return map;
}
