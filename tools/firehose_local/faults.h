#pragma once
/* The ways in which the stand-in fails on demand, drawn from a seed so that a run can be had
 * again. */
#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/base/str.h"

struct faults {
    uint64_t state; /* of the generator */
    uint64_t seed, latency_ms, quota_bytes_per_s;
    double record_fail, call_503, call_500_after_write, drop_before, drop_after_write;
    double short_reply, slice_reply;
    bool expired_token, clock_skew;
};
void faults_init(struct faults *f); /* none */
/* From a JSON object; what it does not name is off. ERR_DATA says what is wrong with it. */
int faults_read(struct faults *f, str json, struct error *err) MUST_CHECK;
bool faults_write(const struct faults *f, struct buf *out) MUST_CHECK;
/* Draw: true in the given share of cases. Draws nothing when the share is 0. */
bool faults_strike(struct faults *f, double share);
