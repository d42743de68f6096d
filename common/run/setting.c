#include "common/run/setting.h"

#include <assert.h>

struct unit {
    const char *word;
    uint64_t factor;
};

static const struct unit counts[] = {{"", 1}, {"k", 1000}, {"M", 1000000}, {NULL, 0}};
static const struct unit sizes[] = {
    {"B", 1},           {"kB", 1000},        {"KB", 1000},        {"MB", 1000000},
    {"GB", 1000000000}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30},
    {NULL, 0},
};
static const struct unit times[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

static const char *const type_names[] = {
    [SETTING_STR] = "text",
    [SETTING_BOOL] = "true or false",
    [SETTING_SECRET] = "!secret name",
    [SETTING_COUNT] = "a count",
    [SETTING_BYTES] = "a size",
    [SETTING_MSEC] = "a duration",
    [SETTING_RATE] = "a rate",
    [SETTING_SPAN] = "a span of time",
    [SETTING_FILE] = "the name of a file",
    [SETTING_NODE] = "a map",
};

/* The unit to show when a bare number was given where one is due. */
static const char *usual_unit(enum setting_type type)
{
    switch (type) {
    case SETTING_BYTES:
        return "KiB";
    case SETTING_MSEC:
        return "s";
    case SETTING_RATE:
        return "/s";
    case SETTING_SPAN:
    case SETTING_STR:
    case SETTING_BOOL:
    case SETTING_SECRET:
    case SETTING_COUNT:
    case SETTING_FILE:
    case SETTING_NODE:
        break;
    }
    return NULL;
}

static bool is_number(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

/* Digits, then one of `units`. `usage` is the answer to anything that has no such form. */
static const char *parse_scaled(str text, const struct unit *units, const char *usage,
                                uint64_t *value)
{
    size_t digits = 0;
    uint64_t n;

    while (digits < text.n && ascii_is_digit(text.p[digits]))
        digits++;
    if (digits == 0)
        return usage;
    if (!str_to_u64((str){text.p, digits}, &n))
        return "is too large";
    str unit = {text.p + digits, text.n - digits};
    if (n == 0 && unit.n == 0) { /* nothing is nothing in any unit */
        *value = 0;
        return NULL;
    }
    while (units->word && !str_is(unit, units->word))
        units++;
    if (!units->word)
        return usage;
    if (__builtin_mul_overflow(n, units->factor, &n) || n > INT64_MAX)
        return "is too large";
    *value = n;
    return NULL;
}

static const char *parse_rate(str text, struct rate *value)
{
    static const char usage[] = "is no rate: write 40/s, 600/m, 10k/h or 1M/d";
    str rest = text;
    str count = str_cut(&rest, '/');
    struct rate rate;

    const char *problem = parse_scaled(count, counts, usage, &rate.count);
    if (problem)
        return problem;
    for (const struct unit *u = times + 1; u->word; u++) {
        if (!str_is(rest, u->word))
            continue;
        rate.period_ms = u->factor;
        *value = rate;
        return NULL;
    }
    return usage;
}

static const char *parse_span(str text, struct span_ms *value)
{
    static const char usage[] = "is no span of time: write 200ms..30s";
    str most = text;
    struct span_ms span;

    while (most.n && !str_starts(most, STR("..")))
        most = (str){most.p + 1, most.n - 1};
    if (!most.n)
        return usage;
    str least = {text.p, text.n - most.n};
    most = (str){most.p + 2, most.n - 2};
    const char *problem = parse_scaled(least, times, usage, &span.least);
    if (!problem)
        problem = parse_scaled(most, times, usage, &span.most);
    if (problem)
        return problem;
    if (span.least > span.most)
        return "ends before it begins";
    *value = span;
    return NULL;
}

static const char *parse_bool(str text, bool *value)
{
    if (!str_is(text, "true") && !str_is(text, "false"))
        return "is neither true nor false";
    *value = str_is(text, "true");
    return NULL;
}

/* A secret's name becomes a file's name. */
static const char *parse_secret(str text, str *value)
{
    if (text.n == 0 || text.n > 64)
        return "is no name of a secret: 1 to 64 characters";
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool is_good =
            ascii_is_letter_or_digit(c) || c == '_' || c == '-' || (c == '.' && i > 0);
        if (!is_good)
            return "is no name of a secret: letters, digits, '_', '-' and '.' only";
    }
    *value = text;
    return NULL;
}

const char *setting_parse(enum setting_type type, str text, void *value)
{
    switch (type) {
    case SETTING_STR:
    case SETTING_FILE:
        *(str *)value = text;
        return NULL;
    case SETTING_BOOL:
        return parse_bool(text, value);
    case SETTING_SECRET:
        return parse_secret(text, value);
    case SETTING_COUNT:
        return parse_scaled(text, counts, "is no count: write 500, 200k or 2M", value);
    case SETTING_BYTES:
        return parse_scaled(text, sizes, "is no size: write 512B, 64KiB, 4MiB or 4MB", value);
    case SETTING_MSEC:
        return parse_scaled(text, times, "is no duration: write 200ms, 30s, 5m, 1h or 30d",
                            value);
    case SETTING_RATE:
        return parse_rate(text, value);
    case SETTING_SPAN:
        return parse_span(text, value);
    case SETTING_NODE:
        break;
    }
    die("setting of type %d has no text", (int)type);
}

str setting_problem(struct arena *a, enum setting_type type, str text, const char *problem)
{
    const char *unit = usual_unit(type);

    if (unit && is_number(text))
        return arena_printf(a, STR_FMT " what? write " STR_FMT "%s", STR_ARG(text),
                            STR_ARG(text), unit);
    return arena_printf(a, "'" STR_FMT "' %s", STR_ARG(text), problem);
}

/* Is the node of a kind that the type can be read from? Says so when it is not. */
static bool is_right_type(const struct setting *s, const struct node *n, struct findings *f)
{
    enum node_type wanted = s->type == SETTING_SECRET ? NODE_SECRET : NODE_TEXT;

    if (n->type == wanted || s->type == SETTING_NODE)
        return true;
    if (n->type == NODE_SECRET)
        findings_error(f, n->at, node_width(n), "'%s' takes no !secret", s->name);
    else if (wanted == NODE_SECRET && n->type == NODE_TEXT)
        findings_error(f, n->at, node_width(n),
                       "'%s' is a secret: write !secret and a name, never the secret itself",
                       s->name);
    else
        findings_error(f, n->at, node_width(n), "'%s' must be %s, not a %s", s->name,
                       type_names[s->type], n->type == NODE_LIST ? "list" : "map");
    return false;
}

static bool fill_given(const struct setting *s, const struct node *n, void *value,
                       struct findings *f)
{
    if (!is_right_type(s, n, f))
        return false;
    if (s->type == SETTING_NODE) {
        *(const struct node **)value = n;
        return true;
    }
    const char *problem = setting_parse(s->type, n->text, value);
    if (!problem)
        return true;
    str text = setting_problem(f->arena, s->type, n->text, problem);
    findings_error(f, n->at, node_width(n), "%s: " STR_FMT, s->name, STR_ARG(text));
    return false;
}

void setting_default(const struct setting *s, void *state)
{
    char *value = (char *)state + s->offset;
    bool may_lack = s->type == SETTING_NODE || s->type == SETTING_SECRET;

    if (!s->fallback || (may_lack && s->fallback[0] == '\0'))
        return;
    const char *problem = setting_parse(s->type, str_of(s->fallback), value);
    if (problem)
        die("default of '%s': '%s' %s", s->name, s->fallback, problem);
}

static void find_unknown(const struct setting *table, const struct node *map,
                         struct findings *f)
{
    uint32_t n = 0;

    while (table[n].name)
        n++;
    str *valid = arena_alloc(f->arena, n * sizeof(*valid));
    for (uint32_t i = 0; i < n; i++)
        valid[i] = str_of(table[i].name);
    for (const struct node *key = map->children; key; key = key->next) {
        uint32_t i = 0;
        while (i < n && !str_equal(key->key, valid[i]))
            i++;
        if (i == n)
            findings_unknown(f, key->key_at, key->key, "key", valid, n);
    }
}

bool setting_fill(const struct setting *table, const struct node *map, void *state,
                  struct findings *f)
{
    bool is_whole = true;

    assert(f->arena);
    if (map && map->type != NODE_MAP && map->type != NODE_EMPTY) {
        findings_error(f, map->at, node_width(map), "a map of settings is wanted here");
        map = NULL;
    } else if (map && map->type == NODE_MAP) {
        find_unknown(table, map, f);
    }
    for (const struct setting *s = table; s->name; s++) {
        const struct node *n = node_get(map, s->name);
        bool is_given = n && n->type != NODE_EMPTY;
        setting_default(s, state);
        if (!is_given && !s->fallback && map)
            findings_error(f, map->at, 1, "'%s' is missing: %s", s->name, s->help);
        bool is_good = is_given && fill_given(s, n, (char *)state + s->offset, f);
        is_whole &= is_good || s->fallback;
    }
    return is_whole;
}
