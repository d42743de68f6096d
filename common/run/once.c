#include "common/run/once.h"

#include "common/data/digest.h"
#include "common/data/origin.h"
#include "common/data/record_key.h"
#include "common/data/text_map.h"

enum { KEY_PLAIN_MAX = 200 }; /* bytes; longer ones are hashed */

struct first {
    struct first *next;
    str key, id; /* the key, and the record that it is for */
};
struct sums {
    struct arena *arena;
    const struct output_context *c;
    const struct batch *b;
    struct text_map by_key;
    struct first *firsts; /* all of them */
};

static str name_of(struct arena *a, str text)
{
    unsigned char digest[DIGEST_BYTES];
    char hex[2 * DIGEST_BYTES];

    if (text.n <= KEY_PLAIN_MAX && !str_starts(text, STR("sha256:")))
        return text;
    digest_sha256(text, digest);
    digest_hex(digest, hex);
    return arena_printf(a, "sha256:%.*s", (int)sizeof(hex), hex);
}

static str id_of(struct arena *a, const struct record *r)
{
    struct origin o;

    (void)origin_of(r, &o); /* else its place in its entry, which is its own as well */
    return arena_printf(a, STR_FMT "-%llu-%llu", STR_ARG(o.src), (unsigned long long)o.row,
                        (unsigned long long)o.offset);
}

static const struct once_rule *rule_of(const struct output_context *c)
{
    return &c->pipeline->stages[c->stage].once;
}

void once_find(const struct output_context *c, struct batch *b)
{
    const struct once_rule *rule = rule_of(c);
    bool reduces = pipeline_reduces(c->pipeline, c->stage);
    str key;

    b->marks = NULL;
    if (!rule->member_count)
        return;
    str *marks = arena_zalloc(&b->arena, (b->record_count + 1) * sizeof(*marks));
    batch_each(r, b) {
        bool goes_on = reduces || (r->route && r->route->act == ROUTE_TO);
        if (r->verdict != VERDICT_PASS || !goes_on ||
            !record_key(&b->arena, r, rule->members, rule->member_count, &key))
            continue;
        marks[r - b->records] = name_of(&b->arena, key);
        b->marks = marks;
    }
}

static str hash_at(const struct output_context *c, struct arena *a, uint64_t start_ms)
{
    str start = arena_printf(a, ":%llu", (unsigned long long)(start_ms / 1000));

    return keys_named(c->keys, a, "once", c->pipeline->stages[c->stage].name, start.p);
}

void once_hashes(const struct output_context *c, struct arena *a, str hashes[ONCE_HASHES])
{
    uint64_t within = rule_of(c)->within_ms, start = c->now_ms - c->now_ms % within;

    hashes[0] = hash_at(c, a, start - within);
    hashes[1] = hash_at(c, a, start);
    hashes[2] = hash_at(c, a, start + within);
}

/* `<ms> <id>` */
static bool is_of_another(const struct output_context *c, str mark, str id)
{
    str by = mark;
    uint64_t ms;

    return str_to_u64(str_cut(&by, ' '), &ms) && ms + rule_of(c)->within_ms > c->now_ms &&
           !str_equal(by, id);
}

void once_learn(const struct output_context *c, struct batch *b, const str *values)
{
    batch_each(r, b) {
        if (!b->marks[r - b->records].p)
            continue;
        str mark = *values++;
        if (r->verdict == VERDICT_PASS && mark.p && is_of_another(c, mark, id_of(&b->arena, r)))
            record_settle(r, VERDICT_DROP, STR("duplicate"), STR_NONE);
    }
}

static void *begin(struct arena *a, const struct output_context *c, const struct batch *b)
{
    struct sums *s;

    if (!b->marks)
        return NULL;
    s = arena_alloc(a, sizeof(*s));
    *s = (struct sums){.arena = a, .c = c, .b = b, .by_key = {.arena = a}};
    return s;
}

/* The first of a commit; the same record may come twice, as copies of a fork do. */
static bool admit(void *sums, const struct record *r, str *reason)
{
    struct sums *s = sums;
    str key = s->b->marks[r - s->b->records], id;
    bool is_first;

    if (!key.p)
        return true;
    struct first *first = text_map_get(&s->by_key, NULL, key, sizeof(*first), &is_first);
    id = id_of(s->arena, r);
    if (is_first) {
        *first = (struct first){.next = s->firsts, .key = key, .id = id};
        s->firsts = first;
        return true;
    }
    *reason = STR("duplicate");
    return str_equal(first->id, id);
}

static str number(struct arena *a, uint64_t v)
{
    return arena_printf(a, "%llu", (unsigned long long)v);
}

static void build(void *sums, struct parts *p)
{
    const struct sums *s = sums;
    uint64_t within = rule_of(s->c)->within_ms, now = s->c->now_ms;
    str *keys = arena_alloc(s->arena, ONCE_HASHES * sizeof(*keys));
    str *args = arena_alloc(s->arena, (4 + 2 * (size_t)s->by_key.used) * sizeof(*args));
    uint32_t n = 0;

    if (!s->firsts)
        return;
    once_hashes(s->c, s->arena, keys);
    args[n++] = number(s->arena, now);
    args[n++] = number(s->arena, within);
    args[n++] = number(s->arena, now - now % within + 3 * within); /* the last that reads it */
    args[n++] = number(s->arena, s->by_key.used);
    for (const struct first *f = s->firsts; f; f = f->next) {
        args[n++] = f->key;
        args[n++] = f->id;
    }
    parts_say(p, &(struct commit_part){.kind = STR("once"),
                                       .keys = keys,
                                       .args = args,
                                       .key_count = ONCE_HASHES,
                                       .arg_count = n});
}

const struct part_kind part_once = {
    .begin = begin, .admit = admit, .build = build, .refusal = "TWICE "};
