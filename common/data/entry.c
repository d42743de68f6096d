#include "common/data/entry.h"

#include "common/base/hash.h"

enum { SHOWN_MAX = 40, SRC_DIGITS = 16 };

struct number { /* a field that counts */
    const char *name;
    uint64_t least, most;
    uint64_t value; /* its default, until it was read */
    bool came;
};
enum { NUMBER_N, NUMBER_ROW, NUMBER_AT, NUMBER_TRY, NUMBER_FIRST, NUMBERS };

static uint32_t count_lines(str data)
{
    uint32_t n = 0;

    while (data.n)
        n += str_cut(&data, '\n').n > 0;
    return n;
}

static uint64_t id_ms(str id)
{
    uint64_t ms;

    return str_to_u64(str_cut(&id, '-'), &ms) ? ms : 0;
}

static str src_of(struct arena *a, str id)
{
    char *p = arena_alloc(a, SRC_DIGITS);

    hash_hex(hash_bytes(arena_printf(a, "inbox:" STR_FMT, STR_ARG(id))), p);
    return (str){p, SRC_DIGITS};
}

static bool is_src(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!s.p[i] || !strchr("0123456789abcdefABCDEF", s.p[i]))
            return false;
    return s.n == SRC_DIGITS;
}

static bool take_number(struct number *numbers, str name, str value, bool *good)
{
    for (struct number *f = numbers; f < numbers + NUMBERS; f++) {
        if (!str_is(name, f->name))
            continue;
        f->came = true;
        uint64_t v;
        *good = str_to_u64(value, &v) && v >= f->least && v <= f->most;
        if (*good)
            f->value = v;
        return true;
    }
    return false;
}

static void take_text(struct entry *e, str name, str value)
{
    struct {
        const char *name;
        str *to;
    } texts[] = {
        {"data", &e->data}, {"cols", &e->cols}, {"uri", &e->uri},     {"to", &e->to},
        {"src", &e->src},   {"run", &e->run},   {"marks", &e->marks},
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (str_is(name, texts[i].name))
            *texts[i].to = value;
}

static const char *refuse_number(struct arena *a, str name, str value, str *detail)
{
    *detail = arena_printf(a,
                           "field '" STR_FMT "' is '%.*s', which is no whole number in its "
                           "range: write one, or leave the field out",
                           STR_ARG(name), (int)MIN(value.n, (size_t)SHOWN_MAX), value.p);
    return "bad_entry";
}

/* What the texts must be, once all are known. */
static const char *check_texts(const struct entry *e, str *detail)
{
    if (!e->data.n && !e->uri.n) {
        *detail = STR("neither field 'data' nor field 'uri' holds anything: give 'data' "
                      "(records, one a line) or 'uri' (what to split)");
        return "bad_entry";
    }
    if (!is_src(e->src)) {
        *detail = STR("field 'src' must be 16 hex digits: correct it, or leave it out and it "
                      "is made from the entry's id");
        return "bad_entry";
    }
    if (e->cols.n && !str_starts(str_trim(e->cols), STR("["))) {
        *detail = STR("field 'cols' must be a JSON array of column names: correct it, or leave "
                      "it out when 'data' holds documents");
        return "bad_entry";
    }
    return NULL;
}

/* Take the fields one after the other; what is wrong with the first bad one. */
static const char *take_fields(struct arena *a, struct entry *e, struct number *numbers,
                               str *detail)
{
    const char *reason = NULL;

    for (uint32_t i = 0; i + 1 < e->field_count; i += 2) {
        str name = e->fields[i], value = e->fields[i + 1];
        bool good = true;
        if (!take_number(numbers, name, value, &good))
            take_text(e, name, value);
        if (!good && !reason)
            reason = refuse_number(a, name, value, detail);
    }
    return reason;
}

const char *entry_decode(struct arena *a, struct entry *e, str id, str *fields, uint32_t n,
                         str *detail)
{
    struct number numbers[NUMBERS] = {
        [NUMBER_N] = {"n", 0, UINT32_MAX, 0, false},
        [NUMBER_ROW] = {"row", 1, UINT64_MAX / 2, 1, false},
        [NUMBER_AT] = {"at", 0, UINT64_MAX / 2, id_ms(id), false},
        [NUMBER_TRY] = {"try", 0, UINT32_MAX / 2, 0, false},
        [NUMBER_FIRST] = {"first", 0, UINT64_MAX / 2, 0, false},
    };

    *e = (struct entry){.id = id, .fields = fields, .field_count = n};
    const char *reason = take_fields(a, e, numbers, detail);
    if (!e->src.n)
        e->src = src_of(a, id);
    if (!reason)
        reason = check_texts(e, detail);
    e->is_booked = numbers[NUMBER_N].came;
    e->n = (uint32_t)numbers[NUMBER_N].value;
    if (!e->is_booked)
        e->n = e->data.n ? count_lines(e->data) : 1;
    e->row = numbers[NUMBER_ROW].value;
    e->at = numbers[NUMBER_AT].value;
    e->try = (uint32_t)numbers[NUMBER_TRY].value;
    e->tried = numbers[NUMBER_FIRST].value;
    return reason;
}
