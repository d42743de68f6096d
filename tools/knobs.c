#include "tools/knobs.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/data/findings.h"
#include "common/data/json.h"

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
static const char *read_value(enum knob_type type, str text, void *to)
{
    switch (type) {
    case KNOB_SHARE:
        return read_share(text, to) ? NULL : "a number from 0 to 1";
    case KNOB_COUNT:
        return str_to_u64(text, to) ? NULL : "a whole number";
    case KNOB_FLAG:
        *(bool *)to = str_is(text, "true");
        return str_is(text, "true") || str_is(text, "false") ? NULL : "true or false";
    }
    return "nothing";
}

static int unknown(const struct knob *knobs, uint32_t n, str name, struct error *err)
{
    struct arena a = {0};
    str *valid = arena_alloc(&a, n * sizeof(*valid));

    for (uint32_t i = 0; i < n; i++)
        valid[i] = str_of(knobs[i].name);
    str hint = findings_hint(&a, name, valid, n);
    error_set(err, ERR_DATA, "unknown fault '" STR_FMT "'" STR_FMT STR_FMT STR_FMT,
              STR_ARG(name), STR_ARG(hint.n ? STR(" (") : STR_NONE), STR_ARG(hint),
              STR_ARG(hint.n ? STR(")") : STR_NONE));
    arena_free(&a);
    return err->code;
}

int knobs_read(const struct knob *knobs, uint32_t n, void *state, str json, struct error *err)
{
    str rest, name, value;
    size_t at;
    const char *wrong = json_check(json, NULL, &at);

    if (wrong || !json_open(json, &rest) || json_type(json) != JSON_OBJECT)
        return error_set(err, ERR_DATA, "the faults must be a JSON object: %s",
                         wrong ? wrong : "it is another value");
    while (json_next_member(&rest, &name, &value)) {
        uint32_t i = 0;
        while (i < n && !str_is(name, knobs[i].name))
            i++;
        if (i == n)
            return unknown(knobs, n, name, err);
        const char *expected =
            read_value(knobs[i].type, value, (char *)state + knobs[i].offset);
        if (expected)
            return error_set(err, ERR_DATA, "%s must be %s", knobs[i].name, expected);
    }
    return 0;
}

bool knobs_write(const struct knob *knobs, uint32_t n, const void *state, struct buf *out)
{
    bool fits = true;

    for (uint32_t i = 0; i < n; i++) {
        const char *at = (const char *)state + knobs[i].offset;
        fits = fits && buf_printf(out, "%s\"%s\":", i ? "," : "{", knobs[i].name);
        switch (knobs[i].type) {
        case KNOB_SHARE:
            fits = fits && buf_printf(out, "%g", *(const double *)(const void *)at);
            break;
        case KNOB_COUNT:
            fits = fits && buf_printf(out, "%" PRIu64, *(const uint64_t *)(const void *)at);
            break;
        case KNOB_FLAG:
            fits = fits && buf_add(out, *(const bool *)at ? STR("true") : STR("false"));
            break;
        }
    }
    return fits && buf_add(out, STR("}"));
}

/* SplitMix64 (Steele, Lea, Flood): good in every bit, and its state is a counter. */
uint64_t knobs_draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

bool knobs_strike(uint64_t *state, double share)
{
    return share > 0 && (double)(knobs_draw(state) >> 11) * 0x1p-53 < share;
}
