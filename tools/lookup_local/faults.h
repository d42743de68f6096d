#pragma once
/* The ways in which the look-up server is slow or fails on demand. */
#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/base/str.h"

struct faults {
    uint64_t state; /* of the generator */
    uint64_t seed;
    uint64_t latency_ms, jitter_ms; /* of an answer; that and up to so much more */
    uint64_t slots;       /* at work at the same time, the others wait in line; 0: any number */
    uint64_t refuse_at;   /* in flight: further ones get 503 at once; 0: never */
    uint64_t limit_per_s; /* arrivals in any second: further ones get 429; 0: any number */
    uint64_t retry_after_s;  /* what a 429 asks for; 0: it does not say */
    uint64_t too_many_first; /* so many of the next requests get 429 */
    uint64_t status;         /* instead of 503 for `failures` */
    double missing;          /* share of the keys that are not there, always the same ones */
    double too_many, failures, drops, silences, garbage; /* shares of the requests */
};
void faults_init(struct faults *f); /* none */
/* From a JSON object; what it does not name is off. ERR_DATA says what is wrong with it. */
int faults_read(struct faults *f, str json, struct error *err) MUST_CHECK;
bool faults_write(const struct faults *f, struct buf *out) MUST_CHECK;
bool faults_strike(struct faults *f, double share) MUST_CHECK;
uint64_t faults_latency_us(struct faults *f) MUST_CHECK;
bool faults_is_missing(const struct faults *f, str key) MUST_CHECK;
