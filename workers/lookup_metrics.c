/* What /metrics says of look-ups. */
#include "workers/lookup_parts.h"

void lookup_get_metrics(struct lookup *l)
{
    struct arena a = {0};
    str stage = arena_printf(&a, "stage=\"" STR_FMT "\"", STR_ARG(l->config->name));

    l->metrics.limit = metrics_get("standpipe_lookup_limit", METRIC_GAUGE,
                                   "Calls that may be in flight at once.", stage);
    l->metrics.in_flight =
        metrics_get("standpipe_lookup_in_flight", METRIC_GAUGE, "Calls in flight.", stage);
    l->metrics.waiting = metrics_get("standpipe_lookup_waiting", METRIC_GAUGE,
                                     "Look-ups that wait for their call.", stage);
    l->metrics.observed = metrics_get(
        "standpipe_lookup_observed_seconds", METRIC_GAUGE,
        "Mean time of a call, as seen when the limit was last thought over.", stage);
    l->metrics.mean = metrics_get("standpipe_lookup_mean_seconds", METRIC_GAUGE,
                                  "Mean time of a call, of late.", stage);
    l->metrics.seconds =
        metrics_get("standpipe_lookup_seconds", METRIC_HISTOGRAM, "Duration of a call.", stage);
    l->metrics.joined =
        metrics_get("standpipe_lookup_joined_total", METRIC_COUNTER,
                    "Look-ups that were answered by the call of another.", stage);
    static const char *const results[] = {
        [LOOKUP_FOUND] = "found", [LOOKUP_MISSING] = "missing", [LOOKUP_FAILED] = "failed"};
    for (size_t i = 0; i < ARRAY_LEN(results); i++)
        l->metrics.calls[i] =
            metrics_get("standpipe_lookup_calls_total", METRIC_COUNTER, "Calls that ended.",
                        arena_printf(&a, STR_FMT ",result=\"%s\"", STR_ARG(stage), results[i]));
    arena_free(&a);
}

void lookup_count(struct lookup *l, enum lookup_result result, uint64_t took_us)
{
    l->calls++;
    metric_add(l->metrics.calls[result], 1);
    metric_observe(l->metrics.seconds, (double)took_us / 1e6);
}

void lookup_show(struct lookup *l)
{
    struct lookup_state s = lookup_look(l);

    metric_set(l->metrics.limit, s.limit);
    metric_set(l->metrics.in_flight, s.in_flight);
    metric_set(l->metrics.waiting, s.waiting);
    metric_set(l->metrics.observed, (double)s.observed_us / 1e6);
    metric_set(l->metrics.mean, (double)s.mean_us / 1e6);
    metric_set(l->metrics.joined, (double)s.joined);
}
