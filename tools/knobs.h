#pragma once
/* What a stand-in for a service can be told to do wrong while it runs: a table of names and
 * types, read from and written as JSON, and draws from a seed, so that a run can be had again.
 */
#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/base/str.h"

enum knob_type {             /* what stands at `offset` */
                 KNOB_SHARE, /* double, 0 to 1 */
                 KNOB_COUNT, /* uint64_t */
                 KNOB_FLAG,  /* bool */
};
struct knob {
    const char *name;
    enum knob_type type;
    size_t offset;
};

/* Fill `state` from a JSON object; what it does not name stays as it is. ERR_DATA says what is
 * wrong, with the nearest name; `state` may be half filled then. */
int knobs_read(const struct knob *knobs, uint32_t n, void *state, str json,
               struct error *err) MUST_CHECK;
bool knobs_write(const struct knob *knobs, uint32_t n, const void *state,
                 struct buf *out) MUST_CHECK;

/* 64 uniform bits. `state` is the seed at first. */
uint64_t knobs_draw(uint64_t *state) MUST_CHECK;
/* True in the given share of cases. Draws nothing when the share is 0. */
bool knobs_strike(uint64_t *state, double share) MUST_CHECK;
