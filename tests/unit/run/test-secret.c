#include "common/run/secret.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/check.h"

static char folder[] = "/tmp/standpipe-secret-XXXXXX";

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "w");

    CHECK(f != NULL);
    CHECK(fputs(text, f) >= 0);
    CHECK(fclose(f) == 0);
}

static void remove_file(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    CHECK(unlink(path) == 0);
}

static void check_secret(const char *name, const char *want)
{
    struct arena a = {0};
    struct error err = {0};
    str value = STR_NONE;

    CHECK_INT(secret_read(&a, str_of(name), &value, &err), want ? 0 : ERR_CONFIG);
    if (want)
        CHECK_STR(value, str_of(want));
    else
        CHECK(strstr(err.text, name) != NULL && !strstr(err.text, "s3cret"));
    arena_free(&a);
}

static void test_secret_is_the_first_line_of_a_file(void)
{
    write_file("geo_key", "s3cret\nmore\n");
    setenv("STANDPIPE_SECRETS", folder, 1);
    setenv("STANDPIPE_SECRET_GEO_KEY", "other", 1);
    check_secret("geo_key", "s3cret");
    unsetenv("STANDPIPE_SECRETS");
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    check_secret("geo_key", "s3cret");
    unsetenv("CREDENTIALS_DIRECTORY");
    remove_file("geo_key");
}

static void test_secret_may_stand_in_the_environment(void)
{
    char path[128];

    setenv("STANDPIPE_SECRET_GEO_KEY", "other", 1);
    check_secret("geo_key", "other");
    check_secret("geo-key", "other");
    unsetenv("STANDPIPE_SECRET_GEO_KEY");
    check_secret("geo_key", NULL);
    write_file("elsewhere", "third");
    snprintf(path, sizeof(path), "%s/elsewhere", folder);
    setenv("STANDPIPE_SECRET_GEO_KEY_FILE", path, 1);
    check_secret("geo_key", "third");
    remove_file("elsewhere");
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    RUN(test_secret_is_the_first_line_of_a_file);
    RUN(test_secret_may_stand_in_the_environment);
    rmdir(folder);
    return check_done();
}
