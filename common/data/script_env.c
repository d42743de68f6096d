#include "common/data/script_env.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>
#include <time.h>

#include "common/data/json.h"

enum { DEPTH_MAX = 64, LONG_TEXT = 4096 }; /* of what is long enough to look at the clock */

static const char *const base_names[] = {"assert", "error",    "ipairs", "next", "pairs",
                                         "select", "tonumber", "type",   NULL};
static const char *const string_names[] = {"byte",    "char", "format", "len", "lower",
                                           "reverse", "sub",  "upper",  NULL};
/* No sort: comparing long strings takes C far beyond any limit. No move: it loops in C. */
static const char *const table_names[] = {"concat", "insert", "remove", "unpack", NULL};
static const char *const math_names[] = {
    "abs",  "acos", "asin", "atan", "ceil",       "cos",  "deg",        "exp",  "floor",
    "fmod", "huge", "log",  "max",  "maxinteger", "min",  "mininteger", "modf", "pi",
    "rad",  "sin",  "sqrt", "tan",  "tointeger",  "type", "ult",        NULL};
static const char *const utf8_names[] = {"char", "charpattern", "codepoint", "codes",
                                         "len",  "offset",      NULL};

static struct script_env *env_of(lua_State *L)
{
    return *(struct script_env **)lua_getextraspace(L);
}

/* Time that we ran, not time that went by: on a busy machine a good condition may have to wait
 * for longer than its limit. */
static uint64_t processor_us(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t))
        die("no clock of the thread");
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void script_env_watch(lua_State *L)
{
    struct script_env *env = env_of(L);
    uint64_t now_us = processor_us();

    if (env->deadline_us == 0)
        env->deadline_us = now_us + SCRIPT_LIMIT_US;
    else if (now_us > env->deadline_us)
        luaL_error(L, "it takes longer than %d ms", SCRIPT_LIMIT_US / 1000);
}

/* --- values of the record --- */

/* Digits alone stay whole numbers of 64 bits; the rest, and what is larger, becomes a double.
 */
static void push_number(lua_State *L, str value)
{
    char text[1100]; /* numbers are at most 1,024 bytes long: json_check */
    int64_t whole;

    if (str_to_i64(value, &whole)) {
        lua_pushinteger(L, whole);
        return;
    }
    size_t n = MIN(value.n, sizeof(text) - 1);
    memcpy(text, value.p, n);
    text[n] = '\0';
    lua_pushnumber(L, strtod(text, NULL));
}

static void push_text(lua_State *L, str value)
{
    str text = STR("");

    if (!json_unquote(&env_of(L)->scratch, value, &text))
        luaL_error(L, "a member is no valid text");
    lua_pushlstring(L, text.p, text.n);
    if (text.n >= LONG_TEXT)
        script_env_watch(L);
}

static void push_value(lua_State *L, str value, int depth);

static void push_object(lua_State *L, str value, int depth)
{
    str rest, name, member;

    lua_newtable(L);
    if (!json_open(value, &rest))
        return;
    while (json_next_member(&rest, &name, &member)) {
        /* the name with the quotes around it, which are there: it was cut from between them */
        push_text(L, (str){name.p - 1, name.n + 2});
        push_value(L, member, depth + 1);
        lua_rawset(L, -3);
    }
}

static void push_array(lua_State *L, str value, int depth)
{
    str rest, item;

    lua_newtable(L);
    if (!json_open(value, &rest))
        return;
    for (lua_Integer i = 1; json_next_item(&rest, &item); i++) {
        push_value(L, item, depth + 1);
        lua_rawseti(L, -2, i);
    }
}

static void push_nested(lua_State *L, str value, int depth)
{
    if (depth > DEPTH_MAX)
        luaL_error(L, "a member is nested deeper than %d", DEPTH_MAX);
    luaL_checkstack(L, 4, "a member is nested too deep");
    if (json_type(value) == JSON_OBJECT)
        push_object(L, value, depth);
    else
        push_array(L, value, depth);
    if (value.n >= LONG_TEXT)
        script_env_watch(L);
}

static void push_value(lua_State *L, str value, int depth)
{
    switch (json_type(value)) {
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(L, json_type(value) == JSON_TRUE);
        return;
    case JSON_NUMBER:
        push_number(L, value);
        return;
    case JSON_STRING:
        push_text(L, value);
        return;
    case JSON_OBJECT:
    case JSON_ARRAY:
        push_nested(L, value, depth);
        return;
    case JSON_INVALID:
    case JSON_NULL:
        lua_pushnil(L);
        return;
    }
}

/* Note what was read, for the sentence of an error. */
static void note(struct script_env *env, str name, str value)
{
    struct script_read *r = &env->read[env->read_count % SCRIPT_READ_MAX];

    env->read_count++;
    r->n = MIN(name.n, sizeof(r->name));
    memcpy(r->name, name.p, r->n);
    r->value = value;
}

static bool push_member(lua_State *L, int key)
{
    struct script_env *env = env_of(L);
    str name = STR_NONE, value;

    if (lua_type(L, key) != LUA_TSTRING)
        return false;
    name.p = lua_tolstring(L, key, &name.n);
    if (!env->record || !record_find(env->record, name, &value))
        return false;
    note(env, name, value);
    push_value(L, value, 1);
    return true;
}

/* --- what conditions call --- */

/* __index of the record, `_` */
static int index_record(lua_State *L)
{
    if (!push_member(L, 2))
        lua_pushnil(L);
    return 1;
}

/* __index of the environment: members win over our names. Upvalue: the table of our names. */
static int index_names(lua_State *L)
{
    if (push_member(L, 2))
        return 1;
    lua_rawget(L, lua_upvalueindex(1));
    return 1;
}

static int refuse_writing(lua_State *L)
{
    return luaL_error(L, "a condition cannot assign (compare with ==)");
}

/* Comparisons with, and members of, what is missing. */
static int answer_false(lua_State *L)
{
    lua_pushboolean(L, false);
    return 1;
}

static int answer_nil(lua_State *L)
{
    lua_pushnil(L);
    return 1;
}

/* As in Lua, but without addresses: equal records give equal answers. */
static int text_of(lua_State *L)
{
    luaL_checkany(L, 1);
    if (lua_istable(L, 1) || lua_isfunction(L, 1))
        lua_pushstring(L, luaL_typename(L, 1));
    else
        luaL_tolstring(L, 1, NULL);
    return 1;
}

/* find(text, part, from): no patterns, they can run for hours. */
static int find_plain(lua_State *L)
{
    str text, part;
    text.p = luaL_checklstring(L, 1, &text.n);
    part.p = luaL_checklstring(L, 2, &part.n);
    lua_Integer from = luaL_optinteger(L, 3, 1);

    if (from < 0)
        from = MAX((lua_Integer)text.n + from + 1, 1);
    size_t start = (size_t)MAX(from, 1) - 1;
    const char *found =
        start <= text.n ? memmem(text.p + start, text.n - start, part.p, part.n) : NULL;
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, found - text.p + 1);
    lua_pushinteger(L, found - text.p + (lua_Integer)part.n);
    return 2;
}

/* string.format without addresses. Upvalue: Lua's own. */
static int format_plain(lua_State *L)
{
    const char *p = luaL_checkstring(L, 1);

    while ((p = strchr(p, '%'))) {
        p += 1 + strspn(p + 1, "-+ #0123456789.");
        if (*p == 'p')
            return luaL_error(L, "format takes no %%p");
        p += *p != '\0';
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

/* --- building --- */

/* The members `names` of the table on top, in a new table that replaces it. */
static void keep_names(lua_State *L, const char *const *names)
{
    lua_newtable(L);
    for (; *names; names++) {
        lua_getfield(L, -2, *names);
        lua_setfield(L, -2, *names);
    }
    lua_remove(L, -2);
}

static void set_function(lua_State *L, const char *name, lua_CFunction function)
{
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, name);
}

/* Replace the table on top by an empty one that reads through `index`, or through the table
 * itself, and takes no writing. */
static void shield(lua_State *L, lua_CFunction index, int upvalues)
{
    if (index)
        lua_pushcclosure(L, index, upvalues);
    lua_newtable(L);
    lua_newtable(L);
    lua_rotate(L, -3, -1);
    lua_setfield(L, -2, "__index");
    set_function(L, "__newindex", refuse_writing);
    lua_setmetatable(L, -2);
}

static void add_library(lua_State *L, const char *name, lua_CFunction open,
                        const char *const *names)
{
    luaL_requiref(L, name, open, 0);
    keep_names(L, names);
    shield(L, NULL, 0);
    lua_setfield(L, -2, name);
}

/* Text's methods come from its metatable, ("x"):upper(): what is cut must be cut there too. */
static void add_string(lua_State *L)
{
    luaL_requiref(L, "string", luaopen_string, 0);
    keep_names(L, string_names);
    set_function(L, "find", find_plain);
    lua_getfield(L, -1, "format");
    lua_pushcclosure(L, format_plain, 1);
    lua_setfield(L, -2, "format");
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 2);
    shield(L, NULL, 0);
    lua_setfield(L, -2, "string");
}

static void soften_nil(lua_State *L)
{
    lua_pushnil(L);
    lua_newtable(L);
    set_function(L, "__lt", answer_false);
    set_function(L, "__le", answer_false);
    set_function(L, "__index", answer_nil);
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

int script_env_build(lua_State *L)
{
    luaL_requiref(L, "_G", luaopen_base, 0);
    keep_names(L, base_names);
    set_function(L, "tostring", text_of);
    add_library(L, "table", luaopen_table, table_names);
    add_library(L, "math", luaopen_math, math_names);
    add_library(L, "utf8", luaopen_utf8, utf8_names);
    add_string(L);
    shield(L, index_record, 0);
    lua_setfield(L, -2, "_");
    soften_nil(L);
    shield(L, index_names, 1);
    return 1;
}
