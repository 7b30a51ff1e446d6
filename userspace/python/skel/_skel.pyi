# SPDX-License-Identifier: LGPL-2.1-or-later
# Types of skel._skel. What it does is documented there: help(skel.Card)

from os import PathLike
from types import TracebackType
from typing import Final, Literal, Optional, Type, TypeVar, Union, final

from _typeshed import structseq

_T = TypeVar("_T")

DEFAULT_PATH: str
CORE_MARK: str
EVENT_MARK: str
LINE_MAX: int
TOHOST: int
FROMHOST: int
CAP_TOHOST: int
CAP_FROMHOST: int
CAP_ENFORCED: int
REGION_RAM: int
REGION_READONLY: int
REGION_WC: int
REGION_RAWIO: int
STREAM_AUTO: int
STREAM_CARD: int
STREAM_RING: int
STREAM_MEMORY: int

def find_blocks(answer: Union[bytes, bytearray, memoryview], /) -> list[bytes]: ...
def parse_transfer(line: Union[str, bytes], /) -> Optional[TransferReport]: ...

@final
class Info(structseq[Union[int, str]], tuple[Union[int, str], ...]):
    __match_args__: Final = (
        "name",
        "channel",
        "channels",
        "regions",
        "line_max",
        "caps",
        "transfers",
        "dma_mask",
        "buffer_max",
        "buffers",
        "pending",
        "buffer_bytes",
        "granted",
        "refused",
        "failed",
        "bytes_tohost",
        "bytes_fromhost",
        "replies_lost",
        "segments",
    )

    name: Final[str]
    channel: Final[int]
    channels: Final[int]
    regions: Final[int]
    line_max: Final[int]
    caps: Final[int]
    transfers: Final[int]
    dma_mask: Final[int]
    buffer_max: Final[int]
    buffers: Final[int]
    pending: Final[int]
    buffer_bytes: Final[int]
    granted: Final[int]
    refused: Final[int]
    failed: Final[int]
    bytes_tohost: Final[int]
    bytes_fromhost: Final[int]
    replies_lost: Final[int]
    segments: Final[int]

@final
class RegionInfo(structseq[Union[int, str]], tuple[Union[int, str], ...]):
    __match_args__: Final = (
        "name",
        "flags",
        "offset",
        "length",
    )

    name: Final[str]
    flags: Final[int]
    offset: Final[int]
    length: Final[int]

@final
class StreamInfo(structseq[Union[float, int]], tuple[Union[float, int], ...]):
    __match_args__: Final = (
        "source",
        "blocks",
        "block",
        "frame",
        "period_ns",
        "received",
        "acquired",
        "released",
        "bytes",
        "lost",
    )

    source: Final[int]
    blocks: Final[int]
    block: Final[int]
    frame: Final[int]
    period_ns: Final[float]
    received: Final[int]
    acquired: Final[int]
    @property
    def released(self) -> int: ...
    bytes: Final[int]
    lost: Final[int]

@final
class TransferReport(structseq[Union[int, str]], tuple[Union[int, str], ...]):
    __match_args__: Final = (
        "result",
        "direction",
        "card_address",
        "length",
        "host_address",
        "reason",
    )

    result: Final[str]
    direction: Final[str]
    card_address: Final[int]
    length: Final[int]
    host_address: Final[int]
    reason: Final[str]

class Card:
    def __init__(
        self, path: Union[str, bytes, PathLike[str], None] = None
    ) -> None: ...
    @property
    def closed(self) -> bool: ...
    def close(self) -> None: ...
    def __enter__(self: _T) -> _T: ...
    def __exit__(
        self,
        *args: Union[Type[BaseException], BaseException, TracebackType, None],
    ) -> None: ...
    def fileno(self) -> int: ...
    def info(self) -> Info: ...
    def region_info(self, index: int = 0, /) -> RegionInfo: ...
    def malloc(self, length: int, flags: int = ...) -> Buffer: ...
    def map(self, index: int = 0, writable: bool = False) -> Region: ...
    def send(self, line: Union[str, bytes], /) -> None: ...
    def readline(self, timeout: Optional[float] = None) -> str: ...
    def read_event(self, timeout: Optional[float] = None) -> str: ...
    def query(
        self, line: Union[str, bytes], timeout: Optional[float] = 5.0
    ) -> str: ...
    def query_bytes(
        self, line: Union[str, bytes], timeout: Optional[float] = 5.0
    ) -> bytes: ...
    def clear(self, timeout: Optional[float] = 5.0) -> None: ...
    def tohost(
        self,
        buffer: Buffer,
        card_address: int = 0,
        length: Optional[int] = None,
        offset: int = 0,
        timeout: Optional[float] = 10.0,
    ) -> Transfer: ...
    def fromhost(
        self,
        buffer: Buffer,
        card_address: int = 0,
        length: Optional[int] = None,
        offset: int = 0,
        timeout: Optional[float] = 10.0,
    ) -> Transfer: ...
    def submit_tohost(
        self,
        buffer: Buffer,
        card_address: int = 0,
        length: Optional[int] = None,
        offset: int = 0,
    ) -> Transfer: ...
    def submit_fromhost(
        self,
        buffer: Buffer,
        card_address: int = 0,
        length: Optional[int] = None,
        offset: int = 0,
    ) -> Transfer: ...
    def dispatch(self, timeout: Optional[float] = None) -> list[Transfer]: ...
    def stream(
        self,
        blocks: int = 0,
        block: int = 0,
        source: int = ...,
        card_address: int = 0,
    ) -> Stream: ...

@final
class Buffer:
    address: Final[int]
    card: Final[Card]
    @property
    def freed(self) -> bool: ...
    def free(self) -> None: ...
    def view(self, offset: int = 0, length: Optional[int] = None) -> memoryview: ...
    def sync_for_cpu(self, offset: int = 0, length: Optional[int] = None) -> None: ...
    def sync_for_device(
        self, offset: int = 0, length: Optional[int] = None
    ) -> None: ...
    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __enter__(self) -> Buffer: ...
    def __exit__(
        self,
        *args: Union[Type[BaseException], BaseException, TracebackType, None],
    ) -> None: ...

@final
class Region:
    card: Final[Card]
    @property
    def unmapped(self) -> bool: ...
    def unmap(self) -> None: ...
    def view(self, offset: int = 0, length: Optional[int] = None) -> memoryview: ...
    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __enter__(self) -> Region: ...
    def __exit__(
        self,
        *args: Union[Type[BaseException], BaseException, TracebackType, None],
    ) -> None: ...

@final
class Transfer:
    @property
    def result(
        self,
    ) -> Literal["pending", "done", "refused", "failed", "abandoned"]: ...
    @property
    def reason(self) -> str: ...
    direction: Final[Literal["tohost", "fromhost"]]
    card_address: Final[int]
    length: Final[int]
    offset: Final[int]
    buffer: Final[Buffer]
    def wait(self, timeout: Optional[float] = None) -> Transfer: ...
    def abandon(self) -> None: ...

@final
class Stream:
    @property
    def closed(self) -> bool: ...
    card: Final[Card]
    def start(self, command: Union[str, bytes, None] = None) -> None: ...
    def stop(self) -> None: ...
    def acquire(self, timeout: Optional[float] = None) -> Optional[Block]: ...
    def info(self) -> StreamInfo: ...
    def close(self) -> None: ...
    def __iter__(self) -> Stream: ...
    def __next__(self) -> Block: ...
    def __enter__(self) -> Stream: ...
    def __exit__(
        self,
        *args: Union[Type[BaseException], BaseException, TracebackType, None],
    ) -> None: ...

@final
class Block:
    offset: Final[int]
    lost: Final[int]
    index: Final[int]
    @property
    def released(self) -> bool: ...
    def release(self) -> None: ...
    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __enter__(self) -> Block: ...
    def __exit__(
        self,
        *args: Union[Type[BaseException], BaseException, TracebackType, None],
    ) -> None: ...
