/* SPDX-License-Identifier: GPL-2.0 */
/*
 * skel.h - backend API of the laboratory and FPGA card core
 *
 * A backend drives one kind of card. It describes the card, registers it, and
 * from then on the core owns everything that user space touches: files,
 * buffers, mappings, their lifetimes. The backend is told of commands, and
 * brings to the core what the card asks for.
 *
 * Life of a transfer::
 *
 *   the card raises an interrupt and asks     skel_request()   grant or refusal
 *   the backend starts the DMA                grant.dma
 *   the card raises an interrupt: finished    skel_complete()
 *
 * The backend can believe nothing that the card says, and need not check it:
 * the core does. Channels are named by their number and transfers by an id, as
 * hardware would; a number that is out of date is answered with an error code,
 * never with a wild pointer.
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
 * @channel: number of the channel on whose behalf the card asks; the hardware
 *           puts it here, not a program that runs on the card
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
 * struct skel_grant - permission for one transfer
 * @id: name of the transfer for skel_complete(), never 0
 * @dma: bus address of the first byte; the transfer may touch as many bytes
 *       from there as the request said and no others
 */
struct skel_grant {
	u64 id;
	dma_addr_t dma;
};

/**
 * struct skel_card_ops - what a backend does for the core
 *
 * All of them are called in process context and may sleep, but for bounded
 * time: the unplug of the card waits for them. None but @release is called
 * after skel_card_unregister() has returned.
 */
struct skel_card_ops {
	/**
	 * @open: A channel is opened; optional. Start from a clean state: the
	 * number may have had another user before. Until this has returned,
	 * requests for the channel are refused. 0 or a negative errno, which
	 * open(2) returns. Must not wait for the hardware: open(2) of every
	 * misc device of the machine waits meanwhile. Leave that to the first
	 * @command.
	 */
	int (*open)(struct skel_card *card, u32 channel);

	/**
	 * @close: A channel is closed; optional. Its transfers have ended. The
	 * backend replies no more to it: the number may soon have another user.
	 */
	void (*close)(struct skel_card *card, u32 channel);

	/**
	 * @command: A line was written to the channel. @line is NUL-terminated
	 * and without its newline, @len is its length (the line may contain NUL
	 * bytes of its own); the backend may change it in place. Commands of
	 * one card are never run concurrently. Errors are reply lines.
	 * 0, or -EAGAIN: the card cannot take the line now; it is brought again
	 * after skel_command_ready(), and other channels' lines meanwhile.
	 */
	int (*command)(struct skel_card *card, u32 channel, char *line,
		       size_t len);

	/**
	 * @quiesce: The channel is being closed: stop its transfers, and forget
	 * the requests that the card has not yet made for it. On return of 0
	 * the card does not touch the memory of any of its grants any more; a
	 * transfer that the backend has not completed is reported as cancelled.
	 * A negative errno says that the card did not stop.
	 */
	int (*quiesce)(struct skel_card *card, u32 channel);

	/**
	 * @reset: Stop all of the card's DMA, by force: called when @quiesce
	 * has failed, and when the card is unregistered. Transfers that the
	 * backend has not completed are reported as cancelled. What the
	 * card has not asked for yet should be asked for, to be refused with an
	 * answer, and be forgotten.
	 * 0 when it is certain that the card touches no host memory any more.
	 * Otherwise the core keeps the memory of running transfers for ever
	 * rather than giving away what the card may still write.
	 */
	int (*reset)(struct skel_card *card);

	/**
	 * @release: The card is freed; optional. All of its files are closed,
	 * and all buffers given back: the backend can free what it has kept for
	 * them, the device if it has made it itself. The only callback that can
	 * come after skel_card_unregister(), when the last file is closed, or
	 * from within skel_card_put(). It is not called if skel_card_alloc() has
	 * failed.
	 */
	void (*release)(void *priv);
};

/**
 * struct skel_region - a window of the card's I/O memory that programs may map
 * @name: what REGION_INFO tells, shorter than %SKEL_NAME_MAX; the string lives
 *        as long as the backend's module
 * @start: physical address of its first byte, as in a struct resource
 * @length: number of bytes
 * @offset: where it is in the card's file, for mmap(): below 2^32, and 0 only for
 *          the card's memory
 * @flags: 0 for an uncached mapping, %SKEL_REGION_WC for a write-combined one
 *         (the backend then maps the same range with ioremap_wc() or not at
 *         all); and %SKEL_REGION_READONLY, %SKEL_REGION_RAWIO
 *
 * @start, @length and @offset are multiples of the page size: a smaller window
 * would show what else is in its page. Regions do not overlap, neither in the
 * file nor on the bus.
 *
 * A region whose registers make the card move data, or raise its privileges in
 * any other way, lets its user go past the checks of the core: it must have
 * %SKEL_REGION_RAWIO, which restricts it to CAP_SYS_RAWIO, and should exist only
 * where the administrator has asked for it.
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
 * @transfers: how many transfers of one channel can run at once, 1 to
 *             %SKEL_TRANSFERS_MAX
 * @memory: size of the card's memory in bytes; requests outside of
 *          0 to @memory - 1 are refused
 * @ram: the core shall allocate this memory from the kernel's: cards that are
 *       simulated. It is then region 0, @memory is rounded up to whole pages,
 *       and skel_card_copy() moves bytes. The caller of skel_card_alloc() is
 *       charged with it (RLIMIT_MEMLOCK, memory cgroup).
 * @readonly: users can map this memory only for reading
 * @caps: what the card can do: SKEL_CAP_* flags, at least one direction unless
 *        it has @regions
 * @regions: I/O memory of the card that programs may map; copied
 * @nr_regions: how many, at most %SKEL_REGIONS_MAX
 */
struct skel_card_desc {
	const char *name;
	struct module *owner;
	const struct skel_card_ops *ops;
	u32 channels;
	u32 transfers;
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

/* Helpers for backends whose commands are those of the article. */

/** define SKEL_WORDS_MAX - how many words of a command line are told apart */
#define SKEL_WORDS_MAX	8

/**
 * struct skel_words - a command line taken apart
 * @count: number of words, at most %SKEL_WORDS_MAX
 * @word: the words, each NUL-terminated, in the memory of the line
 */
struct skel_words {
	unsigned int count;
	char *word[SKEL_WORDS_MAX];
};

int skel_parse_words(char *line, size_t len, struct skel_words *words);
const char *skel_parse_error(int error);
int skel_parse_u64(const char *word, u64 *value);
int skel_parse_transfer(const struct skel_words *words,
			struct skel_request *req);

#endif /* _LINUX_SKEL_H */
