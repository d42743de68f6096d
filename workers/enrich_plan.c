/* The settings of `enrich`: what can be wrong with them is said before anything runs. */
#include <stdio.h>

#include "workers/enrich.h"

const struct setting enrich_settings[] = {
    {"when", SETTING_STR, "", offsetof(struct enrich_plan, when),
     "Condition in Lua: records that it does not hold for pass as they are."},
    {"http", SETTING_NODE, "", offsetof(struct enrich_plan, http),
     "Look up by HTTP: the service and how to ask it.", INSIDE_KEYS, lookup_settings},
    {"set", SETTING_NODE, "", offsetof(struct enrich_plan, set),
     "Members that records get, and where in the answer their values stand: {lat: "
     "/results/0/lat}.",
     INSIDE_FIELDS, enrich_member_settings},
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
    struct error err = {0};

    if (!node_get(config, "when"))
        return;
    p->script = script_new();
    if (script_compile(p->script, p->when, &p->condition, &err) != 0)
        findings_error(f, node_at(config, "when"), node_width(node_get(config, "when")), "%s",
                       err.text);
}

void enrich_plan_load(struct enrich_plan *p, const struct node *config, str name,
                      struct arena *a, struct findings *f)
{
    load_condition(p, config, f);
    p->missing = find_outcome(config, "on_missing", p->on_missing, false, f);
    p->failure = find_outcome(config, "on_failure", p->on_failure, true, f);
    if (p->http)
        p->lookups = lookup_plan_load(p->http, name, a, f);
    else
        findings_error(f, config->at, 1,
                       "enrich needs a place to look up in: http: {url: ...}");
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
