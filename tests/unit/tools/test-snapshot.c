#include "tools/snapshot.h"

#include "tests/unit/check.h"

static void test_snapshot_state_names_what_is_wrong_first(void)
{
    static const struct {
        struct snapshot_stage stage;
        enum snapshot_state state;
        uint32_t fill;
    } cases[] = {
        {{.kind = {"deliver", 7}, .workers = 1, .high_bytes = 100}, STAGE_OK, 0},
        {{.kind = {"deliver", 7}, .workers = 1, .high_bytes = 100, .bytes = 59}, STAGE_OK, 59},
        {{.kind = {"deliver", 7}, .workers = 1, .high_bytes = 100, .bytes = 60},
         STAGE_BEHIND,
         60},
        {{.kind = {"deliver", 7}, .workers = 1, .high_bytes = 100, .oldest_ms = 30001},
         STAGE_BEHIND,
         0},
        {{.kind = {"split", 5}, .workers = 1, .high_bytes = 100, .oldest_ms = 30001},
         STAGE_OK,
         0},
        {{.kind = {"split", 5}, .workers = 1, .high_bytes = 100, .held_by = {"tidy", 4}},
         STAGE_HELD,
         0},
        {{.kind = {"split", 5}, .high_bytes = 100, .bytes = 130, .held_by = {"tidy", 4}},
         STAGE_ALONE,
         130},
        {{.kind = {"split", 5}, .workers = 1, .bytes = 130}, STAGE_OK, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_INT(snapshot_state(&cases[i].stage), cases[i].state);
        CHECK_INT(snapshot_fill(&cases[i].stage), cases[i].fill);
    }
}

int main(void)
{
    RUN(test_snapshot_state_names_what_is_wrong_first);
    return check_done();
}
