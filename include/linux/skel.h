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
 * struct skel_card_ops - callbacks of a backend
 *
 * All of them are called in process context and may sleep, but only for a bounded
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
	 * @close: A channel is closed; optional. Its transfers have ended. The
	 * backend must not reply to it any more: the number may soon have
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
	 */
	int (*command)(struct skel_card *card, u32 channel, char *line,
		       size_t len);

	/**
	 * @quiesce: The channel is being closed: stop its transfers, and drop
	 * the requests that the card has not made for it yet. When this returns
	 * 0, the card does not touch the memory of any of its grants any more; a
	 * transfer that the backend has not completed is reported as cancelled.
	 * A negative errno means that the card did not stop.
	 */
	int (*quiesce)(struct skel_card *card, u32 channel);

	/**
	 * @reset: Stop all DMA of the card, by force: called when @quiesce
	 * has failed, and when the card is unregistered. Transfers that the
	 * backend has not completed are reported as cancelled. Requests that the
	 * card has not made yet should be passed to skel_request(), which
	 * refuses and reports them, and be dropped.
	 * Returns 0 if it is certain that the card does not touch host memory
	 * any more. Otherwise the IOMMU keeps the card from it; if there is none,
	 * the memory of running transfers is never freed.
	 */
	int (*reset)(struct skel_card *card);

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
 * @ram: for cards without hardware: the core allocates this memory from the
 *       kernel's. It is region 0, @memory is rounded up to whole pages, and
 *       skel_card_copy() moves bytes. The caller of skel_card_alloc() is charged
 *       with it (RLIMIT_MEMLOCK, memory cgroup).
 * @readonly: users can map this memory only for reading
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
	bool readonly;
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
/** define SKEL_SEGMENTS_MAX - largest number of segments of a transfer */
#define SKEL_SEGMENTS_MAX	256

struct skel_card *skel_card_alloc(struct device *dev,
				  const struct skel_card_desc *desc, void *priv);
struct skel_card *devm_skel_card_alloc(struct device *dev,
				       const struct skel_card_desc *desc,
				       void *priv);
int skel_card_register(struct skel_card *card);
void skel_card_unregister(struct skel_card *card);
void skel_card_put(struct skel_card *card);
int skel_card_index(const struct skel_card *card);

void *skel_card_priv(const struct skel_card *card);
void *skel_card_memory(const struct skel_card *card);
int skel_card_mmap_prepare(struct skel_card *card, struct vm_area_desc *desc);

int skel_request(struct skel_card *card, const struct skel_request *req,
		 struct skel_grant *grant);
int skel_card_copy(struct skel_card *card, u64 id);
int skel_complete(struct skel_card *card, u64 id, u64 moved, int error);

__printf(3, 4)
void skel_reply(struct skel_card *card, u32 channel, const char *fmt, ...);
void skel_reply_raw(struct skel_card *card, u32 channel, const char *bytes,
		    size_t len);
void skel_command_ready(struct skel_card *card, u32 channel);

/** define SKEL_COMMAND_ARGS_MAX - largest number of arguments of a command */
#define SKEL_COMMAND_ARGS_MAX	7

/**
 * struct skel_command - a command of a backend that uses skel_command_run()
 * @name: its first word
 * @args: number of arguments, at most %SKEL_COMMAND_ARGS_MAX; all are numbers
 * @run: carries it out; replies and returns NULL, or returns the reason of an
 *       error, which follows "ERROR " in the reply
 */
struct skel_command {
	const char *name;
	unsigned int args;
	const char *(*run)(struct skel_card *card, u32 channel, const u64 *arg);
};

void skel_command_run(struct skel_card *card, u32 channel, char *line,
		      size_t len, const struct skel_command *commands,
		      unsigned int count);

#endif /* _LINUX_SKEL_H */
