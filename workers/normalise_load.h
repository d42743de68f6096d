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
    struct normalise_sources *sources; /* whose patterns are compiled */
    struct normalise_memo *memo;
};

extern const struct setting normalise_rule_settings[];   /* into a struct rule */
extern const struct setting normalise_source_settings[]; /* names only: read by hand */

/* A map with the members of all layers, those of the first before those of the next; `nothing`
 * is a list of all its words. Layers may be NULL. */
const struct node *load_merge(struct load *l, const struct node *const *layers, uint32_t n,
                              const struct node *place);
/* The rule of one field; mistakes are findings. */
void load_rule(struct load *l, const struct node *merged, struct rule *rule);

/* A member of a map; NULL: it is not there, empty, or `map` is none (it may be NULL). */
const struct node *load_member(const struct node *map, const char *key);
const struct node *load_find(const struct node *map, str key); /* the same, also when empty */

/* A mistake, at a node of the file: '<its text>' <what>. */
void load_complain(struct load *l, const struct node *n, const char *what);
/* A word, or a list of words; `n` may be NULL. */
const struct node **load_words(struct load *l, const struct node *n, uint32_t *count);
const str *load_texts(struct load *l, const struct node *n, bool fold, uint32_t *count);
bool load_is_pattern(str s); /* stands between slashes */
/* Compiled once for all sources, which own it. NULL, and a finding at `n`: it cannot be. */
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

struct load_source { /* what the rules of a source are made of */
    const struct normalise_config *config;
    const struct schema *schema; /* NULL: none */
    const struct node *node;     /* the source; NULL: the rules that hold for all others */
};
/* Which fields read their cells alike: normalise_kin.c. `merged`: what each of them says. */
void load_kin(struct normalise_rules *rules, const struct node *const *merged);
/* All fields: normalise_names.c. */
void load_fields(struct load *l, const struct load_source *from, struct normalise_rules *rules);

struct load_place {                   /* of a field in the document */
    const struct node *node;          /* its key is the field's name */
    const struct schema_field *known; /* NULL: no schema */
};
/* Nested records: normalise_nest.c. */
void nest_group(struct load_place *places,
                uint32_t n); /* those of a record where its first is */
void nest_write(struct arena *a, struct normalise_rules *rules); /* prefixes and suffixes */
