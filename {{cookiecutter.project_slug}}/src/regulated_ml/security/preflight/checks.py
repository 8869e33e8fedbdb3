"""The table of checks, in the order in which they are shown."""

from regulated_ml.security.preflight import (
    buckets,
    endpoints,
    groups,
    identity,
    key,
    network,
    quotas,
    role,
)

CHECKS = (
    *identity.CHECKS,
    *key.CHECKS,
    *role.CHECKS,
    *buckets.CHECKS,
    *network.CHECKS,
    *groups.CHECKS,
    *endpoints.CHECKS,
    *quotas.CHECKS,
)
