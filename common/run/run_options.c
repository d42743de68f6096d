#include "common/run/run.h"

const struct setting run_options[] = {
    {"name", SETTING_STR, "", offsetof(struct run_options, name),
     "Name of this worker, the same after a restart; empty: <host>-<kind>-<slot>."},
    {"http", SETTING_STR, "127.0.0.1:0", offsetof(struct run_options, http),
     "Address of /metrics, /healthz and /readyz; port 0: any; off: none."},
    {"roots", SETTING_STR, "", offsetof(struct run_options, roots),
     "Folders that file: URIs may name, ':' between them; empty: none."},
    {"decompressed_max", SETTING_BYTES, "64GiB", offsetof(struct run_options, decompressed_max),
     "Most bytes that a gzip or zstd file may hold; a larger one fails there."},
    {"lease", SETTING_MSEC, "30s", offsetof(struct run_options, lease_ms),
     "A worker whose heartbeat stands still for so long is dead; its entries are taken over."},
    {"stop_timeout", SETTING_MSEC, "10s", offsetof(struct run_options, stop_ms),
     "Time to finish what is in flight after SIGTERM; the rest is given back."},
    {0},
};
