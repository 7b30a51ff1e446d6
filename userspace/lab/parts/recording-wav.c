// SPDX-License-Identifier: GPL-2.0
/*
 * recording-wav.c - samples of a WAV file
 *
 * Source: "Multimedia Programming Interface and Data Specifications 1.0", IBM
 * and Microsoft, 1991, pages 56-65; WAVEFORMATEXTENSIBLE: "Multiple channel
 * audio data and WAVE files", Microsoft, 2001.
 */
#include <math.h>
#include <string.h>

#include "parts/recording-file.h"
#include "parts/signal.h"

enum {
	FORMAT_PCM = 1,
	FORMAT_FLOAT = 3,
	FORMAT_EXTENSIBLE = 0xfffe,
};

struct format {
	unsigned int format, channels, bits;
	unsigned int bytes;		/* of one sample */
	uint32_t rate;
};

static uint32_t little(const uint8_t *bytes, unsigned int count)
{
	uint32_t value = 0;

	while (count--)
		value = value << 8 | bytes[count];
	return value;
}

/* Find the next chunk called @id; the file is positioned after its header. */
static bool find_chunk(struct recording_file *in, const char *id,
		       uint32_t *length)
{
	uint8_t header[8];

	while (fread(header, 1, 8, in->file) == 8) {
		*length = little(header + 4, 4);
		if (memcmp(header, id, 4) == 0)
			return true;
		/* chunks are padded to an even length */
		if (fseeko(in->file, (off_t)*length + (*length & 1), SEEK_CUR))
			break;
	}
	return recording_fail(in, "WAV file without a part '%.4s'", id);
}

static bool read_format(struct recording_file *in, struct format *f)
{
	uint8_t bytes[26] = { 0 };
	unsigned int bits;
	uint32_t length;

	if (!find_chunk(in, "fmt ", &length))
		return false;
	if (length < 16 || length > 1024)
		return recording_fail(in, "WAV format of %u bytes", length);
	if (fread(bytes, 1, length < 26 ? length : 26, in->file) !=
	    (length < 26 ? length : 26) ||
	    fseeko(in->file, length < 26 ? length & 1 :
		   (length - 26) + (length & 1), SEEK_CUR))
		return recording_fail(in, "WAV format is cut off");
	f->format = little(bytes, 2);
	f->channels = little(bytes + 2, 2);
	f->rate = little(bytes + 4, 4);
	bits = little(bytes + 14, 2);
	f->bits = bits;
	if (f->format == FORMAT_EXTENSIBLE && length >= 26)
		f->format = little(bytes + 24, 2);
	if (!(f->format == FORMAT_PCM && bits && bits <= 32) &&
	    !(f->format == FORMAT_FLOAT && bits == 32))
		return recording_fail(in, "WAV format %u with %u bits is not PCM or 32 bit float",
				      f->format, bits);
	f->bytes = (bits + 7) / 8;
	if (!f->channels || f->channels > RECORDING_CHANNELS_MAX ||
	    little(bytes + 12, 2) != f->channels * f->bytes)
		return recording_fail(in, "WAV format with %u channels in %u bytes",
				      f->channels, little(bytes + 12, 2));
	if (!f->rate || f->rate > RECORDING_RATE_MAX)
		return recording_fail(in, "WAV format with %u samples per second",
				      f->rate);
	return true;
}

/*
 * Full scale, 2^(bits - 1) - 1, is 10 V. Bits are the high ones of their bytes.
 */
static double to_volts(const struct format *f, const uint8_t *bytes)
{
	uint32_t value = little(bytes, f->bytes);
	unsigned int above = 32 - 8 * f->bytes, unused = 32 - f->bits;
	float real;

	if (f->format == FORMAT_FLOAT) {
		memcpy(&real, &value, sizeof(real));
		return 10.0 * real;
	}
	if (f->bytes == 1)	/* unsigned */
		value -= 128;
	return ((int32_t)(value << above) >> unused) *
	       (10.0 / (f->bits > 1 ? INT32_MAX >> unused : 1));
}

/*
 * Does the length of the data say how much there is? Programs that write to a
 * pipe cannot know it: they write the greatest one, or 0 although more follows
 * than the length of the whole file has room for.
 */
static bool is_length(struct recording_file *in, uint32_t whole, uint32_t data)
{
	off_t at = ftello(in->file);

	if (data)
		return data <= RECORDING_BYTES_MAX;
	return whole && at >= 0 && (uint64_t)at < (uint64_t)whole + 8;
}

bool recording_read_wav(struct recording_file *in)
{
	uint8_t frame[RECORDING_CHANNELS_MAX * 4];
	uint32_t length, left, whole;
	struct format f = { 0 };
	size_t bytes;
	bool known;

	if (fread(frame, 1, 12, in->file) != 12 ||
	    memcmp(frame + 8, "WAVE", 4) != 0)
		return recording_fail(in, "RIFF file that is not WAVE");
	whole = little(frame + 4, 4);
	if (!read_format(in, &f) || !find_chunk(in, "data", &length))
		return false;
	if (in->channel > f.channels)
		return recording_fail(in, "channel %u of %u", in->channel,
				      f.channels);
	bytes = (size_t)f.channels * f.bytes;
	known = is_length(in, whole, length);
	for (left = length; !known || left >= bytes; left -= bytes) {
		if (fread(frame, 1, bytes, in->file) != bytes && !known)
			break;
		if (feof(in->file) || ferror(in->file))
			return recording_fail(in, "WAV file is cut off: %u of %u bytes",
					      length - left, length);
		if (!recording_add(in, to_volts(&f, frame + (in->channel - 1) *
						f.bytes)))
			return false;
	}
	if (known && left)
		return recording_fail(in, "WAV file with half a sample");
	if (in->recording)
		in->recording->rate = f.rate * SIGNAL_HERTZ;
	return true;
}
