/* A pipeline without Redis: two stages of our own and one that is an end. */
#include "common/run/offline.h"

#include "tests/unit/check.h"

struct double_state {
    str mark;
};
static const struct setting mark_settings[] = {
    {"mark", SETTING_STR, "!", offsetof(struct double_state, mark), "Value to add."}, {0}};

/* Marks records, settles some of them. */
static enum work mark(struct worker *w, struct batch *b)
{
    const struct double_state *s = w->state;
    str value;

    batch_each(r, b) {
        if (record_find(r, STR("drop"), &value))
            record_settle(r, VERDICT_DROP, STR("asked"), STR("it asked for it"));
        else if (record_find(r, STR("retry"), &value))
            record_settle(r, VERDICT_RETRY, STR("busy"), STR("not now"));
        else
            record_add(b, r, STR("mark"),
                       arena_printf(&b->arena, "\"" STR_FMT "\"", STR_ARG(s->mark)));
    }
    return WORK_DONE;
}

static enum work wait_for_ever(struct worker *w, struct batch *b)
{
    (void)w, (void)b;
    return WORK_LATER;
}

static void close_nothing(struct worker *w)
{
    (void)w;
}

static const struct stage stage_mark = {.name = "mark",
                                        .state_size = sizeof(struct double_state),
                                        .settings = mark_settings,
                                        .process = mark,
                                        .close = close_nothing,
                                        .max_inflight = 1};
static const struct stage stage_wait = {.name = "wait",
                                        .state_size = sizeof(struct double_state),
                                        .settings = mark_settings,
                                        .process = wait_for_ever,
                                        .close = close_nothing,
                                        .max_inflight = 1};
static const struct stage stage_ship = {.name = "deliver",
                                        .state_size = sizeof(struct double_state),
                                        .settings = mark_settings,
                                        .close = close_nothing,
                                        .max_inflight = 1,
                                        .is_end = true};
static const struct stage *const kinds[] = {&stage_mark, &stage_wait, &stage_ship, NULL};

static const char text[] = "stages:\n"
                           "  first: {mark: {mark: one}}\n"
                           "  second: {mark: {mark: two}}\n"
                           "  slow: {wait: {}}\n"
                           "  ship: {deliver: {}}\n"
                           "  copy: {deliver: {}}\n"
                           "routes:\n"
                           "  - {from: inbox, to: first}\n"
                           "  - {from: first, when: n == 1, drop: one}\n"
                           "  - {from: first, when: n == 2, dead: two}\n"
                           "  - {from: first, when: n == 3, to: [ship, copy]}\n"
                           "  - {from: first, when: n == 4, to: slow}\n"
                           "  - {from: first, when: n == 5, to: second}\n"
                           "  - {from: first, when: n + 1 > 7, to: ship}\n"
                           "  - {from: second, to: ship}\n"
                           "  - {from: slow, to: ship}\n";

struct seen {
    struct arena arena;
    str all;
};

static void on_ended(void *ctx, const struct offline_end *end)
{
    static const char *const fates[] = {"out", "dead", "filtered"};
    struct seen *s = ctx;
    char line[256];
    str document = str_between(line, record_write(end->record, line));

    s->all = arena_printf(&s->arena, STR_FMT "%s " STR_FMT " " STR_FMT " " STR_FMT "\n",
                          STR_ARG(s->all), fates[end->fate], STR_ARG(end->stage),
                          STR_ARG(end->reason),
                          STR_ARG(end->fate == OFFLINE_OUT ? document : STR_NONE));
}

static str run(struct seen *s, const struct offline_records *in, str stop, struct error *err)
{
    struct findings f = {.arena = &s->arena};
    struct pipeline *p = pipeline_load(str_of(text), STR_NONE, kinds, &f);

    CHECK(p != NULL);
    if (!p)
        return STR_NONE;
    const struct offline_setup setup = {.pipeline = p,
                                        .clock = &clock_system,
                                        .stop = stop,
                                        .watch = {.ended = on_ended, .ctx = s}};
    struct offline *o = offline_open(&setup, err);
    s->all = STR("");
    if (o && offline_records(o, in, err))
        s->all = arena_printf(&s->arena, "%s", err->text);
    offline_close(o);
    pipeline_free(p);
    return s->all;
}

static void test_records_take_their_routes(void)
{
    static const struct {
        const char *at;
        enum offline_entrance entrance;
        const char *data, *stop, *want;
    } cases[] = {
        {"inbox", OFFLINE_BEHIND, "{\"n\":1}", "", "filtered first one \n"},
        {"inbox", OFFLINE_BEHIND, "{\"n\":2}", "", "dead first two \n"},
        {"inbox", OFFLINE_BEHIND, "{\"n\":3}", "",
         "out ship  {\"n\":3,\"mark\":\"one\"}\nout copy  {\"n\":3,\"mark\":\"one\"}\n"},
        {"inbox", OFFLINE_BEHIND, "{\"n\":5}", "",
         "out ship  {\"n\":5,\"mark\":\"one\",\"mark\":\"two\"}\n"},
        {"inbox", OFFLINE_BEHIND, "{\"n\":6}", "", "dead first no_route \n"},
        {"inbox", OFFLINE_BEHIND, "{\"n\":\"x\"}", "", "dead first condition \n"},
        {"inbox", OFFLINE_BEHIND, "{\"drop\":1}", "", "filtered first asked \n"},
        {"inbox", OFFLINE_BEHIND, "{\"retry\":1}", "", "dead first busy \n"},
        {"first", OFFLINE_BEHIND, "{\"n\":5}", "", "out ship  {\"n\":5,\"mark\":\"two\"}\n"},
        {"first", OFFLINE_INTO, "{\"n\":1}\n{\"n\":3}\n{\"n\":1}", "copy",
         "filtered first one \nout ship  {\"n\":3,\"mark\":\"one\"}\nout copy  "
         "{\"n\":3,\"mark\":\"one\"}\nfiltered first one \n"},
        {"first", OFFLINE_ALONE, "{\"n\":1}", "", "out first  {\"n\":1,\"mark\":\"one\"}\n"},
        {"inbox", OFFLINE_BEHIND, "{\"n\":1}", "first",
         "out first  {\"n\":1,\"mark\":\"one\"}\n"},
        {"ship", OFFLINE_INTO, "{\"n\":1}", "", "out ship  {\"n\":1}\n"},
        {"nowhere", OFFLINE_INTO, "{\"n\":1}", "", "the pipeline has no stage 'nowhere'"},
        {"inbox", OFFLINE_BEHIND, "{\"n\":4}", "",
         "stage 'slow' does not work offline: stop before it with --stage; a test says what it "
         "is answered under 'replies'"},
    };
    struct seen s = {0};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        const struct offline_records in = {.at = str_of(cases[i].at),
                                           .entrance = cases[i].entrance,
                                           .data = str_of(cases[i].data)};
        CHECK_STR(run(&s, &in, str_of(cases[i].stop), &err), str_of(cases[i].want));
    }
    arena_free(&s.arena);
}

static void test_an_unknown_stage_to_stop_at(void)
{
    struct seen s = {0};
    struct error err = {0};
    const struct offline_records in = {.at = STR("inbox"), .data = STR("{}")};

    CHECK_STR(run(&s, &in, STR("nowhere"), &err), STR(""));
    CHECK_INT(err.code, ERR_CONFIG);
    arena_free(&s.arena);
}

int main(void)
{
    RUN(test_records_take_their_routes);
    RUN(test_an_unknown_stage_to_stop_at);
    return check_done();
}
