#include <assert.h>
#include <stddef.h>

#include "common/run/pipeline_load.h"

enum { KINDS_MAX = 16 };
static const uint64_t within_max_ms = 400ULL * 24 * 3600 * 1000;

struct marks {
    uint64_t high, low, keep, keep_bytes;
    const struct node *retry, *dedupe;
    const struct node *config[KINDS_MAX];
};

/* Words of our own keys in Redis, and of the file. */
static const char *const reserved[] = {
    "inbox", "dead",   "later", "books",  "job",    "source",  "seen", "count", "pipeline",
    "mark",  "worker", "wake",  "replay", "window", "columns", "once", "table", "tables"};

static bool is_reserved(str name)
{
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
        if (str_is(name, reserved[i]))
            return true;
    return false;
}

bool pipeline_is_name(str s)
{
    if (s.n == 0 || s.n > 64 || s.p[0] < 'a' || s.p[0] > 'z')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || ascii_is_digit(c) || c == '_' || c == '-'))
            return false;
    }
    return true;
}

struct dedupe {
    const struct node *key;
    uint64_t within_ms;
};
static const struct setting dedupe_settings[] = {
    {"key", SETTING_NODE, NULL, offsetof(struct dedupe, key),
     "Member, or list of members, that say which records are the same."},
    {"within", SETTING_MSEC, NULL, offsetof(struct dedupe, within_ms),
     "How long a key is remembered, from the first record on: 1s to 400d."},
    {0},
};

const struct setting pipeline_stage_settings[] = {
    {"high", SETTING_BYTES, "64MiB", offsetof(struct marks, high),
     "Bytes that may wait before its feeders stop."},
    {"low", SETTING_BYTES, "32MiB", offsetof(struct marks, low), "Bytes at which they go on."},
    {"retry", SETTING_NODE, "", offsetof(struct marks, retry),
     "How often and when a record is tried again.", INSIDE_KEYS, retry_settings},
    {"keep", SETTING_MSEC, "0", offsetof(struct marks, keep),
     "How long entries stay for a replay after they are done."},
    {"keep_bytes", SETTING_BYTES, "0", offsetof(struct marks, keep_bytes),
     "Memory the topic may take with what is kept: the oldest go."},
    {"dedupe", SETTING_NODE, "", offsetof(struct marks, dedupe),
     "Of records with the same key only the first leaves the stage.", INSIDE_KEYS,
     dedupe_settings},
    {0},
};

/* One table for the keys of a stage: those of the kinds, and the marks. */
static void fill_marks(struct loader *l, const struct node *map, struct marks *marks)
{
    struct setting table[KINDS_MAX + ARRAY_LEN(pipeline_stage_settings)] = {0};
    uint32_t n = 0;

    for (; l->kinds[n]; n++) {
        assert(n < KINDS_MAX);
        table[n] = (struct setting){l->kinds[n]->name, SETTING_NODE, "",
                                    offsetof(struct marks, config), l->kinds[n]->summary};
        table[n].offset += n * sizeof(marks->config[0]);
    }
    memcpy(table + n, pipeline_stage_settings, sizeof(pipeline_stage_settings));
    setting_fill(table, map, marks, l->f);
    if (!node_get(map, "low") && marks->low >= marks->high)
        marks->low = marks->high / 2;
    if (marks->low >= marks->high)
        findings_error(l->f, node_at(map, "low"), 1, "'low' must be below 'high'");
}

static struct retry_policy read_retry(struct loader *l, const struct node *map)
{
    struct retry_policy policy = {0};

    setting_fill(retry_settings, map, &policy, l->f);
    if (policy.attempts < 1)
        findings_error(l->f, node_at(map, "attempts"), 1, "attempts must be at least 1");
    return policy;
}

bool pipeline_members(struct loader *l, const struct node *n, uint32_t max, const str **members,
                      uint32_t *count)
{
    const struct node *first = n->type == NODE_LIST ? n->children : n;
    str *list = arena_alloc(&l->p->arena, max * sizeof(*list));

    *members = list;
    *count = 0;
    for (const struct node *m = first; m; m = n->type == NODE_LIST ? m->next : NULL) {
        bool is_good = m->type == NODE_TEXT && m->text.n && *count < max;
        for (uint32_t i = 0; i < *count && is_good; i++)
            is_good = !str_equal(list[i], m->text);
        if (!is_good)
            break;
        list[(*count)++] = m->text;
    }
    if (*count > 0 && *count == (n->type == NODE_LIST ? n->count : 1))
        return true;
    findings_error(l->f, n->at, node_width(n),
                   "write the name of a member, or a list of up to %u different ones", max);
    return false;
}

static struct once_rule read_dedupe(struct loader *l, const struct node *map,
                                    const struct stage *kind)
{
    struct dedupe d = {0};
    struct once_rule rule = {0};

    if (!map || !setting_fill(dedupe_settings, map, &d, l->f) ||
        !pipeline_members(l, d.key, PIPELINE_KEY_MAX, &rule.members, &rule.member_count))
        return rule;
    rule.within_ms = d.within_ms;
    if (d.within_ms == 0 || d.within_ms > within_max_ms || d.within_ms % 1000)
        findings_error(l->f, node_at(map, "within"), 1,
                       "'within' is whole seconds, from 1s to 400d");
    if (kind && (kind->is_end || kind->wants_jobs))
        findings_error(l->f, map->key_at, (uint32_t)map->key.n,
                       "'dedupe' belongs to a stage that records with members leave for "
                       "another one: not to '%s'",
                       kind->name);
    return rule;
}

/* The one key that is a kind. */
static const struct stage *find_kind(struct loader *l, const struct node *map,
                                     const struct node **config)
{
    const struct stage *found = NULL;

    for (const struct node *key = map->children; key; key = key->next) {
        for (uint32_t i = 0; l->kinds[i]; i++) {
            if (!str_is(key->key, l->kinds[i]->name))
                continue;
            if (found)
                findings_error(l->f, key->key_at, (uint32_t)key->key.n,
                               "a stage has one kind: this one is '%s' already", found->name);
            found = l->kinds[i];
            *config = key;
        }
    }
    return found;
}

/* The settings of a stage, into a state that only lives for the check. */
static void check_settings(struct loader *l, const struct pipeline_stage *s)
{
    void *state = arena_zalloc(l->f->arena, s->kind->state_size + 1);
    bool is_whole = setting_fill(s->kind->settings, s->config, state, l->f);

    if (s->kind->check && is_whole)
        s->kind->check(state, s->config, l->f);
}

static void read_stage(struct loader *l, const struct node *map)
{
    struct marks marks = {0};
    struct pipeline_stage s = {.name = map->key};
    uint32_t width = (uint32_t)map->key.n, before = l->f->errors;

    if (!pipeline_is_name(s.name))
        findings_error(l->f, map->key_at, width,
                       "'" STR_FMT "' is no name of a stage: a small letter, then up to 63 "
                       "small letters, digits, '_' and '-'",
                       STR_ARG(s.name));
    else if (is_reserved(s.name))
        findings_error(l->f, map->key_at, width,
                       "'" STR_FMT "' is a word of our own keys: "
                       "call the stage otherwise",
                       STR_ARG(s.name));
    fill_marks(l, map, &marks);
    s.kind = find_kind(l, map, &s.config);
    s.high_bytes = marks.high;
    s.low_bytes = marks.low;
    s.retry = read_retry(l, marks.retry);
    s.keep_ms = marks.keep;
    s.keep_bytes = marks.keep_bytes;
    s.once = read_dedupe(l, marks.dedupe, s.kind);
    if (s.kind)
        check_settings(l, &s);
    else if (l->f->errors == before)
        findings_error(l->f, map->at, 1,
                       "stage '" STR_FMT "' has no kind, like "
                       "{%s: {...}}",
                       STR_ARG(s.name), l->kinds[0]->name);
    /* A stage in trouble stays, so that the routes to it are no trouble too. */
    l->p->stages[l->p->stage_count++] = s;
}

void pipeline_read_stages(struct loader *l)
{
    struct pipeline *p = l->p;
    const struct node *stages = node_get(p->root, "stages");

    if (!stages || stages->type != NODE_MAP || stages->count == 0) {
        findings_error(l->f, node_at(p->root, "stages"), 1,
                       "'stages' is missing: a map of names to stages");
        return;
    }
    if (stages->count > PIPELINE_STAGES_MAX) {
        findings_error(l->f, stages->at, 1, "more than %d stages", PIPELINE_STAGES_MAX);
        return;
    }
    p->stages = arena_alloc(&p->arena, stages->count * sizeof(*p->stages));
    for (const struct node *s = stages->children; s; s = s->next)
        read_stage(l, s);
}

bool pipeline_stage_of(struct loader *l, const struct node *n, uint32_t *number)
{
    str names[PIPELINE_STAGES_MAX];

    if (pipeline_find(l->p, n->text, number))
        return true;
    for (uint32_t i = 0; i < l->p->stage_count; i++)
        names[i] = l->p->stages[i].name;
    findings_unknown(l->f, n->at, n->text, "stage", names, l->p->stage_count);
    return false;
}
