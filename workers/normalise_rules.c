#include "workers/normalise_rules.h"

#include "common/data/json.h"
#include "common/data/text.h"
#include "common/run/setting.h"

enum { FIELDS_MAX = 1000, REASON_MAX = 120 };

struct config { /* of one field, as written */
    const struct node *from, *match, *fallback, *formats, *group, *truthy, *falsy;
    str parse, decimal;
    bool is_required;
};
struct loader {
    struct arena *arena;
    struct findings *findings;
};

static const struct setting settings[] = {
    {"from", SETTING_NODE, "", offsetof(struct config, from),
     "Header to take it from, or a list: the first that is there and not empty wins; "
     "/pattern/ looks for one (the field's own name)."},
    {"match", SETTING_NODE, "", offsetof(struct config, match),
     "POSIX extended pattern between slashes; its group 1 is the value."},
    {"parse", SETTING_STR, "", offsetof(struct config, parse),
     "What to read it as: text, integer, number, date or boolean (as it stands)."},
    {"default", SETTING_NODE, "", offsetof(struct config, fallback),
     "Text to read when there is no value."},
    {"required", SETTING_BOOL, "false", offsetof(struct config, is_required),
     "Make a record without this field a dead letter."},
    {"formats", SETTING_NODE, "", offsetof(struct config, formats),
     "Formats of a date in %Y %m %d %H %M %S %y %b %B %z, tried in order (ISO 8601)."},
    {"decimal", SETTING_STR, ".", offsetof(struct config, decimal),
     "Decimal sign of numbers, one character."},
    {"group", SETTING_NODE, "", offsetof(struct config, group),
     "Group sign of numbers, one character, or none (',' or, with decimal ',', '.')."},
    {"truthy", SETTING_NODE, "", offsetof(struct config, truthy),
     "Words that mean true (true, yes, y, 1, t)."},
    {"falsy", SETTING_NODE, "", offsetof(struct config, falsy),
     "Words that mean false (false, no, n, 0, f)."},
    {0},
};

static void complain(struct loader *l, const struct node *n, const char *what)
{
    findings_error(l->findings, n->at, node_width(n), "'" STR_FMT "' %s", STR_ARG(n->text),
                   what);
}

/* One word, or a list of words. */
static const struct node **words_of(struct loader *l, const struct node *n, uint32_t *count)
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
    } else if (n) {
        findings_error(l->findings, n->at, node_width(n),
                       "a word or a list of words is wanted here");
    }
    return words;
}

static const str *texts_of(struct loader *l, const struct node *n, bool fold, uint32_t *count)
{
    const struct node **words = words_of(l, n, count);
    str *texts = arena_alloc(l->arena, (*count + 1) * sizeof(*texts));

    for (uint32_t i = 0; i < *count; i++)
        texts[i] = fold ? text_fold(l->arena, words[i]->text) : words[i]->text;
    return texts;
}

static bool is_pattern(str s)
{
    return s.n > 2 && s.p[0] == '/' && s.p[s.n - 1] == '/';
}

static bool has(str s, const char *part)
{
    return memmem(s.p, s.n, part, strlen(part)) != NULL;
}

/* False: it did not compile, and a finding says why. */
static bool compile(struct loader *l, const struct node *n, regex_t *pattern)
{
    str body = arena_copy(l->arena, (str){n->text.p + 1, n->text.n - 2});
    char reason[REASON_MAX];

    if (has(body, "\\d") || has(body, "\\D")) {
        complain(l, n, "is no POSIX pattern: write [0-9] for \\d, [^0-9] for \\D");
        return false;
    }
    if (has(body, "(?")) {
        complain(l, n, "is no POSIX pattern: write a plain ( for (?:");
        return false;
    }
    int code = regcomp(pattern, body.p, REG_EXTENDED);
    if (!code)
        return true;
    regerror(code, pattern, reason, sizeof(reason));
    findings_error(l->findings, n->at, node_width(n), "'" STR_FMT "' is no pattern: %s",
                   STR_ARG(n->text), reason);
    return false;
}

static void load_aliases(struct loader *l, const struct config *c, str name,
                         struct normalise_field *field)
{
    uint32_t n;
    const struct node **words = words_of(l, c->from, &n);

    field->aliases = arena_zalloc(l->arena, (n + 1) * sizeof(*field->aliases));
    if (!c->from)
        field->aliases[field->alias_count++].name = text_fold(l->arena, name);
    for (uint32_t i = 0; i < n; i++) {
        struct normalise_alias *alias = &field->aliases[field->alias_count];
        if (!is_pattern(words[i]->text))
            alias->name = text_fold(l->arena, words[i]->text);
        else if (!compile(l, words[i], &alias->pattern))
            continue;
        if (!is_pattern(words[i]->text) && !alias->name.n)
            complain(l, words[i], "is no header");
        else
            field->alias_count++;
    }
}

static void load_match(struct loader *l, const struct config *c, struct normalise_field *field)
{
    if (!c->match)
        return;
    if (c->match->type != NODE_TEXT || !is_pattern(c->match->text)) {
        complain(l, c->match, "must be a pattern between slashes: '/([0-9]+) bed/'");
        return;
    }
    field->has_match = compile(l, c->match, &field->match);
    if (field->has_match && field->match.re_nsub == 0)
        complain(l, c->match, "needs a group: put ( ) around what the value is");
}

static void load_coercer(struct loader *l, const struct config *c, const struct node *n,
                         struct normalise_field *field)
{
    str valid[16];
    uint32_t count = 0;

    if (!c->parse.n)
        return;
    field->coercer = coercer_find(c->parse);
    for (; coercers[count].name && count < ARRAY_LEN(valid); count++)
        valid[count] = str_of(coercers[count].name);
    const struct node *at = node_get(n, "parse") ? node_get(n, "parse") : n;
    if (!field->coercer)
        findings_unknown(l->findings, at->at, c->parse, "coercer", valid, count);
}

static bool is_sign(str s)
{
    return s.n == 1 && s.p[0] > 0 && !strchr("0123456789+-eE", s.p[0]);
}

static void load_signs(struct loader *l, const struct config *c, const struct node *n,
                       struct coerce_setup *setup)
{
    const struct node *decimal = node_get(n, "decimal");

    if (!is_sign(c->decimal)) {
        complain(l, decimal, "must be one sign, as . or ,");
        return;
    }
    setup->decimal = c->decimal.p[0];
    setup->groups[0] = setup->decimal == ',' ? '.' : ',';
    if (!c->group)
        return;
    str group = c->group->type == NODE_TEXT ? c->group->text : STR_NONE;
    setup->groups[0] = 0;
    if (str_is(group, "none") || (c->group->type == NODE_TEXT && !group.n))
        return;
    if (str_is(group, "\u00a0") || str_is(group, "\u202f"))
        group = STR(" ");
    if (!is_sign(group) || group.p[0] == setup->decimal)
        complain(l, c->group, "must be one sign that is not the decimal one, or none");
    else
        setup->groups[0] = group.p[0];
}

static void load_setup(struct loader *l, const struct config *c, const struct node *n,
                       struct coerce_setup *setup)
{
    uint32_t count;
    const struct node **formats = words_of(l, c->formats, &count);

    for (uint32_t i = 0; i < count; i++) {
        const char *problem = coerce_check_format(formats[i]->text);
        if (problem)
            complain(l, formats[i], problem);
    }
    setup->formats = texts_of(l, c->formats, false, &setup->format_count);
    setup->truthy = texts_of(l, c->truthy, true, &setup->truthy_count);
    setup->falsy = texts_of(l, c->falsy, true, &setup->falsy_count);
    load_signs(l, c, n, setup);
}

static void load_fallback(struct loader *l, const struct node *n, struct normalise_field *field)
{
    str text = n && n->type == NODE_TEXT ? n->text : STR_NONE;
    struct coerced c = {0};

    if (!n)
        return;
    if (n->type != NODE_TEXT)
        findings_error(l->findings, n->at, node_width(n), "a text is wanted here");
    else if (!field->coercer || !text.n)
        field->fallback = json_quoted(l->arena, text);
    else if (!field->coercer->run(&field->setup, l->arena, str_trim(text), &c))
        complain(l, n, arena_copy(l->arena, c.why).p);
    else
        field->fallback = c.value;
}

static void load_field(struct loader *l, const struct node *n, struct normalise_field *field)
{
    struct config c = {0};
    bool is_short = n->type == NODE_TEXT;

    setting_fill(settings, is_short ? NULL : n, &c, l->findings);
    if (is_short)
        c.parse = n->text;
    if (str_starts(n->key, STR("sp_")) || !n->key.n)
        findings_error(l->findings, n->key_at, (uint32_t)n->key.n,
                       "a field must have a name that does not begin with sp_: standpipe's own "
                       "members do");
    field->name = json_quoted(l->arena, n->key);
    field->prefix = arena_printf(l->arena, "," STR_FMT ":", STR_ARG(field->name));
    field->is_required = c.is_required;
    load_aliases(l, &c, n->key, field);
    load_match(l, &c, field);
    load_coercer(l, &c, n, field);
    load_setup(l, &c, n, &field->setup);
    load_fallback(l, c.fallback, field);
}

void normalise_rules_load(struct normalise_rules *rules, struct arena *a,
                          const struct node *fields, struct findings *f)
{
    struct loader l = {a, f};

    *rules = (struct normalise_rules){0};
    if (!fields || fields->type == NODE_EMPTY)
        return;
    if (fields->type != NODE_MAP || fields->count > FIELDS_MAX) {
        findings_error(f, fields->at, node_width(fields),
                       "'fields' must be a map of at most %d fields", FIELDS_MAX);
        return;
    }
    rules->fields = arena_zalloc(a, (fields->count + 1) * sizeof(*rules->fields));
    for (const struct node *n = fields->children; n; n = n->next)
        load_field(&l, n, &rules->fields[rules->n++]);
}

void normalise_rules_free(struct normalise_rules *rules)
{
    for (uint32_t i = 0; i < rules->n; i++) {
        struct normalise_field *field = &rules->fields[i];
        for (uint32_t j = 0; j < field->alias_count; j++)
            if (!field->aliases[j].name.n)
                regfree(&field->aliases[j].pattern);
        if (field->has_match)
            regfree(&field->match);
    }
    *rules = (struct normalise_rules){0};
}

bool normalise_match(const regex_t *pattern, struct arena *a, str text, str *group)
{
    regmatch_t found[2] = {{-1, -1}, {-1, -1}};
    str copy = arena_copy(a, (str){text.p, MIN(text.n, (size_t)NORMALISE_TEXT_MAX)});

    if (regexec(pattern, copy.p, ARRAY_LEN(found), found, 0) != 0)
        return false;
    *group = found[1].rm_so < 0 ? STR_NONE
                                : str_between(copy.p + found[1].rm_so, copy.p + found[1].rm_eo);
    return true;
}
