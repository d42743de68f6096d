#include "workers/normalise_cell.h"

#include <stdlib.h>

#include "common/data/json.h"

enum { NUMBER_MAX = 64 }; /* bytes of a number that is held against bounds */

/* Member by member: it is done for every cell, and a structure of this size at once is a slow
 * instruction. */
static void begin(struct reading *r, str raw)
{
    r->raw = raw;
    r->text = raw;
    r->before = STR_NONE;
    r->after = STR_NONE;
    r->out.value = STR_NONE;
    r->out.issue = STR_NONE;
    r->out.why = STR_NONE;
    r->out.is_part = false;
    r->now = 0;
    r->is_raw = r->is_read = r->has_now = r->is_number = false;
    r->is_whole = true;
    r->step = STEP_TEXT;
}

bool cell_look(struct arena *a, str raw, struct reading *r)
{
    if (!raw.n || raw.p[0] == 'n') /* null */
        return false;
    begin(r, raw);
    if (raw.p[0] != '"') {
        r->is_number = json_type(raw) == JSON_NUMBER;
        return true;
    }
    str inner = {raw.p + 1, raw.n - 2};
    if (raw.n < 2 || (memchr(inner.p, '\\', inner.n) && !json_unquote(a, raw, &inner)))
        return false;
    r->text = str_trim(inner);
    r->is_raw = r->text.n == inner.n;
    return r->text.n > 0;
}

/* ASCII letters; others stay. */
static str change_case(struct arena *a, str value, enum letter_case to)
{
    char *p = arena_alloc(a, value.n);

    memcpy(p, value.p, value.n);
    for (size_t i = 0; i < value.n; i++) {
        if (p[i] == '\\') /* an escape stays as it is */
            i++;
        else if (to == CASE_UPPER && p[i] >= 'a' && p[i] <= 'z')
            p[i] = (char)(p[i] - 'a' + 'A');
        else if (to == CASE_LOWER && p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] - 'A' + 'a');
    }
    return (str){p, value.n};
}

/* Characters of a JSON string, with its quotes; an escape is one. */
static size_t count_characters(str value)
{
    size_t n = 0;

    for (size_t i = 1; i + 1 < value.n; i++) {
        n += ((unsigned char)value.p[i] & 0xc0) != 0x80;
        if (value.p[i] == '\\')
            i += value.p[i + 1] == 'u' ? 5 : 1;
    }
    return n;
}

/* A JSON string, filled up at the front. */
static str pad(struct arena *a, str value, uint32_t width, char with)
{
    size_t n = count_characters(value);

    if (n >= width)
        return value;
    size_t more = width - n;
    char *start = arena_alloc(a, more + value.n);
    start[0] = '"';
    memset(start + 1, with, more);
    memcpy(start + 1 + more, value.p + 1, value.n - 1);
    return (str){start, more + value.n};
}

static bool is_within(const struct normalise_field *f, str value)
{
    char text[NUMBER_MAX + 1];

    if (json_type(value) != JSON_NUMBER || value.n > NUMBER_MAX)
        return json_type(value) != JSON_NUMBER;
    *(char *)mempcpy(text, value.p, value.n) = '\0';
    double number = strtod(text, NULL);
    return number >= f->least && number <= f->most;
}

static bool finish(struct arena *a, const struct normalise_field *f, struct reading *r)
{
    if (str_is(r->out.value, "null"))
        r->out.value = STR_NONE;
    if (!r->out.value.n)
        return true;
    if (r->out.value.p[0] == '"') {
        if (f->letter_case)
            r->out.value = change_case(a, r->out.value, f->letter_case);
        if (f->pad_width)
            r->out.value = pad(a, r->out.value, f->pad_width, f->pad_with);
    }
    if (f->is_bounded && !is_within(f, r->out.value)) {
        r->out.issue = STR("implausible");
        r->out.why = STR("is outside of what is plausible");
    }
    return !f->type || schema_fits(f->type, a, r->out.value, &r->out.issue, &r->out.why);
}

/* With the moment that this record counts from. */
static const struct coerce_setup *setup_at(struct arena *a, const struct coerce_setup *setup,
                                           int64_t now)
{
    struct coerce_setup *dated = arena_alloc(a, sizeof(*dated));

    *dated = *setup;
    dated->has_now = true;
    dated->now = now;
    return dated;
}

/* Fields that share a reading take their parts of one quantity. */
static bool coerce_shared(struct arena *a, const struct normalise_field *f,
                          const struct coerce_setup *setup, struct cell_share *share,
                          struct reading *r)
{
    if (!share->has_quantity)
        share->is_good = quantity_read(setup, f->coercer->wish, a, r->text, &share->quantity,
                                       &share->refusal);
    share->has_quantity = true;
    if (share->is_good)
        return quantity_take(setup, a, &share->quantity, &r->out);
    r->out = share->refusal;
    return false;
}

static inline bool coerce(struct arena *a, const struct normalise_field *f,
                          const struct coerce_setup *setup, struct cell_share *share,
                          struct reading *r)
{
    if (r->has_now)
        setup = setup_at(a, setup, r->now);
    r->is_read = share && f->coercer->wish ? coerce_shared(a, f, setup, share, r)
                                           : f->coercer->run(setup, a, r->text, &r->out);
    r->is_whole &= !r->out.is_part;
    return r->is_read;
}

/* Numbers, true and false of a document are what they are, whatever signs and words its texts
 * have for them. */
static bool coerce_json_value(struct arena *a, const struct normalise_field *f,
                              struct cell_share *share, struct reading *r)
{
    bool is_boolean = r->text.p == r->raw.p && (r->raw.p[0] == 't' || r->raw.p[0] == 'f');

    if (is_boolean && f->coercer->run == coerce_boolean) {
        r->is_read = true;
        r->out.value = r->raw;
        return true;
    }
    if (!r->is_number)
        return coerce(a, f, &f->setup, share, r);
    const struct coerce_setup setup = coerce_setup_of_json(&f->setup);
    r->text = coerce_plain_digits(f->coercer, a, r->text);
    return coerce(a, f, &setup, share, r);
}

/* From the text of the cell to that which is parsed, once for all fields that share it. */
static void prepare(struct arena *a, const struct normalise_field *f, struct cell_share *share,
                    struct reading *r)
{
    if (share && share->is_prepared) {
        *r = share->prepared;
        return;
    }
    if (f->has_steps || r->before.n || r->after.n)
        r->step = cell_steps(a, &f->steps, r);
    if (!share)
        return;
    share->is_prepared = true;
    share->prepared = *r;
}

bool cell_read(struct arena *a, const struct normalise_field *f, struct cell_share *share,
               struct reading *r)
{
    bool is_string = !r->raw.n || r->raw.p[0] == '"',
         is_text = !f->coercer || f->coercer->run == coerce_text;

    if (f->coercer && !is_string &&
        ((r->raw.p[0] == '{' && !f->coercer->takes_object) ||
         (r->raw.p[0] == '[' && !f->coercer->takes_array))) {
        r->out.issue = STR("unparsed");
        r->out.why = STR("is an object or an array");
        return false;
    }
    prepare(a, f, share, r);
    if (r->step != STEP_TEXT)
        return r->step == STEP_NOTHING;
    if (!is_text) {
        if (!(is_string ? coerce(a, f, &f->setup, share, r)
                        : coerce_json_value(a, f, share, r)))
            return false;
    } else if (r->raw.n &&
               (r->is_raw || (!f->coercer && !is_string && r->text.p == r->raw.p))) {
        r->out.value = r->raw;
    } else {
        r->out.value = json_quoted(a, r->text);
    }
    return finish(a, f, r);
}
