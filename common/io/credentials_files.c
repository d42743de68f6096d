/* Profiles: ~/.aws/credentials with [name], ~/.aws/config with [default] and [profile name]. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/io/aws.h"
#include "common/io/credentials_chain.h"

enum { FILE_MAX = 1 << 20 };

bool credentials_read(struct arena *a, const char *path, str *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *to = arena_alloc(a, FILE_MAX);
    size_t n = 0;
    ssize_t got = 1;

    while (fd >= 0 && n < FILE_MAX && got > 0) {
        got = read(fd, to + n, FILE_MAX - n);
        n += (size_t)MAX(got, (ssize_t)0);
    }
    if (fd >= 0)
        close(fd);
    *text = (str){to, n};
    return fd >= 0 && got == 0;
}

static bool is_section(str line, const char *section)
{
    if (line.n < 2 || line.p[line.n - 1] != ']')
        return false;
    str name = str_trim((str){line.p + 1, line.n - 2}), profile = STR("profile ");
    if (str_starts(name, profile) && strncmp(section, profile.p, profile.n) == 0) {
        name = str_trim((str){name.p + profile.n, name.n - profile.n});
        section += profile.n;
    }
    return str_is(name, section);
}

str credentials_ini(str text, const char *section, const char *key)
{
    bool is_in = false;

    while (text.n) {
        str whole = str_cut(&text, '\n'), line = str_trim(whole);
        if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
            continue;
        if (line.p[0] == '[') {
            is_in = is_section(line, section);
            continue;
        }
        if (whole.p[0] == ' ' || whole.p[0] == '\t') /* belongs to a key of several lines */
            continue;
        str value = line, name = str_trim(str_cut(&value, '='));
        if (is_in && value.p && str_is(name, key))
            return str_trim(value);
    }
    return STR_NONE;
}

static str path_of(struct arena *a, const char *variable, const char *name)
{
    str said = aws_environment(variable), home = aws_environment("HOME");

    return said.n ? arena_copy(a, said)
                  : arena_printf(a, STR_FMT "/.aws/%s", STR_ARG(home), name);
}

/* LINK_NONE: it has no keys there. */
static enum link from_section(struct credentials *c, str text, const char *path,
                              const char *section, struct found *f)
{
    str id = credentials_ini(text, section, "aws_access_key_id");
    str secret = credentials_ini(text, section, "aws_secret_access_key");

    if (id.n == 0 && secret.n == 0)
        return LINK_NONE;
    if (id.n == 0 || secret.n == 0)
        return credentials_broken(c, "[%s] of '%s' has half a pair of keys", section, path);
    f->keys = (struct sigv4_credentials){
        .id = id,
        .secret = secret,
        .token = credentials_ini(text, section, "aws_session_token")};
    return LINK_FOUND;
}

enum link credentials_from_files(struct credentials *c, struct found *f)
{
    struct arena *a = &c->scratch;
    str profile = aws_environment("AWS_PROFILE"), text;
    bool is_named = profile.n > 0;

    if (!is_named)
        profile = aws_environment("AWS_DEFAULT_PROFILE");
    if (profile.n == 0)
        profile = STR("default");
    str path = path_of(a, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
    str section = arena_copy(a, profile);
    if (credentials_read(a, path.p, &text)) {
        enum link link = from_section(c, text, path.p, section.p, f);
        if (link != LINK_NONE)
            return link;
    }
    path = path_of(a, "AWS_CONFIG_FILE", "config");
    if (!str_is(profile, "default"))
        section = arena_printf(a, "profile " STR_FMT, STR_ARG(profile));
    if (credentials_read(a, path.p, &text)) {
        enum link link = from_section(c, text, path.p, section.p, f);
        if (link != LINK_NONE)
            return link;
        if (credentials_ini(text, section.p, "role_arn").n ||
            credentials_ini(text, section.p, "credential_process").n)
            return credentials_broken(c,
                                      "[%s] of '%s' wants a role or a process, which is not "
                                      "supported: use AWS_WEB_IDENTITY_TOKEN_FILE, a container "
                                      "or an instance role",
                                      section.p, path.p);
    }
    if (is_named)
        return credentials_broken(c, "no keys for the profile '%s' of AWS_PROFILE",
                                  arena_copy(a, profile).p);
    return LINK_NONE;
}
