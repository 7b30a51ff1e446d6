// SPDX-License-Identifier: GPL-2.0
/*
 * recording.c - samples of a file
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parts/recording-file.h"
#include "parts/signal.h"

/* Only a regular file in that directory: no path, link, fifo or device */
static FILE *open_file(const char *directory, const char *name,
		       struct recording_file *in)
{
	struct stat st;
	FILE *file;
	int dir, fd;

	if (!directory) {
		recording_fail(in, "the instrument has no --directory");
		in->error = SCPI_ERR_MISSING_MEDIA;
		return NULL;
	}
	if (!name[0] || name[0] == '.' || strchr(name, '/')) {
		recording_fail(in, "not the name of a file in the directory");
		in->error = SCPI_ERR_FILE_NAME;
		return NULL;
	}
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_NOFOLLOW |
				   O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		recording_fail(in, "%s", strerror(errno));
		if (errno == ENOENT && dir >= 0)
			in->error = SCPI_ERR_FILE_NOT_FOUND;
	}
	if (dir >= 0)
		close(dir);
	if (fd < 0)
		return NULL;
	file = NULL;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		recording_fail(in, "not a plain file");
	else if (st.st_size > RECORDING_BYTES_MAX)
		recording_fail(in, "more than %d bytes", RECORDING_BYTES_MAX);
	else
		file = fdopen(fd, "rb");
	if (file)
		return file;
	close(fd);
	return NULL;
}

static bool read_file(struct recording_file *in, uint64_t rate)
{
	struct recording *rec;
	char magic[4];
	bool wav = fread(magic, 1, 4, in->file) == 4 &&
		   memcmp(magic, "RIFF", 4) == 0;

	rewind(in->file);
	if (wav ? !recording_read_wav(in) : !recording_read_csv(in))
		return false;
	rec = in->recording;
	if (!rec || !rec->count)
		return recording_fail(in, "no samples");
	if (rate)
		rec->rate = rate;
	if (!rec->rate)
		return recording_fail(in, "no rate in the file: give one");
	if (rec->rate > RECORDING_RATE_MAX * SIGNAL_HERTZ)
		return recording_fail(in, "more than %d samples per second",
				      RECORDING_RATE_MAX);
	return true;
}

struct recording *recording_open(const char *directory, const char *name,
				 unsigned int channel, uint64_t rate,
				 struct recording_fault *fault)
{
	struct recording_file in = {
		.channel = channel, .reason = fault->reason
	};

	recording_fail(&in, "no memory");	/* unless another reason follows */
	in.file = open_file(directory, name, &in);
	if (in.file) {
		if (!read_file(&in, rate)) {
			free(in.recording);
			in.recording = NULL;
		}
		fclose(in.file);
	}
	fault->error = in.error;
	return in.recording;
}

void recording_close(struct recording *recording)
{
	free(recording);
}

void recording_block(const struct recording *recording, uint64_t tick,
		     uint64_t period, size_t count, double *volts)
{
	/* position and step in whole samples and fractions of SIGNAL_CYCLE */
	__uint128_t at = (__uint128_t)recording->rate * tick;
	__uint128_t by = (__uint128_t)recording->rate * period;
	uint64_t rest = at % SIGNAL_CYCLE, rest_step = by % SIGNAL_CYCLE;
	size_t i = at / SIGNAL_CYCLE % recording->count;
	size_t step = by / SIGNAL_CYCLE % recording->count;

	for (; count; count--) {
		const float *samples = recording->samples;
		double now = samples[i];
		double then = samples[i + 1 < recording->count ? i + 1 : 0];

		*volts++ = now + (then - now) * (rest * (1.0 / SIGNAL_CYCLE));
		rest += rest_step;
		i += step;
		if (rest >= SIGNAL_CYCLE) {
			rest -= SIGNAL_CYCLE;
			i++;
		}
		if (i >= recording->count)
			i -= recording->count;
	}
}
