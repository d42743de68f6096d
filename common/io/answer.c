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
    {"CLOSED ", ANSWER_AGAIN},
    {"TWICE ", ANSWER_AGAIN},
    {"SEEN ", ANSWER_SEEN},
    {"FULL ", ANSWER_FULL},
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
    {"EXHAUSTED ", ANSWER_FOREIGN},
    {"ERR The ID specified in XADD", ANSWER_FOREIGN},
    {"ERR The stream has exhausted", ANSWER_FOREIGN},
    {"NOAUTH ", ANSWER_DENIED},
    {"WRONGPASS ", ANSWER_DENIED},
    {"NOPERM ", ANSWER_DENIED},
    {"ERR The user executing the script", ANSWER_DENIED},
    {"The user executing the script", ANSWER_DENIED},
};

static str behind(str text, str prefix)
{
    return str_starts(text, prefix) ? (str){text.p + prefix.n, text.n - prefix.n} : text;
}

/* The cause, where a text wraps that of another command: a function that ran into an error says
 * COMMIT, and for its own XADDs the key (ours hold no blank), too. */
static str cause_of(str text)
{
    text = behind(text, STR("EXECABORT Transaction discarded because of: "));
    text = behind(text, STR("COMMIT "));
    if (!str_starts(text, STR("XADD ")))
        return text;
    str rest = behind(text, STR("XADD "));
    (void)str_cut(&rest, ' ');
    return rest;
}

static enum answer answer_of_text(str text)
{
    text = cause_of(text);
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
        "good", "lost",      "done",    "fenced", "stale",   "again",  "seen",    "full", "oom",
        "wait", "reconnect", "library", "gone",   "foreign", "denied", "aborted", "bug",
    };

    return names[a];
}
