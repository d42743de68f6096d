#pragma once
/* What happened, and when: a record as those see it who sum up by time. */
#include "common/data/batch.h"

/* Milliseconds since the epoch of an event time: RFC 3339 date or date-time (without a zone:
 * UTC), or a number of seconds (milliseconds from 10^11 on); from 1970 to the year 9999. */
bool event_time_read(str text, uint64_t *ms) MUST_CHECK;
/* The time in the member, or when the record was accepted: when there is none, or no member is
 * named. Decoded texts stand in `a`. */
uint64_t event_time(const struct record *r, str member, struct arena *a) MUST_CHECK;
/* A record of a replay was summed up when it first went through: it counts again when its run's
 * name begins with '+', or `replays` says so. */
bool event_counts(const struct record *r, bool replays) MUST_CHECK;
