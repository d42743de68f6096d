#include "tools/firehose_local/faults.h"

#include "tools/knobs.h"

#define ROW(name, type)                                                                        \
    {                                                                                          \
        #name, KNOB_##type, offsetof(struct faults, name)                                      \
    }
static const struct knob knobs[] = {ROW(seed, COUNT),         ROW(record_fail, SHARE),
                                    ROW(call_503, SHARE),     ROW(call_500_after_write, SHARE),
                                    ROW(drop_before, SHARE),  ROW(drop_after_write, SHARE),
                                    ROW(latency_ms, COUNT),   ROW(quota_bytes_per_s, COUNT),
                                    ROW(expired_token, FLAG), ROW(clock_skew, FLAG),
                                    ROW(short_reply, SHARE),  ROW(slice_reply, SHARE)};

void faults_init(struct faults *f)
{
    *f = (struct faults){.seed = 1, .state = 1};
}

int faults_read(struct faults *f, str json, struct error *err)
{
    struct faults fresh;

    faults_init(&fresh);
    if (knobs_read(knobs, ARRAY_LEN(knobs), &fresh, json, err) != 0)
        return err->code;
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
