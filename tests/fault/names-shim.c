/* LD_PRELOAD: what the name `sink.test` stands for is said by the file that STANDPIPE_NAMES
 * names, at this moment: an address, `nobody` (there is no such name), `failure` (the server of
 * names is ill) or `silence` (it does not answer for 10 s). */
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SILENCE_S = 10 };

typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static void read_answer(char *text, int size)
{
    const char *path = getenv("STANDPIPE_NAMES");
    FILE *file = path ? fopen(path, "re") : NULL;

    text[0] = '\0';
    if (!file)
        return;
    if (!fgets(text, size, file))
        text[0] = '\0';
    (void)fclose(file);
    text[strcspn(text, "\n")] = '\0';
}

/* The C library's headers name parameters as we may not.
 * NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    look_up *real;
    char answer[64];

    if (!symbol)
        return EAI_SYSTEM;
    memcpy(&real, &symbol, sizeof(real)); /* ISO C has no cast between them */
    if (!name || strcmp(name, "sink.test") != 0)
        return real(name, service, hints, found);
    read_answer(answer, sizeof(answer));
    if (strcmp(answer, "nobody") == 0)
        return EAI_NONAME;
    if (strcmp(answer, "silence") == 0)
        sleep(SILENCE_S);
    if (strcmp(answer, "silence") == 0 || strcmp(answer, "failure") == 0)
        return EAI_AGAIN;
    return real(answer, service, hints, found);
}
