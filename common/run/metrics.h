#pragma once
/* Counters and gauges of this process, and the text that Prometheus reads. Names after the
 * table in docs/operations.md; no label holds a key, a file or a URL. */
#include "common/base/buf.h"
#include "common/base/str.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
enum { METRIC_BUCKETS = 12 };
struct metric;

/* The metric `name` with `labels` (`stage="tidy"`, or ""), made at the first call; the same one
 * afterwards. Lives as long as the process. Walks all names: keep the pointer. */
struct metric *metrics_get(const char *name, enum metric_type type, const char *help,
                           str labels);
/* For what is told by a label, as a version is: one series however often it changes. */
void metric_relabel(struct metric *m, str labels);
void metric_add(struct metric *m, uint64_t n);
void metric_set(struct metric *m, double value); /* a counter too: a total kept elsewhere */
void metric_observe(struct metric *m, double seconds); /* histogram, 1 ms .. 60 s */
uint64_t metric_value(const struct metric *m);
bool metrics_write(struct buf *out) MUST_CHECK; /* false: over its cap */
