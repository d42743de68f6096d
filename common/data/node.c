#include "common/data/node.h"

const struct node *node_get(const struct node *map, const char *key)
{
    if (!map || map->type != NODE_MAP)
        return NULL;
    for (const struct node *n = map->children; n; n = n->next)
        if (str_is(n->key, key))
            return n;
    return NULL;
}

struct mark node_at(const struct node *map, const char *key)
{
    const struct node *n = node_get(map, key);

    if (n)
        return n->at;
    return map ? map->at : (struct mark){0};
}

uint32_t node_width(const struct node *n)
{
    if (n->end.line != n->at.line || n->end.column <= n->at.column)
        return 1;
    return n->end.column - n->at.column;
}

/* Number of the code point that begins at `*p`, which moves behind it. The text is UTF-8:
 * libyaml has seen to that. */
static uint32_t next_code(const unsigned char **p, const unsigned char *end)
{
    unsigned char first = *(*p)++;
    uint32_t code = first;

    if (first >= 0xc0)
        code = first & (first >= 0xf0 ? 0x07 : first >= 0xe0 ? 0x0f : 0x1f);
    while (*p < end && (**p & 0xc0) == 0x80)
        code = code << 6 | (*(*p)++ & 0x3f);
    return code;
}

/* Does YAML's reader refuse, or fold, these when they stand unescaped in quotes? */
static bool is_escaped(uint32_t code)
{
    return code < 0x20 || code == '"' || code == '\\' || (code >= 0x7f && code < 0xa0) ||
           code == 0x2028 || code == 0x2029 || code == 0xfeff || code == 0xfffe ||
           code == 0xffff;
}

static bool add_quoted(struct buf *out, str s)
{
    const unsigned char *p = (const unsigned char *)s.p, *end = p + s.n;
    bool fits = buf_add(out, STR("\""));

    while (fits && p < end) {
        const unsigned char *start = p;
        uint32_t code = next_code(&p, end);
        if (is_escaped(code))
            fits = buf_printf(out, "\\u%04x", code);
        else
            fits = buf_add(out, (str){(const char *)start, (size_t)(p - start)});
    }
    return fits && buf_add(out, STR("\""));
}

static bool add_children(struct buf *out, const struct node *map)
{
    bool fits = buf_add(out, map->type == NODE_MAP ? STR("{") : STR("["));

    for (const struct node *n = map->children; n && fits; n = n->next) {
        fits = n == map->children || buf_add(out, STR(","));
        if (fits && map->type == NODE_MAP)
            fits = add_quoted(out, n->key) && buf_add(out, STR(":"));
        fits = fits && node_to_json(n, out);
    }
    return fits && buf_add(out, map->type == NODE_MAP ? STR("}") : STR("]"));
}

bool node_to_json(const struct node *n, struct buf *out)
{
    switch (n->type) {
    case NODE_EMPTY:
        return buf_add(out, STR("null"));
    case NODE_TEXT:
        return add_quoted(out, n->text);
    case NODE_SECRET:
        return buf_add(out, STR("{\"!secret\":")) && add_quoted(out, n->text) &&
               buf_add(out, STR("}"));
    case NODE_LIST:
    case NODE_MAP:
        return add_children(out, n);
    }
    die("node of type %d", (int)n->type);
}
