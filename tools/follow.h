#pragma once
/* Files on their way through the pipeline: what `standpipe send --wait` shows. The figures are
 * the books of each source, less what they held before. */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/data/keys.h"
#include "common/io/loop.h"

struct redis;
enum follow_stand { FOLLOW_QUEUED, FOLLOW_RUNNING, FOLLOW_DONE, FOLLOW_FAILED, FOLLOW_REFUSED };
struct follow_books {
    uint64_t rows, delivered, dead, filtered, open;
};
struct follow_file {
    const char *name; /* as the user gave it */
    str uri, src, id; /* of the entry in the inbox */
    enum follow_stand stand;
    bool has_left; /* the inbox */
    uint64_t size, offset;
    struct follow_books before, now;
    str error; /* of a job that failed */
};
struct follow { /* zeroed but for the first five */
    struct keys keys;
    struct loop *loop;
    struct redis *redis;
    struct follow_file *files;
    uint32_t count;
    struct arena arena; /* of texts that stay; follow_free() */
    struct arena round; /* of one look */
    uint64_t started_us, said_us;
    bool has_bar;
};

/* Read what the books of the file's source hold now; call it before the file is sent. */
int follow_prepare(struct follow *w, struct follow_file *f, struct error *err) MUST_CHECK;
/* Wait until no record of any file is under way, and draw the progress on stderr. */
int follow_run(struct follow *w, struct error *err) MUST_CHECK;
/* Print what became of all of them. `dead`: how many records died. False: not every file went
 * through. */
bool follow_summarise(const struct follow *w, uint64_t *dead);
void follow_free(struct follow *w);
