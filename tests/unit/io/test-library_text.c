#include "common/io/library_text.h"

#include <string.h>

#include "tests/unit/check.h"

static void test_library_text_is_whole(void)
{
    static const char shebang[] = "#!lua name=";
    size_t name = strlen(lua_library_name);

    CHECK_INT(strlen(lua_library), lua_library_size);
    CHECK(strncmp(lua_library, shebang, strlen(shebang)) == 0);
    CHECK(strncmp(lua_library + strlen(shebang), lua_library_name, name) == 0);
    CHECK_INT(lua_library[strlen(shebang) + name], '\n');
    CHECK(strstr(lua_library, "'sp1_settle'") && strstr(lua_library, "'sp1_settle_oom'"));
    CHECK(strstr(lua_library, "'sp1_admit'") && strstr(lua_library, "'sp1_adopt'"));
}

int main(void)
{
    RUN(test_library_text_is_whole);
    return check_done();
}
