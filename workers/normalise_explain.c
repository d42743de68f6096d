/* What a plan does with the columns of a file, for commands that show it. */
#include "common/data/json.h"
#include "common/run/worker.h"
#include "workers/normalise_plan.h"

static void explain_columns(const struct plan *p, struct arena *a, struct column_uses *uses)
{
    str *names = arena_zalloc(a, (p->n + 1) * sizeof(*names)), rest, item;
    bool *is_used = arena_zalloc(a, p->n + 1);
    uint32_t i = 0;

    for (json_open(p->cols, &rest); i < p->n && json_next_item(&rest, &item); i++) {
        names[i] = arena_copy(a, json_text(a, item));
        is_used[i] = p->columns[i].is_claimed;
    }
    uses->names = names;
    uses->is_used = is_used;
    uses->n = p->n;
}

/* A template names its columns in any order, and not all of them need be there. */
static void explain_field(const struct plan *p, uint32_t number, struct arena *a,
                          struct field_use *use)
{
    const struct normalise_field *field = &p->rules->fields[number];
    uint32_t *columns = arena_alloc(a, (p->sources[number].n + 1) * sizeof(*columns));
    str *aliases = arena_alloc(a, (field->alias_count + 1) * sizeof(*aliases));

    *use = (struct field_use){.name = field->name, .columns = columns, .aliases = aliases};
    for (uint32_t i = 0; i < p->sources[number].n; i++)
        if (p->sources[number].columns[i] != COLUMN_NONE)
            columns[use->column_count++] = p->sources[number].columns[i];
    for (uint32_t i = 0; i < field->alias_count; i++)
        if (field->aliases[i].name.n)
            aliases[use->alias_count++] = field->aliases[i].name;
}

void plan_explain(const struct plan *p, struct arena *a, struct column_uses *uses)
{
    const struct normalise_rules *rules = p->rules;
    struct field_use *fields = arena_zalloc(a, (rules->n + 1) * sizeof(*fields));

    *uses = (struct column_uses){.fields = fields, .field_count = rules->n};
    explain_columns(p, a, uses);
    for (uint32_t i = 0; i < rules->n; i++) {
        explain_field(p, i, a, &fields[i]);
        if (rules->fields[i].from == FROM_ISSUES)
            uses->issues = rules->fields[i].name;
    }
}
