#include "tools/test_run.h"

#include "common/data/json.h"
#include "common/run/offline.h"

struct trial {
    struct arena *arena;
    const struct pipeline_test *test;
    struct differences nearest; /* of the end that fits best */
    uint32_t nearest_count;
    bool has_ended, has_passed;
};

static uint32_t count(const struct differences *d)
{
    uint32_t n = 0;

    for (const struct difference *x = d->first; x; x = x->next)
        n++;
    return n;
}

static str quoted(struct arena *a, str s)
{
    return json_quoted(a, s);
}

/* Issues. */

static str issue_name(struct arena *a, str item)
{
    str field, issue;

    if (json_type(item) != JSON_OBJECT)
        return json_text(a, item);
    str name = json_find(item, STR("field"), &field) && json_type(field) == JSON_STRING
                   ? json_text(a, field)
                   : STR("record");
    str word = json_find(item, STR("issue"), &issue) ? json_text(a, issue) : STR_NONE;
    return arena_printf(a, STR_FMT ":" STR_FMT, STR_ARG(name), STR_ARG(word));
}

static bool is_same_issue(str want, str got)
{
    return str_equal(want, got) ||
           (got.n > want.n && str_starts(got, want) && got.p[want.n] == ':');
}

static bool has_issue(struct arena *a, str issues, str want)
{
    str rest, item;

    if (!json_open(issues, &rest))
        return false;
    while (json_next_item(&rest, &item))
        if (is_same_issue(want, issue_name(a, item)))
            return true;
    return false;
}

static bool is_wanted(const struct node *list, str got)
{
    for (const struct node *n = list->children; n; n = n->next)
        if (is_same_issue(n->text, got))
            return true;
    return false;
}

static void match_issues(struct differences *d, const struct node *want, const struct record *r)
{
    str issues = STR("[]"), rest, item;

    if (!record_find(r, STR("sp_issues"), &issues))
        issues = STR("[]");
    for (const struct node *n = want->children; n; n = n->next)
        if (!has_issue(d->arena, issues, n->text))
            test_differ(d, STR("issues"), quoted(d->arena, n->text), STR_NONE);
    for (json_open(issues, &rest); json_next_item(&rest, &item);) {
        str got = issue_name(d->arena, item);
        if (!is_wanted(want, got))
            test_differ(d, STR("issues"), STR_NONE, quoted(d->arena, got));
    }
}

/* Ends. */

static str outcome(struct arena *a, const struct offline_end *end)
{
    static const char *const fates[] = {
        [OFFLINE_OUT] = "arrives in", [OFFLINE_DEAD] = "dead", [OFFLINE_FILTERED] = "dropped"};
    bool is_out = end->fate == OFFLINE_OUT;

    return arena_printf(a, "%s " STR_FMT "%s" STR_FMT, fates[end->fate],
                        STR_ARG(is_out ? end->stage : end->reason), end->detail.n ? ": " : "",
                        STR_ARG(end->detail));
}

static void match_arrival(struct differences *d, const struct pipeline_test *t,
                          const struct offline_end *end)
{
    char *line = arena_alloc(d->arena, record_length(end->record) + 1);
    str document = str_between(line, record_write(end->record, line));

    if (t->to.n && !str_equal(t->to, end->stage))
        test_differ(d, STR("to"), quoted(d->arena, t->to), quoted(d->arena, end->stage));
    if (t->out)
        test_match(d, t->out, document, STR_NONE);
    if (t->issues)
        match_issues(d, t->issues, end->record);
}

static void match_end(struct differences *d, const struct pipeline_test *t,
                      const struct offline_end *end)
{
    str wanted = t->dead.n ? t->dead : t->dropped;
    enum offline_fate fate = t->dead.n      ? OFFLINE_DEAD
                             : t->dropped.n ? OFFLINE_FILTERED
                                            : OFFLINE_OUT;

    if (fate == OFFLINE_OUT && end->fate == OFFLINE_OUT)
        match_arrival(d, t, end);
    else if (end->fate != fate || !str_equal(end->reason, wanted))
        test_differ(d, STR("the record"),
                    fate == OFFLINE_OUT
                        ? STR("arrives")
                        : arena_printf(d->arena, "%s " STR_FMT, t->dead.n ? "dead" : "dropped",
                                       STR_ARG(wanted)),
                    outcome(d->arena, end));
}

/* A fork has several ends: one of them must fit. */
static void on_ended(void *ctx, const struct offline_end *end)
{
    struct trial *t = ctx;
    struct differences d = {.arena = t->arena};

    d.last = &d.first;
    match_end(&d, t->test, end);
    uint32_t n = count(&d);
    if (!t->has_ended || n < t->nearest_count) {
        for (struct difference *x = d.first; x; x = x->next)
            x->got = arena_copy(t->arena, x->got);
        t->nearest = d;
        t->nearest_count = n;
    }
    t->has_ended = true;
}

static str row_json(struct arena *a, const struct node *list, bool has_offset)
{
    str json = has_offset ? STR("[0") : STR("[");
    bool is_more = has_offset;

    for (const struct node *n = list->children; n; n = n->next, is_more = true) {
        str cell = json_quoted(a, n->text);
        json = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(json), is_more ? "," : "",
                            STR_ARG(cell));
    }
    return arena_printf(a, STR_FMT "]", STR_ARG(json));
}

static int run_one(struct trial *t, struct offline *o, struct error *err)
{
    const struct pipeline_test *test = t->test;
    bool is_uri = test->file.n && memchr(test->file.p, ':', test->file.n);
    struct offline_records in = {
        .at = test->stage.n ? test->stage : test->from,
        .entrance = test->stage.n ? OFFLINE_ALONE : OFFLINE_BEHIND,
        .uri = is_uri || !test->file.n
                   ? test->file
                   : arena_printf(t->arena, "file:///" STR_FMT, STR_ARG(test->file)),
    };

    in.data = test->in ? test_json(t->arena, test->in) : row_json(t->arena, test->row, true);
    if (test->row)
        in.cols = row_json(t->arena, test->cols, false);
    if (offline_records(o, &in, err))
        return error_wrap(err, "test '" STR_FMT "'", STR_ARG(test->name));
    if (!t->has_ended)
        test_differ(&t->nearest, STR("the record"), STR("some end"), STR("none"));
    return 0;
}

static enum canned reply(void *ctx, str stage, str *answer)
{
    const struct trial *t = ctx;
    const struct node *n = t->test->replies ? t->test->replies->children : NULL;

    while (n && !str_equal(n->key, stage))
        n = n->next;
    if (!n)
        return CANNED_NONE;
    if (n->type == NODE_TEXT)
        return str_is(n->text, "missing") ? CANNED_MISSING : CANNED_FAILED;
    *answer = test_json(t->arena, n);
    return CANNED_ANSWER;
}

int tests_run(const struct pipeline *p, struct arena *a, struct test_result **results,
              struct error *err)
{
    struct trial t = {.arena = a};
    const struct offline_setup setup = {
        .pipeline = p,
        .clock = &clock_system,
        .watch = {.ended = on_ended, .ctx = &t},
        .canned = reply,
        .canned_ctx = &t,
    };
    struct offline *o = p->test_count ? offline_open(&setup, err) : NULL;
    int rc = 0;

    *results = arena_zalloc(a, (p->test_count + 1) * sizeof(**results));
    if (!o)
        return p->test_count ? err->code : 0;
    for (uint32_t i = 0; i < p->test_count && rc == 0; i++) {
        t = (struct trial){.arena = a, .test = &p->tests[i], .nearest = {.arena = a}};
        t.nearest.last = &t.nearest.first;
        rc = run_one(&t, o, err);
        (*results)[i] = (struct test_result){&p->tests[i], t.nearest.first};
    }
    offline_close(o);
    return rc;
}

uint32_t tests_failed(const struct pipeline *p, const struct test_result *results)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < p->test_count; i++)
        n += results[i].differences != NULL;
    return n;
}

static void say_difference(struct say *s, const struct difference *d)
{
    say(s, "          ");
    say_seen(s, d->path);
    say(s, ": want ");
    say_seen(s, d->want.n ? d->want : STR("nothing"));
    say(s, ", got ");
    say_seen(s, d->got.n ? d->got : STR("nothing"));
    say(s, "\n");
}

void tests_say(struct say *s, const struct pipeline *p, const struct test_result *results,
               bool all)
{
    for (uint32_t i = 0; i < p->test_count; i++) {
        const struct test_result *r = &results[i];
        if (!all && !r->differences)
            continue;
        say(s, "  ");
        say_in(s, r->differences ? SAY_RED : SAY_GREEN, r->differences ? "FAIL" : "ok  ");
        say(s, "  ");
        say_seen(s, r->test->name);
        if (r->differences)
            say(s, "  (line %u)", r->test->node->at.line);
        say(s, "\n");
        for (const struct difference *d = r->differences; d; d = d->next)
            say_difference(s, d);
    }
    uint32_t failed = tests_failed(p, results);
    say(s, "%u tests: %u passed, %u failed\n", p->test_count, p->test_count - failed, failed);
}
