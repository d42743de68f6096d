/* The settings of `enrich`: what can be wrong with them is said before anything runs. */
#include <stdio.h>

#include "common/base/hash.h"
#include "common/run/pipeline_load.h"
#include "workers/enrich.h"

enum { FINGERPRINT_DIGITS = 16, CONFIG_MAX = 1 << 20 };

static const struct setting table_settings[] = {
    {"name", SETTING_STR, NULL, offsetof(struct enrich_plan, table_name),
     "Table of the join, as `standpipe table load` or a stream of the pipeline fills it."},
    {"key", SETTING_NODE, NULL, offsetof(struct enrich_plan, key),
     "Member of the record whose text is the key of the table, or a list of them."},
    {"fresh", SETTING_MSEC, "5s", offsetof(struct enrich_plan, table_fresh_ms),
     "How long a row is used before Redis is asked again."},
    {"local", SETTING_BYTES, "8MiB", offsetof(struct enrich_plan, table_local),
     "Bytes of rows that each worker keeps."},
    {0},
};
struct cache_settings {
    uint64_t ttl, missing_ttl, stale, entries, bytes, local;
    str jitter;
};
static const struct setting cache_settings[] = {
    {"ttl", SETTING_MSEC, "30d", offsetof(struct cache_settings, ttl),
     "How long an answer is used; 0: it is not kept."},
    {"missing_ttl", SETTING_MSEC, "1d", offsetof(struct cache_settings, missing_ttl),
     "How long it is known that there is none; 0: it is not kept."},
    {"stale", SETTING_MSEC, "1d", offsetof(struct cache_settings, stale),
     "How long an old answer is used while one worker asks anew, or when that fails."},
    {"jitter", SETTING_STR, "10%", offsetof(struct cache_settings, jitter),
     "By how much a lifetime may be shorter, so that not all end at once: 0% to 50%."},
    {"entries", SETTING_COUNT, "100k", offsetof(struct cache_settings, entries),
     "Answers kept in Redis, at least 2."},
    {"bytes", SETTING_BYTES, "64MiB", offsetof(struct cache_settings, bytes),
     "Memory that they take in Redis."},
    {"local", SETTING_BYTES, "8MiB", offsetof(struct cache_settings, local),
     "Bytes of answers that each worker keeps; 0: none."},
    {0},
};
struct rate_settings {
    struct rate limit;
    uint64_t burst;
    str name;
};
static const struct setting rate_settings[] = {
    {"limit", SETTING_RATE, NULL, offsetof(struct rate_settings, limit),
     "Calls of all workers together: no window of that length ever sees more."},
    {"burst", SETTING_COUNT, "1", offsetof(struct rate_settings, burst),
     "Calls that may come at once; the steady rate is lower by them."},
    {"name", SETTING_STR, "", offsetof(struct rate_settings, name),
     "Stages and pipelines with the same one share the limit, Retry-After and the breaker; "
     "without it, the name of the stage."},
    {0},
};
const struct setting enrich_settings[] = {
    {"when", SETTING_STR, "", offsetof(struct enrich_plan, when),
     "Condition in Lua: records that it does not hold for pass as they are."},
    {"http", SETTING_NODE, "", offsetof(struct enrich_plan, http),
     "Look up by HTTP: the service and how to ask it.", INSIDE_KEYS, lookup_settings},
    {"table", SETTING_NODE, "", offsetof(struct enrich_plan, table),
     "Look up in a table in Redis, in place of `http`.", INSIDE_KEYS, table_settings},
    {"key", SETTING_NODE, "", offsetof(struct enrich_plan, key),
     "Member, or list of members, that answers are kept by; without it, all that the request "
     "is "
     "made of."},
    {"set", SETTING_NODE, "", offsetof(struct enrich_plan, set),
     "Members that records get, and where in the answer their values stand: {lat: "
     "/results/0/lat}.",
     INSIDE_FIELDS, enrich_member_settings},
    {"cache", SETTING_NODE, "", offsetof(struct enrich_plan, cache),
     "How long and how many answers are kept.", INSIDE_KEYS, cache_settings},
    {"rate", SETTING_NODE, "", offsetof(struct enrich_plan, rate),
     "How many calls the service allows.", INSIDE_KEYS, rate_settings},
    {"on_missing", SETTING_STR, "pass", offsetof(struct enrich_plan, on_missing),
     "What becomes of a record of which nothing is known: pass, issue, dead or drop."},
    {"on_failure", SETTING_STR, "retry", offsetof(struct enrich_plan, on_failure),
     "What becomes of a record that could not be looked up: retry (by the stage's `retry`, "
     "then "
     "dead), pass, issue or dead."},
    {0},
};

static const struct {
    const char *word;
    bool of_missing, of_failure;
} outcomes[] = {
    [OUTCOME_PASS] = {"pass", true, true},    [OUTCOME_ISSUE] = {"issue", true, true},
    [OUTCOME_DEAD] = {"dead", true, true},    [OUTCOME_DROP] = {"drop", true, false},
    [OUTCOME_RETRY] = {"retry", false, true},
};

static enum enrich_outcome find_outcome(const struct node *config, const char *key, str word,
                                        bool is_failure, struct findings *f)
{
    str valid[ARRAY_LEN(outcomes)];
    uint32_t n = 0;
    char what[40];

    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
        if (is_failure ? !outcomes[i].of_failure : !outcomes[i].of_missing)
            continue;
        if (str_is(word, outcomes[i].word))
            return (enum enrich_outcome)i;
        valid[n++] = str_of(outcomes[i].word);
    }
    snprintf(what, sizeof(what), "word for '%s'", key);
    findings_unknown(f, node_at(config, key), word, what, valid, n);
    return OUTCOME_PASS;
}

static void load_condition(struct enrich_plan *p, const struct node *config, struct findings *f)
{
    const struct node *when = node_get(config, "when");
    struct error err = {0};

    if (!when || when->type == NODE_EMPTY)
        return;
    p->script = script_new();
    if (script_compile(p->script, p->when, &p->condition, &err) != 0)
        findings_error(f, when->at, node_width(when), "%s", err.text);
}

static void add_key(struct enrich_plan *p, const struct node *n, struct findings *f)
{
    if (n->type != NODE_TEXT || n->text.n == 0)
        findings_error(f, n->at, node_width(n), "a key is a member, or a list of members");
    else if (p->member_count == ENRICH_KEY_MEMBERS)
        findings_error(f, n->at, node_width(n), "a key has at most %d members",
                       ENRICH_KEY_MEMBERS);
    else
        p->members[p->member_count++] = n->text;
}

static void load_key(struct enrich_plan *p, const struct node *key, struct findings *f)
{
    if (key->type != NODE_LIST) {
        add_key(p, key, f);
        return;
    }
    if (key->count == 0)
        findings_error(f, key->at, 1, "a key has at least one member");
    for (const struct node *n = key->children; n; n = n->next)
        add_key(p, n, f);
}

static void load_table(struct enrich_plan *p, const struct node *config, struct findings *f)
{
    const struct node *of_http[] = {node_get(config, "key"), node_get(config, "cache"),
                                    node_get(config, "rate")};

    for (size_t i = 0; i < ARRAY_LEN(of_http); i++)
        if (of_http[i])
            findings_error(f, of_http[i]->key_at, (uint32_t)of_http[i]->key.n,
                           "'" STR_FMT "' belongs to 'http': a table has a key of its own, and "
                           "needs neither cache nor rate",
                           STR_ARG(of_http[i]->key));
    if (!setting_fill(table_settings, p->table, p, f))
        return;
    load_key(p, p->key, f);
    if (!pipeline_is_name(p->table_name))
        findings_error(f, node_at(p->table, "name"), 1,
                       "'" STR_FMT "' is no name of a table: a small letter, then up to 63 "
                       "small letters, digits, '_' and '-'",
                       STR_ARG(p->table_name));
}

static bool read_percent(str text, uint64_t *percent)
{
    return str_ends(text, STR("%")) && str_to_u64((str){text.p, text.n - 1}, percent) &&
           *percent <= 50;
}

/* Of all that decides what an answer is and what is kept of it. */
static str fingerprint(const struct enrich_plan *p, struct arena *a)
{
    static const char *const of_http[] = {"url", "method", "body", "headers", "missing"};
    uint64_t h = hash_bytes(STR("1"));
    struct buf text;

    buf_init(&text, CONFIG_MAX);
    for (size_t i = 0; i < ARRAY_LEN(of_http) + 2; i++) {
        const struct node *n = i < ARRAY_LEN(of_http)    ? node_get(p->http, of_http[i])
                               : i == ARRAY_LEN(of_http) ? p->key
                                                         : p->set;
        buf_reset(&text);
        if (n && node_to_json(n, &text))
            h = hash_more(h, buf_str(&text));
        h = hash_more(h, STR("\n"));
    }
    buf_free(&text);
    char *digits = arena_alloc(a, FINGERPRINT_DIGITS);
    hash_hex(h, digits);
    return (str){digits, FINGERPRINT_DIGITS};
}

static void load_cache(struct enrich_plan *p, str name, struct arena *a, struct findings *f)
{
    struct cache_settings c = {0};

    setting_fill(cache_settings, p->cache, &c, f);
    p->cached = (struct lookup_cache_config){
        .stage = name,
        .ttl_ms = c.ttl,
        .missing_ttl_ms = c.missing_ttl,
        .stale_ms = c.stale,
        .entries = c.entries,
        .bytes = c.bytes,
        .local = c.local,
    };
    if (!read_percent(c.jitter, &p->cached.jitter))
        findings_error(f, node_at(p->cache, "jitter"), 1,
                       "jitter: '" STR_FMT "' is none: write 10%%, at most 50%%",
                       STR_ARG(c.jitter));
    if (c.entries < 2)
        findings_error(f, node_at(p->cache, "entries"), 1, "entries must be at least 2");
    if (c.bytes < 1 << 16)
        findings_error(f, node_at(p->cache, "bytes"), 1, "bytes must be at least 64KiB");
    if (p->set)
        p->cached.fingerprint = fingerprint(p, a);
}

static void load_rate(struct enrich_plan *p, str name, struct findings *f)
{
    struct rate_settings r = {.burst = 1};

    if (p->rate && !setting_fill(rate_settings, p->rate, &r, f))
        return;
    if (p->rate && r.limit.count < 1)
        findings_error(f, node_at(p->rate, "limit"), 1, "limit must be at least 1");
    if (r.burst < 1 || (p->rate && r.burst > r.limit.count))
        findings_error(f, node_at(p->rate, "burst"), 1, "burst is from 1 to the limit");
    if (r.name.n && !pipeline_is_name(r.name))
        findings_error(f, node_at(p->rate, "name"), 1,
                       "'" STR_FMT "' is no name: a small letter, then up to 63 small letters, "
                       "digits, '_' and '-'",
                       STR_ARG(r.name));
    p->rated = (struct lookup_rate_config){.name = r.name.n ? r.name : name,
                                           .limit = r.limit.count,
                                           .period_ms = r.limit.period_ms,
                                           .burst = r.burst};
    if (p->lookups)
        p->rated.timeout_ms = lookup_plan_config(p->lookups)->timeout_ms;
}

static void load_place(struct enrich_plan *p, const struct node *config, str name,
                       struct arena *a, struct findings *f)
{
    if (p->http && p->table) {
        findings_error(f, p->table->key_at, (uint32_t)p->table->key.n,
                       "a stage looks up in one place: 'http' or 'table'");
        return;
    }
    if (p->table) {
        load_table(p, config, f);
        return;
    }
    if (!p->http) {
        findings_error(f, config->at, 1,
                       "enrich needs a place to look up in: http: {url: ...}, or table: {name: "
                       "..., key: ...}");
        return;
    }
    p->lookups = lookup_plan_load(p->http, name, a, f);
    if (p->key)
        load_key(p, p->key, f);
    load_cache(p, name, a, f);
    load_rate(p, name, f);
}

void enrich_plan_load(struct enrich_plan *p, const struct node *config, str name,
                      struct arena *a, struct findings *f)
{
    load_condition(p, config, f);
    p->missing = find_outcome(config, "on_missing", p->on_missing, false, f);
    p->failure = find_outcome(config, "on_failure", p->on_failure, true, f);
    load_place(p, config, name, a, f);
    if (p->set)
        enrich_map_load(&p->map, p->set, a, f);
    else
        findings_error(f, config->at, 1,
                       "enrich needs 'set': the members that records get, {lat: "
                       "/results/0/lat}");
}

void enrich_plan_free(struct enrich_plan *p)
{
    script_free(p->script);
    p->script = NULL;
}
