/* replay DIRECTORY: every file of a corpus through the target this is linked with, as TAP. The
 * files also run cut at every byte: a corpus is small, and half an input is another input. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

enum { FILE_MAX = 1 << 20 };

/* Memory of its very size, so that the sanitizer sees a step too far. */
static void run(const char *bytes, size_t n)
{
    uint8_t *input = malloc(n ? n : 1);

    if (!input)
        die("out of memory: %zu bytes", n);
    memcpy(input, bytes, n);
    LLVMFuzzerTestOneInput(input, n);
    free(input);
}

static size_t load(const char *directory, const char *name, char *bytes)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        die("open '%s' failed", path);
    size_t n = fread(bytes, 1, FILE_MAX, file);
    if (fclose(file) != 0)
        die("close '%s' failed", path);
    return n;
}

int main(int argc, char **argv)
{
    char *bytes = xalloc(FILE_MAX);
    DIR *corpus = argc > 1 ? opendir(argv[1]) : NULL;
    int files = 0;

    if (!corpus)
        die("usage: %s DIRECTORY", argv[0]);
    for (struct dirent *e = readdir(corpus); e; e = readdir(corpus)) {
        if (e->d_name[0] == '.')
            continue;
        size_t n = load(argv[1], e->d_name, bytes);
        for (size_t cut = 0; cut < n; cut++)
            run(bytes, cut);
        run(bytes, n);
        printf("ok %d - %s\n", ++files, e->d_name);
    }
    printf("1..%d\n", files);
    closedir(corpus);
    free(bytes);
    return files == 0;
}
