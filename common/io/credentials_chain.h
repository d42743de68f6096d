#pragma once
/* What the files of the credentials share. Private to them. */
#include "common/io/credentials.h"
#include "common/io/http.h"

enum credentials_step {
    STEP_IDLE,
    STEP_STS,        /* web identity */
    STEP_CONTAINER,  /* ECS, EKS */
    STEP_IMDS_TOKEN, /* instance metadata, version 2 */
    STEP_IMDS_ROLE,
    STEP_IMDS_KEYS,
};
struct found { /* by one link of the chain */
    struct sigv4_credentials keys;
    uint64_t expires_ms; /* 0: never */
};
struct credentials {
    const struct remote *remote; /* NULL: no network */
    struct arena arenas[2];      /* of the keys at hand, and of those before */
    unsigned arena;
    struct found found;
    bool has_keys, is_told;
    uint64_t next_ms, refused_ms, backoff_ms;
    char why[200];
    enum credentials_step step;
    struct http_call *call;
    struct arena scratch; /* of a look */
    str token, role;      /* of instance metadata */
};
enum link {
    LINK_NONE,   /* it is not configured: go on */
    LINK_FOUND,  /* in *f */
    LINK_ASKED,  /* an answer will come */
    LINK_BROKEN, /* c->why says how: a person has to mend it, the chain ends here */
};

/* credentials_files.c */
enum link credentials_from_files(struct credentials *c, struct found *f);
/* The whole file, at most 1 MiB. */
bool credentials_read(struct arena *a, const char *path, str *text) MUST_CHECK;
/* The value of `key` in `[section]` of an ini file; empty: none. */
str credentials_ini(str text, const char *section, const char *key) MUST_CHECK;

/* credentials_remote.c: they send, and credentials_answered() reads. */
enum link credentials_from_web_identity(struct credentials *c);
enum link credentials_from_container(struct credentials *c);
enum link credentials_from_metadata(struct credentials *c);
enum link credentials_answered(struct credentials *c, const struct http_answer *a,
                               struct found *f);
/* credentials.c */
enum link credentials_broken(struct credentials *c, const char *fmt, ...) PRINTF(2, 3);
void credentials_on_answer(void *ctx, const struct http_answer *a);
