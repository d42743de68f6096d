#include "common/run/run.h"

const struct setting run_options[] = {
    {"name", SETTING_STR, "", offsetof(struct run_options, name),
     "Name of this worker, the same after a restart; empty: <host>-<kind>-<slot>."},
    {"http", SETTING_STR, "127.0.0.1:0", offsetof(struct run_options, http),
     "Address of /metrics, /healthz and /readyz; port 0: any; off: none."},
    {"roots", SETTING_STR, "", offsetof(struct run_options, roots),
     "Folders that file: URIs may name, ':' between them; empty: none."},
    {"http_allow", SETTING_STR, "", offsetof(struct run_options, http_allow),
     "Hosts that http(s) URIs may name: HOST[:PORT][=ADDRESS],...; an address of a private "
     "network only where it is written here; empty: none."},
    {"s3_allow", SETTING_STR, "", offsetof(struct run_options, s3_allow),
     "What s3 URIs may name: BUCKET[/PREFIX],...; *: all; empty: none."},
    {"s3_endpoint", SETTING_STR, "", offsetof(struct run_options, s3_endpoint),
     "Base URL of S3; else AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the region's own."},
    {"s3_region", SETTING_STR, "", offsetof(struct run_options, s3_region),
     "Region of S3; else AWS_REGION, AWS_DEFAULT_REGION, us-east-1."},
    {"decompressed_max", SETTING_BYTES, "64GiB", offsetof(struct run_options, decompressed_max),
     "Most bytes that a gzip or zstd file may hold; a larger one fails there."},
    {"lease", SETTING_MSEC, "30s", offsetof(struct run_options, lease_ms),
     "A worker whose heartbeat stands still for so long is dead; its entries are taken over."},
    {"stop_timeout", SETTING_MSEC, "10s", offsetof(struct run_options, stop_ms),
     "Time to finish what is in flight after SIGTERM; the rest is given back."},
    {0},
};
