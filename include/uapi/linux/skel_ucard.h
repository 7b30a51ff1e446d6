/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * skel_ucard.h - a program plays a laboratory card
 *
 * A program opens /dev/skel-ucard and describes a card. The card appears as
 * /dev/skelN, and its users cannot tell it from any other (linux/skel.h). The
 * program reads *events* (a channel was opened, a command line, the answer to a
 * request) and writes *actions* (a reply, a request for a transfer). The kernel
 * allocates the card's memory; the program maps it at offset 0.
 *
 * Bytes move only in the kernel, between the card's memory and a range of a
 * buffer that the kernel has granted. Everything the program says is checked as
 * if hardware had said it. When the program has closed the file and unmapped the
 * memory, or dies, the card is unplugged.
 */
#ifndef _UAPI_LINUX_SKEL_UCARD_H
#define _UAPI_LINUX_SKEL_UCARD_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/skel.h>

/** define SKEL_UCARD_TOHOST - the card can write to buffers */
#define SKEL_UCARD_TOHOST	(1U << 0)
/** define SKEL_UCARD_FROMHOST - the card can read from buffers */
#define SKEL_UCARD_FROMHOST	(1U << 1)
/** define SKEL_UCARD_READONLY - users can map the card's memory only for reading */
#define SKEL_UCARD_READONLY	(1U << 2)

/** define SKEL_UCARD_TIMEOUT - default timeout in ms */
#define SKEL_UCARD_TIMEOUT	5000
/** define SKEL_UCARD_TIMEOUT_MAX - longest timeout in ms */
#define SKEL_UCARD_TIMEOUT_MAX	3600000

/**
 * struct skel_ucard_create - ioctl(SKEL_UCARD_IOC_CREATE)
 * @size: in: sizeof(struct skel_ucard_create)
 * @flags: in: SKEL_UCARD_* flags, at least one direction
 * @name: in: name of the card's model, printable ASCII, NUL-terminated
 * @memory: in: size of the card's memory in bytes, at least 1; out: rounded up
 *          to whole pages. It is one contiguous piece: at most what the page
 *          allocator can provide, 4 MiB on most machines.
 * @dma_mask: in: highest bus address that the card can reach, 2^n - 1, n from 24
 *            to 64: buffers of its users lie below it. 0: 2^32 - 1
 * @channels: in: number of channels, 1 to 1023
 * @transfers: in: number of transfers of one channel that can run at once, 1 to 64
 * @timeout: in: time in ms that a command may wait for the program to read it,
 *           and a granted transfer for its completion, 1 to
 *           %SKEL_UCARD_TIMEOUT_MAX; 0: %SKEL_UCARD_TIMEOUT
 * @index: in: must be 0; out: N of /dev/skelN
 *
 * Create the card. The general format and its errors are those of linux/skel.h;
 * in addition:
 *
 *  - EINVAL: a value is out of its range, or @name is empty.
 *  - EBUSY: this file already has a card.
 *  - ENOMEM: no contiguous memory of that size is free, or the limit of
 *    RLIMIT_MEMLOCK or of the memory cgroup of the caller is reached. The caller
 *    is charged with the card's memory until all files of the card are closed.
 *  - EOPNOTSUPP: also if the machine's memory is encrypted.
 *  - EIO: no memory of this machine is below @dma_mask.
 *  - ENOSPC: there are as many cards as the module's parameter cards_max allows.
 *
 * Without a card, read() and write() fail with ENOTCONN, mmap() with ENODEV,
 * and poll() reports POLLERR. mmap() of the card's memory fails with ENXIO if the
 * area is not inside it, EINVAL if the mapping is private, EPERM if it is
 * executable.
 */
struct skel_ucard_create {
	__u32 size;
	__u32 flags;
	char name[SKEL_NAME_MAX];
	__aligned_u64 memory;
	__aligned_u64 dma_mask;
	__u32 channels;
	__u32 transfers;
	__u32 timeout;
	__u32 index;
};

#define SKEL_UCARD_IOC_CREATE	_IO(SKEL_IOC_TYPE, 0x40)

/**
 * struct skel_ucard_head - start of every event and every action
 * @length: length in bytes, including this head. The next event or action follows
 *          at the next multiple of 8 bytes.
 * @type: enum skel_ucard_event for read(), enum skel_ucard_action for write()
 * @flags: of actions: SKEL_UCARD_* flags as described there; of events: 0
 * @channel: number of the channel, 0 to skel_ucard_create.channels - 1
 * @opening: of events: the opening of the channel that the event is about, never
 *           0; the next user of the channel has another one. Of REPLY and
 *           REQUEST: that of the user that the action is for, copied from an
 *           event; an action for an earlier user does not reach a later one.
 *           Ignored for MOVE and COMPLETE. Of results: that of the action.
 */
struct skel_ucard_head {
	__u32 length;
	__u16 type;
	__u16 flags;
	__u32 channel;
	__u32 opening;
};

/** define SKEL_UCARD_RECORD_MAX - longest event or action in bytes */
#define SKEL_UCARD_RECORD_MAX	(16 + SKEL_LINE_MAX)

/**
 * enum skel_ucard_event - what read() returns
 *
 * read() returns as many whole events as there are and fit. It waits for the
 * first one unless O_NONBLOCK is set (EAGAIN). Its buffer must have at least
 * %SKEL_UCARD_RECORD_MAX bytes (EINVAL). Events of one opening come in the order
 * in which they happened; results may still come after CLOSED. With O_NONBLOCK,
 * a thread also gets EAGAIN while another one is reading (or writing).
 */
enum skel_ucard_event {
	/** @SKEL_UCARD_OPENED: The channel was opened. */
	SKEL_UCARD_OPENED = 1,
	/**
	 * @SKEL_UCARD_CLOSED: The channel was closed. Its transfers have ended,
	 * and actions for it have no effect any more.
	 */
	SKEL_UCARD_CLOSED = 2,
	/**
	 * @SKEL_UCARD_COMMAND: A command line of 0 to %SKEL_LINE_MAX - 1 bytes,
	 * any bytes but '\n', follows the head, without its '\n'. A
	 * line that the program has not read in time is answered with
	 * ``ERROR timeout`` and dropped.
	 */
	SKEL_UCARD_COMMAND = 3,
	/** @SKEL_UCARD_RESULT: struct skel_ucard_result: result of an action */
	SKEL_UCARD_RESULT = 4,
	/**
	 * @SKEL_UCARD_EXPIRED: struct skel_ucard_result: a granted transfer was
	 * not completed in time; it has ended.
	 */
	SKEL_UCARD_EXPIRED = 5,
};

/**
 * enum skel_ucard_action - what write() takes
 *
 * write() takes one or more whole actions and carries them out in their order,
 * without waiting. It returns the length of those carried out, which may be less
 * if a signal is pending. It stops at the first action that it cannot carry out,
 * and fails if that is the very first:
 *
 *  - EINVAL: the length does not match the type, or the action is incomplete; a
 *    value that is not allowed.
 *  - EOPNOTSUPP: unknown type or flag, or a reserved member that is not 0.
 *  - EAGAIN: too many results wait to be read (poll() does not report POLLOUT
 *    then), or too many granted transfers wait for their completion.
 *  - ENOMEM, EFAULT.
 *
 * Everything else that a card may get wrong (unknown channels, addresses,
 * lengths, ids) is not an error of write(), but reported in the result.
 */
enum skel_ucard_action {
	/**
	 * @SKEL_UCARD_REPLY: 1 to %SKEL_LINE_MAX bytes for the user of the
	 * channel follow the head; the last one must be '\n'. Without room they
	 * are lost; a LOST line and a counter tell the user. If the channel is
	 * not open they are discarded. There is no result.
	 */
	SKEL_UCARD_REPLY = 1,
	/** @SKEL_UCARD_REQUEST: struct skel_ucard_request: ask for a transfer */
	SKEL_UCARD_REQUEST = 2,
	/**
	 * @SKEL_UCARD_MOVE: struct skel_ucard_transfer: move the bytes of a
	 * granted transfer now. May be repeated.
	 */
	SKEL_UCARD_MOVE = 3,
	/** @SKEL_UCARD_COMPLETE: struct skel_ucard_transfer: end a transfer */
	SKEL_UCARD_COMPLETE = 4,
};

/** define SKEL_UCARD_AT_ONCE - REQUEST: if granted, move the bytes and complete */
#define SKEL_UCARD_AT_ONCE	(1U << 0)
/** define SKEL_UCARD_QUIET - REQUEST, MOVE, COMPLETE: no result on success */
#define SKEL_UCARD_QUIET	(1U << 1)

/**
 * struct skel_ucard_request - action %SKEL_UCARD_REQUEST
 * @head: length, type, flags and channel
 * @tag: chosen by the program, returned in the result
 * @card_addr: first byte in the card's memory
 * @host_addr: first byte in a buffer of the channel
 * @bytes: number of bytes
 * @dir: 0: from the card to the host, 1: from the host to the card
 * @reserved: 0
 *
 * Any value is allowed in @card_addr, @host_addr and @bytes. The error of the
 * result is 0, or:
 *
 *  - -EINVAL: @bytes is 0.
 *  - -EFAULT: not inside one live buffer of the channel.
 *  - -EACCES: the buffer is not for this direction.
 *  - -ERANGE: not inside the card's memory.
 *  - -EBUSY: too many transfers of the channel are running.
 *  - -ENOTCONN: the channel is not open, or its user is not that of
 *    skel_ucard_head.opening.
 *  - -ENOENT: it was granted, but the channel was closed before it was carried
 *    out (%SKEL_UCARD_AT_ONCE).
 *
 * A granted request that is not %SKEL_UCARD_AT_ONCE holds the buffer until
 * %SKEL_UCARD_COMPLETE, the timeout, or the end of the channel.
 */
struct skel_ucard_request {
	struct skel_ucard_head head;
	__aligned_u64 tag;
	__aligned_u64 card_addr;
	__aligned_u64 host_addr;
	__aligned_u64 bytes;
	__u32 dir;
	__u32 reserved;
};

/**
 * struct skel_ucard_transfer - actions %SKEL_UCARD_MOVE, %SKEL_UCARD_COMPLETE
 * @head: length, type and flags; the channel is ignored
 * @tag: chosen by the program, returned in the result
 * @id: skel_ucard_result.id of the granted request
 * @moved: COMPLETE: number of bytes that the card claims to have moved; MOVE: 0
 * @error: COMPLETE: 0, or 1 if the transfer has failed; MOVE: 0
 * @reserved: 0
 *
 * The error of the result is 0, -ENOENT (no such transfer is running: it has
 * ended, or was never granted) or -ERANGE (@moved is not what was granted: the
 * transfer has ended and is reported to the user as failed).
 */
struct skel_ucard_transfer {
	struct skel_ucard_head head;
	__aligned_u64 tag;
	__aligned_u64 id;
	__aligned_u64 moved;
	__u32 error;
	__u32 reserved;
};

/**
 * struct skel_ucard_result - events %SKEL_UCARD_RESULT and %SKEL_UCARD_EXPIRED
 * @head: length, type and channel
 * @tag: of the action
 * @id: of the granted transfer; 0 if there is none
 * @action: enum skel_ucard_action
 * @error: 0 or a negative errno
 */
struct skel_ucard_result {
	struct skel_ucard_head head;
	__aligned_u64 tag;
	__aligned_u64 id;
	__u32 action;
	__s32 error;
};

#endif /* _UAPI_LINUX_SKEL_UCARD_H */
