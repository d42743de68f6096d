/* `standpipe schema`: the JSON Schema of the pipeline file, from the tables that check it. */
#include "common/run/pipeline.h"
#include "tools/commands.h"
#include "tools/say.h"

/* What the lexer takes; ${NAME} stands for anything, as its value is not known here. */
#define OR_VARIABLE "|\\\\$\\\\{"
static const char *const patterns[] = {
    [SETTING_BOOL] = "^(true|false)$" OR_VARIABLE,
    [SETTING_COUNT] = "^[0-9]+[kM]?$" OR_VARIABLE,
    [SETTING_BYTES] = "^(0|[0-9]+(B|kB|KB|MB|GB|KiB|MiB|GiB))$" OR_VARIABLE,
    [SETTING_MSEC] = "^(0|[0-9]+(ms|s|m|h|d))$" OR_VARIABLE,
    [SETTING_RATE] = "^[0-9]+[kM]?/(s|m|h|d)$" OR_VARIABLE,
    [SETTING_SPAN] = "^(0|[0-9]+(ms|s|m|h|d))\\\\.\\\\.(0|[0-9]+(ms|s|m|h|d))$" OR_VARIABLE,
};

static void say_keys(struct say *s, const struct setting *table);

/* A map with the keys of a table, or a word that is short for one. */
static void say_members(struct say *s, const struct setting *members, bool may_be_word)
{
    say(s, may_be_word ? "{\"type\":[\"object\",\"string\",\"null\"],"
                       : "{\"type\":[\"object\",\"null\"],");
    say_keys(s, members);
    say(s, "}");
}

static void say_inside(struct say *s, const struct setting *t)
{
    bool is_fields = t->inside == INSIDE_FIELDS;

    switch (t->inside) {
    case INSIDE_ANYTHING:
        break;
    case INSIDE_KEYS:
        say(s, ",\"type\":[\"object\",\"null\"],");
        say_keys(s, t->members);
        break;
    case INSIDE_NAMED:
    case INSIDE_FIELDS:
        say(s, ",\"type\":[\"object\",\"null\"],\"additionalProperties\":");
        say_members(s, t->members, is_fields);
        break;
    case INSIDE_LIST:
        say(s, ",\"type\":[\"array\",\"null\"],\"items\":");
        say_members(s, t->members, false);
        break;
    }
}

static void say_type(struct say *s, const struct setting *t)
{
    switch (t->type) {
    case SETTING_NODE:
        say_inside(s, t);
        return;
    case SETTING_STR: /* any scalar is text */
        say(s, ",\"type\":[\"string\",\"number\",\"boolean\",\"null\"]");
        return;
    case SETTING_FILE:
    case SETTING_SECRET:
        say(s, ",\"type\":[\"string\",\"null\"]");
        return;
    case SETTING_BOOL:
        say(s, ",\"type\":[\"boolean\",\"string\",\"null\"]");
        break;
    case SETTING_COUNT:
    case SETTING_BYTES:
    case SETTING_MSEC:
    case SETTING_RATE:
    case SETTING_SPAN:
        say(s, ",\"type\":[\"integer\",\"string\",\"null\"]");
        break;
    }
    say(s, ",\"pattern\":\"%s\"", patterns[t->type]);
    if (t->type == SETTING_BYTES || t->type == SETTING_MSEC)
        say(s, ",\"maximum\":0"); /* a bare number has no unit, but nothing is nothing */
}

static void say_setting(struct say *s, const struct setting *t)
{
    say_quoted(s, str_of(t->name));
    say(s, ":{\"description\":");
    say_quoted(s, str_of(t->help));
    if (t->fallback && t->fallback[0]) {
        say(s, ",\"default\":");
        say_quoted(s, str_of(t->fallback));
    }
    say_type(s, t);
    say(s, "}");
}

static void say_required(struct say *s, const struct setting *table)
{
    bool is_any = false;

    for (const struct setting *t = table; t->name; t++) {
        if (t->fallback)
            continue;
        say(s, is_any ? "," : ",\"required\":[");
        say_quoted(s, str_of(t->name));
        is_any = true;
    }
    say(s, is_any ? "]" : "");
}

static void say_properties(struct say *s, const struct setting *table)
{
    for (const struct setting *t = table; t->name; t++) {
        if (t != table)
            say(s, ",");
        say_setting(s, t);
    }
}

static void say_keys(struct say *s, const struct setting *table)
{
    say(s, "\"properties\":{");
    say_properties(s, table);
    say(s, "},\"additionalProperties\":false");
    say_required(s, table);
}

/* A stage: its kind, and the keys that all of them have. */
static void say_stage(struct say *s, const struct stage *const *kinds)
{
    say(s, "{\"type\":\"object\",\"properties\":{");
    say_properties(s, pipeline_stage_settings);
    for (const struct stage *const *k = kinds; *k; k++) {
        say(s, ",");
        say_quoted(s, str_of((*k)->name));
        say(s, ":{\"description\":");
        say_quoted(s, str_of((*k)->summary));
        say(s, ",\"type\":[\"object\",\"null\"],");
        say_keys(s, (*k)->settings);
        say(s, "}");
    }
    say(s, "},\"additionalProperties\":false,\"oneOf\":[");
    for (const struct stage *const *k = kinds; *k; k++)
        say(s, "%s{\"required\":[\"%s\"]}", k == kinds ? "" : ",", (*k)->name);
    say(s, "]}");
}

static void say_root(struct say *s, const struct stage *const *kinds)
{
    say(s, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
           "\"title\":\"standpipe pipeline\",\"type\":\"object\",\"properties\":{");
    for (const struct setting *t = pipeline_settings; t->name; t++) {
        say(s, t == pipeline_settings ? "" : ",");
        if (t->members != pipeline_stage_settings) {
            say_setting(s, t);
            continue;
        }
        say_quoted(s, str_of(t->name));
        say(s, ":{\"description\":");
        say_quoted(s, str_of(t->help));
        say(s, ",\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":");
        say_stage(s, kinds);
        say(s, "}");
    }
    say(s, "},\"additionalProperties\":false");
    say_required(s, pipeline_settings);
    say(s, "}\n");
}

static int schema_run(struct command_call *call, struct error *err)
{
    struct say s;

    if (call->argc > 0)
        return error_set(err, ERR_USAGE, "'schema' takes no word '%s'", call->argv[0]);
    say_begin(&s, stdout);
    say_root(&s, call->kinds);
    return say_end(&s, err);
}

const struct command command_schema = {
    .name = "schema",
    .summary = "Print the JSON Schema of the pipeline file, for editors.",
    .examples = "standpipe schema > standpipe.schema.json\n",
    .run = schema_run,
};
