/* The elements of HTML, old ones too, sorted by bytes. What else stands in angle brackets was
 * written by a person: <FESTPREIS>. */
#include "common/data/clean_parts.h"

enum { NAME_MAX_BYTES = 10 };

static const struct {
    char name[NAME_MAX_BYTES + 1];
    uint8_t tag;
} tags[] = {
    {"a", TAG_INLINE},        {"abbr", TAG_INLINE},      {"acronym", TAG_INLINE},
    {"address", TAG_BLOCK},   {"applet", TAG_INLINE},    {"area", TAG_INLINE},
    {"article", TAG_BLOCK},   {"aside", TAG_BLOCK},      {"audio", TAG_INLINE},
    {"b", TAG_INLINE},        {"base", TAG_INLINE},      {"basefont", TAG_INLINE},
    {"bdi", TAG_INLINE},      {"bdo", TAG_INLINE},       {"big", TAG_INLINE},
    {"blink", TAG_INLINE},    {"blockquote", TAG_BLOCK}, {"body", TAG_INLINE},
    {"br", TAG_BLOCK},        {"button", TAG_INLINE},    {"canvas", TAG_INLINE},
    {"caption", TAG_BLOCK},   {"center", TAG_BLOCK},     {"cite", TAG_INLINE},
    {"code", TAG_INLINE},     {"col", TAG_BLOCK},        {"colgroup", TAG_BLOCK},
    {"data", TAG_INLINE},     {"datalist", TAG_INLINE},  {"dd", TAG_BLOCK},
    {"del", TAG_INLINE},      {"details", TAG_BLOCK},    {"dfn", TAG_INLINE},
    {"dialog", TAG_BLOCK},    {"dir", TAG_BLOCK},        {"div", TAG_BLOCK},
    {"dl", TAG_BLOCK},        {"dt", TAG_BLOCK},         {"em", TAG_INLINE},
    {"embed", TAG_INLINE},    {"fieldset", TAG_BLOCK},   {"figcaption", TAG_BLOCK},
    {"figure", TAG_BLOCK},    {"font", TAG_INLINE},      {"footer", TAG_BLOCK},
    {"form", TAG_BLOCK},      {"frame", TAG_INLINE},     {"frameset", TAG_BLOCK},
    {"g", TAG_INLINE},        {"h1", TAG_BLOCK},         {"h2", TAG_BLOCK},
    {"h3", TAG_BLOCK},        {"h4", TAG_BLOCK},         {"h5", TAG_BLOCK},
    {"h6", TAG_BLOCK},        {"head", TAG_INLINE},      {"header", TAG_BLOCK},
    {"hgroup", TAG_INLINE},   {"hr", TAG_BLOCK},         {"html", TAG_INLINE},
    {"i", TAG_INLINE},        {"iframe", TAG_INLINE},    {"img", TAG_INLINE},
    {"input", TAG_INLINE},    {"ins", TAG_INLINE},       {"kbd", TAG_INLINE},
    {"label", TAG_INLINE},    {"legend", TAG_BLOCK},     {"li", TAG_BLOCK},
    {"link", TAG_INLINE},     {"main", TAG_BLOCK},       {"map", TAG_INLINE},
    {"mark", TAG_INLINE},     {"marquee", TAG_INLINE},   {"math", TAG_INLINE},
    {"menu", TAG_BLOCK},      {"meta", TAG_INLINE},      {"meter", TAG_INLINE},
    {"nav", TAG_BLOCK},       {"nobr", TAG_INLINE},      {"noframes", TAG_INLINE},
    {"noscript", TAG_INLINE}, {"object", TAG_INLINE},    {"ol", TAG_BLOCK},
    {"optgroup", TAG_BLOCK},  {"option", TAG_BLOCK},     {"output", TAG_INLINE},
    {"p", TAG_BLOCK},         {"param", TAG_INLINE},     {"path", TAG_INLINE},
    {"picture", TAG_INLINE},  {"pre", TAG_BLOCK},        {"progress", TAG_INLINE},
    {"q", TAG_INLINE},        {"rp", TAG_INLINE},        {"rt", TAG_INLINE},
    {"ruby", TAG_INLINE},     {"s", TAG_INLINE},         {"samp", TAG_INLINE},
    {"script", TAG_RAW},      {"search", TAG_BLOCK},     {"section", TAG_BLOCK},
    {"select", TAG_INLINE},   {"slot", TAG_INLINE},      {"small", TAG_INLINE},
    {"source", TAG_INLINE},   {"span", TAG_INLINE},      {"strike", TAG_INLINE},
    {"strong", TAG_INLINE},   {"style", TAG_RAW},        {"sub", TAG_INLINE},
    {"summary", TAG_BLOCK},   {"sup", TAG_INLINE},       {"svg", TAG_INLINE},
    {"table", TAG_BLOCK},     {"tbody", TAG_BLOCK},      {"td", TAG_BLOCK},
    {"template", TAG_INLINE}, {"textarea", TAG_BLOCK},   {"tfoot", TAG_BLOCK},
    {"th", TAG_BLOCK},        {"thead", TAG_BLOCK},      {"time", TAG_INLINE},
    {"title", TAG_INLINE},    {"tr", TAG_BLOCK},         {"track", TAG_INLINE},
    {"tt", TAG_INLINE},       {"u", TAG_INLINE},         {"ul", TAG_BLOCK},
    {"use", TAG_INLINE},      {"var", TAG_INLINE},       {"video", TAG_INLINE},
    {"wbr", TAG_INLINE},
};

/* <o:p>, <price-tag>: of one's own, or of another program; not <SALE-2018> or <http://...>. */
static bool is_own(str name)
{
    bool has_joint = false;

    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] >= 'A' && name.p[i] <= 'Z')
            return false;
        has_joint |= (name.p[i] == '-' || name.p[i] == ':') && i + 1 < name.n;
    }
    return has_joint && name.p[name.n - 1] != ':';
}

/* Small letters; of a name that is too long nothing. */
static str fold(str name, char *room)
{
    if (name.n > NAME_MAX_BYTES)
        return STR_NONE;
    for (size_t i = 0; i < name.n; i++)
        room[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] | 0x20) : name.p[i];
    return (str){room, name.n};
}

enum clean_tag clean_tag(str name)
{
    char room[NAME_MAX_BYTES];
    str folded = fold(name, room);
    size_t from = 0, to = ARRAY_LEN(tags);

    if (is_own(name))
        return TAG_INLINE;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = str_compare(str_of(tags[middle].name), folded);
        if (order == 0)
            return (enum clean_tag)tags[middle].tag;
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return TAG_UNKNOWN;
}
