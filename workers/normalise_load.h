#pragma once
/* The parts of normalise_sources_load(). Private to normalise_*.c. */
#include "common/run/setting.h"
#include "workers/normalise_rules.h"

struct rule { /* of one field, as written: merged from all that speak of it */
    const struct node *node;
    const struct node *from, *value, *text, *clean, *nothing, *map, *match, *formats,
        *languages, *group, *currencies, *notes, *units, *truthy, *falsy, *symbols, *pad,
        *between, *fallback;
    str use, unmapped, parse, take, decimal, currency, multiplier, unit, assume, digits,
        country, zone, scraped, separator, item, letter_case, unreadable;
    bool is_required;
};
struct load {
    struct arena *arena;
    struct findings *findings;
};

extern const struct setting normalise_rule_settings[];   /* into a struct rule */
extern const struct setting normalise_source_settings[]; /* names only: read by hand */

/* A map with the members of all layers, those of the first before those of the next; `nothing`
 * is a list of all its words. Layers may be NULL. */
const struct node *load_merge(struct load *l, const struct node *const *layers, uint32_t n,
                              const struct node *place);
/* The rule of one field; mistakes are findings. */
void load_rule(struct load *l, const struct node *merged, struct rule *rule);

/* A mistake, at a node of the file: '<its text>' <what>. */
void load_complain(struct load *l, const struct node *n, const char *what);
/* A word, or a list of words; `n` may be NULL. */
const struct node **load_words(struct load *l, const struct node *n, uint32_t *count);
const str *load_texts(struct load *l, const struct node *n, bool fold, uint32_t *count);
bool load_is_pattern(str s); /* stands between slashes */
/* NULL, and a finding at `n`: it cannot be compiled. The caller owns it. */
struct pattern *load_pattern(struct load *l, const struct node *n, str text);
/* Which of `words` (ends with NULL) `word` is; 0, and a finding at `key`: none. */
unsigned load_choice(struct load *l, const struct rule *r, const char *key, str word,
                     const char *const *words);

void load_from(struct load *l, const struct rule *r, struct normalise_field *field);
void load_steps(struct load *l, const struct rule *r, struct normalise_field *field);
/* What the coercer is told. `is_integral` and `form` are those of the schema's type. */
void load_setup(struct load *l, const struct rule *r, struct normalise_field *field);
/* `known`: the field of the schema, NULL without one. */
void load_field(struct load *l, const struct node *merged, const struct schema_field *known,
                struct normalise_field *field);
void field_free(struct normalise_field *field);
