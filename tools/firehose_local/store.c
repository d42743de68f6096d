#include "tools/firehose_local/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/arena.h"

struct store {
    struct loop *loop;
    int folder;
    struct stream_limits limits;
    struct stream *first;
};

static void insert(struct store *store, struct stream *s)
{
    struct stream **link = &store->first;

    while (*link && strcmp((*link)->name, s->name) < 0)
        link = &(*link)->next;
    s->next = *link;
    *link = s;
}

static struct stream *take_up(struct store *store, const char *name, bool is_new,
                              struct error *err)
{
    struct stream *s =
        stream_open(store->loop, &store->limits, store->folder, name, is_new, err);

    if (s)
        insert(store, s);
    return s;
}

struct stream *store_create(struct store *s, str name, struct error *err)
{
    char copy[STREAM_NAME_MAX + 1];

    if (!stream_name_is_good(name)) {
        error_set(err, ERR_USAGE,
                  "a stream's name is 1 to 64 of letters, digits, '_', '.' and "
                  "'-', not '.' first");
        return NULL;
    }
    memcpy(copy, name.p, name.n);
    copy[name.n] = '\0';
    return take_up(s, copy, true, err);
}

static int take_up_all(struct store *s, struct error *err)
{
    int fd = openat(s->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *all = fd < 0 ? NULL : fdopendir(fd);

    if (!all)
        return error_set(err, ERR_SYSTEM, "cannot read the folder: %s", strerror(errno));
    for (;;) {
        struct dirent *one = readdir(all);
        if (!one || err->code)
            break;
        if (stream_name_is_good(str_of(one->d_name)) && !take_up(s, one->d_name, false, err) &&
            err->code)
            break;
    }
    closedir(all);
    return err->code;
}

struct store *store_open(struct loop *l, str folder, struct stream_limits limits,
                         struct error *err)
{
    struct store *s = xalloc(sizeof(*s));
    struct arena a = {0};
    const char *path = arena_copy(&a, folder).p;

    *s = (struct store){.loop = l, .limits = limits};
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        error_set(err, ERR_SYSTEM, "mkdir '%s': %s", path, strerror(errno));
    s->folder = err->code ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (err->code == 0 && s->folder < 0)
        error_set(err, ERR_SYSTEM, "open '%s': %s", path, strerror(errno));
    else if (err->code == 0 && flock(s->folder, LOCK_EX | LOCK_NB) != 0)
        error_set(err, ERR_SYSTEM, "'%s' is in use by another firehose-local", path);
    arena_free(&a);
    if (err->code || take_up_all(s, err)) {
        store_close(s);
        return NULL;
    }
    return s;
}

void store_delete(struct store *s, struct stream *stream)
{
    struct stream **link = &s->first;

    stream_finish(stream);
    unlinkat(stream->folder, ".meter", 0);
    while (*link != stream)
        link = &(*link)->next;
    *link = stream->next;
    stream_free(stream);
}

void store_close(struct store *s)
{
    if (!s)
        return;
    while (s->first) {
        struct stream *first = s->first;
        s->first = first->next;
        stream_finish(first);
        stream_free(first);
    }
    if (s->folder >= 0)
        close(s->folder);
    free(s);
}

struct stream *store_first(struct store *s)
{
    return s->first;
}

struct stream *store_find(struct store *s, str name)
{
    for (struct stream *one = s->first; one; one = one->next)
        if (str_is(name, one->name))
            return one;
    return NULL;
}
