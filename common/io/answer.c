#include "common/io/answer.h"

struct rule {
    const char *prefix;
    enum answer means;
};

/* Longer prefixes stand before shorter ones that begin them. */
static const struct rule rules[] = {
    {"DONE ", ANSWER_DONE},
    {"FENCED ", ANSWER_FENCED},
    {"STALE ", ANSWER_STALE},
    {"SEEN", ANSWER_SEEN},
    {"FULL ", ANSWER_FULL},
    {"EXECABORT Transaction discarded because of: OOM", ANSWER_OOM},
    {"EXECABORT", ANSWER_ABORTED},
    {"OOM ", ANSWER_OOM},
    {"MISCONF ", ANSWER_WAIT},
    {"NOREPLICAS ", ANSWER_WAIT},
    {"BUSY ", ANSWER_WAIT},
    {"LOADING ", ANSWER_WAIT},
    {"MASTERDOWN ", ANSWER_WAIT},
    {"CLUSTERDOWN ", ANSWER_WAIT},
    {"TRYAGAIN ", ANSWER_WAIT},
    {"ERR max number of clients reached", ANSWER_WAIT},
    {"READONLY ", ANSWER_RECONNECT},
    {"MOVED ", ANSWER_RECONNECT},
    {"ASK ", ANSWER_RECONNECT},
    {"ERR Protocol error", ANSWER_RECONNECT},
    {"ERR Function not found", ANSWER_LIBRARY},
    {"NOSCRIPT ", ANSWER_LIBRARY},
    {"NOGROUP ", ANSWER_GONE},
    {"UNBLOCKED ", ANSWER_GONE},
    {"WRONGTYPE", ANSWER_FOREIGN},
    {"COUNT ", ANSWER_FOREIGN},
    {"ERR The ID specified in XADD", ANSWER_FOREIGN},
    {"NOAUTH ", ANSWER_DENIED},
    {"WRONGPASS ", ANSWER_DENIED},
    {"NOPERM ", ANSWER_DENIED},
    {"ERR The user executing the script", ANSWER_DENIED},
    {"The user executing the script", ANSWER_DENIED},
};

static enum answer answer_of_text(str text)
{
    /* A function that ran into an error says so behind this word. */
    if (str_starts(text, STR("COMMIT ")))
        text = (str){text.p + 7, text.n - 7};
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (str_starts(text, str_of(rules[i].prefix)))
            return rules[i].means;
    return ANSWER_BUG;
}

enum answer answer_of(const struct reply *reply)
{
    if (!reply)
        return ANSWER_LOST;
    if (reply->type != REPLY_ERROR)
        return ANSWER_GOOD;
    return answer_of_text(reply->text);
}

const char *answer_name(enum answer a)
{
    static const char *const names[] = {
        "good", "lost",      "done",    "fenced", "stale",   "seen",   "full",    "oom",
        "wait", "reconnect", "library", "gone",   "foreign", "denied", "aborted", "bug",
    };

    return names[a];
}
