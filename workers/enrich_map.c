#include "workers/enrich_map.h"

#include "common/data/json.h"

enum { ISSUE_SIGNS = 64 }; /* of an issue, but for its texts */

static const struct {
    const char *name;
    coerce_fn *run;
} types[] = {{"json", NULL},
             {"text", coerce_text},
             {"number", coerce_number},
             {"integer", coerce_integer},
             {"boolean", coerce_boolean}};

struct member_settings {
    str at, as;
};
const struct setting enrich_member_settings[] = {
    {"at", SETTING_STR, NULL, offsetof(struct member_settings, at),
     "JSON pointer into the answer: /results/0/lat; \"\" is all of it."},
    {"as", SETTING_STR, "json", offsetof(struct member_settings, as),
     "Type of the member: json (as it is), text, number, integer or boolean."},
    {0},
};

/* Loading. */

/* It stands between quotes as it is; names with `sp_` are ours. */
static const char *name_problem(str name)
{
    if (name.n == 0 || name.n > 256)
        return "a member's name has 1 to 256 bytes";
    if (str_starts(name, STR("sp_")))
        return "names that begin with sp_ are standpipe's own: call the member otherwise";
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] < 0x20 || name.p[i] == '"' || name.p[i] == '\\')
            return "a member's name has no quotes, backslashes and control characters";
    return NULL;
}

static bool is_pointer(str at)
{
    if (at.n && at.p[0] != '/')
        return false;
    for (size_t i = 0; i < at.n; i++)
        if (at.p[i] == '~' && (i + 1 == at.n || (at.p[i + 1] != '0' && at.p[i + 1] != '1')))
            return false;
    return true;
}

static coerce_fn *find_type(str word, const struct node *at, struct findings *f)
{
    str valid[ARRAY_LEN(types)];

    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (str_is(word, types[i].name))
            return types[i].run;
        valid[i] = str_of(types[i].name);
    }
    findings_unknown(f, at->at, word, "type", valid, ARRAY_LEN(valid));
    return NULL;
}

static struct enrich_member load_member(const struct node *n, struct findings *f)
{
    struct member_settings s = {.as = STR("json")};
    const struct node *at = n, *as = node_get(n, "as");
    const char *problem = name_problem(n->key);

    if (problem)
        findings_error(f, n->key_at, (uint32_t)str_code_points(n->key), "%s", problem);
    if (n->type == NODE_TEXT)
        s.at = n->text;
    else if (n->type == NODE_MAP && setting_fill(enrich_member_settings, n, &s, f))
        at = node_get(n, "at");
    else if (n->type != NODE_MAP)
        findings_error(
            f, n->at, node_width(n),
            "a member is a JSON pointer, /results/0/lat, or {at: /results/0/lat, as: "
            "number}");
    if (!is_pointer(s.at))
        findings_error(f, at->at, node_width(at),
                       "'" STR_FMT "' is no JSON pointer: it begins with '/', as in "
                       "/results/0/lat, or is empty",
                       STR_ARG(s.at));
    return (struct enrich_member){n->key, s.at, find_type(s.as, as ? as : n, f)};
}

void enrich_map_load(struct enrich_map *m, const struct node *set, struct arena *a,
                     struct findings *f)
{
    struct enrich_member *list = arena_zalloc(a, (set->count + 1) * sizeof(*list));

    *m = (struct enrich_map){list, 0};
    if (set->type != NODE_MAP || set->count == 0) {
        findings_error(f, set->at, node_width(set),
                       "'set' is a map of members to JSON pointers: {lat: /results/0/lat}");
        return;
    }
    for (const struct node *n = set->children; n; n = n->next)
        list[m->n++] = load_member(n, f);
}

/* Reading an answer. */

static char *put(char *out, str s)
{
    return s.n ? mempcpy(out, s.p, s.n) : out;
}

/* On one line: outside of strings a line end is a blank. */
static char *put_value(char *out, str value)
{
    for (size_t i = 0; i < value.n; i++)
        *out++ = value.p[i] == '\n' || value.p[i] == '\r' ? ' ' : value.p[i];
    return out;
}

static str issue_json(struct arena *a, str field, str issue, str reason)
{
    char *start = arena_reserve(a, ISSUE_SIGNS + JSON_QUOTED_MAX(field.n) +
                                       JSON_QUOTED_MAX(issue.n) + JSON_QUOTED_MAX(reason.n)),
         *out = put(start, STR("{\"field\":"));

    out = json_quote(out, field);
    out = put(out, STR(",\"issue\":"));
    out = json_quote(out, issue);
    if (reason.n) {
        out = put(out, STR(",\"reason\":"));
        out = json_quote(out, reason);
    }
    *out++ = '}';
    arena_trim(a, out);
    return str_between(start, out);
}

static bool is_scalar(str value)
{
    enum json_type type = json_type(value);

    return type != JSON_OBJECT && type != JSON_ARRAY;
}

/* The value of its type. What is not of it is null, and an item of sp_issues. */
static str typed(const struct enrich_member *m, str value, struct arena *a, str *issue)
{
    const struct coerce_setup setup = {.decimal = '.'};
    struct coerced out = {0};

    *issue = STR_NONE;
    if (!m->as || json_type(value) == JSON_NULL)
        return value;
    str text = str_trim(json_text(a, value));
    if (m->as == coerce_text)
        return json_type(value) == JSON_STRING ? value : json_quoted(a, text);
    if (text.n && is_scalar(value) && m->as(&setup, a, text, &out))
        return out.value;
    *issue = issue_json(a, m->name, STR("unparsed"),
                        out.why.n ? out.why : STR("is nothing of its type"));
    return STR("null");
}

bool enrich_map_read(const struct enrich_map *m, str answer, struct arena *a, str *members)
{
    str *values = arena_zalloc(a, 2 * m->n * sizeof(*values)), *issues = values + m->n, found;
    size_t room = sizeof("{,\"sp_issues\":[]}");
    bool has_issue = false, is_first = true;
    uint32_t n = 0;

    for (uint32_t i = 0; i < m->n; i++) {
        if (!json_pointer(answer, m->list[i].at, &found))
            continue;
        values[i] = typed(&m->list[i], str_trim(found), a, &issues[i]);
        room += m->list[i].name.n + values[i].n + issues[i].n + sizeof("\"\":,,");
        has_issue |= issues[i].n > 0;
        n++;
    }
    char *start = arena_reserve(a, room), *out = start;
    for (uint32_t i = 0; i < m->n; i++) {
        if (!values[i].n)
            continue;
        out = put(out, out == start ? STR("{\"") : STR(",\""));
        out = put(out, m->list[i].name);
        out = put_value(put(out, STR("\":")), values[i]);
    }
    if (has_issue)
        out = put(out, STR(",\"sp_issues\":["));
    for (uint32_t i = 0; i < m->n && has_issue; i++) {
        if (!issues[i].n)
            continue;
        out = put(out, is_first ? STR("") : STR(","));
        out = put(out, issues[i]);
        is_first = false;
    }
    out = put(out, has_issue ? STR("]}") : STR("}"));
    arena_trim(a, out);
    *members = str_between(start, out);
    return n > 0;
}

/* Giving it to a record. */

static bool is_one_of(const struct enrich_map *m, str raw)
{
    for (uint32_t i = 0; i < m->n; i++)
        if (str_equal(m->list[i].name, raw))
            return true;
    return memchr(raw.p, '\\', raw.n) != NULL; /* it may be: somebody else looks closely */
}

/* Has the record any member that is called like one of ours? Seldom, and one look for all. */
static bool has_any(const struct enrich_map *m, const struct record *r)
{
    str rest, name, value;

    for (const struct member *x = r->added; x; x = x->next)
        if (is_one_of(m, x->name))
            return true;
    if (!json_open(r->line, &rest))
        return false;
    while (json_next_member(&rest, &name, &value))
        if (is_one_of(m, name))
            return true;
    return false;
}

/* The items of an array without its brackets. */
static str items_of(str array)
{
    array = str_trim(array);
    return array.n < 2 ? STR_NONE : str_trim((str){array.p + 1, array.n - 2});
}

static void add_issues(struct batch *b, struct record *r, str items)
{
    str old;
    bool has_old = record_find(r, STR("sp_issues"), &old) && json_type(old) == JSON_ARRAY &&
                   items_of(old).n;

    str before = has_old ? items_of(old) : STR("");
    record_set(b, r, STR("sp_issues"),
               arena_printf(&b->arena, "[" STR_FMT "%s" STR_FMT "]", STR_ARG(before),
                            has_old ? "," : "", STR_ARG(items)));
}

void enrich_map_give(const struct enrich_map *m, struct batch *b, struct record *r, str members)
{
    str rest, name, value;
    bool may_replace = has_any(m, r);

    for (json_open(members, &rest); json_next_member(&rest, &name, &value);) {
        if (str_is(name, "sp_issues"))
            add_issues(b, r, items_of(value));
        else if (may_replace)
            record_set(b, r, name, value);
        else
            record_add(b, r, name, value);
    }
}

void enrich_add_issue(struct batch *b, struct record *r, str field, str issue, str reason)
{
    add_issues(b, r, issue_json(&b->arena, field, issue, reason));
}
