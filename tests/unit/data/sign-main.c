/* Signs what stands on stdin, for tests/flow/test_sigv4.py: lines "word value", an empty line
 * ends a request; one line with the value of Authorization is printed for each. The body is
 * base64. */
#include <stdio.h>
#include <stdlib.h>

#include "common/data/digest.h"
#include "common/data/sigv4.h"

enum { HEADERS_MAX = 64 };

struct job {
    struct arena arena;
    struct sigv4_request request;
    struct sigv4_credentials credentials;
    struct sigv4_header headers[HEADERS_MAX];
    str now_ms, body;
};

static void take_header(struct job *j, str value)
{
    str name = str_cut(&value, ':');

    if (j->request.header_count == HEADERS_MAX)
        die("more than %d headers", HEADERS_MAX);
    j->headers[j->request.header_count++] = (struct sigv4_header){name, value};
}

static void take(struct job *j, str word, str value)
{
    const struct {
        const char *word;
        str *to;
    } words[] = {{"method", &j->request.method},
                 {"path", &j->request.path},
                 {"query", &j->request.query},
                 {"region", &j->request.region},
                 {"service", &j->request.service},
                 {"id", &j->credentials.id},
                 {"secret", &j->credentials.secret},
                 {"token", &j->credentials.token},
                 {"now_ms", &j->now_ms},
                 {"body", &j->body}};

    value = arena_copy(&j->arena, value);
    if (str_is(word, "header")) {
        take_header(j, value);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_is(word, words[i].word)) {
            *words[i].to = value;
            return;
        }
    die("unknown word '%.*s'", STR_ARG(word));
}

static void answer(struct job *j)
{
    unsigned char hash[DIGEST_BYTES];
    unsigned char *body = arena_alloc(&j->arena, j->body.n / 4 * 3 + 1);
    char date[17];

    long n = base64_decode(body, j->body);
    if (n < 0 || !str_to_u64(j->now_ms, &j->request.now_ms))
        die("body must be base64, now_ms a number");
    digest_sha256((str){(const char *)body, (size_t)n}, hash);
    digest_hex(hash, j->request.payload_hash);
    j->request.headers = j->headers;
    j->request.is_s3 = str_is(j->request.service, "s3");
    str header = sigv4_sign(&j->arena, &j->credentials, &j->request, date);
    printf(STR_FMT "\n", STR_ARG(header));
    arena_reset(&j->arena);
    *j = (struct job){.arena = j->arena};
}

int main(void)
{
    struct job j = {0};
    char *line = NULL;
    size_t size = 0;

    for (;;) {
        ssize_t n = getline(&line, &size, stdin);
        if (n < 0)
            break;
        str value = {line, (size_t)n - (line[n - 1] == '\n')};
        if (value.n == 0) {
            answer(&j);
            continue;
        }
        str word = str_cut(&value, ' ');
        take(&j, word, value);
    }
    free(line);
    arena_free(&j.arena);
    return 0;
}
