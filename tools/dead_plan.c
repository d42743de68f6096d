#include "tools/dead_plan.h"

#include "common/data/json.h"

static const char inbox[] = "inbox";

static bool is_one_of(str s, const char *const *words)
{
    while (*words && !str_is(s, *words))
        words++;
    return *words;
}

static bool is_unreadable(const struct letter *l)
{
    static const char *const reasons[] = {"row_too_long", "open_quote", "stray_quote",
                                          "too_many_columns", NULL};

    return is_one_of(l->reason, reasons);
}

/* An object of texts, and nothing but texts: fields, as output_entry_json() writes them. */
static bool are_fields(str data)
{
    str rest, name, value;

    if (json_check(data, NULL, NULL) || json_type(data) != JSON_OBJECT)
        return false;
    for (json_open(data, &rest); json_next_member(&rest, &name, &value);)
        if (json_type(value) != JSON_STRING)
            return false;
    return true;
}

/* The door makes a letter of a whole entry, or of one record, which then has its id; a record
 * that is no JSON has none. */
static bool is_entry(const struct letter *l)
{
    str id;

    if (str_is(l->reason, "bad_entry"))
        return true;
    return str_is(l->stage, inbox) && !str_is(l->reason, "bad_json") &&
           json_type(l->data) == JSON_OBJECT && !json_find(l->data, STR("sp_id"), &id);
}

/* {"uri":"..."}: a splitter's, or a whole entry. */
static bool is_file(const struct letter *l, const struct pipeline_stage *from)
{
    str uri;

    return (is_entry(l) || (from && from->kind->wants_jobs)) && are_fields(l->data) &&
           json_find(l->data, STR("uri"), &uri);
}

static struct dead_plan stays(const char *why)
{
    return (struct dead_plan){.stays = why};
}

static struct dead_plan plan_inbox(const struct letter *l)
{
    if (!str_is(l->stage, inbox))
        return stays("only letters of the inbox go back to it");
    return (struct dead_plan){.to = STR("inbox"), .form = is_entry(l) ? "entry" : "record"};
}

static struct dead_plan plan_stage(const struct letter *l, const struct pipeline_stage *from,
                                   const struct pipeline_stage *to)
{
    bool has_file = is_file(l, from);

    if (has_file && !to->kind->wants_jobs)
        return stays("it is a file: it goes to a split stage alone");
    if (!has_file && to->kind->wants_jobs)
        return stays("it is no file: name the stage behind the splitter with --to");
    return (struct dead_plan){.to = to->name,
                              .high = to->high_bytes,
                              .form = is_entry(l) ? "entry"
                                      : has_file  ? "job"
                                                  : "record"};
}

struct dead_plan dead_plan(const struct letter *l, const struct pipeline *p, str to)
{
    uint32_t number;

    if (is_unreadable(l))
        return stays("the row cannot be read: correct the file and send it again");
    if (str_is(l->reason, "source_changed"))
        return stays("the file is another one now: send it again");
    if (is_entry(l) && !are_fields(l->data))
        return stays("the fields of the entry cannot be read: put it in again by hand");
    to = to.n ? to : l->stage;
    if (str_is(to, inbox))
        return plan_inbox(l);
    const struct pipeline_stage *stage = pipeline_find(p, to, &number);
    if (!stage)
        return stays("the pipeline has no such stage: name one with --to");
    return plan_stage(l, pipeline_find(p, l->stage, &number), stage);
}
