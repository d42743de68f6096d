#include "common/run/once.h"

#include "common/base/hash.h"
#include "common/data/digest.h"
#include "common/data/origin.h"
#include "common/data/record_key.h"

enum { KEY_PLAIN_MAX = 200 }; /* bytes; longer ones are hashed */

struct slot {
    uint64_t hash;
    str key, id; /* its mark, and the record that it is for */
};
struct sums {
    struct arena *arena;
    const struct output_context *c;
    const struct batch *b;
    struct slot *slots; /* open addressing; a power of two, at most half of them taken */
    uint32_t room, count;
};

/* What is long, or has bytes that a message of one line cannot hold, by its hash. */
static str name_of(struct arena *a, str text)
{
    unsigned char digest[DIGEST_BYTES];
    char hex[2 * DIGEST_BYTES];
    bool is_plain = text.n <= KEY_PLAIN_MAX && !str_starts(text, STR("sha256:"));

    for (size_t i = 0; i < text.n && is_plain; i++)
        is_plain = (unsigned char)text.p[i] >= ' ' && text.p[i] != 0x7f;
    if (is_plain)
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

void once_find(const struct output_context *c, struct batch *b)
{
    const struct pipeline_stage *stage = &c->pipeline->stages[c->stage];
    const struct once_rule *rule = &stage->once;
    str key;

    b->marks = NULL;
    if (!rule->member_count)
        return;
    bool reduces = pipeline_reduces(c->pipeline, c->stage);
    str prefix = keys_named(c->keys, &b->arena, "once", stage->name, ":");
    str *marks = arena_zalloc(&b->arena, (b->record_count + 1) * sizeof(*marks));
    batch_each(r, b) {
        bool goes_on = reduces || (r->route && r->route->act == ROUTE_TO);
        if (r->verdict != VERDICT_PASS || !goes_on ||
            !record_key(&b->arena, r, rule->members, rule->member_count, &key))
            continue;
        key = name_of(&b->arena, key);
        marks[r - b->records] =
            arena_printf(&b->arena, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(key));
        b->marks = marks;
    }
}

void once_learn(struct batch *b, const str *values)
{
    batch_each(r, b) {
        if (!b->marks[r - b->records].n)
            continue;
        str was = *values++;
        if (r->verdict == VERDICT_PASS && was.p && !str_equal(was, id_of(&b->arena, r)))
            record_settle(r, VERDICT_DROP, STR("duplicate"), STR_NONE);
    }
}

static void *begin(struct arena *a, const struct output_context *c, const struct batch *b)
{
    struct sums *s;

    if (!b->marks)
        return NULL;
    s = arena_alloc(a, sizeof(*s));
    *s = (struct sums){.arena = a, .c = c, .b = b, .room = 16};
    while (s->room < 2 * b->record_count)
        s->room *= 2;
    s->slots = arena_zalloc(a, s->room * sizeof(*s->slots));
    return s;
}

/* The first of a commit; the same record may come twice, as copies of a fork do. */
static bool admit(void *sums, const struct record *r, str *reason)
{
    struct sums *s = sums;
    str key = s->b->marks[r - s->b->records], id;

    if (!key.n)
        return true;
    uint64_t hash = hash_bytes(key);
    uint32_t i = (uint32_t)hash & (s->room - 1);
    while (s->slots[i].key.n && (s->slots[i].hash != hash || !str_equal(s->slots[i].key, key)))
        i = (i + 1) & (s->room - 1);
    id = id_of(s->arena, r);
    if (!s->slots[i].key.n) {
        s->slots[i] = (struct slot){.hash = hash, .key = key, .id = id};
        s->count++;
        return true;
    }
    *reason = STR("duplicate");
    return str_equal(s->slots[i].id, id);
}

static void build(void *sums, struct parts *p)
{
    const struct sums *s = sums;
    const struct pipeline_stage *stage = &s->c->pipeline->stages[s->c->stage];
    str *keys = arena_alloc(s->arena, (s->count + 1) * sizeof(*keys));
    str *args = arena_alloc(s->arena, (s->count + 1) * sizeof(*args));
    uint32_t n = 0;

    if (!s->count)
        return;
    args[0] = arena_printf(s->arena, "%llu", (unsigned long long)stage->once.within_ms);
    for (uint32_t i = 0; i < s->room; i++) {
        if (!s->slots[i].key.n)
            continue;
        keys[n++] = s->slots[i].key;
        args[n] = s->slots[i].id;
    }
    parts_say(p, &(struct commit_part){.kind = STR("once"),
                                       .keys = keys,
                                       .args = args,
                                       .key_count = n,
                                       .arg_count = n + 1});
}

const struct part_kind part_once = {
    .begin = begin, .admit = admit, .build = build, .refusal = "TWICE "};
