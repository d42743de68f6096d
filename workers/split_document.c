#include "workers/split_document.h"

#include "common/data/json.h"
#include "common/data/marks.h"

enum { FIXED_MAX = 128, ISSUE_MAX = 160 }; /* our own names and numbers; an issue */

static char *put(char *out, str s)
{
    return s.n ? mempcpy(out, s.p, s.n) : out;
}

static bool is_foreign(struct arena *a, str name)
{
    str text, quoted = {name.p - 1, name.n + 2};

    if (!memchr(name.p, '\\', name.n))
        return str_starts(name, STR("sp_"));
    return json_unquote(a, quoted, &text) && str_starts(text, STR("sp_"));
}

/* Has it a member whose name begins with `sp_`, with an escape in it or without? */
static bool has_foreign(struct arena *a, str object)
{
    str rest, name, value;

    if (!memmem(object.p, object.n, "sp_", 3) && !memmem(object.p, object.n, "\\u", 2))
        return false;
    json_open(object, &rest);
    while (json_next_member(&rest, &name, &value))
        if (is_foreign(a, name))
            return true;
    return false;
}

/* The members that are foreign, or those that are not, each with a comma before it. */
static char *put_members(struct arena *a, char *out, str object, bool foreign)
{
    str rest, name, value;

    json_open(object, &rest);
    while (json_next_member(&rest, &name, &value)) {
        if (is_foreign(a, name) != foreign)
            continue;
        *out++ = ',';
        out = put(out, (str){name.p - 1, name.n + 2});
        *out++ = ':';
        out = put(out, value);
    }
    return out;
}

static char *put_apart(struct arena *a, char *out, str object)
{
    char *end = put_members(a, out, object, false);
    char *extra = put(end, STR(",\"sp_extra\":"));
    char *behind = put_members(a, extra, object, true);

    if (behind == extra)
        return end;
    *extra = '{'; /* in the place of the first comma */
    *behind++ = '}';
    return behind;
}

static char *put_issues(char *out, uint8_t marks)
{
    out = put(out, STR(",\"sp_issues\":["));
    for (unsigned i = 0; i < MARKS; i++) {
        if (!(marks & 1U << i))
            continue;
        out = put(put(out, STR("{\"field\":null,\"issue\":\"")), mark_kinds[i].issue);
        out = put(put(out, STR("\",\"reason\":\"")), mark_kinds[i].why);
        out = put(out, STR("\"},"));
    }
    out[-1] = ']';
    return out;
}

str split_document(struct arena *a, str object, str src, uint64_t row, uint64_t offset,
                   uint8_t marks)
{
    str body = str_trim((str){object.p + 1, object.n - 2});
    struct arena scratch = {0};
    bool is_apart = has_foreign(&scratch, object);
    size_t room = FIXED_MAX + MARKS * ISSUE_MAX + src.n + 2 * object.n;
    char *start = arena_reserve(a, room), *out = start;

    out = put(put(out, STR("{\"sp_id\":\"")), src);
    *out++ = '-';
    out = str_write_u64(out, row);
    *out++ = '-';
    out = str_write_u64(out, offset);
    *out++ = '"';
    if (is_apart) {
        out = put_apart(&scratch, out, object);
    } else if (body.n) {
        *out++ = ',';
        out = put(out, (str){object.p + 1, object.n - 2});
    }
    if (marks)
        out = put_issues(out, marks);
    *out++ = '}';
    arena_trim(a, out);
    arena_free(&scratch);
    return str_between(start, out);
}
