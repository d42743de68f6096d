#include "tools/try_view.h"

#include <inttypes.h>

#include "common/data/origin.h"
#include "tools/show.h"
#include "tools/try_lines.h"

static const char *const fates[] = {
    [OFFLINE_OUT] = "ok", [OFFLINE_DEAD] = "dead", [OFFLINE_FILTERED] = "filtered"};

void try_view_begin(struct try_view *v)
{
    say_begin(&v->say, stdout);
    if (!v->is_json)
        return;
    say(&v->say, "{\"v\":1,\"pipeline\":");
    if (v->has_pipeline)
        say_quoted(&v->say, v->pipeline);
    else
        say(&v->say, "null");
    say(&v->say, ",\"files\":[");
}

/* What split chose, but for what every job has. */
static bool is_choice(str name)
{
    static const char *const others[] = {"uri", "src",     "version", "size",   "cols", "state",
                                         "row", "started", "ended",   "offset", "error"};

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (str_is(name, others[i]))
            return false;
    return true;
}

static void file_json(struct try_view *v, const struct try_file *f, bool is_first)
{
    struct say *s = &v->say;
    bool is_more = false;

    say(s, "%s{\"file\":", is_first ? "" : ",");
    say_quoted(s, f->name);
    say(s, ",\"uri\":");
    say_quoted(s, f->uri);
    say(s, ",\"split\":{");
    for (uint32_t i = 0; i + 1 < f->split_count; i += 2) {
        if (!is_choice(f->split[i]))
            continue;
        say(s, is_more ? "," : "");
        say_quoted(s, f->split[i]);
        say(s, ":");
        say_quoted(s, f->split[i + 1]);
        is_more = true;
    }
    say(s, "},\"records\":[");
}

void try_view_file(struct try_view *v, struct try_file *f, bool is_first)
{
    struct say *s = &v->say;

    v->shown = 0;
    if (v->is_json) {
        file_json(v, f, is_first);
        return;
    }
    say(s, is_first ? "" : "\n");
    say_seen(s, f->name);
    say(s, ":");
    for (uint32_t i = 0; i + 1 < f->split_count; i += 2) {
        bool is_below = str_is(f->split[i], "drift") || str_is(f->split[i], "header");
        if (!is_choice(f->split[i]) || is_below)
            continue;
        str value = str_is(f->split[i + 1], "\t") ? STR("tab") : f->split[i + 1];
        say(s, " ");
        say_seen(s, f->split[i]);
        say(s, value.n == 1 ? " '" : " ");
        say_seen(s, value.n ? value : STR("none"));
        say(s, value.n == 1 ? "'," : ",");
    }
    say(s, " %" PRIu32 " columns\n", f->column_count);
}

static bool is_wanted(const struct try_view *v, enum offline_fate fate, bool has_issues)
{
    switch (v->only) {
    case TRY_ALL:
        return true;
    case TRY_OK:
        return fate == OFFLINE_OUT;
    case TRY_DEAD:
        return fate == OFFLINE_DEAD;
    case TRY_ISSUES:
        return fate == OFFLINE_OUT && has_issues;
    case TRY_FILTERED:
        return fate == OFFLINE_FILTERED;
    }
    return false;
}

static str whole(const struct record *r, struct arena *a)
{
    char *start = arena_alloc(a, record_length(r) + 1);

    return str_between(start, record_write(r, start));
}

static void record_json(struct try_view *v, const struct offline_end *end, bool has_issues,
                        struct arena *scratch)
{
    struct say *s = &v->say;
    struct origin from;

    say(s, "%s{\"row\":%" PRIu64, v->shown ? "," : "", offline_row(end->record));
    if (origin_of(end->record, &from))
        say(s, ",\"offset\":%" PRIu64, from.offset);
    say(s, ",\"fate\":\"%s\",\"stage\":", fates[end->fate]);
    say_quoted(s, end->stage);
    if (end->fate == OFFLINE_OUT) {
        say(s, ",\"has_issues\":%s,\"record\":", has_issues ? "true" : "false");
    } else {
        say(s, ",\"reason\":");
        say_quoted(s, end->reason);
        say(s, ",\"detail\":");
        say_quoted(s, end->detail);
        say(s, ",\"record\":");
    }
    say_text(s, whole(end->record, scratch));
    say(s, "}");
}

static void record_text(struct try_view *v, const struct offline_end *end, bool has_issues,
                        struct arena *scratch)
{
    struct say *s = &v->say;
    struct origin from;

    say(s, "  row %-5" PRIu64 " ", offline_row(end->record));
    if (end->fate == OFFLINE_OUT) {
        say_in(s, has_issues ? SAY_YELLOW : SAY_GREEN, has_issues ? "issue " : "ok    ");
        say_seen(s, whole(end->record, scratch));
        say(s, "\n");
        return;
    }
    say_in(s, end->fate == OFFLINE_DEAD ? SAY_RED : SAY_PLAIN,
           end->fate == OFFLINE_DEAD ? "dead  " : "filtered ");
    say_seen(s, end->reason);
    say(s, "  ");
    say_seen(s, end->detail);
    if (origin_of(end->record, &from))
        say(s, "  (stage %.*s, offset %" PRIu64 ")\n", (int)end->stage.n, end->stage.p,
            from.offset);
    else
        say(s, "  (stage %.*s)\n", (int)end->stage.n, end->stage.p);
}

void try_view_record(struct try_view *v, const struct offline_end *end, bool has_issues,
                     struct arena *scratch)
{
    if (!is_wanted(v, end->fate, has_issues) || (v->limit && v->shown >= v->limit))
        return;
    if (v->is_json)
        record_json(v, end, has_issues, scratch);
    else
        record_text(v, end, has_issues, scratch);
    v->shown++;
}

void try_view_file_end(struct try_view *v, struct try_file *f, const struct try_file *first)
{
    try_explain(f);
    try_sort(f);
    if (v->is_json)
        try_lines_json(&v->say, f, first);
    else
        try_lines_text(&v->say, f, first, v->has_pipeline);
}

static void totals_text(struct try_view *v, const struct try_file *t)
{
    struct say *s = &v->say;
    double share = t->rows ? 100.0 * (double)t->dead / (double)t->rows : 0;

    say(s, "%s rows: %s ok", show_digits(t->rows).text, show_digits(t->ok).text);
    if (t->with_issues)
        say(s, " (%s with issues)", show_digits(t->with_issues).text);
    if (t->filtered)
        say(s, ", %s filtered", show_digits(t->filtered).text);
    say(s, ", %s dead (%.1f %%)", show_digits(t->dead).text, share);
    if (v->next.n)
        say(s, "      next: ");
    say_seen(s, v->next);
    say(s, "\n");
}

void try_view_end(struct try_view *v, const struct try_file *files)
{
    struct try_file t = {0};
    struct say *s = &v->say;

    for (const struct try_file *f = files; f; f = f->next) {
        t.rows += f->rows;
        t.ok += f->ok;
        t.with_issues += f->with_issues;
        t.dead += f->dead;
        t.filtered += f->filtered;
    }
    if (!v->is_json) {
        totals_text(v, &t);
        return;
    }
    say(s,
        "],\"rows\":%" PRIu64 ",\"ok\":%" PRIu64 ",\"with_issues\":%" PRIu64
        ",\"filtered\":%" PRIu64 ",\"dead\":%" PRIu64 ",\"next\":",
        t.rows, t.ok, t.with_issues, t.filtered, t.dead);
    say_quoted(s, v->next);
    say(s, "}\n");
}
