#include "common/data/origin.h"

#include "common/data/json.h"

bool origin_parse(str id, struct origin *o)
{
    str rest = id;
    str src = str_cut(&rest, '-'), row = str_cut(&rest, '-');
    struct origin found = {.src = src};

    if (src.n == 0 || !str_to_u64(row, &found.row) || !str_to_u64(rest, &found.offset))
        return false;
    *o = found;
    return true;
}

static bool offset_of_row(str line, uint64_t *offset)
{
    str rest, first;

    return str_starts(str_trim(line), STR("[")) && json_open(line, &rest) &&
           json_next_item(&rest, &first) && str_to_u64(first, offset);
}

bool origin_of(const struct record *r, struct origin *o)
{
    str id;

    *o = (struct origin){.src = r->entry->src, .row = r->entry->row + r->number};
    if (offset_of_row(r->line, &o->offset))
        return true;
    if (!record_find(r, STR("sp_id"), &id) || id.n < 2)
        return false;
    return origin_parse((str){id.p + 1, id.n - 2}, o); /* ours never holds an escape */
}
