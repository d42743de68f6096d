/* From the text of a cell to that which is parsed: what is taken off, words for nothing, the
 * map, what stands around it, and the part that is matched. Patterns are dear, so what they
 * said of short texts is remembered: columns repeat theirs. */
#include <assert.h>

#include "common/base/hash.h"
#include "common/data/clean.h"
#include "common/data/text.h"
#include "workers/normalise_cell.h"

struct folding { /* of a text, when the first list needs it */
    struct arena *arena;
    str text, folded;
};

static str folded(struct folding *f)
{
    if (!f->folded.p)
        f->folded = text_fold(f->arena, f->text);
    return f->folded;
}

/* Whether a word of the list can be equal to the text, by how both begin. */
static bool may_be_word(const struct normalise_words *w, str text)
{
    unsigned char c = (unsigned char)text.p[0];

    return c >= 0x80 || w->begins[c];
}

/* The entry that a text has in a list of words and patterns; NULL: none. */
static const struct normalise_word *find_word(const struct normalise_words *w,
                                              struct folding *f)
{
    str key = w->has_words && may_be_word(w, f->text) ? folded(f) : STR_NONE;

    if (!key.n && !w->has_patterns)
        return NULL;
    for (uint32_t i = 0; i < w->n; i++)
        if (w->list[i].pattern ? pattern_find(w->list[i].pattern, f->text, NULL, 0)
                               : key.n && str_equal(w->list[i].word, key))
            return &w->list[i];
    return NULL;
}

/* What is remembered of a text for a list; its text is another one when that is nothing. */
static struct normalise_slot *slot_of(struct normalise_memo *m, const void *list, str text)
{
    return &m->slots[(hash_bytes(text) ^ (uintptr_t)list / sizeof(max_align_t)) % MEMO_SLOTS];
}

static bool is_known(const struct normalise_slot *slot, const void *list, str text)
{
    return slot->list == list && str_equal((str){slot->text, slot->n}, text);
}

static void remember(struct normalise_slot *slot, const void *list, str text)
{
    assert(text.p && text.n <= MEMO_BYTES);
    slot->list = list;
    slot->n = (uint8_t)text.n;
    memcpy(slot->text, text.p, text.n);
}

static const struct normalise_word *find(struct normalise_memo *m,
                                         const struct normalise_words *w, struct folding *f)
{
    if (!w->has_patterns || f->text.n > MEMO_BYTES)
        return find_word(w, f);
    struct normalise_slot *slot = slot_of(m, w->list, f->text);
    if (!is_known(slot, w->list, f->text)) {
        slot->word = find_word(w, f);
        remember(slot, w->list, f->text);
    }
    return slot->word;
}

static enum step map_word(const struct normalise_steps *s, struct reading *r, struct folding *f)
{
    const struct normalise_word *w = find(s->memo, &s->map, f);

    if (w) {
        r->is_whole &= !w->pattern;
        r->text = w->means;
        r->is_raw = r->is_number = false;
        return r->text.n ? STEP_TEXT : STEP_NOTHING;
    }
    if (s->unmapped == UNMAPPED_KEEP)
        return STEP_TEXT;
    r->is_whole = false;
    if (s->unmapped == UNMAPPED_NULL)
        return STEP_NOTHING;
    r->out.issue = STR("unmapped");
    r->out.why = STR("is not in the map");
    return STEP_UNKNOWN;
}

/* The part that the first pattern catches that is found; without one p is NULL. */
static str find_part(const struct normalise_steps *s, str text)
{
    str group;

    for (uint32_t i = 0; i < s->match_count; i++)
        if (pattern_find(s->matches[i], text, &group, 1)) {
            group = str_trim(group);
            return group.n ? group : (str){text.p, 0};
        }
    return STR_NONE;
}

static str find_matched(const struct normalise_steps *s, str text)
{
    if (text.n > MEMO_BYTES)
        return find_part(s, text);
    struct normalise_slot *slot = slot_of(s->memo, s->matches, text);
    if (!is_known(slot, s->matches, text)) {
        str part = find_part(s, text);
        slot->is_found = part.p != NULL;
        slot->from = (uint8_t)(part.p ? part.p - text.p : 0);
        slot->length = (uint8_t)part.n;
        remember(slot, s->matches, text);
    }
    return slot->is_found ? (str){text.p + slot->from, slot->length} : STR_NONE;
}

static enum step match(const struct normalise_steps *s, struct reading *r)
{
    str part = find_matched(s, r->text);

    if (!part.p) {
        r->is_whole = false;
        return STEP_NOTHING;
    }
    r->is_whole &= part.n == r->text.n;
    r->is_raw &= r->is_whole;
    r->text = part;
    return part.n ? STEP_TEXT : STEP_NOTHING;
}

static void surround(struct arena *a, struct reading *r)
{
    if (!r->before.n && !r->after.n)
        return;
    size_t n = r->before.n + r->text.n + r->after.n;
    char *start = arena_alloc(a, n), *out = start;
    if (r->before.n)
        out = mempcpy(out, r->before.p, r->before.n);
    out = mempcpy(out, r->text.p, r->text.n);
    if (r->after.n)
        memcpy(out, r->after.p, r->after.n);
    r->text = (str){start, n};
    r->is_raw = false;
}

static void clean(struct arena *a, unsigned what, struct reading *r)
{
    str text = clean_text(a, r->text, what);
    bool is_same = str_equal(text, r->text);

    r->is_raw &= is_same;
    r->is_whole &= is_same || !(what & CLEAN_HTML);
    r->text = text;
}

enum step cell_steps(struct arena *a, const struct normalise_steps *s, struct reading *r)
{
    if (s->clean)
        clean(a, s->clean, r);
    if (!r->text.n)
        return STEP_NOTHING;
    struct folding f = {.arena = a, .text = r->text};
    if (s->nothing.n && find(s->memo, &s->nothing, &f)) {
        r->is_whole = false;
        return STEP_NOTHING;
    }
    enum step step = s->map.n ? map_word(s, r, &f) : STEP_TEXT;
    if (step != STEP_TEXT)
        return step;
    surround(a, r);
    return s->match_count ? match(s, r) : STEP_TEXT;
}
