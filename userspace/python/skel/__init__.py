# SPDX-License-Identifier: LGPL-2.1-or-later
"""Laboratory and FPGA cards of the Linux skel core.

    import skel

    with skel.Card() as card, card.malloc(4096) as buffer:
        print(card.query("*IDN?"))
        card.tohost(buffer)                     # fill it from the card's memory
        samples = buffer.view().cast("h")       # or numpy.frombuffer(buffer, "<i2")

Buffers, regions and blocks of streams offer their bytes by the buffer protocol,
without a copy. Errors are skel.Error, an OSError. skel.aio is the same for asyncio.
"""

from ._skel import *
from .errors import (
    CardGone,
    Denied,
    Error,
    Failed,
    Interrupted,
    NotFound,
    Refused,
    Stale,
    Timeout,
    TransferError,
)

__all__ = [
    "CAP_ENFORCED",
    "CAP_FROMHOST",
    "CAP_TOHOST",
    "CORE_MARK",
    "DEFAULT_PATH",
    "EVENT_MARK",
    "FROMHOST",
    "LINE_MAX",
    "REGION_RAM",
    "REGION_RAWIO",
    "REGION_READONLY",
    "REGION_WC",
    "STREAM_AUTO",
    "STREAM_CARD",
    "STREAM_MEMORY",
    "STREAM_RING",
    "TOHOST",
    "Block",
    "Buffer",
    "Card",
    "CardGone",
    "Denied",
    "Error",
    "Failed",
    "Info",
    "Interrupted",
    "NotFound",
    "Refused",
    "Region",
    "RegionInfo",
    "Stale",
    "Stream",
    "StreamInfo",
    "Timeout",
    "Transfer",
    "TransferError",
    "TransferReport",
    "find_blocks",
    "parse_transfer",
]
