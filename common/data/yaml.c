#include "common/data/yaml.h"

#include <yaml.h>

enum {
    TEXT_MAX = 1024 * 1024,
    DEPTH_MAX = 64,     /* libyaml is quadratic in nested flow lists */
    MEMBERS_MAX = 4096, /* of one map: the search for doubled keys is quadratic */
    KEY_MAX = 160,      /* libyaml takes 1,024 characters, and in JSON a byte can become six */
};

struct frame { /* a list or map that is still open */
    struct node *node, **link;
    bool has_key;
    str key;
    struct mark key_at;
};
struct builder {
    yaml_parser_t parser;
    struct arena *a;
    struct error *err;
    struct node *root;
    struct frame open[DEPTH_MAX];
    uint32_t depth, documents;
    bool is_ended;
};

/* What libyaml says, and what to do about it. */
static const struct remedy {
    const char *problem, *text;
} remedies[] = {
    {"cannot start any token", "quote the value, and indent with blanks, not tabs"},
    {"mapping values are not allowed", "quote a value that holds ': '"},
    {"block sequence entries are not allowed", "quote a value that begins with '- '"},
    {"expected ',' or '}'",
     "quote a value that begins with a quote or holds '[', '{', ',' or ': '"},
    {"expected ',' or ']'", "quote patterns and whatever holds '[', '{' or ','"},
    {"unknown escape character", "write patterns in single quotes"},
    {"did not find expected alphabetic or numeric", "quote a leading '*' or '&'"},
    {"expected <block end>",
     "quote a value that goes on behind its quotes, or mend the indent"},
    {"could not find expected ':'", "a key and its colon are missing, or a quote"},
    {"did not find expected key", "mend the indent, or quote the value before"},
    {"found unexpected end of stream", "a quote is not closed"},
    {"found unknown directive name", "quote a leading '%'"},
    {"UTF-8", "save the file as UTF-8"},
};

static struct mark mark_of(yaml_mark_t m)
{
    return (struct mark){(uint32_t)m.line + 1, (uint32_t)m.column + 1};
}

/* Place of a byte: for bytes that libyaml's reader refused, before they became characters. */
static struct mark place_of(str text, size_t offset)
{
    struct mark at = {1, 1};

    for (size_t i = 0; i < offset && i < text.n; i++) {
        if (text.p[i] == '\n')
            at = (struct mark){at.line + 1, 1};
        else
            at.column += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    }
    return at;
}

static int syntax_error(struct builder *b, str text)
{
    const yaml_parser_t *p = &b->parser;
    struct mark at = mark_of(p->problem_mark);
    const char *problem = p->problem ? p->problem : "cannot be read";

    if (p->error == YAML_MEMORY_ERROR)
        out_of_memory();
    if (p->error == YAML_READER_ERROR)
        at = place_of(text, p->problem_offset);
    for (size_t i = 0; i < ARRAY_LEN(remedies); i++)
        if (strstr(problem, remedies[i].problem))
            return error_at(b->err, at, "%s (%s)", problem, remedies[i].text);
    return error_at(b->err, at, "%s", problem);
}

static str copy(struct builder *b, const yaml_event_t *e)
{
    return arena_copy(b->a, (str){(const char *)e->data.scalar.value, e->data.scalar.length});
}

static int take_key(struct builder *b, struct frame *f, const yaml_event_t *e)
{
    str key = copy(b, e);
    struct mark at = mark_of(e->start_mark);

    if (e->data.scalar.tag)
        return error_at(b->err, at, "a key takes no tag");
    if (key.n == 0)
        return error_at(b->err, at, "a key is missing before the ':'");
    if (key.n > KEY_MAX)
        return error_at(b->err, at, "a key is longer than %d bytes", KEY_MAX);
    if (str_is(key, "<<") && e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return error_at(b->err, at, "merge keys ('<<') are not taken: write the members out");
    if (f->node->count == MEMBERS_MAX)
        return error_at(b->err, at, "more than %d members in one map", MEMBERS_MAX);
    for (const struct node *n = f->node->children; n; n = n->next)
        if (str_equal(n->key, key))
            return error_at(b->err, at, "'" STR_FMT "' stands twice, first in line %u",
                            STR_ARG(key), n->key_at.line);
    f->key = key;
    f->key_at = at;
    f->has_key = true;
    return 0;
}

/* Hang a new node into the open list or map, or make it the root. */
static struct node *attach(struct builder *b, enum node_type type, const yaml_event_t *e)
{
    struct node *n = arena_zalloc(b->a, sizeof(*n));

    n->type = type;
    n->at = mark_of(e->start_mark);
    n->end = mark_of(e->end_mark);
    n->key = n->text = STR("");
    if (b->depth == 0)
        return b->root = n;
    struct frame *f = &b->open[b->depth - 1];
    if (f->node->type == NODE_MAP) {
        n->key = f->key;
        n->key_at = f->key_at;
        f->has_key = false;
    }
    *f->link = n;
    f->link = &n->next;
    f->node->count++;
    return n;
}

static int take_scalar(struct builder *b, const yaml_event_t *e)
{
    const char *tag = (const char *)e->data.scalar.tag;
    str text = {(const char *)e->data.scalar.value, e->data.scalar.length};
    struct mark at = mark_of(e->start_mark);
    bool is_plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    if (text.n && memchr(text.p, '\0', text.n))
        return error_at(b->err, at, "a NUL byte stands in the text");
    if (b->depth && b->open[b->depth - 1].node->type == NODE_MAP &&
        !b->open[b->depth - 1].has_key)
        return take_key(b, &b->open[b->depth - 1], e);
    if (tag && strcmp(tag, "!secret") != 0)
        return error_at(b->err, at, "unknown tag '%s': only !secret is taken", tag);
    if (tag && text.n == 0)
        return error_at(b->err, at, "!secret needs a name: !secret aws");

    bool is_empty = !tag && is_plain && (text.n == 0 || str_is(text, "null"));
    enum node_type type = tag ? NODE_SECRET : is_empty ? NODE_EMPTY : NODE_TEXT;
    struct node *n = attach(b, type, e);
    n->text = is_empty ? STR("") : copy(b, e);
    n->is_plain = is_plain && !is_empty;
    return 0;
}

static int take_opening(struct builder *b, enum node_type type, const yaml_event_t *e,
                        const yaml_char_t *tag)
{
    struct mark at = mark_of(e->start_mark);
    const struct frame *f = b->depth ? &b->open[b->depth - 1] : NULL;

    if (tag)
        return error_at(b->err, at, "unknown tag '%s': only !secret, before a name, is taken",
                        (const char *)tag);
    if (f && f->node->type == NODE_MAP && !f->has_key)
        return error_at(b->err, at,
                        "a key must be a word (quote a value that begins with '[' "
                        "or '{')");
    if (b->depth == DEPTH_MAX)
        return error_at(b->err, at, "nested deeper than %d", DEPTH_MAX);
    struct node *n = attach(b, type, e);
    b->open[b->depth++] = (struct frame){.node = n, .link = &n->children};
    return 0;
}

/* Our own JSON writes a secret as {"!secret":"name"}. */
static int fold_secret(struct builder *b, struct node *n)
{
    const struct node *name = node_get(n, "!secret");

    if (!name)
        return 0;
    if (n->count != 1 || name->type != NODE_TEXT || name->text.n == 0)
        return error_at(b->err, n->at, "!secret needs a name and stands alone");
    n->type = NODE_SECRET;
    n->text = name->text;
    n->children = NULL;
    n->count = 0;
    return 0;
}

static int take_closing(struct builder *b, const yaml_event_t *e)
{
    struct node *n = b->open[--b->depth].node;

    n->end = mark_of(e->end_mark);
    return n->type == NODE_MAP ? fold_secret(b, n) : 0;
}

static int refuse_anchor(struct builder *b, const yaml_event_t *e, const yaml_char_t *anchor)
{
    if (!anchor)
        return 0;
    return error_at(b->err, mark_of(e->start_mark),
                    "anchors ('&%s') are not taken: write the value where it is needed",
                    (const char *)anchor);
}

static int take_event(struct builder *b, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++b->documents > 1)
            return error_at(b->err, mark_of(e->start_mark), "a second document begins here");
        return 0;
    case YAML_ALIAS_EVENT:
        return error_at(b->err, mark_of(e->start_mark),
                        "aliases ('*%s') are not taken: write the value out, or quote a "
                        "leading '*'",
                        (const char *)e->data.alias.anchor);
    case YAML_SCALAR_EVENT:
        if (refuse_anchor(b, e, e->data.scalar.anchor))
            return b->err->code;
        return take_scalar(b, e);
    case YAML_SEQUENCE_START_EVENT:
        if (refuse_anchor(b, e, e->data.sequence_start.anchor))
            return b->err->code;
        return take_opening(b, NODE_LIST, e, e->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        if (refuse_anchor(b, e, e->data.mapping_start.anchor))
            return b->err->code;
        return take_opening(b, NODE_MAP, e, e->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return take_closing(b, e);
    case YAML_STREAM_END_EVENT:
        b->is_ended = true;
        return 0;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return 0;
    }
    return 0;
}

static int read_events(struct builder *b, str text)
{
    while (!b->is_ended) {
        yaml_event_t e;
        if (!yaml_parser_parse(&b->parser, &e))
            return syntax_error(b, text);
        int failed = take_event(b, &e);
        yaml_event_delete(&e);
        if (failed)
            return failed;
    }
    return 0;
}

struct node *yaml_load(struct arena *a, str text, struct error *err)
{
    struct builder b = {.a = a, .err = err};

    if (text.n > TEXT_MAX) {
        error_at(err, (struct mark){1, 1}, "longer than %d bytes", TEXT_MAX);
        return NULL;
    }
    if (str_starts(text, STR("\xef\xbb\xbf")))
        text = (str){text.p + 3, text.n - 3};
    if (!yaml_parser_initialize(&b.parser))
        out_of_memory();
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)text.p, text.n);
    int failed = read_events(&b, text);
    yaml_parser_delete(&b.parser);
    if (failed)
        return NULL;
    if (!b.root) {
        b.root = arena_zalloc(a, sizeof(*b.root));
        *b.root = (struct node){.at = {1, 1}, .end = {1, 1}, .key = STR(""), .text = STR("")};
    }
    return b.root;
}
