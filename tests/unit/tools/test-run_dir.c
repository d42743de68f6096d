#include "tools/run_dir.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"

static struct arena arena;
static char home[] = "/tmp/standpipe-test.XXXXXX";

static str below_home(const char *name)
{
    return arena_printf(&arena, "%s/%s", home, name);
}

static void test_run_dir_is_private_and_held_once(void)
{
    struct run_dir d, second;
    struct error err = {0};
    struct stat st;

    CHECK_INT(run_dir_open(&arena, below_home("data"), &d, &err), 0);
    CHECK(stat(d.path.p, &st) == 0 && (st.st_mode & 0777) == 0700);
    CHECK(stat(d.objects.p, &st) == 0 && (st.st_mode & 0777) == 0700);
    CHECK_INT(run_dir_open(&arena, below_home("data"), &second, &err), ERR_SYSTEM);
    str pid = arena_printf(&arena, "process %ld", (long)getpid());
    CHECK(strstr(err.text, pid.p) != NULL);
    run_dir_close(&d);
    CHECK_INT(run_dir_open(&arena, below_home("data"), &d, &err), 0);
    run_dir_close(&d);
}

static void test_run_dir_refuses_what_is_not_ours(void)
{
    str open_to_all = below_home("open"), link = below_home("link"), file = below_home("file");
    str long_name = arena_printf(&arena, "%s/%0100d", home, 1);
    struct run_dir d;

    CHECK(mkdir(open_to_all.p, 0700) == 0 && chmod(open_to_all.p, 0777) == 0);
    CHECK(symlink(open_to_all.p, link.p) == 0);
    CHECK(close(open(file.p, O_CREAT | O_WRONLY, 0600)) == 0);
    const struct {
        str path;
        const char *said;
    } cases[] = {
        {open_to_all, "others may write"},
        {link, "not a directory"},
        {file, "not a directory"},
        {below_home("none/data"), "No such file"},
        {long_name, "too long for a socket"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};
        CHECK_INT(run_dir_open(&arena, cases[i].path, &d, &err), ERR_SYSTEM);
        CHECK(strstr(err.text, cases[i].said) != NULL);
    }
}

static void test_run_dir_env_is_what_a_shell_reads(void)
{
    const str pairs[] = {STR("A"), STR("http://127.0.0.1:80"), STR("B"), STR("it's $HOME `x`")};
    struct run_dir d;
    struct error err = {0};
    char got[64];

    CHECK_INT(run_dir_open(&arena, below_home("env"), &d, &err), 0);
    CHECK_INT(run_dir_write_env(&arena, &d, pairs, 2, &err), 0);
    str script = arena_printf(&arena, ". %s/env && printf '%%s|%%s' \"$A\" \"$B\"", d.path.p);
    FILE *shell = popen(script.p, "r");
    size_t n = shell ? fread(got, 1, sizeof(got), shell) : 0;
    CHECK(shell && pclose(shell) == 0);
    CHECK_STR(((str){got, n}), STR("http://127.0.0.1:80|it's $HOME `x`"));
    run_dir_close(&d);
}

int main(void)
{
    if (!mkdtemp(home))
        return 1;
    RUN(test_run_dir_is_private_and_held_once);
    RUN(test_run_dir_refuses_what_is_not_ours);
    RUN(test_run_dir_env_is_what_a_shell_reads);
    str clean = arena_printf(&arena, "rm -rf '%s'", home);
    CHECK_INT(system(clean.p), 0);
    arena_free(&arena);
    return check_done();
}
