// SPDX-License-Identifier: GPL-2.0
/*
 * fake-card.c - a card and its driver in a thread
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/skel.h>

#include "fake-card.h"

struct fake_card fake = { .fd = -1, .other_fd = -1 };

/* Of the list of buffers, which the card's thread reads */
static pthread_mutex_t buffers = PTHREAD_MUTEX_INITIALIZER;

static pthread_t thread;	/* of the card */
static pid_t runs;		/* in this process, 0: it does not */

/* It must not go on when the next card is there. */
static void end_card(void)
{
	if (runs == getpid()) {
		shutdown(fake.card_fd, SHUT_RDWR);
		pthread_join(thread, NULL);
		close(fake.card_fd);
	}
	runs = 0;
}

/* Its memory stays as long as a program has it mapped. */
static void forget_buffer(struct fake_buffer *buffer)
{
	munmap(buffer->start, buffer->length);
	close(buffer->fd);
	buffer->host_addr = 0;
	fake.buffers--;
}

static void forget_buffers(void)
{
	int i;

	for (i = 0; i < FAKE_BUFFERS; i++) {
		if (fake.buffer[i].host_addr)
			forget_buffer(&fake.buffer[i]);
	}
}

void fake_close(void)
{
	if (runs == getpid()) {
		pthread_mutex_lock(&buffers);
		forget_buffers();
		pthread_mutex_unlock(&buffers);
	}
	fake.fd = -1;
}

void fake_reset(void)
{
	end_card();
	forget_buffers();
	memset(&fake, 0, sizeof(fake));
	fake.fd = -1;
	fake.other_fd = -1;
	fake.step = 100;
	fake.frequency[0] = 50000;
	fake.frequency[1] = 100000;
	fake.amplitude[0] = 8000;
	fake.amplitude[1] = 5000;
}

static int fail(int error)
{
	errno = error;
	return -1;
}

/* The card */

/* Not dprintf(), whose stream exit() may flush once more in another thread */
__attribute__((__format__(__printf__, 1, 2)))
static void reply(const char *format, ...)
{
	char text[SKEL_LINE_MAX];
	va_list args;
	int length;

	if (fake.mute)
		return;
	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	send(fake.card_fd, text, length, MSG_NOSIGNAL);
}

void fake_say(const char *lines)
{
	reply("%s", lines);
}

/* In ns, 0: as the rate says */
static uint64_t period(void)
{
	return fake.tick && fake.rate ?
	       llround(1e9 / fake.rate / fake.tick) * fake.tick : 0;
}

static double phase(int input, uint64_t frame)
{
	double rate = period() ? 1e9 / period() : fake.rate;

	return fmod(frame * fake.frequency[input] / (1000 * rate), 1);
}

uint64_t fake_memory(void)
{
	return fake.fast ? FAKE_MEMORY_FAST : FAKE_MEMORY;
}

static uint64_t ring(void)
{
	return fake_memory() - fake.base;
}

/* A sine at input 0, a square wave at input 1 */
static void sample(uint64_t frame)
{
	int16_t *at = (int16_t *)(fake.memory + fake.base + frame * 4 % ring());

	if (fake.fast) {
		at[0] = frame;
		at[1] = frame >> 16;
		return;
	}
	at[0] = lround(3.2767 * fake.amplitude[0] *
		       sin(2 * M_PI * phase(0, frame)));
	at[1] = (phase(1, frame) < 0.5 ? 1 : -1) *
		(int)(32767 * fake.amplitude[1] / 10000);
}

static struct fake_buffer *find_buffer(uint64_t host_addr)
{
	int i;

	for (i = 0; i < FAKE_BUFFERS; i++) {
		struct fake_buffer *buffer = &fake.buffer[i];

		if (buffer->host_addr &&
		    host_addr - buffer->host_addr < buffer->length)
			return buffer;
	}
	return NULL;
}

static void tell_end(void)
{
	reply("%s", fake.late);
	fake.late[0] = '\0';
}

/* What the driver checks before it grants a request, but for its bug */
static const char *why_not(bool tohost, uint64_t card_addr, uint64_t length,
			   uint64_t host_addr)
{
	struct fake_buffer *buffer = find_buffer(host_addr);

	if (!length)
		return "length";
	if (!buffer || (buffer->others && fake.bug != FAKE_NO_OWNER) ||
	    (length > buffer->length - (host_addr - buffer->host_addr) &&
	     fake.bug != FAKE_NO_END) || fake.refuse)
		return "host-address";
	if (!(buffer->flags & (tohost ? SKEL_ALLOC_TOHOST : SKEL_ALLOC_FROMHOST)) &&
	    fake.bug != FAKE_NO_DIRECTION)
		return "direction";
	return card_addr > fake_memory() || length > fake_memory() - card_addr ?
	       "card-address" : NULL;
}

static void move(bool tohost, char *card, char *host, uint64_t length)
{
	if (tohost) {
		memcpy(host, card, length);
		if (fake.bug == FAKE_SPILLS)
			host[length] ^= 1;
		fake.info.bytes_tohost += length;
	} else {
		if (fake.bug != FAKE_LOSES)
			memcpy(card, host, length);
		fake.info.bytes_fromhost += length;
	}
	fake.info.granted++;
}

static void transfer(bool tohost, uint64_t card_addr, uint64_t length,
		     uint64_t host_addr)
{
	struct fake_buffer *buffer;
	const char *reason;
	uint64_t at;

	pthread_mutex_lock(&buffers);
	reason = why_not(tohost, card_addr, length, host_addr);
	if (!reason) {
		buffer = find_buffer(host_addr);
		at = host_addr - buffer->host_addr;
		move(tohost, (char *)fake.memory + card_addr, buffer->start + at,
		     length < buffer->length - at ? length : buffer->length - at);
	} else if (fake.bug != FAKE_NO_COUNT) {
		fake.info.refused++;
	}
	pthread_mutex_unlock(&buffers);
	fake.transfers++;
	snprintf(fake.late, sizeof(fake.late),
		 SKEL_CORE_MARK "%s %s 0x%llx 0x%llx 0x%llx%s%s\n",
		 reason ? "REFUSED" : "DONE", tohost ? "TOHOST" : "FROMHOST",
		 (unsigned long long)card_addr,
		 (unsigned long long)length, (unsigned long long)host_addr,
		 reason ? " " : "", reason ? reason : "");
	if (!fake.slow)
		tell_end();
}

void fake_tohost(uint64_t card_addr, uint64_t length, uint64_t host_addr)
{
	transfer(true, card_addr, length, host_addr);
}

void fake_sample(void)
{
	uint64_t end = fake.frames + fake.step;

	if (fake.fast)
		end = fake_stream_next() + ring() / 4;
	while (fake.sampling && fake.frames < end)
		sample(fake.frames++);
}

static void status(void)
{
	if (++fake.looks == (fake.lose_at ? fake.lose_at : 2) && fake.lose) {
		reply("event: OVERRUN %llu %llu\n", (unsigned long long)fake.lose,
		      (unsigned long long)(fake.frames + fake.lose));
		fake.frames += fake.lose;
		fake.lost += fake.lose;
	}
	fake_sample();
	reply("STATUS %s rate=%u frames=%llu position=%llu ring=%llu transfers=0",
	      fake.sampling ? "SAMPLING" : "IDLE", fake.rate,
	      (unsigned long long)fake.frames,
	      (unsigned long long)(fake.base + fake.frames * 4 % ring()),
	      (unsigned long long)ring());
	if (!fake.old)
		reply(" lost=%llu base=%llu run=%llu",
		      (unsigned long long)fake.lost,
		      (unsigned long long)fake.base,
		      (unsigned long long)fake.run);
	if (period())
		reply(" period=%llu", (unsigned long long)period());
	reply("\n");
}

/*
 * If runs have numbers, another program's run is at once as long as the one
 * before: the number of frames reveals nothing.
 */
static void start(unsigned int rate)
{
	uint64_t frames = fake.mute && !fake.old ? fake.frames : 0;

	fake.rate = rate;
	fake.sampling = true;
	fake.run++;
	fake.lost = 0;
	fake.looks = 0;
	fake_stream_rewind();
	for (fake.frames = 0; fake.frames < frames; fake.frames++)
		sample(fake.frames);
	reply("OK SAMPLE\n");
}

static void stop(void)
{
	if (!fake.deaf)
		fake.sampling = false;
	reply("OK STOP\n");
}

static void set_input(unsigned int n, unsigned int frequency,
		      unsigned int amplitude)
{
	fake.frequency[n % 2] = frequency;
	fake.amplitude[n % 2] = amplitude;
	fake.run++;
	reply("OK INPUT\n");
}

/* Return: whether the line is answered by what is reserved */
static bool obey_lock(const char *line)
{
	static const char *const answers[] = { "none", "own", "other" };
	int user = fake.mute ? FAKE_OTHER : FAKE_OWN;
	bool takes = strcmp(line, "LOCK") == 0;
	bool gives = strcmp(line, "UNLOCK") == 0;

	if (strcmp(line, "LOCK?") == 0) {
		reply("LOCK %s\n", answers[fake.locked]);
		return true;
	}
	if (fake.locked && (int)fake.locked != user &&
	    (takes || gives || strcmp(line, "STOP") == 0 ||
	     strncmp(line, "SAMPLE ", 7) == 0 || strncmp(line, "INPUT ", 6) == 0)) {
		reply("ERROR busy\n");
		return true;
	}
	if (!takes && !gives)
		return false;
	fake.locked = takes ? user : FAKE_FREE;
	reply("OK\n");
	return true;
}

/* An error ends the line, as in the instrument */
static void obey_scpi(const char *line)
{
	static const char queue[] = "SYSTem:ERRor?";
	static const char all[] =
		"SYSTem:ERRor?;:STATus:OPERation:CONDition?;*IDN?";
	bool verdict = strcmp(line, all) == 0;

	if (strcmp(line, "GO") == 0 || strcmp(line, "GO QUIETLY") == 0) {
		fake.going = 3;
		fake.quiet = strcmp(line, "GO") != 0;
		return;
	}
	if (strncmp(line, queue, sizeof(queue) - 1) != 0) {
		fake.wrong += strcmp(line, "INPut1:FUNCtion TRIangle") != 0;
		fake.wrong += strcmp(line, "TWICE") == 0;
		return;
	}
	reply("%s%s\n", fake.wrong ? "-224,\"Illegal; \"\"it\"\" is\"" :
	      "0,\"No error\"", !verdict ? "" :
	      fake.going ? ";16384;skel,fake,0,1" : ";0;skel,fake,0,1");
	fake.wrong -= fake.wrong > 0;
	if (fake.going && !--fake.going && !fake.quiet)
		reply("gone\n");
}

/* Return: whether it is one */
static bool obey_transfer(const char *line)
{
	bool tohost = strncmp(line, "TOHOST ", 7) == 0;
	unsigned long long number[3];
	char *at;
	int i;

	if (!tohost && strncmp(line, "FROMHOST ", 9) != 0)
		return false;
	at = strchr(line, ' ');
	for (i = 0; i < 3; i++)
		number[i] = strtoull(at, &at, 0);
	transfer(tohost, number[0], number[1], number[2]);
	return true;
}

static void obey(const char *line)
{
	unsigned long long a, b, c;

	if (fake.silent)
		return;
	fake.unplug |= fake.lines + 1 == fake.unplug_at;
	if (fake.unplug)
		shutdown(fake.card_fd, SHUT_RDWR);
	else if (fake.stopped)
		reply("ERROR timeout\n");
	else if (strcmp(line, "*IDN?") == 0)
		reply("skel,fake,0,1\n");
	else if (fake.simple)
		reply("ERROR unknown-command\n");
	else if (fake.locks && obey_lock(line))
		;
	else if (strcmp(line, "INPUTS?") == 0)
		reply("INPUTS 2 bits=16 range=10000 in0=%s,%u,%u in1=square,%u,%u\n",
		      fake.scpi ? "triangle" : "sine", fake.frequency[0],
		      fake.amplitude[0], fake.frequency[1], fake.amplitude[1]);
	else if (sscanf(line, "INPUT %llu %llu %llu", &a, &b, &c) == 3)
		set_input(a, b, c);
	else if (sscanf(line, "SAMPLE %llu", &a) == 1)
		start(a);
	else if (strcmp(line, "STOP") == 0)
		stop();
	else if (strcmp(line, "STATUS?") == 0)
		status();
	else if (obey_transfer(line))
		;
	else if (fake.streams && fake_stream_obey(line))
		;
	else if (strcmp(line, "VANISH") == 0)
		fake.vanishing = 2;
	else if (strcmp(line, "BLOCK?") == 0)
		reply("#15a\nb\n\n,1\n");
	else if (strcmp(line, "SLOWLY?") == 0 && !usleep(20000))
		reply("at last\n");
	else if (fake.scpi)
		obey_scpi(line);
	else if (!fake.terse)
		reply("ERROR unknown-command\n");
}

/* Not by a stream of stdio, whose reading a sanitizer of threads does not see */
static bool receive(char *line, size_t size)
{
	size_t length = 0;

	while (length < size && recv(fake.card_fd, line + length, 1, 0) == 1) {
		if (line[length] == '\n') {
			line[length] = '\0';
			return true;
		}
		length++;
	}
	return false;
}

void fake_buffers(struct fake_buffer *copy)
{
	pthread_mutex_lock(&buffers);
	memcpy(copy, fake.buffer, sizeof(fake.buffer));
	pthread_mutex_unlock(&buffers);
}

static void *be_card(void *data)
{
	char line[SKEL_LINE_MAX], peeked;

	if (fake.play) {
		fake.play(fake.card_fd);
		shutdown(fake.card_fd, SHUT_RDWR);
		return data;
	}
	while (receive(line, sizeof(line))) {
		bool late = *fake.late;

		if (fake.heard)
			dprintf(fake.heard, "%s\n", line);
		if (fake.late_start && !fake.lines)
			recv(fake.card_fd, &peeked, 1, MSG_PEEK);
		obey(line);
		if (fake.streams)
			fake_stream_push();
		if (late)
			tell_end();
		if (++fake.lines == fake.break_at)
			fake_stream_break("timeout");
		if (fake.lines == fake.gone_at)
			fake.unplug = true;
		fake.mute = true;
		if (fake.lines == fake.other_at)
			obey(fake.other);
		fake.mute = false;
		if (fake.vanishing && !--fake.vanishing) {
			usleep(200000);
			break;
		}
	}
	shutdown(fake.card_fd, SHUT_RDWR);
	return data;
}

/* The driver */

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	int fds[2];
	mode_t mode;

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, int) : 0;
	va_end(args);
	if (strcmp(path, FAKE_PATH) != 0)
		return __real_open(path, flags, mode);
	if (fake.full && runs == getpid())
		return fail(EBUSY);
	if (fake.channels == 2 && runs == getpid()) {
		/* nobody plays the card for it */
		fake.other_fd = __real_open("/dev/null", flags);
		return fake.other_fd;
	}
	end_card();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		return -1;
	fcntl(fds[0], F_SETFL, flags & O_NONBLOCK);
	fake.fd = fds[0];
	fake.card_fd = fds[1];
	errno = pthread_create(&thread, NULL, be_card, NULL);
	if (errno)
		return -1;
	runs = getpid();
	return fake.fd;
}

int __wrap_open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, int) : 0;
	va_end(args);
	return __wrap_open(path, flags, mode);
}

static uint64_t buffer_max(void)
{
	return fake.unguarded ? 4 << 20 : FAKE_BUFFER_MAX;
}

static int do_info(struct skel_info *user, bool others)
{
	struct skel_info info = {
		.size = user->size,
		.name = "fake",
		.channel = 3,
		.channels = 32,
		.regions = 1,
		.line_max = SKEL_LINE_MAX,
		.caps = SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST,
		.transfers = 4,
		.dma_mask = 0xfffffff,
		.buffer_max = buffer_max(),
		.granted = fake.info.granted,
		.refused = fake.info.refused,
		.bytes_tohost = fake.info.bytes_tohost,
		.bytes_fromhost = fake.info.bytes_fromhost,
	};
	int i;

	for (i = 0; i < FAKE_BUFFERS; i++)
		info.buffers += fake.buffer[i].host_addr &&
				 fake.buffer[i].others == others;
	if (fake.unguarded)
		info.segments = 1;
	else
		info.caps |= SKEL_CAP_ENFORCED;
	memcpy(user, &info, user->size);
	return 0;
}

static int do_region(struct skel_region_info *region)
{
	if (region->index)
		return fail(EINVAL);
	region->flags = fake.dma ? 0 : SKEL_REGION_RAM;
	region->length = fake_memory();
	strcpy(region->name, "memory");
	return 0;
}

static bool make_memory(struct fake_buffer *buffer)
{
	buffer->fd = memfd_create("fake-buffer", MFD_CLOEXEC);
	if (buffer->fd < 0)
		return false;
	if (ftruncate(buffer->fd, buffer->length) == 0) {
		buffer->start = __real_mmap(NULL, buffer->length,
					    PROT_READ | PROT_WRITE, MAP_SHARED,
					    buffer->fd, 0);
		if (buffer->start != MAP_FAILED)
			return true;
	}
	close(buffer->fd);
	return false;
}

static int do_alloc(struct skel_alloc *alloc, bool others)
{
	static uint64_t next = 1ULL << 32;
	int i;

	if (!alloc->length || !alloc->flags || alloc->length > buffer_max())
		return fail(EINVAL);
	for (i = 0; i < FAKE_BUFFERS; i++) {
		struct fake_buffer *buffer = &fake.buffer[i];

		if (buffer->host_addr)
			continue;
		alloc->length = (alloc->length + 4095) / 4096 * 4096;
		buffer->length = alloc->length;
		if (!make_memory(buffer))
			return fail(ENOMEM);
		alloc->host_addr = next;
		buffer->host_addr = next;
		buffer->flags = alloc->flags;
		buffer->others = others;
		next += alloc->length;
		fake.buffers++;
		return 0;
	}
	return fail(ENOSPC);
}

static int do_free(struct skel_free *request)
{
	struct fake_buffer *buffer = find_buffer(request->host_addr);

	if (!buffer || buffer->host_addr != request->host_addr)
		return fail(ENOENT);
	if (fake.busy)
		return fail(EBUSY);
	/* whoever has it mapped gets SIGBUS now */
	if (ftruncate(buffer->fd, 0))
		return fail(EIO);
	forget_buffer(buffer);
	return 0;
}

static int do_sync(struct skel_sync *request)
{
	struct fake_buffer *buffer = find_buffer(request->host_addr);
	uint64_t at = buffer ? request->host_addr - buffer->host_addr : 0;

	if (!request->length || (request->flags != SKEL_SYNC_FOR_CPU &&
				 request->flags != SKEL_SYNC_FOR_DEVICE))
		return fail(EINVAL);
	if (!buffer || request->length > buffer->length - at)
		return fail(ENOENT);
	return 0;
}

static int do_ioctl(unsigned long request, void *arg, bool others)
{
	switch (request) {
	case SKEL_IOC_INFO:
		return do_info(arg, others);
	case SKEL_IOC_REGION_INFO:
		return do_region(arg);
	case SKEL_IOC_ALLOC:
		return do_alloc(arg, others);
	case SKEL_IOC_FREE:
		return do_free(arg);
	case SKEL_IOC_SYNC:
		return do_sync(arg);
	default:
		return fail(ENOTTY);
	}
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;
	int ret;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (fd < 0 || (fd != fake.fd && fd != fake.other_fd))
		return __real_ioctl(fd, request, arg);
	if (fake.unplug)
		return fail(ENODEV);
	pthread_mutex_lock(&buffers);
	ret = do_ioctl(request, arg, fd == fake.other_fd);
	pthread_mutex_unlock(&buffers);
	return ret;
}

void *__wrap_calloc(size_t count, size_t size)
{
	if (fake.no_memory && !--fake.no_memory) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_calloc(count, size);
}

void *__wrap_mmap(void *addr, size_t length, int prot, int flags, int fd,
		  off_t offset)
{
	struct fake_buffer *buffer;

	if (fd < 0 || (fd != fake.fd && fd != fake.other_fd))
		return __real_mmap(addr, length, prot, flags, fd, offset);
	if (fake.no_mmap) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	pthread_mutex_lock(&buffers);
	buffer = find_buffer(offset);
	if (buffer)
		addr = __real_mmap(NULL, length, prot, MAP_SHARED, buffer->fd,
				   offset - buffer->host_addr);
	else
		addr = __real_mmap(NULL, length, prot, MAP_SHARED | MAP_ANONYMOUS,
				   -1, 0);
	pthread_mutex_unlock(&buffers);
	return addr;
}

void *__wrap_mmap64(void *addr, size_t length, int prot, int flags, int fd,
		    off_t offset)
{
	return __wrap_mmap(addr, length, prot, flags, fd, offset);
}
