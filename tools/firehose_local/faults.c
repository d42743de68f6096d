#include "tools/firehose_local/faults.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/data/findings.h"
#include "common/data/json.h"

enum type { SHARE, COUNT, FLAG };

#define ROW(name, type)                                                                        \
    {                                                                                          \
        #name, type, offsetof(struct faults, name)                                             \
    }
static const struct {
    const char *name;
    enum type type;
    size_t offset;
} rows[] = {ROW(seed, COUNT),         ROW(record_fail, SHARE),
            ROW(call_503, SHARE),     ROW(call_500_after_write, SHARE),
            ROW(drop_before, SHARE),  ROW(drop_after_write, SHARE),
            ROW(latency_ms, COUNT),   ROW(quota_bytes_per_s, COUNT),
            ROW(expired_token, FLAG), ROW(clock_skew, FLAG),
            ROW(short_reply, SHARE),  ROW(slice_reply, SHARE)};

void faults_init(struct faults *f)
{
    *f = (struct faults){.seed = 1, .state = 1};
}

static bool read_share(str text, double *share)
{
    char copy[32];
    char *end;

    if (text.n == 0 || text.n >= sizeof(copy))
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    double value = strtod(copy, &end);
    if (*end || !(value >= 0 && value <= 1))
        return false;
    *share = value;
    return true;
}

/* NULL when good, else what was expected. */
static const char *read_value(enum type type, str text, void *to)
{
    switch (type) {
    case SHARE:
        return read_share(text, to) ? NULL : "a number from 0 to 1";
    case COUNT:
        return str_to_u64(text, to) ? NULL : "a whole number";
    case FLAG:
        *(bool *)to = str_is(text, "true");
        return str_is(text, "true") || str_is(text, "false") ? NULL : "true or false";
    }
    return "nothing";
}

static int unknown(str name, struct error *err)
{
    struct arena a = {0};
    str valid[ARRAY_LEN(rows)];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        valid[i] = str_of(rows[i].name);
    str hint = findings_hint(&a, name, valid, ARRAY_LEN(rows));
    error_set(err, ERR_DATA, "unknown fault '" STR_FMT "'" STR_FMT STR_FMT STR_FMT,
              STR_ARG(name), STR_ARG(hint.n ? STR(" (") : STR_NONE), STR_ARG(hint),
              STR_ARG(hint.n ? STR(")") : STR_NONE));
    arena_free(&a);
    return err->code;
}

int faults_read(struct faults *f, str json, struct error *err)
{
    struct faults fresh;
    str rest, name, value;
    size_t at;
    const char *wrong = json_check(json, NULL, &at);

    faults_init(&fresh);
    if (wrong || !json_open(json, &rest) || json_type(json) != JSON_OBJECT)
        return error_set(err, ERR_DATA, "the faults must be a JSON object: %s",
                         wrong ? wrong : "it is another value");
    while (json_next_member(&rest, &name, &value)) {
        size_t i = 0;
        while (i < ARRAY_LEN(rows) && !str_is(name, rows[i].name))
            i++;
        if (i == ARRAY_LEN(rows))
            return unknown(name, err);
        const char *expected = read_value(rows[i].type, value, (char *)&fresh + rows[i].offset);
        if (expected)
            return error_set(err, ERR_DATA, "%s must be %s", rows[i].name, expected);
    }
    fresh.state = fresh.seed;
    *f = fresh;
    return 0;
}

bool faults_write(const struct faults *f, struct buf *out)
{
    bool fits = true;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *at = (const char *)f + rows[i].offset;
        fits = fits && buf_printf(out, "%s\"%s\":", i ? "," : "{", rows[i].name);
        switch (rows[i].type) {
        case SHARE:
            fits = fits && buf_printf(out, "%g", *(const double *)(const void *)at);
            break;
        case COUNT:
            fits = fits && buf_printf(out, "%" PRIu64, *(const uint64_t *)(const void *)at);
            break;
        case FLAG:
            fits = fits && buf_add(out, *(const bool *)at ? STR("true") : STR("false"));
            break;
        }
    }
    return fits && buf_add(out, STR("}"));
}

/* SplitMix64 (Steele, Lea, Flood): good in every bit, and its state is a counter. */
static uint64_t draw(struct faults *f)
{
    uint64_t z = f->state += 0x9e3779b97f4a7c15ULL;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

bool faults_strike(struct faults *f, double share)
{
    return share > 0 && (double)(draw(f) >> 11) * 0x1p-53 < share;
}
