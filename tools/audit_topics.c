/* Topics: what the books say, and what is there. The books move with the streams in one step,
 * so a page that is read together with them must agree; a topic of several pages is read again
 * until its books are the same before and behind. */
#include <inttypes.h>

#include "common/io/redis.h"
#include "tools/audit.h"

enum {
    PAGE = 512,        /* a topic's mark bounds its bytes */
    LETTERS_PAGE = 64, /* nothing bounds the dead letters, of up to a megabyte each */
    PENDING_MAX = 65536,
    READINGS_MAX = 5,
    BOOKS = 6,
};

static const char *const book_names[BOOKS] = {"records", "bytes", "in",
                                              "out",     "dead",  "filtered"};

struct page { /* what one EXEC answered */
    const struct reply *books, *entries, *groups, *pending;
};

static uint32_t page_size(const struct audit_topic *t)
{
    return t->is_letters ? LETTERS_PAGE : PAGE;
}

static int64_t number_of(const struct reply *reply)
{
    int64_t n = 0;

    return reply->type == REPLY_STRING && str_to_i64(reply->text, &n) ? n : 0;
}

static void say_books(struct audit *a, const struct audit_topic *t)
{
    str args[2 + BOOKS] = {STR("HMGET"), keys_lane(a->keys, &a->page, "books")};

    for (size_t i = 0; i < BOOKS; i++)
        args[2 + i] = arena_printf(&a->page, STR_FMT ":%s", STR_ARG(t->name), book_names[i]);
    redis_send(a->redis, args, ARRAY_LEN(args), &a->page, NULL, NULL);
}

static bool read_page(struct audit *a, const struct audit_topic *t, str after, struct page *p)
{
    struct redis *r = a->redis;
    const str exec = STR("EXEC");
    const struct reply *reply;
    char digits[20], limit[20];
    str count = str_between(digits, str_write_u64(digits, page_size(t)));
    str pending = str_between(limit, str_write_u64(limit, PENDING_MAX));

    redis_say(r, &a->page, NULL, NULL, STR("MULTI"));
    say_books(a, t);
    redis_say(r, &a->page, NULL, NULL, STR("XRANGE"), t->key, after, STR("+"), STR("COUNT"),
              count);
    redis_say(r, &a->page, NULL, NULL, STR("XINFO"), STR("GROUPS"), t->key);
    redis_say(r, &a->page, NULL, NULL, STR("XPENDING"), t->key, STR("sp"), after, STR("+"),
              pending);
    if (redis_call(r, &exec, 1, &a->page, &reply, a->err) != 0)
        return false;
    if (reply->type != REPLY_ARRAY || reply->n != 4 || reply->items[0].n != BOOKS) {
        error_set(a->err, ERR_REDIS, "EXEC: an answer of the wrong form");
        return false;
    }
    if (reply->items[1].type == REPLY_ERROR) {
        error_set(a->err, ERR_REDIS, "XRANGE '" STR_FMT "': " STR_FMT, STR_ARG(t->key),
                  STR_ARG(reply->items[1].text));
        return false;
    }
    *p = (struct page){&reply->items[0], &reply->items[1], &reply->items[2], &reply->items[3]};
    return true;
}

/* Ids are compared as numbers; 0-0 for what is no id. */
struct id {
    uint64_t ms, seq;
};

static struct id id_of(str text)
{
    struct id id = {0};
    str seq = text, ms = str_cut(&seq, '-');

    if (!str_to_u64(ms, &id.ms) || !str_to_u64(seq, &id.seq))
        return (struct id){0};
    return id;
}

static bool is_before(struct id a, struct id b)
{
    return a.ms != b.ms ? a.ms < b.ms : a.seq < b.seq;
}

static bool is_same(struct id a, struct id b)
{
    return a.ms == b.ms && a.seq == b.seq;
}

/* The last id that our group was given; false: there is no such group. */
static bool last_delivered(const struct reply *groups, struct id *last)
{
    for (uint32_t i = 0; groups->type == REPLY_ARRAY && i < groups->n; i++) {
        const struct reply *g = &groups->items[i];
        bool is_ours = false;
        for (uint32_t j = 0; j + 1 < g->n; j += 2) {
            is_ours |= str_is(g->items[j].text, "name") && str_is(g->items[j + 1].text, "sp");
            if (str_is(g->items[j].text, "last-delivered-id"))
                *last = id_of(g->items[j + 1].text);
        }
        if (is_ours)
            return true;
    }
    return false;
}

struct weight { /* of an entry, as the books have it */
    int64_t records, bytes;
    bool is_booked;
};

static struct weight weigh(const struct audit_topic *t, const struct reply *fields)
{
    struct weight w = {.records = t->is_letters, .is_booked = t->is_letters};
    str data = STR_NONE, uri = STR_NONE;

    for (uint32_t i = 0; i + 1 < fields->n; i += 2) {
        str name = fields->items[i].text, value = fields->items[i + 1].text;
        if (str_is(name, "data"))
            data = value;
        else if (str_is(name, "uri"))
            uri = value;
        else if (str_is(name, "n") && !t->is_letters)
            w.is_booked = str_to_i64(value, &w.records);
    }
    w.bytes = (int64_t)(data.n || t->is_letters ? data.n : uri.n);
    return w;
}

static void add_stranded(struct audit *a, struct audit_topic *t, str id, struct weight w)
{
    if (t->stranded++ == 0)
        t->stranded_id = arena_copy(a->arena, id);
    t->stranded_records += (uint64_t)MAX(w.records, 0);
    t->stranded_bytes += w.bytes;
}

/* Entries and claims are both in the order of their ids: what has only one of the two? */
static void count_page(struct audit *a, struct audit_topic *t, const struct page *p)
{
    const struct reply *claims = p->pending;
    uint32_t claim_count = claims->type == REPLY_ARRAY ? claims->n : 0, at = 0;
    struct id last = {0};

    t->has_group = last_delivered(p->groups, &last);
    for (uint32_t i = 0; i < p->entries->n; i++) {
        const struct reply *entry = &p->entries->items[i];
        struct id id = id_of(entry->items[0].text);
        struct weight w = weigh(t, &entry->items[1]);
        for (; at < claim_count && is_before(id_of(claims->items[at].items[0].text), id); at++)
            t->gone++;
        bool is_claimed =
            at < claim_count && is_same(id_of(claims->items[at].items[0].text), id);
        at += is_claimed;
        if (t->is_kept && t->has_group && !is_claimed && !is_before(last, id))
            continue;
        t->entries++;
        t->by_hand += !w.is_booked;
        t->found_records += w.is_booked ? w.records : 0;
        t->found_bytes += w.is_booked ? w.bytes : 0;
        if (t->has_group && !is_claimed && !is_before(last, id) && claim_count < PENDING_MAX)
            add_stranded(a, t, entry->items[0].text, w);
    }
    if (p->entries->n < page_size(t))
        t->gone += claim_count - at;
}

/* What `~later` holds must stand in the set of what is due. Both move in one step. */
static bool is_asleep(struct audit *a, const struct audit_topic *t, str id, bool *asleep)
{
    str later = keys_lane(a->keys, &a->page, "later");
    str member = arena_printf(&a->page, STR_FMT " " STR_FMT, STR_ARG(t->name), STR_ARG(id));
    const str exec = STR("EXEC");
    const struct reply *reply;

    redis_say(a->redis, &a->page, NULL, NULL, STR("MULTI"));
    redis_say(a->redis, &a->page, NULL, NULL, STR("ZSCORE"), later, member);
    redis_say(a->redis, &a->page, NULL, NULL, STR("XPENDING"), t->key, STR("sp"), id, id,
              STR("1"), STR("~later"));
    if (redis_call(a->redis, &exec, 1, &a->page, &reply, a->err) != 0)
        return false;
    *asleep = reply->type == REPLY_ARRAY && reply->n == 2 &&
              reply->items[0].type == REPLY_NIL && reply->items[1].type == REPLY_ARRAY &&
              reply->items[1].n == 1;
    return true;
}

/* The entry of that id; `at` moves along with ids that rise. */
static const struct reply *find_entry(const struct page *p, struct id id, uint32_t *at)
{
    while (*at < p->entries->n && is_before(id_of(p->entries->items[*at].items[0].text), id))
        ++*at;
    if (*at == p->entries->n || !is_same(id_of(p->entries->items[*at].items[0].text), id))
        return NULL;
    return &p->entries->items[*at];
}

static bool check_parked(struct audit *a, struct audit_topic *t, const struct page *p)
{
    const struct reply *claims = p->pending;
    bool asleep = false;
    uint32_t at = 0;

    for (uint32_t i = 0; claims->type == REPLY_ARRAY && i < claims->n; i++) {
        const struct reply *claim = &claims->items[i];
        str id = claim->items[0].text;
        if (!str_is(claim->items[1].text, "~later"))
            continue;
        const struct reply *entry = find_entry(p, id_of(id), &at);
        if (!entry)
            continue; /* of another page, or gone */
        if (!is_asleep(a, t, id, &asleep))
            return false;
        if (!asleep)
            continue;
        if (t->asleep++ == 0)
            t->asleep_id = arena_copy(a->arena, id);
        t->asleep_records += (uint64_t)MAX(weigh(t, &entry->items[1]).records, 0);
    }
    return true;
}

static void take_books(struct audit_topic *t, const struct reply *books)
{
    int64_t *const to[BOOKS] = {&t->records, &t->bytes, &t->in,
                                &t->out,     &t->dead,  &t->filtered};

    for (size_t i = 0; i < BOOKS; i++)
        *to[i] = number_of(&books->items[i]);
}

static bool has_moved(const struct audit_topic *t, const struct reply *books)
{
    struct audit_topic now = {0};

    take_books(&now, books);
    return now.records != t->records || now.bytes != t->bytes || now.in != t->in ||
           now.out != t->out || now.dead != t->dead || now.filtered != t->filtered;
}

static int read_topic(struct audit *a, struct audit_topic *t)
{
    str after = STR("-");
    struct page p;
    bool is_first = true;

    do {
        arena_reset(&a->page);
        if (!read_page(a, t, after, &p))
            return a->err->code;
        if (is_first)
            take_books(t, p.books);
        is_first = false;
        count_page(a, t, &p);
        if (!check_parked(a, t, &p))
            return a->err->code;
        if (p.entries->n == page_size(t))
            after = arena_printf(a->arena, "(" STR_FMT,
                                 STR_ARG(p.entries->items[p.entries->n - 1].items[0].text));
    } while (p.entries->n == page_size(t));
    t->is_moving = has_moved(t, p.books);
    return 0;
}

static int recount(struct audit *a, struct audit_topic *t)
{
    struct audit_topic fresh = *t;

    for (int i = 0; i < READINGS_MAX; i++) {
        *t = fresh;
        if (read_topic(a, t) != 0)
            return a->err->code;
        if (!t->is_moving)
            return 0;
    }
    return 0;
}

int audit_topics(struct audit *a)
{
    const struct pipeline *p = a->pipeline;
    struct audit_topic *t = arena_zalloc(a->arena, (p->stage_count + 2) * sizeof(*t));

    a->inbox = (struct audit_topic){.name = STR("inbox"),
                                    .key = keys_global(a->keys, a->arena, "inbox")};
    a->topics = t;
    for (uint32_t i = 0; i < p->stage_count; i++)
        *t++ = (struct audit_topic){.name = p->stages[i].name,
                                    .key = keys_topic(a->keys, a->arena, p->stages[i].name),
                                    .is_kept = pipeline_keeps(&p->stages[i]),
                                    .is_splitter = p->stages[i].kind->wants_jobs};
    *t++ = (struct audit_topic){
        .name = STR("dead"), .key = keys_lane(a->keys, a->arena, "dead"), .is_letters = true};
    a->topic_count = (uint32_t)(t - a->topics);
    for (t = a->topics; t < a->topics + a->topic_count; t++) {
        if (recount(a, t) != 0)
            return a->err->code;
        audit_compare(a, t, true);
    }
    if (recount(a, &a->inbox) != 0)
        return a->err->code;
    audit_compare(a, &a->inbox, false);
    return 0;
}
