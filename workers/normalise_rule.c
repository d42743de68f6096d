/* The keys of a field's rule: one table for the checker, the manual and the editor. */
#include "workers/normalise_load.h"

#define NODE(key, member, help)                                                                \
    {                                                                                          \
        key, SETTING_NODE, "", offsetof(struct rule, member), help                             \
    }
#define WORD(key, fallback, member, help)                                                      \
    {                                                                                          \
        key, SETTING_STR, fallback, offsetof(struct rule, member), help                        \
    }

const struct setting normalise_rule_settings[] = {
    WORD("use", "", use, "A rule of `rules`, whose keys hold where the field says nothing."),
    NODE("from", from,
         "Header to take it from, or a list: the first that is there and not empty wins; "
         "/pattern/ looks for one; {pointer: /a/b} into a document; @name, @file, @uri, @row, "
         "@offset, @accepted, @raw, @extra, @issues (the field's own name)."),
    NODE("value", value, "A constant in place of a cell."),
    NODE("template", text, "Text with {column} in it in place of a cell."),
    NODE("clean", clean,
         "What is taken off first: html, blanks, underscores, invisible; one or a list."),
    NODE("nothing", nothing, "Words that say that there is no value; added to the defaults."),
    NODE("map", map, "Words, or /patterns/, and the text that stands for them."),
    WORD("unmapped", "keep", unmapped,
         "What the map does not know: keep it, null, or null with an issue."),
    NODE("match", match,
         "/pattern/ or a list; group 1 of the first that is found is the text."),
    WORD("parse", "", parse, "What to read it as, by the name of a coercer (as it stands)."),
    WORD("take", "value", take,
         "Part of what was read: value, max, note, currency, period, unit, age, lat, lon."),
    NODE("formats", formats,
         "Formats of a date in %Y %y %m %b %d %a %H %I %p %M %S %f %z %s, or epoch_s epoch_ms "
         "epoch_us epoch_days, tried in order (ISO 8601)."),
    NODE("languages", languages,
         "Of month names, relative dates and notes: en de fr nl es it pt pl ru (en)."),
    WORD("zone", "", zone, "Zone of a time that names none: UTC, Z or +01:00."),
    WORD("scraped", "", scraped,
         "What relative dates count from: a day, 2021-05-26, or the name of its column."),
    WORD("decimal", "", decimal,
         "Decimal sign of numbers, one character (. and, of money and quantities, 12.990 is "
         "ambiguous)."),
    NODE("group", group,
         "Group signs of numbers, one or a list, or none (',' or, with decimal ',', '.')."),
    WORD("currency", "", currency,
         "Code that a sign of several currencies, or none, stands for."),
    NODE("currencies", currencies, "Signs and words, and the codes that they stand for."),
    WORD("multiplier", "", multiplier,
         "What a bare number is multiplied with: a number, thousand, lakh, million, crore."),
    NODE("notes", notes, "Words in place of or beside a number, and the note that they are."),
    WORD("unit", "", unit, "Unit to convert to (that of the coercer)."),
    WORD("assume", "", assume,
         "Unit of a bare number (that of `unit`); none: it is ambiguous."),
    NODE("units", units, "Units of one's own: {ground: {m2: 222.967}}."),
    WORD("digits", "", digits, "Decimals of a converted number, 0 to 12 (those of the unit)."),
    NODE("truthy", truthy, "Words that mean true (true, yes, y, 1, t)."),
    NODE("falsy", falsy, "Words that mean false (false, no, n, 0, f)."),
    NODE("symbols", symbols, "Words of an enum (those of the schema)."),
    WORD("country", "", country, "Of phone numbers: ISO 3166-1 alpha-2."),
    WORD("separator", ",", separator, "Between the items of a list, or braces, or json."),
    WORD("item", "text", item, "What the items of a list are read as."),
    WORD("case", "as-is", letter_case, "Letters of a text: as-is, upper or lower."),
    NODE("pad", pad, "{width: 5, with: '0'}: filled up at the front."),
    NODE("between", between, "{least, most}: outside of it a value is marked implausible."),
    WORD("unreadable", "issue", unreadable,
         "What cannot be read: null with an issue, null, or a dead letter."),
    NODE("default", fallback, "Text to read when there is no value."),
    {"required", SETTING_BOOL, "false", offsetof(struct rule, is_required),
     "Make a record without this field a dead letter."},
    {0},
};

const struct setting normalise_source_settings[] = {
    {"name", SETTING_STR, "", 0, "Name of the source, for @name."},
    {"files", SETTING_NODE, NULL, 0,
     "Globs on the whole uri of a file or on its last part; one or a list."},
    {"defaults", SETTING_NODE, "", 0, "Keys of a field's rule that hold for its fields.",
     INSIDE_KEYS, normalise_rule_settings},
    {"fields", SETTING_NODE, "", 0,
     "Fields of its own, and what is different in the common ones.", INSIDE_FIELDS,
     normalise_rule_settings},
    {0},
};

void load_rule(struct load *l, const struct node *merged, struct rule *rule)
{
    *rule = (struct rule){.node = merged};
    setting_fill(normalise_rule_settings, merged, rule, l->findings);
}
