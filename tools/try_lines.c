#include "tools/try_lines.h"

#include <inttypes.h>

#include "common/data/json.h"
#include "tools/show.h"

enum { SHOWN_SHAPES = 6 };

static bool is_plain_name(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == ' ' || s.p[i] == ',' || s.p[i] == '"')
            return false;
    return s.n > 0;
}

static void say_name(struct say *s, str name)
{
    if (is_plain_name(name))
        say_seen(s, name);
    else
        say_quoted(s, name);
}

/* Drift: what a file has that the first has not, by the folded name. */

static bool has_column(const struct try_file *f, str folded)
{
    for (const struct try_column *c = f->columns; c; c = c->next)
        if (str_equal(c->folded, folded))
            return true;
    return false;
}

static bool has_new_order(const struct try_file *f, const struct try_file *first)
{
    const struct try_column *a = f->columns, *b = first->columns;

    for (; a && b; a = a->next, b = b->next)
        if (!str_equal(a->folded, b->folded))
            return true;
    return false;
}

static bool differ_text(struct say *s, const char *title, const struct try_file *has,
                        const struct try_file * not )
{
    bool is_any = false;

    for (const struct try_column *c = has->columns; c; c = c->next) {
        if (has_column(not, c->folded))
            continue;
        say(s, "%s", is_any ? ", " : title);
        say_name(s, c->name);
        is_any = true;
    }
    say(s, is_any ? "\n" : "");
    return is_any;
}

static void drift_text(struct say *s, const struct try_file *f, const struct try_file *first)
{
    if (first == f)
        return;
    bool is_new = differ_text(s, "columns that the first file has not: ", f, first);
    bool is_gone = differ_text(s, "columns of the first file that are not here: ", first, f);
    if (!is_new && !is_gone && has_new_order(f, first))
        say(s, "the columns of the first file, in another order\n");
}

static void differ_json(struct say *s, const char *key, const struct try_file *has,
                        const struct try_file * not )
{
    bool is_any = false;

    say(s, "\"%s\":[", key);
    for (const struct try_column *c = has->columns; c; c = c->next) {
        if (has_column(not, c->folded))
            continue;
        say(s, is_any ? "," : "");
        say_quoted(s, c->name);
        is_any = true;
    }
    say(s, "]");
}

/* Columns that nothing takes, fields that found none. */

static void unmapped_text(struct say *s, const struct try_file *f)
{
    struct arena scratch = {0};
    bool is_any = false;

    for (uint32_t i = 0; i < f->uses.n; i++) {
        if (f->uses.is_used[i])
            continue;
        say(s, is_any ? ", " : "unmapped columns kept under sp_extra: ");
        say_name(s, f->uses.names[i]);
        str near = try_near(f, f->uses.names[i], &scratch);
        if (near.n) {
            say(s, " (near '");
            say_seen(s, near);
            say(s, "')");
        }
        is_any = true;
    }
    say(s, is_any ? "\n" : "");
    is_any = false;
    for (uint32_t i = 0; i < f->uses.field_count; i++) {
        const struct field_use *use = &f->uses.fields[i];
        if (use->column_count || !use->alias_count)
            continue;
        say(s, is_any ? ", " : "fields without a column here: ");
        say_seen(s, use->name);
        is_any = true;
    }
    say(s, is_any ? "\n" : "");
    arena_free(&scratch);
}

static void unmapped_json(struct say *s, const struct try_file *f)
{
    struct arena scratch = {0};
    bool is_any = false;

    say(s, ",\"unmapped\":[");
    for (uint32_t i = 0; i < f->uses.n; i++) {
        if (f->uses.is_used[i])
            continue;
        say(s, is_any ? ",{\"column\":" : "{\"column\":");
        say_quoted(s, f->uses.names[i]);
        str near = try_near(f, f->uses.names[i], &scratch);
        say(s, ",\"near\":");
        if (near.n)
            say_quoted(s, near);
        else
            say(s, "null");
        say(s, "}");
        is_any = true;
    }
    say(s, "],\"absent\":[");
    is_any = false;
    for (uint32_t i = 0; i < f->uses.field_count; i++) {
        const struct field_use *use = &f->uses.fields[i];
        if (use->column_count || !use->alias_count)
            continue;
        say(s, is_any ? "," : "");
        say_quoted(s, use->name);
        is_any = true;
    }
    say(s, "]");
    arena_free(&scratch);
}

/* Groups. */

static void shapes_text(struct say *s, const struct try_group *g, const char *indent)
{
    uint64_t rest = g->others;
    uint32_t n = 0;

    for (const struct try_shape *v = g->shapes; v; v = v->next) {
        if (n++ >= SHOWN_SHAPES) {
            rest += v->count;
            continue;
        }
        say(s, "%s%8s  ", indent, show_digits(v->count).text);
        say_quoted(s, v->shape);
        say(s, "  like ");
        say_quoted(s, v->sample);
        say(s, ", row %" PRIu64 "\n", v->row);
    }
    if (rest)
        say(s, "%s%8s  in other shapes\n", indent, show_digits(rest).text);
}

static void issues_text(struct say *s, const struct try_file *f)
{
    for (const struct try_group *g = f->issues; g; g = g->next) {
        say(s, "%s  ", g == f->issues ? "issues, by field and by shape of the cell:\n" : "");
        say_seen(s, g->name.n ? g->name : STR("(the record)"));
        say(s, "  ");
        say_seen(s, g->word);
        say(s, "  %s", show_digits(g->count).text);
        say(s, g->detail.n ? "  " : "");
        say_seen(s, g->detail);
        say(s, "\n");
        shapes_text(s, g, "    ");
    }
}

static void deaths_text(struct say *s, const struct try_file *f)
{
    for (const struct try_group *g = f->deaths; g; g = g->next) {
        say(s, "%s  ", g == f->deaths ? "dead, by stage and reason:\n" : "");
        say_seen(s, g->name);
        say(s, "  ");
        say_seen(s, g->word);
        say(s, "  %s  ", show_digits(g->count).text);
        say_seen(s, g->detail);
        say(s, "\n");
    }
}

static void columns_text(struct say *s, const struct try_file *f)
{
    for (const struct try_column *c = f->columns; c; c = c->next) {
        say(s, "  ");
        say_name(s, c->name);
        say(s, "\n");
        if (c->values)
            shapes_text(s, c->values, "  ");
    }
}

/* `[offset,end,"text"]`, as the job has it. */
static void aside_text(struct say *s, const char *where, str aside)
{
    struct arena scratch = {0};
    str rest, from, to, text;

    if (json_open(aside, &rest) && json_next_item(&rest, &from) && json_next_item(&rest, &to) &&
        json_next_item(&rest, &text)) {
        say(s, "%s the records, bytes %.*s to %.*s: ", where, (int)from.n, from.p, (int)to.n,
            to.p);
        say_seen(s, json_text(&scratch, text));
        say(s, "\n");
    }
    arena_free(&scratch);
}

static void encoding_text(struct say *s, const struct try_file *f)
{
    if (f->encoding)
        say(s,
            "it is not UTF-8 and was read as windows-1252, but its letters look like %s:\n"
            "  if they are, declare `split: {encoding: %s}`\n",
            f->encoding, f->encoding);
}

void try_lines_text(struct say *s, const struct try_file *f, const struct try_file *first,
                    bool has_pipeline)
{
    if (!has_pipeline)
        columns_text(s, f);
    encoding_text(s, f);
    aside_text(s, "before", f->before_records);
    aside_text(s, "behind", f->behind_records);
    drift_text(s, f, first);
    unmapped_text(s, f);
    issues_text(s, f);
    deaths_text(s, f);
}

static void shapes_json(struct say *s, const struct try_group *g)
{
    say(s, "\"count\":%" PRIu64 ",\"other_shapes\":%" PRIu64 ",\"shapes\":[", g->count,
        g->others);
    for (const struct try_shape *v = g->shapes; v; v = v->next) {
        say(s, v == g->shapes ? "{\"shape\":" : ",{\"shape\":");
        say_quoted(s, v->shape);
        say(s, ",\"count\":%" PRIu64 ",\"sample\":", v->count);
        say_quoted(s, v->sample);
        say(s, ",\"row\":%" PRIu64 "}", v->row);
    }
    say(s, "]");
}

static void columns_json(struct say *s, const struct try_file *f)
{
    say(s, ",\"columns\":[");
    for (const struct try_column *c = f->columns; c; c = c->next) {
        say(s, c == f->columns ? "{\"column\":" : ",{\"column\":");
        say_quoted(s, c->name);
        if (c->values) {
            say(s, ",");
            shapes_json(s, c->values);
        }
        say(s, "}");
    }
    say(s, "]");
}

static void groups_json(struct say *s, const char *key, const char *name, const char *word,
                        const struct try_group *list, bool has_shapes)
{
    say(s, ",\"%s\":[", key);
    for (const struct try_group *g = list; g; g = g->next) {
        say(s, "%s{\"%s\":", g == list ? "" : ",", name);
        if (g->name.n)
            say_quoted(s, g->name);
        else
            say(s, "null");
        say(s, ",\"%s\":", word);
        say_quoted(s, g->word);
        say(s, ",\"detail\":");
        say_quoted(s, g->detail);
        say(s, ",");
        if (has_shapes)
            shapes_json(s, g);
        else
            say(s, "\"count\":%" PRIu64, g->count);
        say(s, "}");
    }
    say(s, "]");
}

void try_lines_json(struct say *s, const struct try_file *f, const struct try_file *first)
{
    say(s,
        "],\"rows\":%" PRIu64 ",\"ok\":%" PRIu64 ",\"with_issues\":%" PRIu64
        ",\"filtered\":%" PRIu64 ",\"dead\":%" PRIu64,
        f->rows, f->ok, f->with_issues, f->filtered, f->dead);
    columns_json(s, f);
    unmapped_json(s, f);
    groups_json(s, "issues", "field", "issue", f->issues, true);
    groups_json(s, "deaths", "stage", "reason", f->deaths, false);
    say(s, ",\"looks_like\":");
    if (f->encoding)
        say_quoted(s, str_of(f->encoding));
    else
        say(s, "null");
    say(s, ",\"before_records\":");
    say_text(s, f->before_records.n ? f->before_records : STR("null"));
    say(s, ",\"behind_records\":");
    say_text(s, f->behind_records.n ? f->behind_records : STR("null"));
    say(s, ",\"drift\":{");
    differ_json(s, "new", f, first);
    say(s, ",");
    differ_json(s, "absent", first, f);
    say(s, ",\"has_new_order\":%s}}", has_new_order(f, first) ? "true" : "false");
}
