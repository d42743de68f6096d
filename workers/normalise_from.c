/* Where the text of a field comes from, and the steps until it is parsed. */
#include "common/data/clean.h"
#include "common/data/text.h"
#include "workers/normalise_load.h"

static const struct {
    const char *word;
    enum field_from from;
} known[] = {
    {"@name", FROM_NAME}, {"@file", FROM_FILE},     {"@uri", FROM_URI},
    {"@row", FROM_ROW},   {"@offset", FROM_OFFSET}, {"@accepted", FROM_ACCEPTED},
    {"@raw", FROM_RAW},   {"@extra", FROM_EXTRA},   {"@issues", FROM_ISSUES},
};

static bool load_known(struct load *l, const struct node *n, struct normalise_field *field)
{
    str valid[ARRAY_LEN(known)];

    if (n->type != NODE_TEXT || !str_starts(n->text, STR("@")))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        valid[i] = str_of(known[i].word);
        if (str_equal(n->text, valid[i])) {
            field->from = known[i].from;
            return true;
        }
    }
    findings_unknown(l->findings, n->at, n->text, "word for 'from'", valid, ARRAY_LEN(known));
    return true;
}

/* A header, a /pattern/, or a {header} with text around it. */
static bool load_alias(struct load *l, const struct node *n, struct normalise_alias *alias)
{
    str text = n->text, header = text;
    const char *open = memchr(text.p, '{', text.n), *close = memchr(text.p, '}', text.n);

    if (load_is_pattern(text)) {
        alias->pattern = load_pattern(l, n, text);
        return alias->pattern != NULL;
    }
    if (open && close > open) {
        alias->before = str_between(text.p, open);
        alias->after = str_between(close + 1, str_end(text));
        header = str_between(open + 1, close);
    }
    alias->name = text_fold(l->arena, header);
    if (!alias->name.n)
        load_complain(l, n, "is no header");
    return alias->name.n > 0;
}

static void load_aliases(struct load *l, const struct rule *r, struct normalise_field *field)
{
    uint32_t n;
    const struct node **words = load_words(l, r->from, &n);

    field->aliases = arena_zalloc(l->arena, (n + 1) * sizeof(*field->aliases));
    if (!r->from)
        field->aliases[field->alias_count++].name = text_fold(l->arena, field->name);
    for (uint32_t i = 0; i < n; i++)
        field->alias_count += load_alias(l, words[i], &field->aliases[field->alias_count]);
}

static bool load_pointer(struct load *l, const struct node *from, struct normalise_field *field)
{
    const struct node *pointer = from->type == NODE_MAP ? node_get(from, "pointer") : NULL;

    if (from->type != NODE_MAP)
        return false;
    if (!pointer || from->count != 1 || pointer->type != NODE_TEXT ||
        !str_starts(pointer->text, STR("/")))
        findings_error(l->findings, from->at, node_width(from),
                       "a map here is {pointer: /member/0/member}, by RFC 6901");
    else
        field->value = pointer->text;
    field->from = FROM_POINTER;
    return true;
}

/* "{year}-{month}": texts and columns by turns. */
static void load_template(struct load *l, const struct node *n, struct normalise_field *field)
{
    str rest = n->text;

    field->from = FROM_TEMPLATE;
    if (n->type != NODE_TEXT) {
        load_complain(l, n, "must be a text with {column} in it");
        return;
    }
    field->parts = arena_zalloc(l->arena, (2 * rest.n + 2) * sizeof(*field->parts));
    while (rest.n) {
        const char *open = memchr(rest.p, '{', rest.n);
        str text = open ? str_between(rest.p, open) : rest;
        if (text.n)
            field->parts[field->part_count++] = (struct normalise_part){text, false};
        if (!open)
            return;
        const char *close = memchr(open, '}', (size_t)(str_end(rest) - open));
        if (!close) {
            load_complain(l, n, "has a { without its }");
            return;
        }
        str column = text_fold(l->arena, str_between(open + 1, close));
        field->parts[field->part_count++] = (struct normalise_part){column, true};
        rest = str_between(close + 1, str_end(rest));
    }
}

void load_from(struct load *l, const struct rule *r, struct normalise_field *field)
{
    int ways = (r->from != NULL) + (r->value != NULL) + (r->text != NULL);

    if (ways > 1)
        findings_error(l->findings, r->node->key_at, (uint32_t)r->node->key.n,
                       "'" STR_FMT "' has two of from, value and template: one is enough",
                       STR_ARG(r->node->key));
    if (r->value) {
        field->from = FROM_VALUE;
        if (r->value->type == NODE_TEXT)
            field->value = r->value->text;
        else
            load_complain(l, r->value, "must be a text");
    } else if (r->text) {
        load_template(l, r->text, field);
    } else if (!r->from ||
               (!load_known(l, r->from, field) && !load_pointer(l, r->from, field))) {
        load_aliases(l, r, field);
    }
}

static unsigned load_clean(struct load *l, const struct rule *r)
{
    static const struct {
        const char *word;
        enum clean what;
    } words[] = {
        {"html", CLEAN_HTML},
        {"blanks", CLEAN_BLANKS},
        {"underscores", CLEAN_UNDERSCORES},
        {"invisible", CLEAN_INVISIBLE},
    };
    str valid[ARRAY_LEN(words)];
    uint32_t n, what = 0;
    const struct node **asked = load_words(l, r->clean, &n);

    for (size_t j = 0; j < ARRAY_LEN(words); j++)
        valid[j] = str_of(words[j].word);
    for (uint32_t i = 0; i < n; i++) {
        size_t j = 0;
        while (j < ARRAY_LEN(words) && !str_equal(asked[i]->text, valid[j]))
            j++;
        if (j == ARRAY_LEN(words))
            findings_unknown(l->findings, asked[i]->at, asked[i]->text, "word for 'clean'",
                             valid, ARRAY_LEN(valid));
        else
            what |= words[j].what;
    }
    return what;
}

/* How a text can begin that folds to this word. */
static void note_begin(struct normalise_words *words, str word)
{
    unsigned char c = (unsigned char)word.p[0];

    if (c >= sizeof(words->begins))
        return;
    words->begins[c] = true;
    if (ascii_is_letter(word.p[0]))
        words->begins[c & ~0x20u] = true;
    if (c == '_')
        words->begins['-'] = words->begins['.'] = true;
}

/* Into the next place of the list, which has room. */
static void load_word(struct load *l, const struct node *n, str text, str means,
                      struct normalise_word *list, struct normalise_words *words)
{
    struct normalise_word *w = &list[words->n];

    w->means = means;
    if (load_is_pattern(text))
        w->pattern = load_pattern(l, n, text);
    else
        w->word = text_fold(l->arena, text);
    words->has_patterns |= w->pattern != NULL;
    words->has_words |= w->word.n > 0;
    if (w->word.n)
        note_begin(words, w->word);
    words->n += w->pattern || w->word.n;
}

static void load_nothing(struct load *l, const struct rule *r, struct normalise_words *nothing)
{
    uint32_t n;
    const struct node **words = load_words(l, r->nothing, &n);
    struct normalise_word *list = arena_zalloc(l->arena, (n + 1) * sizeof(*list));

    nothing->list = list;
    for (uint32_t i = 0; i < n; i++)
        load_word(l, words[i], words[i]->text, STR_NONE, list, nothing);
}

static void load_map(struct load *l, const struct rule *r, struct normalise_words *map)
{
    struct normalise_word *list;

    if (!r->map || r->map->type == NODE_EMPTY)
        return;
    if (r->map->type != NODE_MAP) {
        load_complain(l, r->map, "must be a map of words, or /patterns/, to texts");
        return;
    }
    map->list = list = arena_zalloc(l->arena, (r->map->count + 1) * sizeof(*list));
    for (const struct node *n = r->map->children; n; n = n->next)
        if (n->type == NODE_TEXT)
            load_word(l, n, n->key, n->text, list, map);
        else
            findings_error(l->findings, n->at, node_width(n), "a text is wanted here");
}

static void load_matches(struct load *l, const struct rule *r, struct normalise_steps *s)
{
    uint32_t n;
    const struct node **words = load_words(l, r->match, &n);

    s->matches = arena_zalloc(l->arena, (n + 1) * sizeof(*s->matches));
    for (uint32_t i = 0; i < n; i++) {
        if (!load_is_pattern(words[i]->text)) {
            load_complain(l, words[i], "must be a pattern between slashes: '/(\\d+) bed/'");
            continue;
        }
        struct pattern *p = load_pattern(l, words[i], words[i]->text);
        if (p && !pattern_groups(p))
            load_complain(l, words[i], "needs a group: put ( ) around what the value is");
        if (p)
            s->matches[s->match_count++] = p;
    }
}

void load_steps(struct load *l, const struct rule *r, struct normalise_field *field)
{
    static const char *const words[] = {"keep", "null", "issue", NULL};
    struct normalise_steps *s = &field->steps;

    s->clean = load_clean(l, r);
    s->memo = l->memo;
    load_nothing(l, r, &s->nothing);
    load_map(l, r, &s->map);
    s->unmapped = load_choice(l, r, "unmapped", r->unmapped, words);
    load_matches(l, r, s);
    field->has_steps = s->clean || s->nothing.n || s->map.n || s->match_count;
}
