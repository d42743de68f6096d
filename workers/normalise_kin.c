/* Fields that read the same cells in the same way, and take different parts of them: value,
 * max, note, currency. A cell is prepared and read once for all of them, and what cannot be
 * read is one issue. */
#include "workers/normalise_load.h"

/* What a field does with what was read. */
static bool is_own(str key)
{
    static const char *const keys[] = {"use",     "take", "between",  "case",
                                       "default", "pad",  "required", "unreadable"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (str_is(key, keys[i]))
            return true;
    return false;
}

/* Texts, and trees of them in the same order. */
static bool is_equal(const struct node *x, const struct node *y)
{
    const struct node *c = x->children, *d = y->children;

    if (x->type != y->type || x->count != y->count || !str_equal(x->text, y->text))
        return false;
    if (c == d) /* of one rule */
        return true;
    for (; c && d; c = c->next, d = d->next)
        if (!str_equal(c->key, d->key) || !is_equal(c, d))
            return false;
    return true;
}

/* All that `x` says of reading, `y` says too. */
static bool is_within(const struct node *x, const struct node *y)
{
    for (const struct node *m = x->children; m; m = m->next) {
        const struct node *other = is_own(m->key) ? m : load_find(y, m->key);
        if (!other || !is_equal(m, other))
            return false;
    }
    return true;
}

static bool is_kin(const struct node *x, const struct node *y)
{
    const struct node *from = load_member(x, "from"), *other = load_member(y, "from");

    return from && other && is_equal(from, other) && is_within(x, y) && is_within(y, x);
}

void load_kin(struct normalise_rules *rules, const struct node *const *merged)
{
    for (uint32_t i = 0; i < rules->n; i++) {
        struct normalise_field *f = &rules->fields[i];
        f->kin = i;
        for (uint32_t j = 0; j < i && f->from == FROM_COLUMNS && !f->has_kin; j++) {
            struct normalise_field *first = &rules->fields[j];
            if (first->kin != j || first->from != FROM_COLUMNS ||
                first->coercer != f->coercer || !is_kin(merged[j], merged[i]))
                continue;
            f->kin = j;
            f->has_kin = first->has_kin = true;
        }
    }
}
