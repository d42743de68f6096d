#include "common/run/connect.h"

#include "common/run/secret.h"

int connect_address(struct arena *a, const struct options_common *common,
                    struct redis_address *to, struct error *err)
{
    int rc = redis_address_parse(a, common->redis, to, err);

    if (rc == 0 && common->redis_user.n)
        to->user = common->redis_user;
    if (rc == 0 && common->redis_password_file.n)
        rc = secret_read_file(a, common->redis_password_file, "the password file",
                              &to->password, err);
    return rc;
}
