#include "tools/apply_left.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/data/json.h"
#include "common/io/redis.h"

struct left { /* what a stage holds */
    int64_t entries, records, letters;
};

static int64_t number_of(const struct reply *r)
{
    int64_t v = 0;

    return r->type == REPLY_STRING && str_to_i64(r->text, &v) ? v : 0;
}

static int look(struct redis *r, const struct keys *keys, str stage, struct arena *a,
                struct left *left, struct error *err)
{
    static const char *const names[] = {"records", "dead", "redriven", "dropped"};
    const str length[] = {STR("XLEN"), keys_topic(keys, a, stage)};
    str books[2 + ARRAY_LEN(names)] = {STR("HMGET"), keys_lane(keys, a, "books")};
    const struct reply *entries, *n;

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        books[2 + i] = arena_printf(a, STR_FMT ":%s", STR_ARG(stage), names[i]);
    if (redis_call(r, length, ARRAY_LEN(length), a, &entries, err) != 0 ||
        redis_call(r, books, ARRAY_LEN(books), a, &n, err) != 0)
        return err->code;
    if (n->type != REPLY_ARRAY || n->n != ARRAY_LEN(names))
        return error_set(err, ERR_REDIS, "HMGET: an answer of the wrong form");
    left->entries = entries->integer;
    left->records = number_of(&n->items[0]);
    left->letters = number_of(&n->items[1]) - number_of(&n->items[2]) - number_of(&n->items[3]);
    return 0;
}

static void warn(str stage, const struct left *left)
{
    if (left->entries > 0)
        fprintf(stderr,
                "warning: stage '" STR_FMT "' is gone, but its topic holds %" PRId64
                " entries, of which %" PRId64 " records wait, also those that are to be tried "
                "again later: nobody works on them until a pipeline has the stage again\n",
                STR_ARG(stage), left->entries, left->records);
    if (left->letters > 0)
        fprintf(stderr,
                "warning: stage '" STR_FMT "' is gone, but has %" PRId64
                " dead letters: standpipe dead redrive --stage " STR_FMT " --to STAGE, or "
                "standpipe dead drop --stage " STR_FMT "\n",
                STR_ARG(stage), left->letters, STR_ARG(stage), STR_ARG(stage));
}

/* The members of "stages" in {"version":...,"pipeline":{...}}. */
static bool open_stages(str text, str *rest)
{
    return json_pointer(text, STR("/pipeline/stages"), rest) &&
           json_type(*rest) == JSON_OBJECT && json_open(*rest, rest);
}

void apply_warn_of_left(struct redis *r, const struct keys *keys, str was,
                        const struct pipeline *now, struct arena *a)
{
    str rest, name, value;
    uint32_t number;

    if (!was.n || !open_stages(was, &rest))
        return;
    while (json_next_member(&rest, &name, &value)) {
        struct error err = {0};
        struct left left = {0};
        if (pipeline_find(now, name, &number))
            continue;
        if (look(r, keys, name, a, &left, &err) == 0)
            warn(name, &left);
        else
            fprintf(stderr,
                    "warning: stage '" STR_FMT "' is gone; whether it holds anything "
                    "is not known: %s\n",
                    STR_ARG(name), err.text);
    }
}
