#include <stddef.h>

#include "common/run/pipeline.h"
#include "tests/unit/check.h"
#include "tests/unit/kinds.h"

static struct arena arena;
static struct findings findings;

static const char frame[] =
    "stages: {rows: {split: {}}, tidy: {normalise: {}}, odd: {normalise: "
    "{}}, ship: {deliver: {}}}\n"
    "routes:\n"
    "  - {from: inbox, to: rows}\n"
    "  - {from: rows, to: tidy}\n"
    "  - {from: tidy, to: ship}\n"
    "  - {from: odd, to: ship}\n"
    "windows:\n";

static struct pipeline *load(const char *windows)
{
    arena_reset(&arena);
    findings = (struct findings){.arena = &arena};
    str text = arena_printf(&arena, "%s%s", frame, windows);
    return pipeline_load(text, STR_NONE, kinds, &findings);
}

static void test_reads_a_window(void)
{
    struct pipeline *p = load("  hourly:\n"
                              "    on: tidy\n"
                              "    key: [country, city]\n"
                              "    every: 1h\n"
                              "    over: 6h\n"
                              "    time: at\n"
                              "    lateness: 10m\n"
                              "    values: {n: count, mean: {avg: price, decimals: 1}, best: "
                              "{top: agent, k: 3}}\n"
                              "    max_keys: 5k\n"
                              "    late: odd\n"
                              "    to: ship\n"
                              "    reduce: true\n"
                              "    keep: 1d\n"
                              "  all: {on: ship, every: 1d, key: kind, values: {n: count}}\n");

    CHECK(p);
    if (!p)
        return;
    CHECK_INT(p->window_count, 2);
    const struct pipeline_window *w = p->windows;
    CHECK_STR(w->name, STR("hourly"));
    CHECK_INT(w->on, 1);
    CHECK_INT(w->key_count, 2);
    CHECK_STR(w->keys[1], STR("city"));
    CHECK_INT(w->every_ms, 3600000);
    CHECK_INT(w->over_ms, 21600000);
    CHECK_INT(w->lateness_ms, 600000);
    CHECK_STR(w->time, STR("at"));
    CHECK_INT(w->value_count, 3);
    CHECK_INT(w->values[0].op, WINDOW_COUNT);
    CHECK_INT(w->values[1].op, WINDOW_AVG);
    CHECK_INT(w->values[1].decimals, 1);
    CHECK_STR(w->values[1].member, STR("price"));
    CHECK_INT(w->values[2].k, 3);
    CHECK_INT(w->max_keys, 5000);
    CHECK(w->has_late && w->late == 2);
    CHECK(w->has_to && w->to == 3);
    CHECK(w->reduces && pipeline_reduces(p, 1) && !pipeline_reduces(p, 3));
    CHECK_INT(w->keep_ms, 86400000);
    CHECK_INT(w[1].over_ms, 86400000);
    CHECK(!w[1].has_to && !w[1].has_late && !w[1].reduces && !w[1].replays);
    CHECK_INT(findings.n, 0);
    pipeline_free(p);
}

#define ON    "on: tidy, every: 1h"
#define COUNT "values: {n: count}"

static void test_finds_mistakes(void)
{
    const struct {
        const char *window, *text;
    } rows[] = {
        {"  W: {" ON ", " COUNT "}\n", "the name of a window is a small letter"},
        {"  w: {on: tidi, every: 1h, " COUNT "}\n", "'tidi'"},
        {"  w: {" ON ", values: {}}\n", "'values' is a map of 1 to 32 names"},
        {"  w: {" ON ", values: {n: median}}\n", "a value is `count` or a map"},
        {"  w: {" ON ", values: {n: {sum: a, avg: b}}}\n", "a value is `count`, or one of"},
        {"  w: {" ON ", values: {n: {summ: a}}}\n", "'summ'"},
        {"  w: {" ON ", values: {n: {sum: a, decimals: 10}}}\n", "'decimals' is 0 to 9"},
        {"  w: {" ON ", values: {n: {top: a, k: 0}}}\n", "'k' is 1 to 1000"},
        {"  w: {" ON ", values: {a-b: count}}\n", "the name of a value is letters"},
        {"  w: {" ON ", values: {sp_x: count}}\n", "the name of a value is letters"},
        {"  w: {" ON ", values: {start: count}}\n", "results have a member 'start' already"},
        {"  w: {" ON ", key: [a, n], " COUNT "}\n", "results have a member 'n' already"},
        {"  w: {" ON ", key: {a: b}, " COUNT "}\n", "write the name of a member, or a list"},
        {"  w: {on: tidy, every: 500ms, " COUNT "}\n", "a step is whole seconds"},
        {"  w: {" ON ", over: 90m, " COUNT "}\n", "the width is a multiple of `every`"},
        {"  w: {" ON ", over: 1001h, " COUNT "}\n", "the width is a multiple of `every`"},
        {"  w: {" ON ", reduce: true, " COUNT "}\n", "add `to`"},
        {"  w: {on: ship, every: 1h, reduce: true, to: odd, " COUNT "}\n",
         "what leaves 'ship' was delivered"},
        {"  w: {" ON ", max_keys: 200k, " COUNT "}\n", "'max_keys' is 1 to 100k"},
        {"  w: {" ON ", to: rows, " COUNT "}\n",
         "the routes run in a circle: rows -> tidy -> rows"},
        {"  w: {" ON ", late: tidy, " COUNT "}\n", "the routes run in a circle: tidy -> tidy"},
        {"  - w\n", "'windows' is a map"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct pipeline *p = load(rows[i].window);
        bool is_said = false;
        for (uint32_t k = 0; k < findings.n; k++)
            is_said |= !findings.list[k].is_warning &&
                       memmem(findings.list[k].text.p, findings.list[k].text.n, rows[i].text,
                              strlen(rows[i].text)) != NULL;
        CHECK(!p && is_said);
        if (p || !is_said)
            printf("# %s# %s\n", rows[i].window,
                   findings.n ? arena_copy(&arena, findings.list[0].text).p : "good");
        pipeline_free(p);
    }
}

static void test_a_stage_that_only_windows_feed_is_fed(void)
{
    struct pipeline *p = load("  w: {" ON ", to: odd, " COUNT "}\n");

    CHECK(p);
    CHECK_INT(findings.n, 0);
    pipeline_free(p);
    p = load("  w: {on: rows, every: 1h, " COUNT "}\n");
    CHECK_INT(findings.warnings, 1);
    pipeline_free(p);
}

int main(void)
{
    RUN(test_reads_a_window);
    RUN(test_finds_mistakes);
    RUN(test_a_stage_that_only_windows_feed_is_fed);
    arena_free(&arena);
    return check_done();
}
