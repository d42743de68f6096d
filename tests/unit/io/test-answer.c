#include "common/io/answer.h"

#include "tests/unit/check.h"

static const struct {
    const char *text;
    enum answer means;
} texts[] = {
    /* of our functions */
    {"DONE 1700000000000-0", ANSWER_DONE},
    {"FENCED 1700000000000-0 tidy-2:8f", ANSWER_FENCED},
    {"STALE 1048576", ANSWER_STALE},
    {"SEEN sp:{0}:seen:1-0", ANSWER_SEEN},
    {"FULL 67108864", ANSWER_FULL},
    {"EXHAUSTED sp:{0}:ship", ANSWER_FOREIGN},
    {"WRONGTYPE sp:{0}:books", ANSWER_FOREIGN},
    {"COUNT sp:{0}:books tidy:in", ANSWER_FOREIGN},
    {"BADARG 7", ANSWER_BUG},
    {"COMMIT NOPERM XDEL", ANSWER_DENIED},
    {"COMMIT OOM command not allowed when used memory > 'maxmemory'.", ANSWER_OOM},
    {"COMMIT ERR something new", ANSWER_BUG},
    /* over maxmemory */
    {"OOM command not allowed when used memory > 'maxmemory'.", ANSWER_OOM},
    {"EXECABORT Transaction discarded because of: OOM command not allowed when used memory > "
     "'maxmemory'.",
     ANSWER_OOM},
    /* it cannot serve now */
    {"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist "
     "to disk.",
     ANSWER_WAIT},
    {"MISCONF Errors writing to the AOF file: No space left on device", ANSWER_WAIT},
    {"NOREPLICAS Not enough good replicas to write.", ANSWER_WAIT},
    {"BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN "
     "NOSAVE.",
     ANSWER_WAIT},
    {"LOADING Redis is loading the dataset in memory", ANSWER_WAIT},
    {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
     ANSWER_WAIT},
    {"CLUSTERDOWN The cluster is down", ANSWER_WAIT},
    {"TRYAGAIN Multiple keys request during rehashing of slot", ANSWER_WAIT},
    {"ERR max number of clients reached", ANSWER_WAIT},
    {"EXECABORT Transaction discarded because of: MISCONF Errors writing to the AOF file",
     ANSWER_WAIT},
    {"EXECABORT Transaction discarded because of: NOREPLICAS Not enough good replicas to "
     "write.",
     ANSWER_WAIT},
    {"EXECABORT Transaction discarded because of: BUSY Redis is busy running a script.",
     ANSWER_WAIT},
    /* another server */
    {"READONLY You can't write against a read only replica.", ANSWER_RECONNECT},
    {"EXECABORT Transaction discarded because of: READONLY You can't write against a read "
     "only replica.",
     ANSWER_RECONNECT},
    {"MOVED 13907 10.0.0.3:6379", ANSWER_RECONNECT},
    {"ASK 13907 10.0.0.3:6379", ANSWER_RECONNECT},
    {"ERR Protocol error: invalid bulk length", ANSWER_RECONNECT},
    /* an earlier reply has the cause */
    {"EXECABORT Transaction discarded because of previous errors.", ANSWER_ABORTED},
    /* something is missing */
    {"ERR Function not found", ANSWER_LIBRARY},
    {"NOSCRIPT No matching script. Please use EVAL.", ANSWER_LIBRARY},
    {"NOGROUP No such key 'sp:{0}:tidy' or consumer group 'sp' in XREADGROUP with GROUP "
     "option",
     ANSWER_GONE},
    {"COMMIT NOGROUP No such key 'sp:{0}:tidy' or consumer group 'sp'", ANSWER_GONE},
    {"UNBLOCKED the stream key no longer exists", ANSWER_GONE},
    /* foreign data */
    {"WRONGTYPE Operation against a key holding the wrong kind of value", ANSWER_FOREIGN},
    {"ERR The ID specified in XADD is equal or smaller than the target stream top item",
     ANSWER_FOREIGN},
    {"COMMIT XADD sp:{0}:ship: ERR The stream has exhausted the last possible ID, unable to "
     "add more items",
     ANSWER_FOREIGN},
    {"ERR The stream has exhausted the last possible ID, unable to add more items",
     ANSWER_FOREIGN},
    /* credentials and rights */
    {"NOAUTH Authentication required.", ANSWER_DENIED},
    {"WRONGPASS invalid username-password pair or user is disabled.", ANSWER_DENIED},
    {"NOPERM this user has no permissions to run the 'xadd' command", ANSWER_DENIED},
    {"ERR The user executing the script can't run this command or subcommand", ANSWER_DENIED},
    {"COMMIT XADD sp:{0}:ship: ERR The user executing the script can't run this command or "
     "subcommand",
     ANSWER_DENIED},
    /* our mistakes */
    {"CROSSSLOT Keys in request don't hash to the same slot", ANSWER_BUG},
    {"ERR wrong number of arguments for 'xadd' command", ANSWER_BUG},
    {"ERR EXEC without MULTI", ANSWER_BUG},
    {"ERR unknown command 'FCALL', with args beginning with: 'sp1_settle'", ANSWER_BUG},
    {"DONEX", ANSWER_BUG},
    {"BUSYGROUP Consumer Group name already exists", ANSWER_BUG},
    {"", ANSWER_BUG},
};

static void test_answer_of_every_error_text(void)
{
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct reply reply = {.type = REPLY_ERROR, .text = str_of(texts[i].text)};
        enum answer got = answer_of(&reply);
        if (got != texts[i].means)
            printf("# of '%s'\n", texts[i].text);
        CHECK_STR(str_of(answer_name(got)), str_of(answer_name(texts[i].means)));
    }
}

static void test_answer_of_what_is_no_error(void)
{
    const enum reply_type good[] = {REPLY_NIL, REPLY_STATUS, REPLY_INTEGER, REPLY_STRING,
                                    REPLY_ARRAY};

    for (size_t i = 0; i < ARRAY_LEN(good); i++) /* a record may well say "OOM " */
        CHECK_INT(answer_of(&(struct reply){.type = good[i], .text = STR("OOM ")}),
                  ANSWER_GOOD);
    CHECK_INT(answer_of(NULL), ANSWER_LOST);
}

static void test_answer_names_are_distinct(void)
{
    for (int a = ANSWER_GOOD; a <= ANSWER_BUG; a++)
        for (int b = ANSWER_GOOD; b < a; b++)
            CHECK(strcmp(answer_name((enum answer)a), answer_name((enum answer)b)) != 0);
}

int main(void)
{
    RUN(test_answer_of_every_error_text);
    RUN(test_answer_of_what_is_no_error);
    RUN(test_answer_names_are_distinct);
    return check_done();
}
