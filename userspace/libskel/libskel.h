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
 * Errors: functions that return a pointer return NULL, skel_host_addr() returns
 * 0, and functions that return an int return a negative number: those of version
 * 1.0 return -1, those marked "since 1.1" the negative errno value itself. Either
 * way errno says why, and skel_errmsg() in words, in one line that says what to
 * do. The library never prints and never exits. Besides the values listed at each
 * function:
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
 * Threads: every function may be called by any thread at any time, on the same
 * handle, too; only skel_close() and skel_stream_close() must be the last call
 * for their object. Callers that wait do not hold up others; but a query waits until
 * those before it have their answers, and skel_stream_acquire() until that of another
 * thread has returned. A signal ends the wait of the thread that happens to read for
 * all. No thread may be cancelled (pthread_cancel()) inside the library. Buffers are
 * plain memory.
 *
 * Lines: what a card sends is an answer, unless it begins with %SKEL_CORE_MARK (a
 * line of the kernel's core) or %SKEL_EVENT_MARK (an event, which comes unasked).
 * skel_query() never takes one of these for an answer. Lines that nobody has taken yet
 * are kept in memory, however many they are.
 *
 * Commands are carried out in their order, but close() does not wait for them:
 * lines that the card has not begun when the handle is closed are dropped. A
 * program that ends with a command must wait for it first: ask the card a
 * question, or call skel_clear().
 *
 * fork(): a handle belongs to the process that opened it. Its buffers are not
 * mapped in the child; regions of the card are. The only useful call on an
 * inherited handle is skel_close(), which unmaps them.
 */
#ifndef _LIBSKEL_H
#define _LIBSKEL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/skel.h>

/*
 * Host addresses are offsets for mmap() from 2^34 on. A program of 32 bits must be
 * compiled with -D_FILE_OFFSET_BITS=64 (pkg-config says so): a shorter offset
 * would map other memory, without an error.
 */
#if defined(__cplusplus) && __cplusplus >= 201103L
static_assert(sizeof(off_t) == 8, "compile with -D_FILE_OFFSET_BITS=64");
#elif !defined(__cplusplus) && defined(__STDC_VERSION__) && \
	__STDC_VERSION__ >= 201112L
_Static_assert(sizeof(off_t) == 8, "compile with -D_FILE_OFFSET_BITS=64");
#else
typedef char _skel_compile_with_FILE_OFFSET_BITS_64[sizeof(off_t) == 8 ? 1 : -1];
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** struct skel - a handle: one open channel of a card (opaque) */
struct skel;

/** define SKEL_DEFAULT_PATH - the device that skel_open(NULL) opens */
#define SKEL_DEFAULT_PATH	"/dev/skel0"

/** define SKEL_EVENT_MARK - start of each line that a card sends unasked */
#define SKEL_EVENT_MARK		"event: "

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

/* Errors: error.c */

/**
 * skel_errmsg() - why the last function failed, in words (since 1.1)
 *
 * Return: one line in English without a newline or other control character, of at most
 * 255 bytes, such as "/dev/skel0: you may not open it: sudo adduser $USER plugdev, then
 * log in again" (for rare errors of the kernel, it ends with the words of strerror(),
 * which are in the program's language); "" if no function of the
 * library has failed in this thread yet. It belongs to the library and to the
 * thread, and is valid until its next call of the library fails. Never NULL.
 */
const char *skel_errmsg(void);

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
 * skel_get_info_sized() - skel_get_info() for a struct of another version (since 1.1)
 * @skel: handle of skel_open()
 * @info: is filled in as far as @size
 * @size: size in bytes of the caller's struct skel_info, which grows with the
 *        kernel; from 144, that of version 1.0
 *
 * skel_get_info() is a macro that passes the size which the program was compiled
 * with; the function of that name is what programs of version 1.0 call.
 *
 * Return: 0, or the negative value of errno: -ENODEV; -EINVAL (@size).
 */
int skel_get_info_sized(struct skel *skel, struct skel_info *info, size_t size);
#define skel_get_info(skel, info) \
	(skel_get_info_sized(skel, info, sizeof(struct skel_info)) ? -1 : 0)

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
 * The buffer is zeroed, page aligned, and mapped for reading and writing. Up to
 * 64 MiB, all its pages are present; a larger one takes at most one page fault for
 * each 2 MiB on first touch. It stays readable and writable when the card is
 * unplugged, until skel_close(). Direct I/O and io_uring's fixed buffers do not work
 * with it (EFAULT), plain read() and write() do.
 *
 * Return: the buffer, to be freed with skel_free(); or NULL with errno:
 * EINVAL @length or @flags; EOPNOTSUPP unknown flag; ENOMEM no memory within
 * reach of the card (in one piece, if skel_info.segments is 1), or a limit
 * (RLIMIT_MEMLOCK, memory cgroup, memory_percent of the module skel) is reached;
 * ENOSPC the channel has no host addresses left; ENODEV.
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
 * handle belongs to another process (after fork()); ENODEV.
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
 * skel_query() and skel_wait() took, and without those that belong to submitted
 * transfers and to streams. While another thread waits in skel_query(), answers
 * are left to that.
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
 * The answer is the first line that is neither the core's nor an event: those
 * stay for skel_wait(), skel_read_event() and skel_readline(). The card cannot send
 * a line of the core, so no answer is mistaken for the end of a transfer. Answers
 * to earlier commands of skel_send() must have been read before, or discarded by
 * skel_clear(): an answer does not say what it answers. A command that has no answer
 * belongs to skel_send(): here, it ends in ETIMEDOUT.
 *
 * A block of definite length (IEEE 488.2: ``#15abcde``) is read by its length, so
 * an answer with such blocks can contain newlines and any other byte; see
 * skel_find_block(). It begins at the start of the answer or after a ``,`` or ``;``.
 *
 * An answer that comes after the timeout cannot become that of the next query:
 * after a timeout, the next skel_query() first does what skel_clear() does, within
 * its own timeout.
 *
 * Return: the length of the answer, 0 or more; or -1 with errno of skel_send()
 * and skel_readline(). EMSGSIZE: the answer is discarded. After ETIMEDOUT, a card
 * that speaks SCPI may have the reason in its error queue: ask ``SYSTem:ERRor?``. After
 * a timeout, and on a card without transfers, EOPNOTSUPP: see skel_clear().
 */
int skel_query(struct skel *skel, char *reply, size_t size, int timeout,
	       const char *format, ...) _SKEL_PRINTF(5, 6);

/**
 * skel_read_event() - receive the next event (since 1.1)
 * @skel: handle of skel_open()
 * @line: receives the line without its '\n' and without %SKEL_EVENT_MARK,
 *        NUL-terminated, such as "PROGRAM ramp STOPPED error"
 * @size: size of @line in bytes; %SKEL_LINE_MAX is always enough
 * @timeout: in ms, see above
 *
 * Events of a stream go to skel_stream_acquire() instead.
 *
 * Return: the length of the line, 0 or more; or a negative errno of
 * skel_readline().
 */
int skel_read_event(struct skel *skel, char *line, size_t size, int timeout);

/**
 * skel_clear() - wait until all commands have run, discard their answers (since 1.1)
 * @skel: handle of skel_open()
 * @timeout: in ms, see above
 *
 * Sends a request that the core refuses (``TOHOST <number> 0 0``, or FROMHOST; it
 * counts in skel_info.refused) and waits for the core's line about it. A card runs
 * its commands in order, so by then it has answered all earlier ones. Lines of the
 * core and events stay. Works with every card that knows TOHOST or FROMHOST.
 *
 * Return: 0, or a negative errno: ETIMEDOUT the card still works on a command, or
 * does not know TOHOST: then only skel_close() gets rid of a late answer;
 * EOPNOTSUPP the card knows no transfers; errno of skel_send().
 */
int skel_clear(struct skel *skel, int timeout);

/**
 * skel_find_block() - find a block of definite length in an answer (since 1.1)
 * @answer: what skel_query() or skel_readline() stored
 * @length: its length as they returned it
 * @data: set to the first byte of the block's data, inside @answer
 * @size: set to the number of bytes of the data
 *
 * The first block of the answer. For the next one, call it with what follows:
 * @answer is then *@data + *@size, and @length what is left. Pure.
 *
 * Return: 0, or a negative errno: ENOENT there is no block in it.
 */
int skel_find_block(const char *answer, size_t length, const void **data,
		    size_t *size);

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
 * If @transfer was given to skel_submit(), waits for its end; else takes the first
 * line of the core with these numbers out of the stream; all
 * other lines stay for skel_readline(). Of several equal transfers each call
 * takes one. A card that does not know the command answers with a line of its
 * own, which stays for skel_readline(), and the call times out.
 *
 * Return: 0 when all bytes have moved; or -1 with errno: EACCES the request
 * was refused, EIO the transfer failed, in both cases with the reason in
 * @transfer; ETIMEDOUT, EINTR, ENOMEM or ENODEV: its outcome is unknown; ECANCELED
 * another thread has called skel_abandon() for it.
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

/* Asynchronous transfers: job.c */

/**
 * typedef skel_done_fn - called at the end of a submitted transfer (since 1.1)
 * @skel: handle of skel_submit()
 * @transfer: as submitted; result and reason are filled in
 * @data: as given to skel_submit()
 *
 * Runs inside skel_dispatch(), in the thread that called it, without locks: it may
 * call every function of the library except skel_close(), and may reuse or free
 * @transfer.
 */
typedef void skel_done_fn(struct skel *skel, struct skel_transfer *transfer,
			  void *data);

/**
 * skel_submit() - start a transfer without waiting for it (since 1.1)
 * @skel: handle of skel_open()
 * @transfer: direction, card_addr, length and host_addr are filled in by the
 *            caller, result and reason by the library
 * @done: is called by skel_dispatch() at the end, or NULL
 * @data: for @done
 *
 * Any number of transfers can be submitted: as many as the card can run at once
 * (skel_info.transfers) are started, the others follow in their order. @transfer
 * belongs to the library until skel_dispatch() has reported its end, or skel_wait()
 * has returned anything but ETIMEDOUT and EINTR for it, or skel_abandon(). Its
 * result changes from %SKEL_PENDING only in these calls.
 *
 * Return: 0, or a negative errno: EINVAL direction is none, or @transfer is
 * already submitted; ENOMEM; ENODEV.
 */
int skel_submit(struct skel *skel, struct skel_transfer *transfer,
		skel_done_fn *done, void *data);

/**
 * skel_dispatch() - wait for the end of submitted transfers (since 1.1)
 * @skel: handle of skel_open()
 * @timeout: in ms, see above; 0 when poll() reported POLLIN for skel_fd()
 *
 * Waits until at least one has ended, stores the results of all that have, and
 * calls their functions. When the card goes, all end as %SKEL_FAILED with reason
 * "gone". A program with a poll() of its own calls this, with timeout 0, until it
 * returns 0 or ETIMEDOUT; then it may wait until skel_fd() is readable.
 *
 * Return: number of transfers that have ended, 1 or more; 0 if none is submitted;
 * or a negative errno: ETIMEDOUT, EINTR, ENOMEM, ENODEV.
 */
int skel_dispatch(struct skel *skel, int timeout);

/**
 * skel_abandon() - take a submitted transfer back (since 1.1)
 * @skel: handle of skel_submit()
 * @transfer: as submitted
 *
 * What is not started yet never will be. A running transfer goes on: it cannot be
 * stopped but by skel_close(), its buffer cannot be freed until it has ended, and
 * its end is reported to nobody. @transfer is the caller's again, with result
 * %SKEL_PENDING.
 *
 * Return: 0, or a negative errno: ENOENT it is not submitted, or was reported.
 */
int skel_abandon(struct skel *skel, struct skel_transfer *transfer);

/* Streams: stream.c, stream-open.c, stream-start.c */

/** struct skel_stream - a stream: steady data from a card (opaque, since 1.1) */
struct skel_stream;

/**
 * enum skel_stream_source - where the data of a stream come from
 * @SKEL_STREAM_AUTO: the first of these that the card has
 * @SKEL_STREAM_CARD: the card sends each block by itself, as the instrument does
 *                    by ``STREam:STARt``
 * @SKEL_STREAM_RING: the card samples into a ring in its memory, as the simulated
 *                    card does; the library asks ``STATUS?`` and fetches what is new
 * @SKEL_STREAM_MEMORY: the same piece of the card's memory, again for each block,
 *                      as from a FIFO at a fixed address; from any card that knows
 *                      TOHOST, such as QEMU's edu. Blocks are asked for as places
 *                      become free, so none is lost by the library
 */
enum skel_stream_source {
	SKEL_STREAM_AUTO,
	SKEL_STREAM_CARD,
	SKEL_STREAM_RING,
	SKEL_STREAM_MEMORY
};

/**
 * struct skel_stream_options - what a stream should be like
 * @source: where the data come from
 * @blocks: places in the ring of blocks, 2 to 65536; 0: 16
 * @block: bytes of a block, a multiple of a frame; 0: 64 KiB, or a quarter of the
 *         card's ring if that is less. A program that shows what comes should take
 *         about a tenth of a second: nothing is seen before a block is full
 * @card_addr: %SKEL_STREAM_MEMORY: address of the piece in the card's memory, in
 *             bytes from its start. Its length is @block, which may not be 0 then
 * @reserved: 0
 */
struct skel_stream_options {
	enum skel_stream_source source;
	uint32_t blocks;
	uint64_t block;
	uint64_t card_addr;
	uint64_t reserved[4];
};

/**
 * struct skel_block - one block of a stream
 * @data: the bytes, in the ring of blocks; valid until skel_stream_release()
 * @length: their number, at most that of skel_stream_options; only the last block
 *          before the end, or before a gap, may be shorter
 * @offset: bytes of the stream before this block, with those lost
 * @lost: bytes lost between the previous block and this one, 0: none (overrun: the
 *        program, or the machine, was too slow). Whole frames
 * @index: number of the block, 0, 1, 2 ... without gaps
 * @reserved: 0
 */
struct skel_block {
	const void *data;
	uint64_t length;
	uint64_t offset;
	uint64_t lost;
	uint64_t index;
	uint64_t reserved[3];
};

/**
 * struct skel_stream_info - what a stream is like, and how far it has come
 * @source: which source it has, never %SKEL_STREAM_AUTO
 * @blocks: places in the ring of blocks
 * @block: bytes of a full block
 * @frame: bytes of a frame, one sample of each input; 1 if the card has no frames
 * @period_ns: time from frame to frame in ns, 0 if unknown; from
 *             skel_stream_start() on
 * @received: blocks that have arrived
 * @acquired: blocks that skel_stream_acquire() has returned
 * @released: blocks that skel_stream_release() got back
 * @bytes: bytes of the blocks acquired
 * @lost: bytes lost so far
 * @reserved: 0
 */
struct skel_stream_info {
	enum skel_stream_source source;
	uint32_t blocks;
	uint64_t block;
	uint64_t frame;
	double period_ns;
	uint64_t received;
	uint64_t acquired;
	uint64_t released;
	uint64_t bytes;
	uint64_t lost;
	uint64_t reserved[4];
};

/**
 * skel_stream_open() - prepare a stream (since 1.1)
 * @skel: handle of skel_open(); must stay open until skel_stream_close()
 * @options: what it should be like; NULL: all 0
 *
 * Allocates the ring of blocks, one buffer of blocks * block bytes. A handle has one
 * stream at a time. Which inputs are sampled must be set before, as the length of
 * a frame follows from it.
 *
 * Return: the stream, to be closed with skel_stream_close(); or NULL with errno:
 * EINVAL @options; EOPNOTSUPP the card does not have this source; EBUSY the handle
 * has a stream; EPROTO the card's answer cannot be understood; ETIMEDOUT it does
 * not answer; errno of skel_malloc() and skel_query().
 */
struct skel_stream *skel_stream_open(struct skel *skel,
				     const struct skel_stream_options *options);

/**
 * skel_stream_start() - let the blocks come (since 1.1)
 * @stream: of skel_stream_open(), not started before
 * @command: command line that makes the card sample, such as "INITiate" or "SAMPLE
 *           10000"; is sent once everything is ready, so the first byte of the
 *           stream is the first one sampled. NULL: follow what the card samples by
 *           now or will sample, from now on
 *
 * Return: 0, or a negative errno: EALREADY it was started; EIO the card refused, the
 * text says why; ESTALE another program has started sampling at the same moment;
 * EPROTO, ETIMEDOUT; errno of skel_query().
 */
int skel_stream_start(struct skel_stream *stream, const char *command);

/**
 * skel_stream_acquire() - get the next block (since 1.1)
 * @stream: of skel_stream_open(), started
 * @block: is filled in
 * @timeout: in ms, see above
 *
 * Several blocks can be acquired before the first one is released. Blocks come in
 * their order; what has arrived before an error is returned before it. The card is
 * asked how far it is: one that does not answer is waited for up to 5 s, beyond
 * @timeout.
 *
 * All users of a card share its sampling. No block is returned unless the card has
 * confirmed after its arrival that it is still the same run: blocks of another run,
 * which another program has started, or changed in its inputs, end in ESTALE.
 *
 * Return: 1: a block; 0: the end, no more will come; or a negative errno: ETIMEDOUT,
 * EINTR: call it again; ENOBUFS all places are acquired, release one first; ESTALE
 * see above; EIO the card has ended the stream or a transfer has failed, the text
 * says why; EPROTO; ENODEV. The last four end the stream: they are returned again
 * by each later call.
 */
int skel_stream_acquire(struct skel_stream *stream, struct skel_block *block,
			int timeout);

/**
 * skel_stream_release() - give the place of a block back (since 1.1)
 * @stream: of skel_stream_open()
 * @block: of skel_stream_acquire(), in any order; only its index matters
 *
 * Return: 0, or a negative errno: EINVAL it is not acquired. What the card does not
 * take is reported by skel_stream_acquire().
 */
int skel_stream_release(struct skel_stream *stream,
			const struct skel_block *block);

/**
 * skel_stream_stop() - let the stream end (since 1.1)
 * @stream: of skel_stream_open()
 *
 * Stops the card's sampling if skel_stream_start() has started it. What was sampled
 * until then still comes: call skel_stream_acquire() until it returns 0.
 *
 * Return: 0, also if it has ended already; or a negative errno of skel_query().
 */
int skel_stream_stop(struct skel_stream *stream);

/**
 * skel_stream_get_info() - what a stream is like, how far it has come (since 1.1)
 * @stream: of skel_stream_open()
 * @info: is filled in
 *
 * Return: 0; cannot fail.
 */
int skel_stream_get_info(struct skel_stream *stream,
			 struct skel_stream_info *info);

/**
 * skel_stream_close() - end a stream and free its buffer (since 1.1)
 * @stream: of skel_stream_open(), or NULL: nothing happens
 *
 * Stops the card's sampling if skel_stream_start() has started it. All blocks are
 * invalid afterwards. If the card does not end its transfers within a second, the
 * buffer is freed by skel_close() instead. Keeps errno.
 */
void skel_stream_close(struct skel_stream *stream);

#ifdef __cplusplus
}
#endif

#endif /* _LIBSKEL_H */
