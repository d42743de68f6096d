#include "tools/check_file.h"

#include "common/data/json.h"
#include "common/run/slurp.h"

enum {
    FILE_MAX = 1024 * 1024 + 1, /* one more than yaml_load() takes: it says so */
    SHOWN_BEFORE = 70,          /* columns of a long line that are shown before the caret */
    SHOWN = 110,
};

/* The folder that a path is in. */
static str folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? str_between(path, slash + (slash == path)) : STR_NONE;
}

int check_file_read(struct command_call *call, const char *path, struct check_file *file,
                    struct error *err)
{
    *file = (struct check_file){.findings.arena = call->arena};
    if (slurp(call->arena, path, FILE_MAX, &file->text, err))
        return err->code;
    file->name = strcmp(path, "-") == 0 ? STR("stdin") : str_of(path);
    file->pipeline = pipeline_load(file->text, folder_of(path), call->kinds, &file->findings);
    return 0;
}

int check_file_load(struct command_call *call, struct check_file *file, struct error *err)
{
    if (call->argc != 1)
        return error_set(err, ERR_USAGE, "name one pipeline file, or - for what comes in");
    return check_file_read(call, call->argv[0], file, err);
}

void check_file_free(struct check_file *file)
{
    pipeline_free(file->pipeline);
    file->pipeline = NULL;
}

/* Bytes of the code point at `p`; what steers a terminal counts as one. */
static size_t code_length(const char *p, const char *end)
{
    const char *q = p + 1;

    while (q < end && ((unsigned char)*q & 0xc0) == 0x80)
        q++;
    return (size_t)(q - p);
}

static bool is_control(const char *p, size_t n)
{
    unsigned char first = (unsigned char)p[0];

    return (first < 0x20 && first != '\t') || first == 0x7f ||
           (n == 2 && first == 0xc2 && (unsigned char)p[1] < 0xa0);
}

/* Columns `from` up to `to` of a line: as they are, or blanks of the same width. */
static bool add_columns(struct buf *out, str line, uint32_t from, uint32_t to, bool is_blank)
{
    const char *p = line.p, *end = line.p + line.n;
    bool fits = true;

    for (uint32_t column = 1; p < end && column < to && fits; column++) {
        size_t n = code_length(p, end);
        if (column >= from && is_blank)
            fits = buf_add(out, *p == '\t' ? STR("\t") : STR(" "));
        else if (column >= from)
            fits = buf_add(out, is_control(p, n) ? STR(".") : (str){p, n});
        p += n;
    }
    return fits;
}

/* The source line and, below, the caret with the hint. A long line is cut around the caret. */
static bool add_source(struct buf *out, str line, const struct finding *f)
{
    uint32_t width = (uint32_t)str_code_points(line), from = 1, to = width + 1;
    uint32_t length = MAX(f->length, 1u);

    if (f->at.column > SHOWN_BEFORE + 4)
        from = f->at.column - SHOWN_BEFORE;
    if (width >= from + SHOWN)
        to = from + SHOWN;
    if (f->at.column + length > to)
        length = to > f->at.column ? to - f->at.column : 1;
    bool fits =
        buf_printf(out, "%5u | %s", f->at.line, from > 1 ? "..." : "") &&
        add_columns(out, line, from, to, false) &&
        buf_printf(out, "%s\n      | %s", to <= width ? "..." : "", from > 1 ? "   " : "") &&
        add_columns(out, line, from, MIN(f->at.column, width + 1), true) &&
        buf_add(out, STR("^"));
    for (uint32_t i = 1; i < length && fits; i++)
        fits = buf_add(out, STR("~"));
    return fits && buf_printf(out, "%s" STR_FMT "\n", f->hint.n ? " " : "", STR_ARG(f->hint));
}

static bool add_finding(struct buf *out, const struct check_file *file, const struct finding *f)
{
    const char *severity = f->is_warning ? "warning" : "error";

    if (f->at.line == 0)
        return buf_printf(out, STR_FMT ": %s: " STR_FMT "\n", STR_ARG(file->name), severity,
                          STR_ARG(f->text));
    return buf_printf(out, STR_FMT ":%u:%u: %s: " STR_FMT "\n", STR_ARG(file->name), f->at.line,
                      f->at.column, severity, STR_ARG(f->text)) &&
           add_source(out, findings_line(file->text, f->at.line), f);
}

bool check_file_report(const struct check_file *file, struct buf *out)
{
    const struct findings *f = &file->findings;
    bool fits = true;

    for (uint32_t i = 0; i < f->n && fits; i++)
        fits = add_finding(out, file, &f->list[i]);
    if (f->left_out)
        fits = fits && buf_printf(out, "%u more are not shown.\n", f->left_out);
    return fits;
}

static bool add_quoted(struct buf *out, str text)
{
    if (!buf_reserve(out, JSON_QUOTED_MAX(text.n)))
        return false;
    out->n = (size_t)(json_quote(out->p + out->n, text) - out->p);
    return true;
}

bool check_file_json(const struct check_file *file, struct buf *out)
{
    const struct findings *f = &file->findings;

    bool fits = buf_add(out, STR("{\"file\":")) && add_quoted(out, file->name) &&
                buf_printf(out, ",\"errors\":%u,\"warnings\":%u,\"left_out\":%u,\"findings\":[",
                           f->errors, f->warnings, f->left_out);
    for (uint32_t i = 0; i < f->n && fits; i++) {
        const struct finding *one = &f->list[i];
        fits = buf_printf(out, "%s{\"line\":%u,\"column\":%u,\"length\":%u,\"severity\":\"%s\"",
                          i ? "," : "", one->at.line, one->at.column, one->length,
                          one->is_warning ? "warning" : "error") &&
               buf_add(out, STR(",\"text\":")) && add_quoted(out, one->text) &&
               buf_add(out, STR(",\"hint\":")) && add_quoted(out, one->hint) &&
               buf_add(out, STR("}"));
    }
    return fits && buf_add(out, STR("]}\n"));
}

bool check_file_summary(const struct check_file *file, struct buf *out)
{
    const struct findings *f = &file->findings;

    return buf_printf(out, "%u error%s, %u warning%s.%s\n", f->errors,
                      f->errors == 1 ? "" : "s", f->warnings, f->warnings == 1 ? "" : "s",
                      f->errors ? " Nothing was changed." : "");
}
