/* One Lua state holds all conditions of a pipeline. Everything that can allocate runs inside
 * lua_pcall: outside it, a refused allocation would end the process. */
#include "common/data/script.h"

#include <assert.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>

#include "common/base/arena.h"
#include "common/data/script_env.h"

enum {
    MEMORY_MAX = 1024 * 1024, /* of one call, beyond what the compiled conditions take */
    TEXT_MAX = 64 * 1024,
    LOOK_EVERY = 1000, /* instructions between two looks at the clock */
    SHOWN_MAX = 60,    /* bytes of a value in an error */
};

struct condition {
    str source; /* "return ...", in the arena */
    int function;
};
struct script {
    lua_State *lua; /* owned */
    size_t used, limit;
    int names;                    /* reference of the environment */
    struct condition *conditions; /* owned */
    uint32_t count, room;
    struct script_env env;
    struct arena arena; /* sources */
    struct arena why;   /* the last error */
};

/* With `old` NULL, `old_size` is a tag of Lua's and no size. Shrinking is never refused. */
static void *allocate(void *ctx, void *old, size_t old_size, size_t size)
{
    struct script *s = ctx;

    if (!old)
        old_size = 0;
    if (size == 0) {
        free(old);
        s->used -= old_size;
        return NULL;
    }
    if (size > old_size && size - old_size > s->limit - MIN(s->used, s->limit))
        return NULL;
    void *new = realloc(old, size);
    if (!new)
        return NULL;
    s->used += size - old_size;
    return new;
}

static void look(lua_State *L, lua_Debug *at)
{
    (void)at;
    script_env_watch(L);
}

static int build(lua_State *L)
{
    struct script *s = lua_touserdata(L, 1);

    script_env_build(L);
    s->names = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

/* Compile the condition given: its function, with our names for its globals, into the registry.
 */
static int compile(lua_State *L)
{
    const struct script *s = lua_touserdata(L, 1);
    struct condition *c = lua_touserdata(L, 2);

    if (luaL_loadbufferx(L, c->source.p, c->source.n, "=condition", "t") != LUA_OK)
        return lua_error(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->names);
    if (!lua_setupvalue(L, -2, 1))
        return luaL_error(L, "no globals");
    c->function = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static int call_compile(struct script *s, struct condition *c)
{
    lua_pushcfunction(s->lua, compile);
    lua_pushlightuserdata(s->lua, s);
    lua_pushlightuserdata(s->lua, c);
    int status = lua_pcall(s->lua, 2, 0, 0);
    s->limit = s->used + MEMORY_MAX;
    return status;
}

static void open_state(struct script *s)
{
    s->used = 0;
    s->limit = MEMORY_MAX;
    s->lua = lua_newstate(allocate, s);
    if (!s->lua)
        out_of_memory();
    *(struct script_env **)lua_getextraspace(s->lua) = &s->env;
    lua_pushcfunction(s->lua, build);
    lua_pushlightuserdata(s->lua, s);
    if (lua_pcall(s->lua, 1, 0, 0) != LUA_OK)
        die("Lua's libraries: %s", lua_tostring(s->lua, -1));
}

/* After a refused allocation the state is not to be trusted. */
static void renew_state(struct script *s)
{
    lua_close(s->lua);
    open_state(s);
    for (uint32_t i = 0; i < s->count; i++)
        if (call_compile(s, &s->conditions[i]) != LUA_OK)
            die("a condition that compiled does not any more");
}

struct script *script_new(void)
{
    struct script *s = xalloc(sizeof(*s));

    open_state(s);
    return s;
}

void script_free(struct script *s)
{
    if (!s)
        return;
    lua_close(s->lua);
    arena_free(&s->arena);
    arena_free(&s->why);
    arena_free(&s->env.scratch);
    free(s->conditions);
    free(s);
}

/* Lua's message without the "condition:1: " before it; of a longer condition the line stays. */
static str message(lua_State *L)
{
    str text = lua_type(L, -1) == LUA_TSTRING ? str_of(lua_tostring(L, -1))
                                              : STR("it raised something that is no text");
    if (!str_starts(text, STR("condition:")))
        return text;
    str rest = text, line;
    (void)str_cut(&rest, ':');
    line = str_cut(&rest, ':');
    return str_is(line, "1") ? str_trim(rest)
                             : (str){line.p, text.n - (size_t)(line.p - text.p)};
}

/* Signs of other languages, outside of strings. */
static const char *foreign_sign(str text)
{
    char quote = 0;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i], next = i + 1 < text.n ? text.p[i + 1] : '\0';
        char before = i ? text.p[i - 1] : '\0';
        if (quote) {
            i += c == '\\';
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '!') {
            return next == '=' ? "; write ~= for !=" : "; write not for !";
        } else if ((c == '&' || c == '|') && next == c) {
            return c == '&' ? "; write and for &&" : "; write or for ||";
        } else if (c == '=' && next != '=' && !strchr("=<>~", before)) {
            return "; write == for =";
        }
    }
    return "";
}

static int take_source(struct script *s, str text, struct condition *c, struct error *err)
{
    if (str_trim(text).n == 0)
        return error_set(err, ERR_CONFIG, "the condition is empty");
    if (text.n > TEXT_MAX)
        return error_set(err, ERR_CONFIG, "the condition is longer than %d bytes", TEXT_MAX);
    if (memmem(text.p, text.n, "_ENV", 4))
        return error_set(err, ERR_CONFIG, "a condition must not name _ENV");
    /* With brackets, so that it is one expression and nothing else. */
    c->source = arena_printf(&s->arena, "return (" STR_FMT "\n)", STR_ARG(text));
    int status = call_compile(s, c);
    if (status == LUA_OK)
        return 0;

    /* Without them Lua's words are about what was written. */
    struct condition bare = {.source =
                                 arena_printf(&s->arena, "return " STR_FMT, STR_ARG(text))};
    str what = STR("it is not one expression");
    lua_pop(s->lua, 1);
    status = call_compile(s, &bare);
    if (status == LUA_ERRMEM)
        what = STR("it takes too much memory");
    else if (status != LUA_OK)
        what = message(s->lua);
    error_set(err, ERR_CONFIG, "the condition does not compile: " STR_FMT "%s", STR_ARG(what),
              foreign_sign(text));
    if (status == LUA_OK)
        luaL_unref(s->lua, LUA_REGISTRYINDEX, bare.function);
    else
        lua_pop(s->lua, 1);
    if (status == LUA_ERRMEM)
        renew_state(s);
    return err->code;
}

int script_compile(struct script *s, str text, uint32_t *condition, struct error *err)
{
    struct condition c = {0};

    if (take_source(s, text, &c, err))
        return err->code;
    if (s->count == s->room) {
        s->room = MAX(16u, s->room * 2);
        s->conditions = xrealloc(s->conditions, s->room * sizeof(*s->conditions));
    }
    s->conditions[s->count] = c;
    *condition = s->count++;
    return 0;
}

/* The sentence of an error, with the members that the condition read: Lua names none when a
 * comparison fails. */
static str explain(struct script *s, str what)
{
    const struct script_env *env = &s->env;
    uint32_t n = MIN(env->read_count, (uint32_t)SCRIPT_READ_MAX);

    arena_reset(&s->why);
    str text = arena_copy(&s->why, what);
    for (uint32_t i = 0; i < n; i++) {
        const struct script_read *r = &env->read[i];
        text = arena_printf(&s->why, STR_FMT "%s%.*s is %.*s%s", STR_ARG(text), i ? ", " : " (",
                            (int)r->n, r->name, (int)MIN(r->value.n, (size_t)SHOWN_MAX),
                            r->value.p, r->value.n > SHOWN_MAX ? "..." : "");
    }
    return n ? arena_printf(&s->why, STR_FMT ")", STR_ARG(text)) : text;
}

bool script_test(struct script *s, uint32_t condition, const struct record *r, bool *holds,
                 str *why)
{
    assert(condition < s->count);
    s->env.record = r;
    s->env.deadline_us = 0;
    s->env.read_count = 0;
    arena_reset(&s->env.scratch);
    /* The count of the hook runs on from call to call. */
    lua_sethook(s->lua, look, LUA_MASKCOUNT, LOOK_EVERY);
    lua_rawgeti(s->lua, LUA_REGISTRYINDEX, s->conditions[condition].function);
    int status = lua_pcall(s->lua, 0, 1, 0);
    if (status == LUA_OK) {
        *holds = lua_toboolean(s->lua, -1);
        lua_settop(s->lua, 0);
        return true;
    }
    *why = explain(s, status == LUA_ERRMEM ? STR("it takes more than 1 MiB of memory")
                                           : message(s->lua));
    lua_settop(s->lua, 0);
    if (status == LUA_ERRMEM)
        renew_state(s);
    return false;
}
