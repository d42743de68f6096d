#include "common/run/windows_close.h"

#include "common/data/json.h"

uint32_t window_result_arguments(struct arena *a, const struct pipeline_window *w, str *args)
{
    uint32_t n = 0;

    args[n++] = arena_printf(a, "%u", w->key_count);
    for (uint32_t i = 0; i < w->key_count; i++)
        args[n++] = json_quoted(a, w->keys[i]);
    args[n++] = arena_printf(a, "%u", w->value_count);
    for (uint32_t i = 0; i < w->value_count; i++) {
        args[n++] = w->values[i].name;
        args[n++] = str_of(window_op_names[w->values[i].op]);
        args[n++] = arena_printf(a, "%u", w->values[i].decimals);
        args[n++] = arena_printf(a, "%u", w->values[i].k);
    }
    return n;
}
