#include "tools/lookup_local/faults.h"

#include "common/base/hash.h"
#include "tools/knobs.h"

enum { DEFAULT_STATUS = 503 };

#define ROW(name, type)                                                                        \
    {                                                                                          \
        #name, KNOB_##type, offsetof(struct faults, name)                                      \
    }
static const struct knob knobs[] = {
    ROW(seed, COUNT),           ROW(latency_ms, COUNT), ROW(jitter_ms, COUNT),
    ROW(slots, COUNT),          ROW(refuse_at, COUNT),  ROW(limit_per_s, COUNT),
    ROW(retry_after_s, COUNT),  ROW(status, COUNT),     ROW(missing, SHARE),
    ROW(too_many_first, COUNT), ROW(too_many, SHARE),   ROW(failures, SHARE),
    ROW(drops, SHARE),          ROW(silences, SHARE),   ROW(garbage, SHARE),
};

void faults_init(struct faults *f)
{
    *f = (struct faults){.seed = 1, .state = 1, .status = DEFAULT_STATUS};
}

int faults_read(struct faults *f, str json, struct error *err)
{
    struct faults fresh;

    faults_init(&fresh);
    if (knobs_read(knobs, ARRAY_LEN(knobs), &fresh, json, err) != 0)
        return err->code;
    if (fresh.status < 200 || fresh.status > 599)
        return error_set(err, ERR_DATA, "status must be from 200 to 599");
    fresh.state = fresh.seed;
    *f = fresh;
    return 0;
}

bool faults_write(const struct faults *f, struct buf *out)
{
    return knobs_write(knobs, ARRAY_LEN(knobs), f, out);
}

bool faults_strike(struct faults *f, double share)
{
    return knobs_strike(&f->state, share);
}

uint64_t faults_latency_us(struct faults *f)
{
    uint64_t jitter = f->jitter_ms * 1000;

    return f->latency_ms * 1000 + (jitter ? knobs_draw(&f->state) % (jitter + 1) : 0);
}

bool faults_is_missing(const struct faults *f, str key)
{
    uint64_t state = hash_bytes(key) ^ f->seed;

    return knobs_strike(&state, f->missing);
}
