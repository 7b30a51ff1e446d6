/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * skel.h - user API of the laboratory and FPGA card core
 *
 * Each card is one character device, /dev/skelN. Each open file is a *channel*
 * of the card: it owns a command stream and DMA buffers.
 *
 * Command stream: write() takes ASCII lines that end in '\n', and the card
 * answers with lines that read() returns. Bulk data goes another way, by DMA
 * between the card and buffers that the channel has allocated.
 *
 * One number identifies a buffer everywhere: its *host address*, a page-aligned
 * cookie, never a physical or bus address. It is the offset for mmap(), the
 * handle for ioctls, and (plus any offset into the buffer) the address that a
 * transfer command such as TOHOST takes.
 */
#ifndef _UAPI_LINUX_SKEL_H
#define _UAPI_LINUX_SKEL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define SKEL_IOC_TYPE	0xBB

/**
 * DOC: General ioctl format
 *
 * Every ioctl takes a pointer to a structure whose first member @size is the
 * size of the structure that the program was compiled with; the ioctl number
 * is a plain _IO() and does not contain the size. A kernel that knows a longer
 * structure reads the missing members as zero; a program that knows a longer
 * structure gets E2BIG unless the members that the kernel does not know are
 * zero. The kernel never writes beyond @size bytes.
 *
 *  - EINVAL: @size is smaller than the first version of the structure, or a
 *    value is outside its documented range.
 *  - E2BIG: a member that this kernel does not know is not zero.
 *  - EOPNOTSUPP: a flag that this kernel does not know, or a reserved member
 *    that is not zero.
 *  - EFAULT: the structure is not readable or not writable.
 *  - ENODEV: the card is gone.
 *  - ENOTTY: the ioctl number is unknown.
 */

/** define SKEL_LINE_MAX - longest command or reply line in bytes, including its newline */
#define SKEL_LINE_MAX	1024

/** define SKEL_CORE_MARK - start of each line of the core */
#define SKEL_CORE_MARK	"skel: "
/** define SKEL_CARD_MARK - what replaces it in a line of the card */
#define SKEL_CARD_MARK	"card: "

/** define SKEL_NAME_MAX - size of names in bytes, including the terminating NUL */
#define SKEL_NAME_MAX	32

/** define SKEL_CAP_TOHOST - the card can write to buffers */
#define SKEL_CAP_TOHOST		(1U << 0)
/** define SKEL_CAP_FROMHOST - the card can read from buffers */
#define SKEL_CAP_FROMHOST	(1U << 1)
/**
 * define SKEL_CAP_ENFORCED - the card reaches no memory but that of its granted
 * transfers: the kernel moves the bytes for it, or an IOMMU stands in between
 */
#define SKEL_CAP_ENFORCED	(1U << 2)

/**
 * struct skel_info - ioctl(SKEL_IOC_INFO)
 * @size: in: sizeof(struct skel_info)
 * @flags: in: must be 0
 * @name: out: name of the card's model, NUL-terminated
 * @channel: out: number of this channel, as the card knows it
 * @channels: out: number of channels of the card, which is also the number of
 *            files that can be open at once
 * @regions: out: number of regions of the card that can be mapped
 * @line_max: out: longest command or reply line in bytes, including its newline
 * @caps: out: SKEL_CAP_* flags, what the card can do; ignore unknown ones
 * @transfers: out: number of transfers of this channel that can run at once
 * @dma_mask: out: highest bus address that the card can reach
 * @buffer_max: out: largest length of one buffer in bytes
 * @buffers: out: number of buffers of this channel
 * @pending: out: number of running transfers of this channel
 * @buffer_bytes: out: memory in bytes that these buffers are charged with
 * @granted: out: requests of the card for this channel that were granted
 * @refused: out: requests of the card for this channel that were refused
 * @failed: out: granted transfers that ended with an error or were cancelled
 * @bytes_tohost: out: bytes that transfers moved from the card to buffers
 * @bytes_fromhost: out: bytes that transfers moved from buffers to the card
 * @replies_lost: out: reply lines dropped because they were not read in time
 * @segments: out: number of pieces of memory that one transfer can have at most;
 *            a request that needs more is refused. 0: any number
 * @reserved: out: 0
 *
 * The counters start at 0 with open() and wrap modulo 2^64.
 */
struct skel_info {
	__u32 size;
	__u32 flags;
	char name[SKEL_NAME_MAX];
	__u32 channel;
	__u32 channels;
	__u32 regions;
	__u32 line_max;
	__u32 caps;
	__u32 transfers;
	__aligned_u64 dma_mask;
	__aligned_u64 buffer_max;
	__u32 buffers;
	__u32 pending;
	__aligned_u64 buffer_bytes;
	__aligned_u64 granted;
	__aligned_u64 refused;
	__aligned_u64 failed;
	__aligned_u64 bytes_tohost;
	__aligned_u64 bytes_fromhost;
	__aligned_u64 replies_lost;
	__u32 segments;
	__u32 reserved;
};

#define SKEL_IOC_INFO		_IO(SKEL_IOC_TYPE, 0x00)

/** define SKEL_REGION_RAM - the region is memory, and its mapping is cached */
#define SKEL_REGION_RAM		(1U << 0)
/** define SKEL_REGION_READONLY - the region can only be mapped for reading */
#define SKEL_REGION_READONLY	(1U << 1)
/** define SKEL_REGION_WC - writes may be combined, delayed and reordered */
#define SKEL_REGION_WC		(1U << 2)
/** define SKEL_REGION_RAWIO - needs CAP_SYS_RAWIO: it bypasses the checks of the core */
#define SKEL_REGION_RAWIO	(1U << 3)

/**
 * struct skel_region_info - ioctl(SKEL_IOC_REGION_INFO)
 * @size: in: sizeof(struct skel_region_info)
 * @index: in: number of the region, 0 to skel_info.regions - 1
 * @flags: in: must be 0; out: SKEL_REGION_* flags
 * @reserved: in: must be 0; out: 0
 * @offset: out: offset for mmap(), page aligned and below 2^32. The region at
 *          offset 0 is the card's memory: card addresses in commands such as
 *          TOHOST count from its start. A card may have none that can be mapped
 * @length: out: length in bytes, a multiple of the page size
 * @name: out: name of the region, NUL-terminated
 *
 * EINVAL: there is no region @index.
 *
 * mmap() maps each region at its own offset. A region without SKEL_REGION_RAM is
 * I/O memory: it is mapped uncached, or write-combined with SKEL_REGION_WC, and
 * its page tables are filled on first access. Once the card is gone, access to
 * I/O memory raises SIGBUS; RAM stays.
 */
struct skel_region_info {
	__u32 size;
	__u32 index;
	__u32 flags;
	__u32 reserved;
	__aligned_u64 offset;
	__aligned_u64 length;
	char name[SKEL_NAME_MAX];
};

#define SKEL_IOC_REGION_INFO	_IO(SKEL_IOC_TYPE, 0x01)

/** define SKEL_ALLOC_TOHOST - the card may write to the buffer */
#define SKEL_ALLOC_TOHOST	(1U << 0)
/** define SKEL_ALLOC_FROMHOST - the card may read from the buffer */
#define SKEL_ALLOC_FROMHOST	(1U << 1)

/**
 * struct skel_alloc - ioctl(SKEL_IOC_ALLOC)
 * @size: in: sizeof(struct skel_alloc)
 * @flags: in: SKEL_ALLOC_* flags, at least one
 * @length: in: length in bytes, 1 to skel_info.buffer_max;
 *          out: the length rounded up to whole pages
 * @host_addr: in: must be 0; out: host address of the buffer, page aligned
 *
 * Allocate a DMA buffer: zeroed and within reach of the card. If skel_info.segments
 * is 1, it is in one piece, which takes a power of two of pages. It
 * counts against RLIMIT_MEMLOCK, together with all other locked memory of the user,
 * unless the caller has CAP_IPC_LOCK; against the caller's memory cgroup, unless it
 * comes from a contiguous memory area (CMA); and against the limit of all buffers
 * of the machine, which is a parameter of the module (memory_percent).
 *
 * It belongs to the channel: whoever has the file can map and free it. It lives
 * until SKEL_IOC_FREE or until the file is closed, whatever becomes of the card.
 *
 *  - EINVAL: @length is 0 or too large, or @flags is 0.
 *  - EOPNOTSUPP: the card cannot do a direction that @flags asks for.
 *  - ENOMEM: not enough memory in reach of the card is free, in one piece if the
 *    card needs that, or a limit is reached.
 *  - EINTR: the process was killed meanwhile.
 *  - ENOSPC: the channel has no host addresses left.
 */
struct skel_alloc {
	__u32 size;
	__u32 flags;
	__aligned_u64 length;
	__aligned_u64 host_addr;
};

#define SKEL_IOC_ALLOC		_IO(SKEL_IOC_TYPE, 0x02)

/**
 * struct skel_free - ioctl(SKEL_IOC_FREE)
 * @size: in: sizeof(struct skel_free)
 * @flags: in: must be 0
 * @host_addr: in: host address of the buffer, as SKEL_IOC_ALLOC returned it
 *
 * Free a DMA buffer. Mappings of it are revoked: from then on, access to them
 * raises SIGBUS. The program can unmap them at any time.
 *
 *  - EBUSY: a transfer to or from the buffer is running; nothing has changed.
 *  - ENOENT: the channel has no such buffer.
 */
struct skel_free {
	__u32 size;
	__u32 flags;
	__aligned_u64 host_addr;
};

#define SKEL_IOC_FREE		_IO(SKEL_IOC_TYPE, 0x03)

/** define SKEL_SYNC_FOR_CPU - make what the card wrote visible to the program */
#define SKEL_SYNC_FOR_CPU	(1U << 0)
/** define SKEL_SYNC_FOR_DEVICE - make what the program wrote visible to the card */
#define SKEL_SYNC_FOR_DEVICE	(1U << 1)

/**
 * struct skel_sync - ioctl(SKEL_IOC_SYNC)
 * @size: in: sizeof(struct skel_sync)
 * @flags: in: exactly one of the SKEL_SYNC_* flags
 * @host_addr: in: host address of the first byte, anywhere inside a buffer
 * @length: in: number of bytes, at least 1, all inside the same buffer
 *
 * The kernel synchronizes exactly the bytes of each granted transfer; an ordinary
 * program never needs this ioctl. It is for programs that look at a buffer while
 * a transfer is still running.
 * (Behind an IOMMU, on a machine whose DMA is not coherent with the caches, even
 * that shows nothing before the end of the transfer.)
 *
 *  - EINVAL: not exactly one flag, or @length is 0.
 *  - ENOENT: the bytes are not all inside one buffer of this channel.
 */
struct skel_sync {
	__u32 size;
	__u32 flags;
	__aligned_u64 host_addr;
	__aligned_u64 length;
};

#define SKEL_IOC_SYNC		_IO(SKEL_IOC_TYPE, 0x04)

/**
 * DOC: Reply lines of the core
 *
 * In addition to what a card answers, the end of every transfer is
 * reported by one line of the core, with the numbers of the request in
 * hexadecimal::
 *
 *   skel: DONE    TOHOST <card address> <length> <host address>
 *   skel: REFUSED TOHOST <card address> <length> <host address> <reason>
 *   skel: FAILED  TOHOST <card address> <length> <host address> <reason>
 *
 * (with single spaces, and FROMHOST for the other direction). No card can forge
 * such a line: if a line of its replies begins with %SKEL_CORE_MARK, the core
 * replaces that by %SKEL_CARD_MARK. A line begins at the start of a reply and
 * after each newline in it. Nothing else in replies is changed.
 *
 * A refused request has not moved any byte. Reasons are single words: ``length``,
 * ``host-address`` (not inside one live buffer of this channel), ``direction``
 * (the buffer was not allocated for it), ``card-address`` (not inside the
 * card's memory), ``busy`` (too many transfers at once), ``closed``, ``memory``
 * (the bytes cannot be mapped for the card), ``segments`` (see skel_info); for failed
 * transfers: ``cancelled``, ``timeout``, ``error``, ``gone``. Programs must
 * expect new ones.
 *
 * If the program did not read in time and replies had to be dropped, one line
 * ``skel: LOST <number of replies, decimal>`` takes their place.
 */

#endif /* _UAPI_LINUX_SKEL_H */
