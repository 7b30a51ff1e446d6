# SPDX-License-Identifier: LGPL-2.1-or-later
"""What goes wrong with a card: skel.Error and its subclasses.

All of them are OSErrors: errno is the number, strerror the text of the library, one
line that says what to do. What Python has an exception for is that, too.
"""

import errno
from typing import Dict, Optional, Type


class Error(OSError):
    """A call of the library has failed; errno and strerror say why."""


class Timeout(Error, TimeoutError):
    """Nothing came in time. Nothing is lost: call it again."""


class Interrupted(Error, InterruptedError):
    """A signal handler ran while a query, or the start of a stream, waited."""


class NotFound(Error, FileNotFoundError):
    """There is no such card, buffer or region."""


class Denied(Error, PermissionError):
    """The user, or this process after fork(), may not do that."""


class CardGone(Error):
    """The card was unplugged, or its driver unloaded: close it."""


class Stale(Error):
    """Another program has started or changed the card's sampling."""


class TransferError(Error):
    """A transfer did not move its bytes; reason is a word of the kernel."""

    reason: str = ""


class Refused(TransferError):
    """The kernel refused the card's request: no byte has moved."""


class Failed(TransferError):
    """The transfer did not complete: how many bytes have moved is unknown."""


_CLASSES: Dict[int, Type[Error]] = {
    errno.ETIMEDOUT: Timeout,
    errno.EINTR: Interrupted,
    errno.ENOENT: NotFound,
    errno.ENXIO: NotFound,
    errno.EACCES: Denied,
    errno.EPERM: Denied,
    errno.ENODEV: CardGone,
    errno.ESTALE: Stale,
}


def make(number: int, text: str, reason: Optional[str] = None) -> Error:
    """The exception for an errno and a text; with a reason, that of a transfer."""
    if reason is None:
        return _CLASSES.get(number, Error)(number, text)
    transfer = (Refused if number == errno.EACCES else Failed)(number, text)
    transfer.reason = reason
    return transfer
