#pragma once
/* What the look-up server saw: what a test judges its clients by. */
#include "common/base/buf.h"
#include "tools/lookup_local/data.h"

enum { METER_ARRIVALS_MAX = 1 << 20 };
struct meter {
    uint64_t calls, in_flight, most_in_flight;
    uint64_t found, missing, too_many, failed, dropped, garbage; /* answers by kind */
    uint64_t began_us;
    uint64_t *arrivals; /* of requests, us; the first METER_ARRIVALS_MAX */
    uint32_t arrival_count, arrival_room;
};

void meter_arrived(struct meter *m, uint64_t now_us);
void meter_left(struct meter *m);
/* Arrivals in the second before `now_us`, this one among them. */
uint64_t meter_last_second(const struct meter *m, uint64_t now_us) MUST_CHECK;
void meter_reset(struct meter *m); /* what is in flight stays so */
void meter_free(struct meter *m);
bool meter_write(const struct meter *m, const struct data *d, struct buf *out) MUST_CHECK;
/* {"key":calls,...} */
bool meter_write_keys(const struct data *d, struct buf *out) MUST_CHECK;
bool meter_write_arrivals(const struct meter *m, struct buf *out) MUST_CHECK; /* [us,...] */
