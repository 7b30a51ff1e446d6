/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fake-card.h - a card and its driver in a thread, for tests without a kernel
 *
 * The linker redirects open(), ioctl(), mmap() and calloc() of the code under test
 * here.
 * A buffer that was freed raises SIGBUS where it is still mapped, as with the driver.
 * Opening FAKE_PATH makes a socket, at whose other end a thread plays the
 * simulated card; one card at a time. Its sampling advances by fake.step frames
 * with each STATUS?, so that nothing depends on time. Another user of the card
 * sends fake.other in between.
 */
#ifndef _SKEL_FAKE_CARD_H
#define _SKEL_FAKE_CARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/skel.h>

#define FAKE_PATH	"/dev/fake-skel"
#define FAKE_MEMORY	16384	/* bytes, 4096 frames */
#define FAKE_MEMORY_FAST	(1 << 20)
#define FAKE_BUFFERS	64
#define FAKE_BUFFER_MAX	(UINT64_C(8) << 30)	/* bytes */

struct fake_buffer {
	uint64_t host_addr;	/* 0: none */
	uint64_t length;
	char *start;		/* of the card's own mapping */
	int fd;			/* a memfd; empty when it was freed */
	uint32_t flags;		/* SKEL_ALLOC_* */
	bool others;		/* of the second channel */
};

/* What its driver does wrong */
enum fake_bug {
	FAKE_GOOD,
	FAKE_NO_END,		/* grants what goes beyond a buffer */
	FAKE_NO_OWNER,		/* grants the second channel's buffers */
	FAKE_NO_DIRECTION,	/* grants each direction */
	FAKE_NO_COUNT,		/* does not count refusals */
	FAKE_SPILLS,		/* moves a byte too many */
	FAKE_LOSES,		/* moves nothing to the card */
};

struct fake_card {
	/* set by tests */
	_Atomic uint64_t step;	/* frames per STATUS? */
	bool busy;		/* FREE says EBUSY */
	bool no_mmap;		/* mmap() says ENOMEM */
	_Atomic int no_memory;	/* the calloc() that fails: 1: the next one */
	int channels;		/* 2: a second one can be opened, which the card
				 * does not serve; else that ends the first one */
	bool full;		/* a second one cannot be opened */
	enum fake_bug bug;
	bool refuse;		/* refuses each transfer */
	bool dma;		/* its memory is its own, and not the kernel's */
	bool unguarded;		/* reaches all memory, and needs it in one piece */
	bool slow;		/* reports their end after the next line */
	bool simple;		/* knows *IDN? only */
	bool terse;		/* answers queries and transfers only */
	bool streams;		/* knows STREam: */
	bool fast;		/* has more memory, and samples as fast as its
				 * stream is taken: the numbers of the frames */
	int gone_at;		/* after so many lines, it goes away */
	int break_at;		/* after so many lines, it ends its stream */
	bool scpi;		/* has an error queue, one setting, a program */
	bool old;		/* does not number its runs */
	bool locks;		/* knows LOCK, UNLOCK and LOCK? */
	int heard;		/* a file that its lines go to, too; 0: none */
	bool deaf;		/* keeps sampling after STOP */
	bool silent;		/* does not answer */
	bool stopped;		/* its driver answers for it */
	bool late_start;	/* it runs its first line when the second is there */
	uint64_t tick;		/* its periods are multiples of it, in ns; 0: any */
	uint64_t base;		/* of the ring, whose end is that of the memory */
	uint64_t lose;		/* frames that one STATUS? loses, */
	int lose_at;		/* which, 0: the second one */
	const char *other;	/* a command of another program, NULL: none */
	int other_at;		/* after so many lines of this one */
	_Atomic bool unplug;	/* goes away instead of answering */
	void (*play)(int fd);	/* another card, at its end of the socket; NULL */
	int unplug_at;		/* from this line on */

	/* seen by tests */
	int buffers;
	struct skel_info info;	/* granted, refused and bytes only */
	int transfers;

	/* private */
	struct fake_buffer buffer[FAKE_BUFFERS];
	unsigned char memory[FAKE_MEMORY_FAST];
	uint64_t frames, lost, run;
	unsigned int rate;	/* 0 before the first SAMPLE */
	bool sampling;
	unsigned int frequency[2], amplitude[2];	/* mHz, mV */
	int wrong;		/* errors in the queue */
	int going;		/* so many verdicts the program runs */
	bool quiet;		/* and it prints nothing at its end */
	int vanishing;		/* it goes after so many lines, by itself */
	int lines, looks;	/* received; STATUS? among them since SAMPLE */
	bool mute;		/* this line is of another program */
	enum { FAKE_FREE, FAKE_OWN, FAKE_OTHER } locked;
	char late[SKEL_LINE_MAX];	/* the end of a transfer */
	int fd, other_fd, card_fd;
};

extern struct fake_card fake;

void fake_reset(void);
/* Its file is closed: what is mapped stays until it is unmapped. */
void fake_close(void);

/* The buffers that users have now, FAKE_BUFFERS of them */
void fake_buffers(struct fake_buffer *copy);

/* For the parts of the card */
uint64_t fake_memory(void);	/* bytes */
void fake_say(const char *lines);
void fake_tohost(uint64_t card_addr, uint64_t length, uint64_t host_addr);
void fake_sample(void);		/* fake.step frames, if it samples */

/* fake-stream.c */
bool fake_stream_obey(const char *line);	/* false: it is not for the stream */
void fake_stream_push(void);
void fake_stream_rewind(void);
uint64_t fake_stream_next(void);	/* frame */
/* End it with this reason */
void fake_stream_break(const char *reason);

/* What the linker turns calls of open() and so on into (option --wrap) */
int __real_open(const char *path, int flags, ...);
int __real_ioctl(int fd, unsigned long request, ...);
void *__real_calloc(size_t count, size_t size);
void *__real_mmap(void *addr, size_t length, int prot, int flags, int fd,
		  off_t offset);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_mmap(void *addr, size_t length, int prot, int flags, int fd,
		  off_t offset);
void *__wrap_mmap64(void *addr, size_t length, int prot, int flags, int fd,
		    off_t offset);

#endif /* _SKEL_FAKE_CARD_H */
