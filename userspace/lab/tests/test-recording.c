// SPDX-License-Identifier: GPL-2.0
/*
 * test-recording.c - WAV and CSV files, good and bad
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parts/input.h"
#include "parts/recording.h"
#include "parts/signal.h"
#include "tests/rig.h"
#include "unit.h"

/* That is the working directory during a test */
static char directory[] = "/tmp/skel-lab-test-XXXXXX";
static struct recording_fault fault;

static void enter_directory(void)
{
	strcpy(strrchr(directory, '-'), "-XXXXXX");
	if (!mkdtemp(directory) || chdir(directory))
		abort();
}

static void write_file(const char *name, const void *bytes, size_t length)
{
	FILE *file;

	/* some file systems write a truncated and rewritten file to disk at once */
	unlink(name);
	file = fopen(name, "wb");
	if (!file || fwrite(bytes, 1, length, file) != length || fclose(file))
		abort();
}

static void leave_directory(void)
{
	unlink("file");
	if (chdir("/") || rmdir(directory))
		abort();
}

#define RECORDING_TEST(name)	TEST_WITH(name, enter_directory, leave_directory)

static struct recording *open_bytes(const void *bytes, size_t length,
				    unsigned int channel, uint64_t rate)
{
	write_file("file", bytes, length);
	return recording_open(directory, "file", channel, rate, &fault);
}

static struct recording *open_text(const char *text, unsigned int column)
{
	return open_bytes(text, strlen(text), column, 0);
}

/* Is it refused, with a reason that contains these words? */
static bool is_bad(struct recording *recording, const char *words)
{
	if (!recording && strstr(fault.reason, words))
		return true;
	printf("# %s, '%s' is not '%s'\n", recording ? "accepted" : "refused",
	       fault.reason, words);
	recording_close(recording);
	return false;
}

static void put(uint8_t *at, uint32_t value, int count)
{
	for (; count--; value >>= 8)
		*at++ = value;
}

/* A WAV file at 1000/s; @bits below 0: floats. Return: its length */
static size_t make_wav(uint8_t *wav, int format, unsigned int channels,
		       int bits, const void *data, size_t length)
{
	memcpy(wav, "RIFF....WAVEfmt ", 16);
	put(wav + 4, 36 + length, 4);
	put(wav + 16, 16, 4);
	put(wav + 20, format, 2);
	put(wav + 22, channels, 2);
	put(wav + 24, 1000, 4);
	put(wav + 28, 1000 * channels * ((bits + 7) / 8), 4);
	put(wav + 32, channels * ((bits + 7) / 8), 2);
	put(wav + 34, bits, 2);
	memcpy(wav + 36, "data", 4);
	put(wav + 40, length, 4);
	memcpy(wav + 44, data, length);
	return 44 + length;
}

static void check_wav(int format, unsigned int channels, int bits,
		      const void *data, size_t length, unsigned int channel,
		      const double *volts, size_t count)
{
	uint8_t wav[256];
	size_t size = make_wav(wav, format, channels, bits, data, length);
	struct recording *r = open_bytes(wav, size, channel, 0);

	check(r && r->count == count && r->rate == 1000 * SIGNAL_HERTZ);
	for (size_t i = 0; r && i < count; i++)
		check(fabs(r->samples[i] - volts[i]) < 0.000001);
	recording_close(r);
}

RECORDING_TEST(wav_formats_are_read)
{
	static const int8_t s8[] = { 0x80, 0xff, 0x01, 0 };
	static const int16_t s16[] = { 0, 32767, -32767, -32768 };
	static const uint8_t s24[] = { 0xff, 0xff, 0x7f, 1, 0, 0x80, 0, 0, 0 };
	static const int32_t s32[] = { INT32_MAX, 0, -INT32_MAX };
	/* 20 bits, the high ones of 3 bytes */
	static const uint8_t s20[] = { 0xf0, 0xff, 0x7f, 0x10, 0, 0x80, 0, 0, 0 };
	static const float f32[] = { 1, -0.5, 0.25 };
	static const double v8[] = { 0, 10, -10, -1280.0 / 127 };
	static const double v16[] = { 0, 10, -10, -327680.0 / 32767 };
	static const double v24[] = { 10, -10, 0 };
	static const double v32[] = { 10, 0, -10 };
	static const double vf[] = { 10, -5, 2.5 };
	static const double left[] = { 0, -10 };
	static const double right[] = { 10, -327680.0 / 32767 };

	check_wav(1, 1, 8, s8, sizeof(s8), 1, v8, 4);
	check_wav(1, 1, 16, s16, sizeof(s16), 1, v16, 4);
	check_wav(1, 1, 24, s24, sizeof(s24), 1, v24, 3);
	check_wav(1, 1, 20, s20, sizeof(s20), 1, v24, 3);
	check_wav(1, 1, 32, s32, sizeof(s32), 1, v32, 3);
	check_wav(3, 1, 32, f32, sizeof(f32), 1, vf, 3);
	check_wav(1, 2, 16, s16, sizeof(s16), 1, left, 2);
	check_wav(1, 2, 16, s16, sizeof(s16), 2, right, 2);
}

/* WAVEFORMATEXTENSIBLE, and unknown chunks of odd length */
RECORDING_TEST(wav_parts_are_skipped)
{
	static const int16_t data[] = { 32767, 0 };
	uint8_t wav[256], plain[256];
	size_t at = 12;
	struct recording *r;

	make_wav(plain, 1, 1, 16, data, sizeof(data));
	memcpy(wav, plain, 12);
	memcpy(wav + at, "LIST\3\0\0\0abc", 12);
	at += 12;
	memcpy(wav + at, plain + 12, 24);
	put(wav + at + 4, 40, 4);
	put(wav + at + 8, 0xfffe, 2);
	memset(wav + at + 24, 0, 24);
	put(wav + at + 32, 1, 2);
	at += 48;
	memcpy(wav + at, "note\1\0\0\0x", 10);
	at += 10;
	memcpy(wav + at, plain + 36, 12);
	r = open_bytes(wav, at + 12, 1, 500 * SIGNAL_HERTZ);
	check(r && r->count == 2 && r->samples[0] == 10);
	check(r && r->rate == 500 * SIGNAL_HERTZ);
	recording_close(r);
}

RECORDING_TEST(bad_wav_files_are_refused)
{
	static const int16_t data[] = { 1, 2, 3, 4 };
	static const float nan[] = { NAN };
	static const struct {
		int at, value, bytes;
		const char *words;
	} faults[] = {
		{ 8, 0, 1, "not WAVE" },
		{ 12, 0, 1, "'fmt '" },
		{ 16, 15, 4, "format of 15 bytes" },
		{ 16, -1, 4, "format of 4294967295" },
		{ 20, 2, 2, "format 2 with 16 bits" },
		{ 20, 3, 2, "format 3 with 16 bits" },
		{ 22, 0, 2, "0 channels" },
		{ 22, 65, 2, "65 channels" },
		{ 24, 0, 4, "0 samples per second" },
		{ 24, 1000001, 4, "1000001 samples per second" },
		{ 32, 3, 2, "in 3 bytes" },
		{ 34, 0, 2, "0 bits" },
		{ 34, 40, 2, "40 bits" },
		{ 36, 'x', 1, "'data'" },
		{ 40, 7, 4, "half a sample" },
		{ 40, 10, 4, "cut off" },
	};
	uint8_t wav[256];
	size_t size;

	for (unsigned int i = 0; i < ARRAY_SIZE(faults); i++) {
		size = make_wav(wav, 1, 1, 16, data, sizeof(data));
		put(wav + faults[i].at, faults[i].value, faults[i].bytes);
		check(is_bad(open_bytes(wav, size, 1, 0), faults[i].words));
	}
	size = make_wav(wav, 1, 2, 16, data, sizeof(data));
	check(is_bad(open_bytes(wav, size, 3, 0), "channel 3 of 2"));
	for (size_t i = 0; i < size; i++)
		check(is_bad(open_bytes(wav, i, 1, 0), ""));
	size = make_wav(wav, 3, 1, 32, nan, sizeof(nan));
	check(is_bad(open_bytes(wav, size, 1, 0), "sample 1 is not a voltage"));
}

/* Whatever a file contains, it is accepted or refused (with sanitizers). */
RECORDING_TEST(garbage_does_no_harm)
{
	static const char csv[] = "time,V\n0,1.5\n0.5,2\n1,-3e-1\n# x\n1.5,4\n";
	static const int16_t data[] = { 1, 2, 3, 4 };
	uint8_t good[256], bad[256];
	uint64_t random = 1;

	for (int i = 0; i < 4000; i++) {
		size_t size = make_wav(good, 1, 1, 16, data, sizeof(data));

		if (i & 1) {
			size = sizeof(csv) - 1;
			memcpy(good, csv, size);
		}
		memcpy(bad, good, size);
		for (int j = 0; j <= i % 4; j++) {
			random = random * 6364136223846793005 + 1;
			bad[(random >> 40) % size] = random >> 33;
		}
		recording_close(open_bytes(bad, size - (random >> 50) % 8,
					   1 + (random >> 60) % 3, 0));
	}
	check(true);
}

/* Programs that write to a pipe cannot know the lengths. */
RECORDING_TEST(wav_files_of_pipes_are_read)
{
	static const int16_t data[] = { 1, 2, 3, 4 };
	/* of the file, of the data */
	static const uint32_t lengths[][2] = {
		{ -1, -1 }, { 0, 0 }, { 0, -1 }, { 0x7ffff024, 0x7ffff000 },
		{ 36, 0 },	/* as before the first sample */
		{ 44, 0 },	/* 8 bytes of another chunk */
	};
	uint8_t wav[256];
	struct recording *r;

	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		size_t size = make_wav(wav, 1, 1, 16, data, sizeof(data));

		put(wav + 4, lengths[i][0], 4);
		put(wav + 40, lengths[i][1], 4);
		r = open_bytes(wav, size, 1, 0);
		if (i == ARRAY_SIZE(lengths) - 1) {
			check(is_bad(r, "no samples"));
			break;
		}
		check(r && r->count == 4);
		recording_close(r);
	}
}

/* Whatever wrote it: a text, a column of it, and what it is in V and 1/s */
RECORDING_TEST(csv_files_are_read)
{
	static const struct {
		const char *text;
		unsigned int column;
		double rate, volts[3];
	} files[] = {
		{ "time/s,in0/V,in1/V\n0,0.5,5\n0.0001,1.5,-5\n0.0002,2,5\n",
		  2, 10000, { 5, -5, 5 } },
		{ "time/s,in0/V\n0,0.5\n0.5,1.5\n1,2\n", 1, 2, { 0.5, 1.5, 2 } },
		{ "time/ms,a\n0,1\n1,2\n2,3\n", 1, 1000, { 1, 2, 3 } },
		{ "Time (us);a [mV]\n0;1,5\n10;-2\n20;3e3\n",
		  1, 100000, { 0.0015, -0.002, 3 } },
		{ "t,a\n0,1\n1e-3,2\n2E-3,3\n", 1, 1000, { 1, 2, 3 } },
		{ "seconds,a\n-1,1\n0,2\n+1,3\n", 1, 1, { 1, 2, 3 } },
		{ "Zeit;Spannung\n0,0;1,5\n0,5;2,5\n1;3\n", 1, 2, { 1.5, 2.5, 3 } },
		{ "\xef\xbb\xbf" "1\n2\n3\n", 1, 7, { 1, 2, 3 } },
		{ "\xef\xbb\xbf" "time,a\n0,1\n1,2\n2,3\n", 1, 1, { 1, 2, 3 } },
		{ "0,5;1,5\n0,25;2\n-1;,5\n", 1, 7, { 0.5, 0.25, -1 } },
		{ "0,5\t1,5\n0,25\t2\n-1\t,5\n", 2, 7, { 1.5, 2, 0.5 } },
		{ "\"0,5\",1\n\"0,25\",2\n\"-1\",3\n", 1, 7, { 0.5, 0.25, -1 } },
		{ "1\r2\r3\r", 1, 7, { 1, 2, 3 } },
		{ "# a\r\n\r\n1;-2\r\n 3 ; 4e-1\r\n+.5;\"6\"", 2, 7, { -2, 0.4, 6 } },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++) {
		const char *text = files[i].text;
		struct recording *r = open_bytes(text, strlen(text),
						 files[i].column,
						 files[i].rate == 7 ?
						 7 * SIGNAL_HERTZ : 0);

		check(r && r->count == 3);
		if (!r)
			printf("# %s: %s\n", text, fault.reason);
		for (int j = 0; r && j < 3; j++)
			check(r->samples[j] == (float)files[i].volts[j]);
		check(r && r->rate == files[i].rate * SIGNAL_HERTZ);
		recording_close(r);
	}
}

RECORDING_TEST(bad_csv_files_are_refused)
{
	static const struct {
		const char *text;
		unsigned int column;
		const char *words;
	} files[] = {
		{ "", 1, "no samples" },
		{ "a\n", 1, "no samples" },
		{ "a\nb\n", 1, "line 2, column 1: not a number" },
		{ "1\n2\n", 1, "no rate" },
		{ "1,2\n3\n", 2, "line 2, column 2" },
		{ "1\nnan\n", 1, "line 2" },
		{ "1\ninf\n", 1, "line 2" },
		{ "1\n0x10\n", 1, "line 2" },
		{ "1\n0X10\n", 1, "line 2" },
		{ "1\n1e999\n", 1, "line 2" },
		{ "1\n2x\n", 1, "line 2" },
		{ "1\n1e\n", 1, "line 2" },
		{ "1\n1.2.3\n", 1, "line 2" },
		{ "1\n1e7\n", 1, "not a voltage" },
		{ "a;b\n1,2,3;4\n", 1, "line 2, column 1" },
		{ "1,2\n1;2\n", 1, "line 2, column 1" },
		{ "a,b\n1,2\n", 3, "line 1: there is no column 3" },
		{ "time,x\n0,1\n0,1\n", 1, "line 3: time goes back" },
		{ "time,x\n0,1\n1,1\n2,1\n4,1\n5,1\n", 1, "line 5: the times are not even" },
		{ "time,x\n0,1\n1,1\n2,1\n3.2,1\n", 1, "line 5: the times are not even" },
		{ "time,x\n0,1\n1,1\n1.5,1\n2.5,1\n", 1, "not even" },
		{ "time,x\n0,1\nx,1\n", 1, "line 3: no time" },
		{ "time,x\n0,1\n1e-9,1\n", 1, "samples per second" },
		{ "time/week,x\n0,1\n1,2\n", 1, "line 1: 'week' is not a unit" },
		{ "time/s,x/A\n0,1\n1,2\n", 1, "line 1: 'A' is not a unit" },
		{ "\xff\xfe" "1", 1, "UTF-16" },
	};
	static char large[6000];

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		check(is_bad(open_text(files[i].text, files[i].column),
			     files[i].words));
	check(is_bad(open_bytes("1\n\0\0\n2\n", 7, 1, 1), "line 2"));
	memset(large, '1', sizeof(large));
	check(is_bad(open_bytes(large, sizeof(large), 1, 1), "line 1"));
}

RECORDING_TEST(only_files_of_the_directory_are_read)
{
	static const char *const names[] = {
		"", ".", "..", ".hidden", "/etc/passwd", "../x", "a/b", "a/",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		check(is_bad(recording_open(directory, names[i], 1, 0, &fault),
			     "not the name"));
	check(is_bad(recording_open(NULL, "x", 1, 0, &fault), "no --directory"));
	check(is_bad(recording_open("/no/where", "x", 1, 0, &fault), "No such"));
	check(is_bad(recording_open(directory, "no", 1, 0, &fault), "No such"));
	write_file("large", "1\n", 2);
	check(!symlink("large", "link"));
	check(is_bad(recording_open(directory, "link", 1, 1, &fault), "links"));
	unlink("link");
	check(!mkfifo("link", 0600));
	check(is_bad(recording_open(directory, "link", 1, 0, &fault), "plain"));
	unlink("link");
	check(!mkdir("link", 0700));
	check(is_bad(recording_open(directory, "link", 1, 0, &fault), "plain"));
	rmdir("link");
	write_file("large", "", 0);
	check(!truncate("large", RECORDING_BYTES_MAX + 1));
	check(is_bad(recording_open(directory, "large", 1, 0, &fault), "more"));
	unlink("large");
}

/* Linear between samples, from the last to the first one, and without drift */
RECORDING_TEST(samples_are_played_at_their_rate)
{
	struct recording *r = open_text("time,V\n0,0\n1,4\n2,2\n", 1);
	const uint64_t second = 100000000;
	double volts[13];

	check(r);
	if (!r)
		return;
	recording_block(r, 0, second / 4, 13, volts);
	for (int i = 0; i < 13; i++) {
		static const double exact[] = {
			0, 1, 2, 3, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5, 0,
		};

		check(volts[i] == exact[i]);
	}
	recording_block(r, second * 3000000001, second, 2, volts);
	check(volts[0] == 4 && volts[1] == 2);
	recording_block(r, second / 4, second * 3000000000 + 1, 3, volts);
	check(fabs(volts[2] - 1.00000008) < 0.000000000001);
	recording_close(r);
}

/* What was sampled is the same when it is played and sampled again. */
RECORDING_TEST(recordings_are_replayed_exactly)
{
	const struct lab_settings settings = {
		.command_time = LAB_SECOND / 1000, .serial = "1",
		.directory = directory,
	};
	int16_t data[1000], *ring;
	uint8_t wav[2100];
	size_t size;

	for (int i = 0; i < 1000; i++)
		data[i] = i * 7919;
	size = make_wav(wav, 1, 1, 16, data, sizeof(data));
	write_file("a.wav", wav, size);
	rig_start_with(&settings);
	asks(0, "INP3:FILE 'a.wav';FILE?;FILE:POIN?;:INP3:FUNC?",
	     "\"a.wav\",1,1.0E+03;1000;FILE");
	say(0, "SAMP:LIST (@3);RATE 1000;COUN 2500;:READ?");
	ring = (int16_t *)rig.lab->card->memory;
	for (int i = 0; i < 2500; i++)
		check(ring[i] == data[i % 1000]);
	check(strstr(say(0, "MMEM:CAT?"), ",\"a.wav,BIN,2044\""));
	refuses(0, "INP3:FILE 'b.wav'", SCPI_ERR_FILE_NOT_FOUND);
	refuses(0, "INP3:FILE 'a.wav',2", SCPI_ERR_MASS_STORAGE);
	refuses(0, "INP3:FILE '../a.wav'", SCPI_ERR_FILE_NAME);
	asks(0, "INP3:FILE?", "\"a.wav\",1,1.0E+03");
	asks(0, "*RST;INP3:FILE?", "\"\",1,0.0E+00");
	rig_stop();
	unlink("a.wav");
}
