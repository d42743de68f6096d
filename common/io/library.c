#include "common/io/library.h"

#include "common/io/library_text.h"

static str library_text(void)
{
    return (str){lua_library, lua_library_size};
}

/* Of one library in the answer to FUNCTION LIST LIBRARYNAME x WITHCODE: [[library_name, x,
 * engine, LUA, functions, [[name, f, ...], ...], library_code, text]], or an empty list. */
static const struct reply *find(const struct reply *list, const char *what)
{
    if (list->type != REPLY_ARRAY || list->n == 0 || list->items[0].type != REPLY_ARRAY)
        return NULL;
    const struct reply *library = &list->items[0];
    for (uint32_t i = 0; i + 1 < library->n; i += 2)
        if (str_is(library->items[i].text, what))
            return &library->items[i + 1];
    return NULL;
}

static bool is_ours(const struct reply *list)
{
    const struct reply *code = find(list, "library_code");

    return code && str_equal(code->text, library_text());
}

static bool has_function(const struct reply *functions, str name)
{
    for (uint32_t i = 0; i < functions->n; i++)
        if (functions->items[i].n >= 2 && str_equal(functions->items[i].items[1].text, name))
            return true;
    return false;
}

/* While builds are mixed, another one's code may stand under the name: whatever would break us
 * changes the name of the library, but it may still lack a function. Ours stand in quotes
 * behind the call that registers them. */
static bool is_enough(const struct reply *list)
{
    static const char call[] = "redis.register_function";
    const struct reply *functions = find(list, "functions");
    str text = library_text(), line;

    while (functions && text.n) {
        line = str_cut(&text, '\n');
        if (!str_starts(line, str_of(call)))
            continue;
        (void)str_cut(&line, '\'');
        if (!has_function(functions, str_cut(&line, '\'')))
            return false;
    }
    return functions != NULL;
}

static void on_loaded(void *ctx, const struct reply *reply)
{
    const struct library_check *c = ctx;

    c->done(c->ctx, reply && reply->type == REPLY_STRING, reply);
}

static void on_listed(void *ctx, const struct reply *reply)
{
    struct library_check *c = ctx;
    bool found = reply && (c->wish == LIBRARY_OURS ? is_ours(reply) : is_enough(reply));

    if (!reply || reply->type == REPLY_ERROR || found || c->wish == LIBRARY_FOUND) {
        c->done(c->ctx, found, reply);
        return;
    }
    redis_say(c->redis, NULL, on_loaded, c, STR("FUNCTION"), STR("LOAD"), STR("REPLACE"),
              library_text());
}

void library_check(struct library_check *c, struct redis *r, enum library_wish wish,
                   library_done *done, void *ctx)
{
    *c = (struct library_check){.redis = r, .done = done, .ctx = ctx, .wish = wish};
    redis_say(r, NULL, on_listed, c, STR("FUNCTION"), STR("LIST"), STR("LIBRARYNAME"),
              str_of(lua_library_name), STR("WITHCODE"));
}

int library_load(struct redis *r, struct arena *a, struct error *err)
{
    const struct reply *reply;
    const str list[] = {STR("FUNCTION"), STR("LIST"), STR("LIBRARYNAME"),
                        str_of(lua_library_name), STR("WITHCODE")};
    const str load[] = {STR("FUNCTION"), STR("LOAD"), STR("REPLACE"), library_text()};
    int rc = redis_call(r, list, ARRAY_LEN(list), a, &reply, err);

    if (rc || is_ours(reply))
        return rc;
    return redis_call(r, load, ARRAY_LEN(load), a, &reply, err);
}
