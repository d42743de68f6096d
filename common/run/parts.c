#include "common/run/parts.h"

#include "common/run/once.h"
#include "common/run/tables.h"
#include "common/run/windows.h"

static const struct part_kind *const kinds[] = {&part_once, &part_table, &part_windows};

struct said {
    struct said *next;
    struct commit_part part;
};
struct parts {
    struct arena *arena;
    void *sums[ARRAY_LEN(kinds)];
    struct said *first, **end;
    uint32_t n;
};

struct parts *parts_new(struct arena *a, const struct output_context *c, const struct batch *b)
{
    struct parts *p = arena_zalloc(a, sizeof(*p));

    *p = (struct parts){.arena = a, .end = &p->first};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        p->sums[i] = kinds[i]->begin(a, c, b);
    return p;
}

void *parts_sums(const struct parts *p, const struct part_kind *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i] == kind)
            return p->sums[i];
    return NULL;
}

bool parts_admit(struct parts *p, const struct record *r, str *reason)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (p->sums[i] && kinds[i]->admit && !kinds[i]->admit(p->sums[i], r, reason))
            return false;
    return true;
}

void parts_add(struct parts *p, const struct record *r)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (p->sums[i] && kinds[i]->add)
            kinds[i]->add(p->sums[i], r);
}

void parts_say(struct parts *p, const struct commit_part *part)
{
    struct said *s = arena_alloc(p->arena, sizeof(*s));

    *s = (struct said){.part = *part};
    *p->end = s;
    p->end = &s->next;
    p->n++;
}

void parts_build(struct parts *p, struct commit *commit)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (p->sums[i])
            kinds[i]->build(p->sums[i], p);
    struct commit_part *list = arena_alloc(p->arena, (p->n + 1) * sizeof(*list));
    for (const struct said *s = p->first; s; s = s->next)
        list[commit->part_count++] = s->part;
    commit->parts = list;
}

bool parts_learn(const struct output_context *c, str text)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        str word = str_of(kinds[i]->refusal);
        if (kinds[i]->learn && str_starts(text, word))
            return kinds[i]->learn(c, (str){text.p + word.n, text.n - word.n});
    }
    return false;
}
