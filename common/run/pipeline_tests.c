#include <stddef.h>

#include "common/run/pipeline_load.h"

enum { TESTS_MAX = 1000 };

const struct setting pipeline_test_settings[] = {
    {"name", SETTING_STR, NULL, offsetof(struct pipeline_test, name),
     "What the test shows, in a few words."},
    {"stage", SETTING_STR, "", offsetof(struct pipeline_test, stage),
     "Stage that works on the record, alone: what leaves it is looked at."},
    {"from", SETTING_STR, "", offsetof(struct pipeline_test, from),
     "Stage that the record comes from, or inbox: it goes along the routes to its end."},
    {"file", SETTING_STR, "", offsetof(struct pipeline_test, file),
     "Name or uri of the file that it was read from, for rules of sources."},
    {"in", SETTING_NODE, "", offsetof(struct pipeline_test, in),
     "The record, a map: bare numbers, true, false and null are JSON, all else is text."},
    {"row", SETTING_NODE, "", offsetof(struct pipeline_test, row),
     "The cells of the record, in place of `in`: a list of texts."},
    {"cols", SETTING_NODE, "", offsetof(struct pipeline_test, cols),
     "The columns of `row`: a list of texts."},
    {"replies", SETTING_NODE, "", offsetof(struct pipeline_test, replies),
     "What look-ups are answered, by stage: JSON as in `in`, or missing, or failed."},
    {"out", SETTING_NODE, "", offsetof(struct pipeline_test, out),
     "Members that the document has in the end, among others."},
    {"to", SETTING_STR, "", offsetof(struct pipeline_test, to),
     "Stage that it arrives in, when the test begins with `from`."},
    {"dead", SETTING_STR, "", offsetof(struct pipeline_test, dead),
     "Reason for which it becomes a dead letter."},
    {"dropped", SETTING_STR, "", offsetof(struct pipeline_test, dropped),
     "Reason for which it is filtered."},
    {"issues", SETTING_NODE, "", offsetof(struct pipeline_test, issues),
     "All of its issues, as a list of field:issue or field."},
    {0},
};

static void complain(struct loader *l, const struct node *map, const char *key,
                     const char *what)
{
    const struct node *n = node_get(map, key);

    findings_error(l->f, n ? n->at : map->at, n ? node_width(n) : 1, "%s", what);
}

static bool is_list_of_texts(const struct node *n)
{
    if (n->type != NODE_LIST)
        return false;
    for (const struct node *item = n->children; item; item = item->next)
        if (item->type != NODE_TEXT && item->type != NODE_EMPTY)
            return false;
    return true;
}

static void check_place(struct loader *l, const struct node *map, const struct pipeline_test *t)
{
    uint32_t number;

    if (!t->stage.n == !t->from.n) {
        complain(l, map, "from", "a test has one of 'stage' and 'from'");
        return;
    }
    if (str_is(t->from, "inbox"))
        return;
    const struct node *place = node_get(map, t->stage.n ? "stage" : "from");
    if (!pipeline_stage_of(l, place, &number))
        return;
    const struct stage *kind = l->p->stages[number].kind;
    if (kind && t->stage.n && kind->wants_jobs)
        complain(l, map, "stage", "this stage works on files, not on records: say 'from'");
    if (kind && t->from.n && kind->is_end)
        complain(l, map, "from", "nothing comes out of this stage: say 'stage'");
    if (t->to.n && t->stage.n)
        complain(l, map, "to",
                 "a stage alone hands nothing on: say 'from' in place of 'stage'");
    else if (t->to.n)
        (void)pipeline_stage_of(l, node_get(map, "to"), &number);
}

static void check_record(struct loader *l, const struct node *map,
                         const struct pipeline_test *t)
{
    if (!t->in == !t->row)
        complain(l, map, "in", "a test has one of 'in' and 'row'");
    else if (t->in && t->in->type != NODE_MAP)
        complain(l, map, "in", "'in' is a map: the members of the record");
    else if (t->row && (!t->cols || !is_list_of_texts(t->cols) || !is_list_of_texts(t->row)))
        complain(l, map, "row", "'row' is a list of texts, and so is 'cols', its columns");
    else if (t->cols && !t->row)
        complain(l, map, "cols", "'cols' are the columns of 'row'");
}

static bool is_reply(const struct node *n)
{
    return n->type == NODE_MAP || n->type == NODE_LIST ||
           (n->type == NODE_TEXT && (str_is(n->text, "missing") || str_is(n->text, "failed")));
}

static void check_replies(struct loader *l, const struct node *map,
                          const struct pipeline_test *t)
{
    str names[PIPELINE_STAGES_MAX];
    uint32_t number;

    if (!t->replies)
        return;
    if (t->replies->type != NODE_MAP) {
        complain(l, map, "replies", "'replies' is a map of stages to what they are answered");
        return;
    }
    for (uint32_t i = 0; i < l->p->stage_count; i++)
        names[i] = l->p->stages[i].name;
    for (const struct node *n = t->replies->children; n; n = n->next) {
        if (!pipeline_find(l->p, n->key, &number))
            findings_unknown(l->f, n->key_at, n->key, "stage", names, l->p->stage_count);
        if (!is_reply(n))
            findings_error(l->f, n->at, node_width(n),
                           "a reply is the answer, a map or a list, or 'missing', or 'failed'");
    }
}

static void check_outcome(struct loader *l, const struct node *map,
                          const struct pipeline_test *t)
{
    bool arrives = t->out || t->to.n || t->issues;

    if (arrives + (t->dead.n > 0) + (t->dropped.n > 0) != 1)
        complain(l, map, "name",
                 "a test says what becomes of the record: 'out', 'to' or 'issues'; or 'dead'; "
                 "or 'dropped'");
    if (t->out && t->out->type != NODE_MAP)
        complain(l, map, "out", "'out' is a map: members of the document");
    if (t->issues && !is_list_of_texts(t->issues))
        complain(l, map, "issues", "'issues' is a list, like [price:unparsed], or []");
}

static void read_test(struct loader *l, const struct node *map)
{
    struct pipeline_test t = {.node = map};

    if (map->type != NODE_MAP) {
        findings_error(l->f, map->at, node_width(map),
                       "a test is a map, like {name: a flat, stage: tidy, in: {...}, out: "
                       "{...}}");
        return;
    }
    if (!setting_fill(pipeline_test_settings, map, &t, l->f))
        return;
    check_place(l, map, &t);
    check_record(l, map, &t);
    check_replies(l, map, &t);
    check_outcome(l, map, &t);
    l->p->tests[l->p->test_count++] = t;
}

void pipeline_read_tests(struct loader *l)
{
    const struct node *tests = node_get(l->p->root, "tests");

    if (!tests || tests->type == NODE_EMPTY)
        return;
    if (tests->type != NODE_LIST || tests->count > TESTS_MAX) {
        findings_error(l->f, tests->at, node_width(tests),
                       "'tests' is a list of up to %d tests", TESTS_MAX);
        return;
    }
    l->p->tests = arena_zalloc(&l->p->arena, (tests->count + 1) * sizeof(*l->p->tests));
    for (const struct node *t = tests->children; t; t = t->next)
        read_test(l, t);
}
