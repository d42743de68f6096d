#include "common/run/metrics.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check.h"

static struct buf out;

static str written(void)
{
    buf_reset(&out);
    CHECK(metrics_write(&out));
    return buf_str(&out);
}

static bool has_line(str text, const char *line)
{
    while (text.n)
        if (str_is(str_cut(&text, '\n'), line))
            return true;
    return false;
}

static void test_metrics_same_name_and_labels_are_one_counter(void)
{
    const char *name = "standpipe_fenced_total", *help = "Commits refused by a fence.";
    struct metric *a = metrics_get(name, METRIC_COUNTER, help, STR("stage=\"tidy\""));
    struct metric *other = metrics_get(name, METRIC_COUNTER, help, STR("stage=\"ship\""));
    char label[] = "stage=\"tidy\"";
    struct metric *b = metrics_get(name, METRIC_COUNTER, help, str_of(label));

    metric_add(a, 2);
    metric_add(b, 3);
    metric_set(other, 7);
    CHECK_INT(metric_value(a), 5);
    CHECK_INT(metric_value(b), 5);
    CHECK(has_line(written(), "standpipe_fenced_total{stage=\"tidy\"} 5"));
    CHECK(has_line(written(), "standpipe_fenced_total{stage=\"ship\"} 7"));
}

static void test_metrics_of_a_name_stand_together(void)
{
    const char *name = "standpipe_busy_ratio", *help = "Share of time spent at work.";
    metric_set(metrics_get(name, METRIC_GAUGE, help, STR("stage=\"a\"")), 0.5);
    metric_set(metrics_get("standpipe_held_ratio", METRIC_GAUGE, "Held.", STR_NONE), 1);
    metric_set(metrics_get(name, METRIC_GAUGE, help, STR("stage=\"b\"")), 0.25);
    str together = STR("# TYPE standpipe_busy_ratio gauge\n"
                       "standpipe_busy_ratio{stage=\"a\"} 0.5\n"
                       "standpipe_busy_ratio{stage=\"b\"} 0.25\n");
    str text = written();
    CHECK(memmem(text.p, text.n, together.p, together.n) != NULL);
}

static void test_metrics_gauge_keeps_its_digits(void)
{
    static const struct {
        double value;
        const char *line;
    } cases[] = {
        {0, "standpipe_topic_bytes 0"},
        {0.1, "standpipe_topic_bytes 0.1"},
        {67108864, "standpipe_topic_bytes 67108864"},
        {1785600000.123, "standpipe_topic_bytes 1785600000.123"},
        {-1.5, "standpipe_topic_bytes -1.5"},
    };
    struct metric *m =
        metrics_get("standpipe_topic_bytes", METRIC_GAUGE, "Bytes waiting.", STR_NONE);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        metric_set(m, cases[i].value);
        CHECK(has_line(written(), cases[i].line));
    }
}

static void test_metrics_histogram_counts_below_each_bound(void)
{
    struct metric *m = metrics_get("standpipe_commit_seconds", METRIC_HISTOGRAM,
                                   "Time of a commit.", STR("stage=\"tidy\""));
    metric_observe(m, 0.001);
    metric_observe(m, 0.5);
    metric_observe(m, 100);
    str text = written();
    CHECK(has_line(text, "standpipe_commit_seconds_bucket{stage=\"tidy\",le=\"0.001\"} 1"));
    CHECK(has_line(text, "standpipe_commit_seconds_bucket{stage=\"tidy\",le=\"0.25\"} 1"));
    CHECK(has_line(text, "standpipe_commit_seconds_bucket{stage=\"tidy\",le=\"1\"} 2"));
    CHECK(has_line(text, "standpipe_commit_seconds_bucket{stage=\"tidy\",le=\"60\"} 2"));
    CHECK(has_line(text, "standpipe_commit_seconds_bucket{stage=\"tidy\",le=\"+Inf\"} 3"));
    CHECK(has_line(text, "standpipe_commit_seconds_sum{stage=\"tidy\"} 100.501"));
    CHECK(has_line(text, "standpipe_commit_seconds_count{stage=\"tidy\"} 3"));
}

static void test_metrics_refuse_to_pass_the_cap(void)
{
    struct buf small;

    buf_init(&small, 64);
    metrics_get("standpipe_undone_total", METRIC_COUNTER, "Commits undone.", STR_NONE);
    CHECK(!metrics_write(&small));
    buf_free(&small);
}

/* Prometheus' own linter is the judge of names and syntax. */
static void test_metrics_please_promtool(void)
{
    if (system("command -v promtool >/dev/null") != 0) {
        printf("# promtool is not installed: its check is skipped\n");
        return;
    }
    FILE *promtool = popen("promtool check metrics 2>&1 >/dev/null", "w");
    str text = written();
    CHECK(promtool && fwrite(text.p, 1, text.n, promtool) == text.n);
    CHECK_INT(promtool ? pclose(promtool) : -1, 0);
}

static void test_metrics_stop_growing(void)
{
    const char *name = "standpipe_takeovers_total", *help = "Entries taken over.";
    char label[32];

    for (int i = 0; i < 5000; i++) {
        snprintf(label, sizeof(label), "stage=\"s%d\"", i);
        metric_add(metrics_get(name, METRIC_COUNTER, help, str_of(label)), 1);
    }
    CHECK(has_line(written(), "standpipe_takeovers_total{stage=\"s0\"} 1"));
    CHECK(!has_line(written(), "standpipe_takeovers_total{stage=\"s4999\"} 1"));
}

static void test_a_label_that_changes_is_one_series(void)
{
    struct metric *m =
        metrics_get("standpipe_pipeline_info", METRIC_GAUGE, "In force.", STR(""));

    for (int i = 1; i <= 3; i++) {
        char label[32];
        snprintf(label, sizeof(label), "version=\"%d\"", i);
        metric_relabel(m, str_of(label));
        metric_set(m, 1);
    }
    CHECK(has_line(written(), "standpipe_pipeline_info{version=\"3\"} 1"));
    CHECK(!has_line(written(), "standpipe_pipeline_info{version=\"2\"} 1"));
}

int main(void)
{
    buf_init(&out, 1 << 20);
    RUN(test_metrics_same_name_and_labels_are_one_counter);
    RUN(test_metrics_of_a_name_stand_together);
    RUN(test_metrics_gauge_keeps_its_digits);
    RUN(test_a_label_that_changes_is_one_series);
    RUN(test_metrics_histogram_counts_below_each_bound);
    RUN(test_metrics_refuse_to_pass_the_cap);
    RUN(test_metrics_please_promtool);
    RUN(test_metrics_stop_growing);
    buf_free(&out);
    return check_done();
}
