#include "common/run/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A stage name that comes and goes with new pipeline versions leaves its series behind, so
 * there is a cap; what comes later counts into a series that nobody sees. */
enum { SERIES_MAX = 4096 };

static const double bounds[METRIC_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                              0.1,   0.25,   1,     5,    15,    60};

struct family { /* all series of a name: Prometheus wants them together */
    struct family *next;
    const char *name, *help;
    enum metric_type type;
    struct metric *first, *last;
};
struct metric {
    struct metric *next;
    const struct family *family;
    char *text; /* owned: the labels */
    str labels;
    uint64_t count; /* of a counter; observations of a histogram */
    double value;   /* of a gauge; sum of a histogram */
    uint64_t buckets[METRIC_BUCKETS];
};

static struct {
    struct family *first, *last;
    uint32_t series;
} registry;

static struct family *family_get(const char *name, enum metric_type type, const char *help)
{
    for (struct family *f = registry.first; f; f = f->next) {
        if (strcmp(f->name, name) != 0)
            continue;
        assert(f->type == type);
        return f;
    }
    struct family *f = xalloc(sizeof(*f));
    f->name = xstrdup(name);
    f->help = xstrdup(help);
    f->type = type;
    if (registry.last)
        registry.last->next = f;
    else
        registry.first = f;
    registry.last = f;
    return f;
}

struct metric *metrics_get(const char *name, enum metric_type type, const char *help,
                           str labels)
{
    static struct family hidden_family = {.name = ""};
    static struct metric hidden = {.family = &hidden_family};
    struct family *f = family_get(name, type, help);

    for (struct metric *m = f->first; m; m = m->next)
        if (str_equal(m->labels, labels))
            return m;
    if (registry.series >= SERIES_MAX) {
        hidden_family.type = type;
        return &hidden;
    }
    registry.series++;
    struct metric *m = xalloc(sizeof(*m));
    m->family = f;
    metric_relabel(m, labels);
    if (f->last)
        f->last->next = m;
    else
        f->first = m;
    f->last = m;
    return m;
}

void metric_relabel(struct metric *m, str labels)
{
    char *copy = xalloc(labels.n + 1);

    if (labels.n)
        memcpy(copy, labels.p, labels.n);
    free(m->text);
    m->text = copy;
    m->labels = (str){copy, labels.n};
}

void metric_add(struct metric *m, uint64_t n)
{
    assert(m->family->type == METRIC_COUNTER);
    m->count += n;
}

void metric_set(struct metric *m, double value)
{
    assert(m->family->type != METRIC_HISTOGRAM);
    if (m->family->type == METRIC_COUNTER)
        m->count = (uint64_t)value;
    else
        m->value = value;
}

void metric_observe(struct metric *m, double seconds)
{
    assert(m->family->type == METRIC_HISTOGRAM);
    for (size_t i = 0; i < METRIC_BUCKETS; i++)
        if (seconds <= bounds[i]) {
            m->buckets[i]++;
            break;
        }
    m->count++;
    m->value += seconds;
}

uint64_t metric_value(const struct metric *m)
{
    return m->family->type == METRIC_GAUGE ? (uint64_t)m->value : m->count;
}

/* The shortest text that reads back as the same number. */
static void format_double(char out[32], double v)
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, v);
        if (strtod(out, NULL) >= v && strtod(out, NULL) <= v)
            return;
    }
}

static bool write_histogram(struct buf *out, const struct metric *m)
{
    const char *name = m->family->name, *comma = m->labels.n ? "," : "";
    const char *open = m->labels.n ? "{" : "", *close = m->labels.n ? "}" : "";
    uint64_t below = 0;
    char text[32];

    for (size_t i = 0; i < METRIC_BUCKETS; i++) {
        below += m->buckets[i];
        if (!buf_printf(out, "%s_bucket{" STR_FMT "%sle=\"%g\"} %" PRIu64 "\n", name,
                        STR_ARG(m->labels), comma, bounds[i], below))
            return false;
    }
    format_double(text, m->value);
    return buf_printf(out, "%s_bucket{" STR_FMT "%sle=\"+Inf\"} %" PRIu64 "\n", name,
                      STR_ARG(m->labels), comma, m->count) &&
           buf_printf(out, "%s_sum%s" STR_FMT "%s %s\n", name, open, STR_ARG(m->labels), close,
                      text) &&
           buf_printf(out, "%s_count%s" STR_FMT "%s %" PRIu64 "\n", name, open,
                      STR_ARG(m->labels), close, m->count);
}

static bool write_series(struct buf *out, const struct metric *m)
{
    char text[32];

    if (m->family->type == METRIC_HISTOGRAM)
        return write_histogram(out, m);
    if (m->family->type == METRIC_COUNTER)
        snprintf(text, sizeof(text), "%" PRIu64, m->count);
    else
        format_double(text, m->value);
    return buf_printf(out, "%s%s" STR_FMT "%s %s\n", m->family->name, m->labels.n ? "{" : "",
                      STR_ARG(m->labels), m->labels.n ? "}" : "", text);
}

bool metrics_write(struct buf *out)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};

    for (const struct family *f = registry.first; f; f = f->next) {
        if (!f->first)
            continue;
        if (!buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name,
                        types[f->type]))
            return false;
        for (const struct metric *m = f->first; m; m = m->next)
            if (!write_series(out, m))
                return false;
    }
    return true;
}
