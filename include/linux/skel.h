/* SPDX-License-Identifier: GPL-2.0 */
/*
 * skel.h - backend API of the laboratory and FPGA card core
 *
 * A backend drives one kind of card. It describes the card and registers it;
 * from then on the core owns everything that user space touches: files, buffers,
 * mappings, and their lifetimes. The core passes commands to the backend, and the
 * backend passes what the card asks for to the core.
 *
 * Life of a transfer::
 *
 *   the card raises an interrupt and asks     skel_request()   grant or refusal
 *   the backend starts the DMA                grant.dma
 *   the card raises an interrupt: finished    skel_complete()
 *
 * The backend must not trust anything that the card says, and need not check it:
 * the core does. Channels are identified by number and transfers by an id, as in
 * hardware; one that is out of date is answered with an error code, never with a
 * wild pointer.
 *
 * Calling contexts: "any" is one in which a spinlock_t may be taken, on any kernel. That
 * includes interrupt handlers, which PREEMPT_RT makes threads of, and code that holds a
 * spinlock_t with interrupts off. It does not include code that holds a raw_spinlock_t,
 * nor what stays in hard interrupt context on PREEMPT_RT: IRQF_NO_THREAD,
 * IRQ_WORK_INIT_HARD(), HRTIMER_MODE_HARD.
 *
 * "Bounded" time for a callback is a second, and 100 ms are better: open(), close() and
 * the removal of the card wait for it.
 */
#ifndef _LINUX_SKEL_H
#define _LINUX_SKEL_H

#include <linux/bits.h>
#include <linux/types.h>
#include <uapi/linux/skel.h>

struct device;
struct module;
struct skel_card;
struct vm_area_desc;

/** enum skel_dir - direction of a transfer, as the host sees it */
enum skel_dir {
	/** @SKEL_TOHOST: from the card into a buffer */
	SKEL_TOHOST,
	/** @SKEL_FROMHOST: from a buffer to the card */
	SKEL_FROMHOST,
};

/**
 * struct skel_request - what the card asks for
 * @channel: number of the channel on whose behalf the card asks; it comes from
 *           the hardware, not from a program that runs on the card
 * @dir: direction of the transfer
 * @card_addr: first byte in the card's memory
 * @length: number of bytes
 * @host_addr: first byte in a buffer of the channel: the host address that
 *             SKEL_IOC_ALLOC returned plus an offset
 *
 * Any value is allowed in any member.
 */
struct skel_request {
	u32 channel;
	enum skel_dir dir;
	u64 card_addr;
	u64 length;
	u64 host_addr;
};

/**
 * struct skel_segment - a range of bus addresses
 * @dma: of the first byte
 * @length: in bytes
 */
struct skel_segment {
	dma_addr_t dma;
	u64 length;
};

/**
 * struct skel_grant - permission for one transfer
 * @id: id of the transfer for skel_complete(), never 0
 * @dma: bus address of the first byte
 * @nr_segments: number of @segments: 1, or up to skel_card_desc.segments; 0 for a
 *               card whose memory is RAM
 * @segments: the bytes that the transfer may touch, and no others, in the order of
 *            the request. The first segment begins at @dma. The array is valid
 *            until the transfer has ended
 */
struct skel_grant {
	u64 id;
	dma_addr_t dma;
	u32 nr_segments;
	const struct skel_segment *segments;
};

/**
 * struct skel_run - what an engine is to move at once
 * @id: id of the transfer, for skel_card_copy() and skel_grant_copy(); the
 *      core completes it
 * @channel: number of the channel
 * @dir: direction
 * @card_addr: first byte in the card's memory
 * @dma: bus address of the first byte; 0 for a card without DMA
 * @length: bytes, at least 1; within skel_card_desc.run_max and .boundary
 * @timeout_ms: time after which skel_card_ops.stop is called, in ms from now
 */
struct skel_run {
	u64 id;
	u32 channel;
	enum skel_dir dir;
	u64 card_addr;
	dma_addr_t dma;
	u64 length;
	u32 timeout_ms;
};

/**
 * struct skel_card_ops - callbacks of a backend
 *
 * All but @start are called in process context and may sleep, but only for a bounded
 * time: the unplug of the card waits for them. None but @release is called
 * after skel_card_unregister() has returned.
 */
struct skel_card_ops {
	/**
	 * @open: A channel is opened; optional. Start from a clean state: the
	 * number may have had another user before. Until this returns, requests
	 * for the channel are refused. Returns 0, or a negative errno for
	 * open(2). Must not wait for the hardware: open(2) of all misc devices
	 * of the machine waits meanwhile. Leave that to the first @command.
	 */
	int (*open)(struct skel_card *card, u32 channel);

	/**
	 * @close: A channel is closed; optional. Its transfers have ended, and
	 * unless @reset has just failed the card does not touch their memory.
	 * The backend must not reply to it any more: the number may soon have
	 * another user.
	 */
	void (*close)(struct skel_card *card, u32 channel);

	/**
	 * @command: A line was written to the channel. @line is NUL-terminated
	 * and without its newline, @len is its length (the line may contain NUL
	 * bytes of its own); the backend may change it in place. Commands of
	 * one card never run concurrently. Errors are reply lines.
	 * Returns 0, or -EAGAIN if the card cannot take the line now: it is
	 * passed again after skel_command_ready(), and lines of other channels
	 * meanwhile.
	 * With skel_card_desc.prompt it may run in the context of the program
	 * that has written the line, with its signals and priority: wait only
	 * for locks and memory, and not interruptibly.
	 */
	int (*command)(struct skel_card *card, u32 channel, char *line,
		       size_t len);

	/**
	 * @quiesce: The channel is being closed; optional with
	 * skel_card_desc.engines, none of which serves it any more. Stop its
	 * transfers, and drop
	 * the requests that the card has not made for it yet. When this returns
	 * 0, the card does not touch the memory of any of its grants any more; a
	 * transfer that the backend has not completed is reported as cancelled.
	 * A negative errno means that the card did not stop.
	 */
	int (*quiesce)(struct skel_card *card, u32 channel);

	/**
	 * @reset: Stop all DMA of the card, by force: called when @quiesce
	 * has failed, and when the card is unregistered. Transfers that the
	 * backend has not completed are reported as cancelled. It is also called
	 * when @stop has failed and, after a reset that failed, by each open()
	 * and close(), for which open(2) of all misc devices then waits. Requests
	 * that the card has not made yet are dropped, each by skel_refuse() or, as
	 * before, skel_request(), so that the programs that wait for them are told.
	 * Returns 0 if it is certain that the card does not touch host memory
	 * any more. Otherwise all transfers end, and requests are refused until a
	 * reset succeeds, which open() and close() try. The IOMMU keeps the card
	 * from the memory; if there is none, it is not freed until then.
	 */
	int (*reset)(struct skel_card *card);

	/**
	 * @start: An engine is to begin with a run; only with
	 * skel_card_desc.engines. The run may be shortened: @run->length may be
	 * lowered, and the rest is another run; and @run->timeout_ms may be
	 * changed. The one callback that is called with interrupts off and a
	 * spinlock of the core held, from within skel_submit(),
	 * skel_engine_done() and others: it writes registers or queues work, and
	 * calls nothing of the core.
	 */
	void (*start)(struct skel_card *card, u32 engine, struct skel_run *run);

	/**
	 * @stop: The run of the engine has taken too long; only with
	 * skel_card_desc.engines. Returns 0 if the engine does not touch host
	 * memory any more and no interrupt handler is about to report the end of
	 * this run: acknowledge, and synchronize_irq(). The transfer has then
	 * failed with -ETIMEDOUT, and
	 * the engine gets the next one, unless skel_card_pause() was called. If
	 * the run had ended and only its interrupt was lost, call
	 * skel_engine_done() and return 0. A negative errno if the engine does
	 * not stop: @reset follows.
	 */
	int (*stop)(struct skel_card *card, u32 engine);

	/**
	 * @release: The card is freed; optional. All of its files are closed and
	 * all buffers freed: the backend can free what it has kept for them, and
	 * the device if it has created that itself. The only callback that may
	 * run after skel_card_unregister(), when the last file is closed, or
	 * within skel_card_put(). Not called if skel_card_alloc() has failed.
	 */
	void (*release)(void *priv);
};

/**
 * struct skel_region - a part of the card's I/O memory that programs may map
 * @name: name for REGION_INFO, shorter than %SKEL_NAME_MAX; the string lives as
 *        long as the backend's module
 * @start: physical address of the first byte, as in a struct resource
 * @length: number of bytes
 * @offset: offset in the card's file, for mmap(): below 2^32, and 0 only for the
 *          card's memory
 * @flags: 0 for an uncached mapping, %SKEL_REGION_WC for a write-combined one
 *         (the backend then maps the same range with ioremap_wc() or not at
 *         all); and %SKEL_REGION_READONLY, %SKEL_REGION_RAWIO
 *
 * @start, @length and @offset are multiples of the page size: a smaller region
 * would expose the rest of its page. Regions do not overlap, neither in the file
 * nor on the bus.
 *
 * A region whose registers make the card move data, or raise its privileges in
 * any other way, lets its user bypass the checks of the core: it must have
 * %SKEL_REGION_RAWIO, which restricts it to CAP_SYS_RAWIO, and should exist only
 * if the administrator has asked for it.
 */
struct skel_region {
	const char *name;
	phys_addr_t start;
	u64 length;
	u64 offset;
	u32 flags;
};

/**
 * struct skel_card_desc - description of a card
 * @name: name of the model, shorter than %SKEL_NAME_MAX
 * @owner: module of the backend, usually THIS_MODULE; it stays loaded while a
 *         file is open
 * @ops: callbacks
 * @channels: number of channels, 1 to %SKEL_CHANNELS_MAX
 * @transfers: number of transfers of one channel that can run at once, 1 to
 *             %SKEL_TRANSFERS_MAX
 * @segments: number of pieces of memory that the card can take in one transfer, at
 *            most %SKEL_SEGMENTS_MAX. 0 or 1: without an IOMMU its buffers are
 *            contiguous, and the kernel may have only a few MiB of that. Each
 *            channel keeps room for @transfers times @segments. Unused with @ram
 * @memory: size of the card's memory in bytes; requests outside of
 *          0 to @memory - 1 are refused
 * @pio: the card does no DMA; the CPU moves its bytes by skel_grant_copy()
 * @align: power of two up to the page size: the addresses and the length of a request
 *         must be multiples of it, otherwise it is refused; 0 or 1: any
 * @engines: number of engines that move bytes, at most %SKEL_ENGINES_MAX. With them
 *           the backend calls skel_submit() instead of skel_request(), and the core
 *           queues transfers, starts, splits, times out and cancels them; 0: the
 *           backend does all of that
 * @run_max: largest number of bytes that an engine moves at once, a multiple of
 *           @align; 0: any. Only with @engines, as the next two
 * @boundary: power of two, in bytes from @align on: no run crosses a bus address
 *            that is a multiple of it; 0: it may
 * @timeout_ms: time for a run, in ms; 0: %SKEL_ENGINE_TIMEOUT_MS
 * @ram: for cards without hardware: the core allocates this memory from the
 *       kernel's. It is region 0, @memory is rounded up to whole pages, and
 *       skel_card_copy() moves bytes. The caller of skel_card_alloc() is charged
 *       with it (RLIMIT_MEMLOCK, memory cgroup).
 * @readonly: users can map this memory only for reading
 * @prompt: skel_card_ops.command never waits for the card; it returns -EAGAIN
 *          instead. The program that writes a command then runs it, if no other
 *          one waits or runs, and may find the reply when write() returns. Without
 *          this all commands are run by a workqueue
 * @caps: %SKEL_CAP_TOHOST, %SKEL_CAP_FROMHOST: at least one direction unless it
 *        has @regions
 * @regions: I/O memory of the card that programs may map; copied
 * @nr_regions: number of @regions, at most %SKEL_REGIONS_MAX
 */
struct skel_card_desc {
	const char *name;
	struct module *owner;
	const struct skel_card_ops *ops;
	u32 channels;
	u32 transfers;
	u32 segments;
	u64 memory;
	bool ram;
	bool pio;
	u32 align;
	u32 engines;
	u32 timeout_ms;
	u64 run_max;
	u64 boundary;
	bool readonly;
	bool prompt;
	u32 caps;
	const struct skel_region *regions;
	u32 nr_regions;
};

/** define SKEL_REGIONS_MAX - largest number of regions in a description */
#define SKEL_REGIONS_MAX	16
/** define SKEL_CHANNELS_MAX - largest number of channels of a card */
#define SKEL_CHANNELS_MAX	1023
/** define SKEL_TRANSFERS_MAX - largest number of running transfers of a channel */
#define SKEL_TRANSFERS_MAX	64
/** define SKEL_ENGINES_MAX - largest number of engines of a card */
#define SKEL_ENGINES_MAX	64
/** define SKEL_ENGINE_TIMEOUT_MS - time that a run may take if nothing else is said */
#define SKEL_ENGINE_TIMEOUT_MS	5000
/** define SKEL_SEGMENTS_MAX - largest number of segments of a transfer */
#define SKEL_SEGMENTS_MAX	256

/**
 * skel_card_alloc - allocate a card, not yet visible to users
 * @dev: the device that does the DMA, with its DMA masks set as by
 *       dma_set_mask_and_coherent(); becomes the parent of the device node
 * @desc: description of the card; copied
 * @priv: the backend's own data; must stay valid until skel_card_unregister()
 *        has returned, or until skel_card_ops.release
 * Context: process, may sleep.
 * Return: the card, to be released by skel_card_put(); or ERR_PTR of -EINVAL (the
 * description is wrong, regions overlap or are not whole pages, or the DMA masks
 * of @dev are not set), -EOPNOTSUPP (memory is encrypted, or the data cache has
 * aliases: user space and the card would not see the same bytes),
 * -EPERM (no IOMMU enforces the card's grants, which a module parameter requires)
 * or -ENOMEM.
 */
struct skel_card *skel_card_alloc(struct device *dev,
				  const struct skel_card_desc *desc, void *priv);

/**
 * devm_skel_card_alloc - managed skel_card_alloc()
 * @dev: as for skel_card_alloc()
 * @desc: as for skel_card_alloc()
 * @priv: as for skel_card_alloc()
 *
 * The backend's reference is dropped after remove(), like all managed resources.
 * An interrupt that is requested after this by devm_request_irq() is freed first.
 * remove() has to call skel_card_unregister().
 *
 * Context: process, may sleep.
 * Return: as for skel_card_alloc().
 */
struct skel_card *devm_skel_card_alloc(struct device *dev,
				       const struct skel_card_desc *desc,
				       void *priv);

/**
 * skel_card_register - make a card visible as /dev/skelN
 * @card: the card
 *
 * Callbacks may be called before this returns.
 * Context: process, may sleep.
 * Return: 0 or a negative errno: -EBUSY if a region is to be write-combined and
 * is already mapped in another way.
 */
int skel_card_register(struct skel_card *card);

/**
 * skel_card_unregister - the card is gone
 * @card: a registered card
 *
 * Does not wait for open files to be closed: from now on their operations fail
 * with -ENODEV, and sleeping ones are woken. Running transfers are stopped by
 * skel_card_ops.reset; later completions return -ENOENT. No callback runs after
 * this, except skel_card_ops.release. Mappings of I/O memory raise SIGBUS.
 *
 * The data of buffers remains accessible through mappings until the file is closed.
 *
 * Context: process, may sleep.
 */
void skel_card_unregister(struct skel_card *card);

/**
 * skel_card_has_stopped - did the last reset succeed?
 * @card: the card
 *
 * After skel_card_unregister(): if this is false, the card may still use memory of the
 * backend's own that it was given, such as rings of descriptors. Do not free it.
 *
 * Context: any.
 * Return: true if the card was not reset yet, or skel_card_ops.reset has returned 0.
 */
bool skel_card_has_stopped(const struct skel_card *card);

/**
 * skel_card_put - drop the backend's reference to a card
 * @card: the card, never registered or already unregistered
 *
 * Dropping the last reference calls skel_card_ops.release.
 *
 * Context: process, may sleep.
 */
void skel_card_put(struct skel_card *card);

/**
 * skel_card_index - N of /dev/skelN
 * @card: a registered card
 *
 * Context: any.
 * Return: the number, which may be reused after skel_card_unregister().
 */
int skel_card_index(const struct skel_card *card);

/**
 * skel_card_priv - the backend's own data
 * @card: the card
 * Context: any.
 * Return: @priv of skel_card_alloc().
 */
void *skel_card_priv(const struct skel_card *card);

/**
 * skel_card_memory - the card's memory, as the kernel sees it
 * @card: a card whose memory is RAM (skel_card_desc.ram)
 *
 * Context: any.
 * Return: address of its first byte.
 */
void *skel_card_memory(const struct skel_card *card);
int skel_card_mmap_prepare(struct skel_card *card, struct vm_area_desc *desc);

/* Documented in drivers/misc/skel/xfer.c: Sphinx mistakes it for the structure. */
int skel_request(struct skel_card *card, const struct skel_request *req,
		 struct skel_grant *grant);

/**
 * skel_card_copy - move the bytes of a transfer, for a card without DMA
 * @card: a card whose memory is RAM (skel_card_desc.ram)
 * @id: grant.id of the transfer
 *
 * Copies between the card's memory and the granted range, as a real card does by
 * DMA. The transfer still has to be completed.
 *
 * Context: any, including hard interrupt; interrupts stay enabled during the copy
 * if they were.
 * Return: 0; -ENOENT if no such transfer is running; -EOPNOTSUPP if the card's
 * memory is not RAM.
 */
int skel_card_copy(struct skel_card *card, u64 id);

/**
 * skel_complete - a transfer has ended
 * @card: the card
 * @id: grant.id of the transfer
 * @moved: bytes that were moved
 * @error: 0, -ETIMEDOUT if the card did not finish in time, another negative
 *         errno if it failed
 *
 * The card does not touch the memory any more. The bytes are synchronized for the
 * CPU, and the end is reported to the user.
 *
 * Context: any, including hard interrupt.
 * Return: 0; -ENOENT if no such transfer is running: it was completed before,
 * cancelled, or never granted; -ERANGE if @error is 0 and @moved is not what was
 * granted: the transfer is then reported as failed.
 */
int skel_complete(struct skel_card *card, u64 id, u64 moved, int error);

/**
 * skel_refuse - the card cannot serve what a program has asked it for
 * @card: the card
 * @req: the request that the card does not make: its FIFO was full, or it was reset
 *
 * Tells the program, which would wait otherwise: it reads REFUSED with the reason
 * "lost". Nothing happens if the channel is not open.
 *
 * Context: any.
 */
void skel_refuse(struct skel_card *card, const struct skel_request *req);

/**
 * skel_grant_copy - copy from or to a granted range, for a card without DMA
 * @card: a card with skel_card_desc.pio or .ram
 * @id: skel_grant.id or skel_run.id of the transfer
 * @offset: of the first byte within the granted range, in bytes
 * @bytes: the kernel's memory; read if the request is %SKEL_TOHOST, else written.
 *         For I/O memory, a piece that memcpy_fromio() has filled
 * @length: number of bytes, at least 1
 *
 * The transfer still has to be completed.
 *
 * Context: any.
 * Return: 0; -ENOENT if no such transfer is running; -ERANGE if the bytes are not
 * all within what was granted; -EOPNOTSUPP if the card does DMA.
 */
int skel_grant_copy(struct skel_card *card, u64 id, u64 offset, void *bytes,
		    size_t length);

/**
 * skel_submit - the card asks for a transfer that one of its engines is to move
 * @card: a card with skel_card_desc.engines
 * @req: what it asks for; any value is allowed
 *
 * As skel_request(); what is granted is queued. Channels take turns, and transfers
 * of a channel are served in their order. skel_card_ops.start may be called before
 * this returns: hold no lock that it takes.
 *
 * Context: any.
 * Return: as skel_request(), -EINVAL also for what skel_card_desc.align forbids;
 * -EOPNOTSUPP if the card has no engines.
 */
int skel_submit(struct skel_card *card, const struct skel_request *req);

/**
 * skel_engine_done - the run of an engine has ended
 * @card: the card
 * @engine: number of the engine, from 0
 * @error: 0, or a negative errno: the transfer has then failed
 *
 * The engine does not touch the run's memory any more. Completes the transfer if it
 * was the last run, and starts the next run before this returns: hold no lock that
 * skel_card_ops.start takes. But look at the engine and call this under one lock: an
 * interrupt handler and skel_card_ops.stop, which both have seen the end of a run,
 * would otherwise end the next one, too.
 *
 * Context: any.
 * Return: 0, or -ENOENT if the engine has no run.
 */
int skel_engine_done(struct skel_card *card, u32 engine, int error);

/**
 * skel_card_pause - start no run until skel_card_resume()
 * @card: a card with skel_card_desc.engines; pausing it twice is pausing it once
 * @ms: how long to wait for the runs that have begun, in ms; 0: not at all
 *
 * Requests are granted meanwhile, and wait.
 *
 * Context: process.
 * Return: 0 if no engine is running, otherwise -ETIMEDOUT.
 */
int skel_card_pause(struct skel_card *card, unsigned int ms);

/**
 * skel_card_resume - continue with what waits
 * @card: the card
 *
 * Context: any.
 */
void skel_card_resume(struct skel_card *card);

/**
 * skel_card_abort - all transfers have failed
 * @card: a card with skel_card_desc.engines which touches no host memory any more,
 *        after an error of its bus for example
 * @error: -ETIMEDOUT or another negative errno
 *
 * All engines are free then. Call skel_card_pause() first if they must not be given
 * a new run.
 *
 * Context: process.
 */
void skel_card_abort(struct skel_card *card, int error);

/**
 * skel_reply - send a reply line to the user of a channel
 * @card: the card
 * @channel: number of the channel; nothing happens if it is not open
 * @fmt: the line without its newline, as for printf(); cut to 255 bytes
 *
 * Without room, because earlier replies were not read, the line is lost; a LOST
 * line and a counter tell the user.
 *
 * Context: any, including hard interrupt.
 */
__printf(3, 4)
void skel_reply(struct skel_card *card, u32 channel, const char *fmt, ...);

/**
 * skel_reply_raw - send bytes to the user of a channel
 * @card: the card
 * @channel: number of the channel; nothing happens if it is not open
 * @bytes: any bytes, the last one must be '\n'; otherwise nothing happens
 * @len: how many, at most %SKEL_LINE_MAX
 *
 * For cards whose replies are not always text. Without room all of them are
 * lost, as with skel_reply(). In a line that begins with %SKEL_CORE_MARK, that is
 * replaced by %SKEL_CARD_MARK; everything else arrives unchanged. @bytes must not
 * change meanwhile: copy them first if the card can write to that memory.
 *
 * Context: any, including hard interrupt.
 */
void skel_reply_raw(struct skel_card *card, u32 channel, const char *bytes,
		    size_t len);
void skel_command_ready(struct skel_card *card, u32 channel);

/** define SKEL_COMMAND_ARGS_MAX - largest number of arguments of a command */
#define SKEL_COMMAND_ARGS_MAX	7

/** define SKEL_REQUEST_ARGS - arguments of a command that asks for a transfer */
#define SKEL_REQUEST_ARGS { { "card-address", 0, U64_MAX }, \
	{ "length", 0, U64_MAX }, { "host-address", 0, U64_MAX } }

/**
 * struct skel_argument - a number that follows a command
 * @name: for the reply to a wrong one
 * @min: smallest value
 * @max: largest value
 */
struct skel_argument {
	const char *name;
	u64 min;
	u64 max;
};

/**
 * struct skel_command - a command of a backend that uses skel_command_run()
 * @name: its first word
 * @args: its arguments, up to the first without a name
 * @run: carries it out; replies and returns NULL, or returns the reason of an
 *       error, which follows "ERROR " in the reply
 * @ask: instead of @run, for a command that asks for a transfer, with @args
 *       %SKEL_REQUEST_ARGS
 * @dir: direction of that transfer
 */
struct skel_command {
	const char *name;
	struct skel_argument args[SKEL_COMMAND_ARGS_MAX];
	const char *(*run)(struct skel_card *card, u32 channel, const u64 *arg);
	const char *(*ask)(struct skel_card *card, const struct skel_request *req);
	enum skel_dir dir;
};

/**
 * skel_command_run - carry out a command line
 * @card: the card
 * @channel: number of the channel
 * @line: the line, as of skel_card_ops.command; changed
 * @len: its length
 * @commands: what the card can do
 * @count: how many @commands
 *
 * Words are printable ASCII, separated by spaces and tabs: a command, in upper or
 * lower case, and numbers, decimal or hexadecimal with 0x. An empty line does
 * nothing. A wrong line is answered with "ERROR" and "character",
 * "unknown-command", "parameter-count", "number" or "range" with the name of the
 * argument, or what the command returned.
 * Context: skel_card_ops.command.
 */
void skel_command_run(struct skel_card *card, u32 channel, char *line,
		      size_t len, const struct skel_command *commands,
		      unsigned int count);

#endif /* _LINUX_SKEL_H */
