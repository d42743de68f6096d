/* Degrees, also as degrees, minutes and seconds, one or a pair of them. Latitude stands first
 * in a pair, but in WKT and where letters or words say otherwise. */
#include "common/data/coerce.h"
#include "common/data/decimal.h"
#include "common/data/words.h"

enum { COORDINATE_TEXT_MAX = 100, ANGLES_MAX = 2, DMS_DIGITS = 7 /* about a centimetre */ };
enum axis { AXIS_NONE, AXIS_LAT, AXIS_LON };
struct angle {
    str degrees; /* as JSON has numbers */
    enum axis axis;
    bool is_negative, has_letter;
};
struct reader {
    struct arena *arena;
    const char *p, *end, *wrong;
    char decimal;
    struct angle angles[ANGLES_MAX];
    uint32_t n;
    struct angle pending; /* what was said in front of the next one */
    bool is_prefix;       /* letters stand in front of their numbers */
    bool is_lon_first;
    uint32_t dms_digits;
};

static bool is_digit(const struct reader *r, const char *p)
{
    return p < r->end && ascii_is_digit(*p);
}

static bool is_number(const struct reader *r, const char *p)
{
    return is_digit(r, p) || (p < r->end && *p == r->decimal && is_digit(r, p + 1));
}

static void skip_blanks(struct reader *r)
{
    r->p = word_skip_blanks(r->p, r->end);
}

static str take_number(struct reader *r)
{
    char *start = arena_reserve(r->arena, (size_t)(r->end - r->p) + 1), *out = start;

    while (is_digit(r, r->p) && *r->p == '0' && is_digit(r, r->p + 1))
        r->p++;
    if (!is_digit(r, r->p))
        *out++ = '0';
    while (is_digit(r, r->p))
        *out++ = *r->p++;
    if (r->p < r->end && *r->p == r->decimal && is_digit(r, r->p + 1)) {
        *out++ = '.';
        for (r->p++; is_digit(r, r->p);)
            *out++ = *r->p++;
    }
    arena_trim(r->arena, out);
    return str_between(start, out);
}

/* The mark behind degrees, minutes or seconds, of which everyone has his own. */
static bool take_mark(struct reader *r, const char *const *marks)
{
    for (; *marks; marks++)
        if (str_starts(str_between(r->p, r->end), str_of(*marks))) {
            r->p += strlen(*marks);
            return true;
        }
    return false;
}

static const char *const degree_marks[] = {"°", "º", "˚", ":", NULL};
static const char *const minute_marks[] = {"′", "’", "'", ":", NULL};
static const char *const second_marks[] = {"″", "”", "''", "′′", "\"", NULL};

/* Below 60, with at most nine decimals: in billionths. */
static bool to_billionths(str s, uint64_t *value)
{
    str fraction = s, whole = str_cut(&fraction, '.');
    uint64_t part = 0;

    if (!str_to_u64(whole, value) || *value >= 60 || fraction.n > 9)
        return false;
    for (size_t i = 0; i < 9; i++)
        part = part * 10 + (i < fraction.n ? (uint64_t)(fraction.p[i] - '0') : 0);
    *value = *value * UINT64_C(1000000000) + part;
    return true;
}

static str to_degrees(struct reader *r, str degrees, str minutes, str seconds)
{
    const uint64_t billion = UINT64_C(1000000000);
    struct decimal d;
    uint64_t whole, m = 0, s = 0;

    if (!str_to_u64(degrees, &whole) || whole > 180 || !to_billionths(minutes, &m) ||
        (seconds.n && (!to_billionths(seconds, &s) || m % billion))) {
        r->wrong = "has no degrees, minutes and seconds as they should be";
        return degrees;
    }
    uint64_t all = whole * 3600 * billion + m * 60 + s;
    str text = arena_printf(r->arena, "%llu.%09llu", (unsigned long long)(all / billion),
                            (unsigned long long)(all % billion));
    if (!decimal_read(&d, text) || !decimal_divide(&d, STR("3600"), r->dms_digits))
        return degrees;
    return decimal_write(&d, r->arena);
}

static str take_angle(struct reader *r)
{
    str degrees = take_number(r), minutes, seconds = STR_NONE;

    skip_blanks(r);
    if (!take_mark(r, degree_marks))
        return degrees;
    skip_blanks(r);
    if (!is_digit(r, r->p))
        return degrees;
    minutes = take_number(r);
    skip_blanks(r);
    bool has_more = take_mark(r, minute_marks);
    skip_blanks(r);
    if (has_more && is_digit(r, r->p)) {
        seconds = take_number(r);
        skip_blanks(r);
        take_mark(r, second_marks);
    }
    return to_degrees(r, degrees, minutes, seconds);
}

static void add_angle(struct reader *r, bool is_negative)
{
    struct angle angle = r->pending;

    angle.degrees = take_angle(r);
    if (is_negative && angle.has_letter)
        r->wrong = "has a minus and a letter for the same";
    angle.is_negative = angle.is_negative || is_negative;
    r->pending = (struct angle){0};
    if (r->n == ANGLES_MAX)
        r->wrong = "has more than two coordinates";
    else
        r->angles[r->n++] = angle;
}

static void add_letter(struct reader *r, char letter)
{
    struct angle *last = r->n ? &r->angles[r->n - 1] : NULL;
    struct angle *angle = last && !r->is_prefix ? last : &r->pending;

    if (!last)
        r->is_prefix = true;
    if (angle->has_letter || angle->is_negative)
        r->wrong = "has more signs and letters than coordinates";
    angle->has_letter = true;
    angle->axis = letter == 'n' || letter == 's' ? AXIS_LAT : AXIS_LON;
    angle->is_negative = letter == 's' || letter == 'w';
}

static void take_word(struct reader *r)
{
    struct word_keys k;

    word_keys(str_between(r->p, r->end), 1, &k);
    str key = k.count ? (str){k.key, k.ends[0].n} : STR_NONE;
    r->p = k.count ? k.ends[0].at : r->end;
    if (key.n == 1 && memchr("nsew", key.p[0], 4))
        add_letter(r, key.p[0]);
    else if (str_is(key, "lat") || str_is(key, "latitude"))
        r->pending.axis = AXIS_LAT;
    else if (str_is(key, "lon") || str_is(key, "lng") || str_is(key, "long") ||
             str_is(key, "longitude"))
        r->pending.axis = AXIS_LON;
    else if (str_is(key, "point") && !r->n)
        r->is_lon_first = true;
    else
        r->wrong = "is no coordinate";
}

static void take_next(struct reader *r)
{
    const char *behind = r->p;
    uint32_t point;
    enum word_class class = word_step(&behind, r->end, &point);

    if (is_number(r, r->p)) {
        add_angle(r, false);
    } else if (class == WORD_LETTER) {
        take_word(r);
    } else if ((class == WORD_DASH || point == '+') && is_number(r, behind)) {
        r->p = behind;
        add_angle(r, class == WORD_DASH);
    } else {
        if (class != WORD_BLANK && !(point < 0x80 && strchr(",;:|/()[]=", (int)point)))
            r->wrong = "is no coordinate";
        r->p = behind;
    }
}

/* Which of them is a latitude, when nothing says so: the first. */
static void find_axes(struct reader *r)
{
    enum axis first = r->is_lon_first ? AXIS_LON : AXIS_LAT;

    if (r->n < 2)
        return;
    if (!r->angles[0].axis && !r->angles[1].axis)
        r->angles[0].axis = first;
    if (!r->angles[0].axis)
        r->angles[0].axis = r->angles[1].axis == AXIS_LAT ? AXIS_LON : AXIS_LAT;
    if (!r->angles[1].axis)
        r->angles[1].axis = r->angles[0].axis == AXIS_LAT ? AXIS_LON : AXIS_LAT;
    if (r->angles[0].axis == r->angles[1].axis)
        r->wrong = "has the same coordinate twice";
}

static bool give(struct reader *r, const struct angle *angle, enum axis axis,
                 struct coerced *out)
{
    if (decimal_compare(angle->degrees, axis == AXIS_LAT ? STR("90") : STR("180")) > 0) {
        *out = (struct coerced){.issue = STR("out_of_range"),
                                .why = axis == AXIS_LAT ? STR("is beyond 90 degrees")
                                                        : STR("is beyond 180 degrees")};
        return false;
    }
    out->value = angle->degrees;
    if (angle->is_negative)
        out->value = arena_printf(r->arena, "-" STR_FMT, STR_ARG(angle->degrees));
    out->is_part = r->n > 1;
    return true;
}

bool coerce_coordinate(const struct coerce_setup *setup, struct arena *a, str text,
                       struct coerced *out)
{
    struct reader r = {.arena = a,
                       .p = text.p,
                       .end = str_end(text),
                       .decimal = setup->decimal ? setup->decimal : '.',
                       .dms_digits = setup->digits > 0 ? (uint32_t)setup->digits : DMS_DIGITS};
    enum axis wanted = setup->take == TAKE_LAT   ? AXIS_LAT
                       : setup->take == TAKE_LON ? AXIS_LON
                                                 : AXIS_NONE;

    if (text.n > COORDINATE_TEXT_MAX)
        return coerce_refuse(out, "is too long for a coordinate");
    while (r.p < r.end && !r.wrong)
        take_next(&r);
    if (!r.wrong)
        find_axes(&r);
    if (r.wrong || !r.n)
        return coerce_refuse(out, r.wrong ? r.wrong : "is no coordinate");
    if (r.n > 1 && !wanted)
        return coerce_refuse(out, "is a pair of coordinates: take lat or lon");
    for (uint32_t i = 0; i < r.n && (wanted || setup->take == TAKE_VALUE); i++)
        if (!wanted || !r.angles[i].axis || r.angles[i].axis == wanted)
            return give(&r, &r.angles[i], wanted ? wanted : r.angles[i].axis, out);
    out->value = STR("null"); /* of the other axis, or what coordinates have not */
    out->is_part = true;
    return true;
}
