/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libskel.h - laboratory and FPGA cards of the skel core from user space
 *
 * A handle (struct skel) is one open channel of a card. Through it a program
 * talks to the card in lines of ASCII and lends it DMA buffers:
 *
 *	struct skel_transfer t;
 *	struct skel *skel = skel_open(NULL);
 *	int16_t *samples = skel_malloc(skel, 4096, SKEL_ALLOC_TOHOST);
 *
 *	skel_tohost(skel, &t, 0, 4096, skel_host_addr(skel, samples));
 *	if (skel_wait(skel, &t, 1000))
 *		err(1, "TOHOST: %s", t.reason);
 *
 * Errors: functions that return a pointer return NULL, functions that return
 * an int return -1, skel_host_addr() returns 0, and errno says why. The library
 * never prints and never exits. Besides the values listed at each function:
 *
 *	EINVAL	an argument is outside of its documented range
 *	ENOMEM	no memory for the library's own bookkeeping
 *	ENODEV	the card is gone (unplugged, its driver unloaded). Lines that
 *		arrived before can still be read; buffers stay readable until
 *		skel_close(), which is all that is left to do
 *	EINTR	a signal handler ran while the function waited; nothing is lost,
 *		call it again
 *
 * Timeouts are in milliseconds: -1 waits forever, 0 does not wait. A function
 * that times out fails with ETIMEDOUT; nothing is lost, call it again.
 *
 * Threads: different handles are independent. Calls that take the same handle
 * must not overlap: the program serializes them. Buffers are plain memory: any
 * thread may use them at any time.
 *
 * fork(): buffers belong to the process that allocated them. They are not
 * mapped in the child; regions of the card are. The only useful call on an
 * inherited handle is skel_close(), which unmaps them.
 */
#ifndef _LIBSKEL_H
#define _LIBSKEL_H

#include <stddef.h>
#include <stdint.h>

#include <linux/skel.h>

#ifdef __cplusplus
extern "C" {
#endif

/** struct skel - a handle: one open channel of a card (opaque) */
struct skel;

/** define SKEL_DEFAULT_PATH - the device that skel_open(NULL) opens */
#define SKEL_DEFAULT_PATH	"/dev/skel0"

/** define SKEL_REASON_MAX - size in bytes of skel_transfer.reason, with its NUL */
#define SKEL_REASON_MAX		32

/**
 * enum skel_direction - which way a transfer moves its bytes
 * @SKEL_TOHOST: from the card to a buffer
 * @SKEL_FROMHOST: from a buffer to the card
 */
enum skel_direction {
	SKEL_TOHOST,
	SKEL_FROMHOST
};

/**
 * enum skel_result - how far a transfer has come
 * @SKEL_PENDING: the core has not reported its end yet
 * @SKEL_DONE: all bytes have moved
 * @SKEL_REFUSED: the core refused the card's request, no byte has moved
 * @SKEL_FAILED: the request was granted, but the transfer did not complete;
 *               how many bytes have moved is unknown
 */
enum skel_result {
	SKEL_PENDING,
	SKEL_DONE,
	SKEL_REFUSED,
	SKEL_FAILED
};

/**
 * struct skel_transfer - one transfer between card and buffer
 * @direction: which way the bytes move
 * @result: how far it has come
 * @card_addr: address in the card's memory, in bytes from its start
 * @length: number of bytes
 * @host_addr: host address of the first byte in the buffer
 * @reason: why it was refused or failed: a single word as listed in
 *          <linux/skel.h> or a newer one, "" when there is none
 */
struct skel_transfer {
	enum skel_direction direction;
	enum skel_result result;
	uint64_t card_addr;
	uint64_t length;
	uint64_t host_addr;
	char reason[SKEL_REASON_MAX];
};

/* The card: device.c */

/**
 * skel_open() - open a channel of a card
 * @path: path of the device such as "/dev/skel0"; NULL: %SKEL_DEFAULT_PATH
 *
 * The file is opened close-on-exec and non-blocking. Thread-safe.
 *
 * Return: a new handle, to be closed with skel_close(); or NULL with errno of
 * open(): ENOENT there is no such card, EACCES no permission, EBUSY all
 * channels of the card are in use; ENODEV, ENOMEM; ENOTTY: @path is not a
 * card.
 */
struct skel *skel_open(const char *path);

/**
 * skel_close() - close a channel
 * @skel: handle of skel_open(), or NULL: nothing happens
 *
 * Ends the channel's running transfers, unmaps what skel_malloc() and
 * skel_map_region() mapped, and frees all its buffers. The handle and all
 * pointers into its buffers and regions are invalid afterwards. Keeps errno.
 */
void skel_close(struct skel *skel);

/**
 * skel_fd() - file descriptor of a channel, for poll()
 * @skel: handle of skel_open()
 *
 * POLLIN: lines can be read; POLLERR or POLLHUP: the card is gone. Before a
 * program waits in its own poll() it must call skel_readline() with timeout 0
 * until that fails with ETIMEDOUT: the library may already have read lines. The
 * descriptor belongs to the library: do not close it, do not read from it.
 *
 * Return: the file descriptor; cannot fail.
 */
int skel_fd(const struct skel *skel);

/**
 * skel_get_info() - describe the card, and get the counters of the channel
 * @skel: handle of skel_open()
 * @info: is filled in
 *
 * Return: 0, or -1 with errno: ENODEV.
 */
int skel_get_info(struct skel *skel, struct skel_info *info);

/**
 * skel_get_region() - describe one region of the card
 * @skel: handle of skel_open()
 * @index: 0 to skel_info.regions - 1; region 0 is the card's memory
 * @region: is filled in
 *
 * Return: 0, or -1 with errno: EINVAL there is no such region, ENODEV.
 */
int skel_get_region(struct skel *skel, uint32_t index,
		    struct skel_region_info *region);

/* Memory: buffer.c */

/**
 * skel_malloc() - get a DMA buffer
 * @skel: handle of skel_open()
 * @length: wanted length in bytes, 1 to skel_info.buffer_max; whole pages are
 *          allocated and mapped
 * @flags: %SKEL_ALLOC_TOHOST, %SKEL_ALLOC_FROMHOST or both
 *
 * The buffer is zeroed, page aligned, mapped for reading and writing, and all
 * its pages are present. Direct I/O and io_uring's fixed buffers do not work
 * with it (EFAULT), plain read() and write() do.
 *
 * Return: the buffer, to be freed with skel_free(); or NULL with errno:
 * EINVAL @length or @flags; EOPNOTSUPP unknown flag; ENOMEM no contiguous
 * memory within reach of the card, or a limit (RLIMIT_MEMLOCK, memory cgroup)
 * is reached; ENOSPC the channel has no host addresses left; ENODEV.
 */
void *skel_malloc(struct skel *skel, size_t length, uint32_t flags);

/**
 * skel_free() - give a DMA buffer back
 * @skel: handle that allocated it
 * @ptr: what skel_malloc() returned; NULL: nothing happens
 *
 * Frees the buffer and unmaps it. If the function fails, the buffer stays as it
 * was: mapped and usable. A buffer that the program itself has revoked by
 * SKEL_IOC_FREE is only unmapped.
 *
 * Return: 0, or -1 with errno: EBUSY a transfer to or from the buffer is
 * running; EINVAL @ptr is not the start of a buffer of this handle; EPERM the
 * buffer belongs to another process (after fork()); ENODEV.
 */
int skel_free(struct skel *skel, void *ptr);

/**
 * skel_host_addr() - the address by which the card knows a byte of a buffer
 * @skel: handle that allocated the buffer
 * @ptr: anywhere inside a buffer
 *
 * Return: the host address of the byte, never 0; or 0 with errno: ENOENT @ptr
 * is not inside a buffer of this handle.
 */
uint64_t skel_host_addr(struct skel *skel, const void *ptr);

/**
 * skel_sync() - synchronize part of a buffer while a transfer is running
 * @skel: handle that allocated the buffer
 * @ptr: first byte, anywhere inside a buffer
 * @length: number of bytes, at least 1, all inside the same buffer
 * @flags: %SKEL_SYNC_FOR_CPU: make what the card wrote visible to the program;
 *         or %SKEL_SYNC_FOR_DEVICE: the reverse
 *
 * The kernel synchronizes exactly the bytes of each transfer when it starts and
 * ends; only a program that looks at a buffer in between needs this function.
 *
 * Return: 0, or -1 with errno: EINVAL @length is 0, or not exactly one flag;
 * ENOENT the bytes are not all inside one buffer of this handle; ENODEV.
 */
int skel_sync(struct skel *skel, const void *ptr, size_t length,
	      uint32_t flags);

/**
 * skel_map_region() - map a region of the card
 * @skel: handle of skel_open()
 * @index: 0 to skel_info.regions - 1; region 0 is the card's memory
 * @prot: PROT_READ, PROT_WRITE or both, of <sys/mman.h>
 * @length: the length of the region in bytes is stored there, unless NULL
 *
 * When the card is unplugged, access to the mapping raises SIGBUS.
 *
 * Return: the mapped region, to be unmapped with skel_unmap_region() or by
 * skel_close(); or NULL with errno: EINVAL there is no such region or @prot is
 * something else; EACCES, EPERM this region cannot be mapped like this; ENOMEM,
 * ENODEV.
 */
void *skel_map_region(struct skel *skel, uint32_t index, int prot,
		      size_t *length);

/**
 * skel_unmap_region() - unmap a region of the card
 * @skel: handle that mapped it
 * @ptr: what skel_map_region() returned; NULL: nothing happens
 *
 * Return: 0, or -1 with errno: EINVAL @ptr is not a region of this handle.
 */
int skel_unmap_region(struct skel *skel, void *ptr);

/* The command stream: line.c */

#ifdef __GNUC__
/* checked like printf: parameter f is the format, the values start at v */
#define _SKEL_PRINTF(f, v)	__attribute__((__format__( \
					__printf__, f, v)))
#else
#define _SKEL_PRINTF(f, v)
#endif

/**
 * skel_send() - send one command line
 * @skel: handle of skel_open()
 * @format: as of printf(); without the '\n' at the end, which is added
 *
 * Sends the whole line or nothing; waits while the card has no room for it.
 * Lines that arrive in the meantime are kept for skel_readline().
 *
 * Return: 0, or -1 with errno: EINVAL the line contains a '\n' or @format is
 * wrong; EMSGSIZE it is longer than %SKEL_LINE_MAX - 1 bytes; EINTR nothing
 * has been sent; ENOMEM; ENODEV.
 */
int skel_send(struct skel *skel, const char *format, ...) _SKEL_PRINTF(2, 3);

/**
 * skel_readline() - receive the next line
 * @skel: handle of skel_open()
 * @line: receives the line without its '\n', NUL-terminated
 * @size: size of @line in bytes; %SKEL_LINE_MAX is always enough
 * @timeout: in ms, see above
 *
 * Lines come in the order in which they arrived, without those that
 * skel_query() and skel_wait() took.
 *
 * Return: the length of the line, 0 or more; or -1 with errno: ETIMEDOUT;
 * EMSGSIZE @line is too small, the line stays; EINTR, ENOMEM, ENODEV.
 */
int skel_readline(struct skel *skel, char *line, size_t size, int timeout);

/**
 * skel_query() - send a command line and receive the line that answers it
 * @skel: handle of skel_open()
 * @reply: receives the answer without its '\n', NUL-terminated
 * @size: size of @reply in bytes; %SKEL_LINE_MAX is always enough
 * @timeout: in ms for the answer, see above
 * @format: as of skel_send()
 *
 * The answer is the first line that is not from the core: lines that begin with
 * %SKEL_CORE_MARK stay for skel_wait() and skel_readline(). The card cannot send
 * such a line, so no answer is mistaken for the end of a transfer.
 * Answers to earlier commands must have been read before.
 *
 * Return: the length of the answer, 0 or more; or -1 with errno of skel_send()
 * and skel_readline().
 */
int skel_query(struct skel *skel, char *reply, size_t size, int timeout,
	       const char *format, ...) _SKEL_PRINTF(5, 6);

/* Transfers: transfer.c */

/**
 * skel_tohost() - tell the card to send bytes to a buffer
 * @skel: handle of skel_open()
 * @transfer: is filled in, for skel_wait()
 * @card_addr: address in the card's memory, in bytes from its start
 * @length: number of bytes
 * @host_addr: where to, usually skel_host_addr()
 *
 * Sends the command line ``TOHOST <card_addr> <length> <host_addr>``. No
 * number is checked here: the kernel checks what the card then asks for.
 *
 * Return: 0, or -1 with errno of skel_send().
 */
int skel_tohost(struct skel *skel, struct skel_transfer *transfer,
		uint64_t card_addr, uint64_t length, uint64_t host_addr);

/**
 * skel_fromhost() - tell the card to fetch bytes from a buffer
 * @skel: handle of skel_open()
 * @transfer: is filled in, for skel_wait()
 * @card_addr: address in the card's memory, in bytes from its start
 * @length: number of bytes
 * @host_addr: where from, usually skel_host_addr()
 *
 * Sends the command line ``FROMHOST <card_addr> <length> <host_addr>``, else
 * like skel_tohost().
 *
 * Return: 0, or -1 with errno of skel_send().
 */
int skel_fromhost(struct skel *skel, struct skel_transfer *transfer,
		  uint64_t card_addr, uint64_t length, uint64_t host_addr);

/**
 * skel_wait() - wait for the end of a transfer
 * @skel: handle that started it
 * @transfer: of skel_tohost() or skel_fromhost(), or with direction, card_addr,
 *            length and host_addr filled in by hand when the program sent a
 *            command of its own; result and reason are filled in
 * @timeout: in ms, see above
 *
 * Takes the first line of the core with these numbers out of the stream; all
 * other lines stay for skel_readline(). Of several equal transfers each call
 * takes one. A card that does not know the command answers with a line of its
 * own, which stays for skel_readline(), and the call times out.
 *
 * Return: 0 when all bytes have moved; or -1 with errno: EACCES the request
 * was refused, EIO the transfer failed, in both cases with the reason in
 * @transfer; ETIMEDOUT, EINTR, ENOMEM or ENODEV: its outcome is unknown.
 */
int skel_wait(struct skel *skel, struct skel_transfer *transfer, int timeout);

/**
 * skel_parse_transfer() - parse a line of the core
 * @line: a line without its '\n', NUL-terminated
 * @transfer: is filled in; unchanged when the function fails
 *
 * For programs that read every line with skel_readline(). The same words
 * without %SKEL_CORE_MARK in front come from the card and prove nothing. Pure
 * and thread-safe.
 *
 * Return: 0, or -1 with errno: EINVAL the line is not the core's DONE, REFUSED
 * or FAILED of a transfer.
 */
int skel_parse_transfer(const char *line, struct skel_transfer *transfer);

#ifdef __cplusplus
}
#endif

#endif /* _LIBSKEL_H */
