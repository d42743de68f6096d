#include "tools/file_uri.h"

str file_uri(struct arena *a, const char *path)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = strlen(path);
    char *p = arena_reserve(a, 7 + 3 * n + 1), *out = p + 7;

    memcpy(p, "file://", 7);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)path[i];
        bool is_plain = ascii_is_letter_or_digit((char)c) || (c && strchr("-._~/", c));
        if (is_plain) {
            *out++ = (char)c;
        } else {
            *out++ = '%';
            *out++ = hex[c >> 4];
            *out++ = hex[c & 15];
        }
    }
    *out = '\0';
    arena_trim(a, out + 1);
    return (str){p, (size_t)(out - p)};
}
