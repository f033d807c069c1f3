"""How polars' allocator treats freed memory: it keeps it for ten seconds instead of giving it back at once.

A run frees and takes the same gigabyte many times over; giving pages back and getting them again cost a tenth of its
time. Read when polars is first imported, so `keep_freed_memory` comes before that.
"""

import os

_SETTING = "_RJEM_MALLOC_CONF"  # jemalloc's, as polars builds it


def keep_freed_memory() -> None:
    """Set it for this process and its children, unless the environment already says otherwise."""
    os.environ.setdefault(
        _SETTING, "dirty_decay_ms:10000,muzzy_decay_ms:10000,oversize_threshold:0,narenas:2"
    )
