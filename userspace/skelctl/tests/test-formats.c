// SPDX-License-Identifier: GPL-2.0
/*
 * test-formats.c - recordings in files: what is written can be read again
 *
 * Where the programs of other people are installed, they read it, too:
 * sigrok-cli, flac, sox, python3 with zipfile.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../format.h"
#include "../spool.h"
#include "fake-root.h"
#include "unit.h"

static char path[128];

void unit_setup(void)
{
	root_make();
}

static struct recording two = {
	.inputs = 2, .name = { "INP1", "INP3" }, .bits = 16, .range = 10000,
	.rate = 1e9 / 22680, .period = 22680,	/* 44100 Hz asked for */
};

static int16_t code_of(int64_t frame, int input)
{
	return (frame * 257 + input * 9000 + 65535) % 65535 - 32767;
}

static const char *name_of(const char *suffix)
{
	snprintf(path, sizeof(path), "%s/x.%s", root, suffix);
	return path;
}

static bool open_writer(struct writer *w, const struct recording *rec,
			const char *suffix)
{
	*w = (struct writer){ .rec = rec, .format = format_by_path(
		name_of(suffix)) };
	return w->format && !writer_open(w, path, true);
}

static int put_some(struct writer *w, int64_t first, size_t count)
{
	int16_t codes[1000 * INPUTS_MAX];
	size_t i, done, n;
	int k;

	for (done = 0; done < count; done += n) {
		n = count - done < 1000 ? count - done : 1000;
		for (i = 0; i < n * w->rec->inputs; i++) {
			k = i % w->rec->inputs;
			codes[i] = code_of(first + done + i / w->rec->inputs,
					   k);
		}
		if (writer_put(w, first + done, codes, n))
			return -1;
	}
	return 0;
}

static bool write_file(const struct recording *rec, const char *suffix,
		       int64_t first, size_t count)
{
	struct writer w;

	return open_writer(&w, rec, suffix) && !put_some(&w, first, count) &&
	       !writer_close(&w);
}

/* What is in the file, until the next call */
static char *read_all(size_t *length)
{
	FILE *file = fopen(path, "r");
	static char *bytes;
	struct stat st;

	if (!file || fstat(fileno(file), &st))
		abort();
	free(bytes);
	bytes = calloc(1, st.st_size + 1);
	*length = fread(bytes, 1, st.st_size, file);
	fclose(file);
	return bytes;
}

/* All times and codes come back, whatever rate and converter. */
TEST(csv_loses_nothing)
{
	static const uint64_t periods[] = { 22680, 1430, 10000, 0 };
	struct recording rec = two;
	size_t i, length, wrong;
	int64_t frame;
	char *bytes, *at;

	for (i = 0; i < ARRAY_SIZE(periods); i++) {
		rec.period = periods[i];
		rec.rate = periods[i] ? 1e9 / periods[i] : 44100;
		check(write_file(&rec, "csv", -3, 524288));
		bytes = read_all(&length);
		check(strncmp(bytes, "time/s,INP1/V,INP3/V\n", 21) == 0);
		at = strchr(bytes, '\n') + 1;
		wrong = 0;
		for (frame = -3; *at; frame++) {
			double time = strtod(at, &at);
			double a = strtod(at + 1, &at), b = strtod(at + 1, &at);

			wrong += time != recording_time(&rec, frame) ||
				 lround(a * 3276.7) != code_of(frame, 0) ||
				 lround(b * 3276.7) != code_of(frame, 1) ||
				 *at++ != '\n';
		}
		check(!wrong && frame == 524285);
	}
}

TEST(every_code_comes_back)
{
	static const int ranges[] = { 100, 1000, 2500, 10000, 100000 };
	struct recording rec = two;
	int wrong = 0, range, code;
	char text[VOLTS_MAX];

	for (rec.bits = 2; rec.bits <= 16; rec.bits++) {
		int full = (1 << (rec.bits - 1)) - 1;

		for (range = 0; range < 5; range++) {
			rec.range = ranges[range];
			for (code = -full; code <= full; code++) {
				recording_volts_text(&rec, code, text);
				wrong += lround(atof(text) /
						recording_scale(&rec)) != code;
			}
		}
	}
	check(!wrong);
}

TEST(times_are_exact)
{
	struct recording rec = { .period = 10, .rate = 1e8 };
	char text[TIME_MAX];

	recording_time_text(&rec, 0, text);
	check(strcmp(text, "0") == 0);
	recording_time_text(&rec, -1, text);
	check(strcmp(text, "-0.00000001") == 0);
	recording_time_text(&rec, 100000000, text);
	check(strcmp(text, "1") == 0);
	recording_time_text(&rec, INT64_C(1) << 48, text);
	check(strcmp(text, "2814749.76710656") == 0);
	rec = (struct recording){ .rate = 44100 };
	recording_time_text(&rec, 524287, text);
	check(atof(text) == 524287 / 44100.0);
}

static uint64_t le(const char *at, int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | (unsigned char)at[bytes];
	return value;
}

TEST(json_has_an_object_for_each_frame)
{
	size_t length;
	char *bytes;

	check(write_file(&two, "jsonl", 0, 2));
	bytes = read_all(&length);
	check(strcmp(bytes, "{\"time\":0,\"INP1\":-10.000000,\"INP3\":-7.253334}\n"
		     "{\"time\":0.00002268,\"INP1\":-9.921567,\"INP3\":-7.174902}\n") == 0);
}

/* Lost frames: in time where there is time, else marked */
TEST(gaps_keep_the_time)
{
	size_t length;
	struct writer w;
	char *bytes;

	check(open_writer(&w, &two, "raw"));
	check(!put_some(&w, 0, 10) && !put_some(&w, 3010, 1));
	check(!writer_close(&w));
	bytes = read_all(&length);
	check(length == 3011 * 4 && (int16_t)le(bytes + 40, 2) == CODE_LOST &&
	      (int16_t)le(bytes + 3009 * 4 + 2, 2) == CODE_LOST &&
	      (int16_t)le(bytes + 3010 * 4, 2) == code_of(3010, 0));
	check(open_writer(&w, &two, "csv"));
	check(!put_some(&w, 0, 1) && !put_some(&w, 1000, 1));
	check(!writer_close(&w));
	bytes = read_all(&length);
	check(strstr(bytes, "\n0,") && strstr(bytes, "\n0.02268,"));
}

TEST(wav_is_wav)
{
	size_t length, frames = 5000;
	char *bytes, *data;

	check(write_file(&two, "wav", 0, frames));
	bytes = read_all(&length);
	data = bytes + 512;
	check(memcmp(bytes, "RIFF", 4) == 0 && le(bytes + 4, 4) == length - 8);
	check(memcmp(bytes + 8, "WAVEJUNK", 8) == 0);
	check(memcmp(data - 8, "data", 4) == 0 &&
	      le(data - 4, 4) == frames * 4 && length == 512 + frames * 4);
	check((int16_t)le(data + 4 * 777 + 2, 2) == code_of(777, 1));
}

TEST(npy_is_npy)
{
	size_t length, frames = 5000;
	float volts;
	double time;
	char *bytes;

	check(write_file(&two, "npy", -5, frames));
	bytes = read_all(&length);
	check(memcmp(bytes, "\223NUMPY\1\0", 8) == 0 &&
	      le(bytes + 8, 2) + 10 == 1024);
	check(strstr(bytes + 10, "{'descr': [('time', '<f8'), ('INP1', '<f4'), ('INP3', '<f4')], 'fortran_order': False, 'shape': (5000,), }"));
	check(length == 1024 + frames * 16);
	memcpy(&time, bytes + 1024 + 16 * 4, 8);
	memcpy(&volts, bytes + 1024 + 16 * 4 + 8, 4);
	check(time == recording_time(&two, -1));
	check(lround(volts * 3276.7) == code_of(-1, 0));
}

/*
 * Return: what a program says of the file, which is '@' or the end of its
 * arguments; NULL: there is no such program.
 */
static char *ask_program(const char *program, const char *arguments)
{
	static char text[65536];
	char command[512];
	FILE *pipe;
	size_t n;

	snprintf(command, sizeof(command), "command -v %s >/dev/null", program);
	if (system(command) != 0)
		return NULL;
	n = strcspn(arguments, "@");
	snprintf(command, sizeof(command), "%s %.*s%s%s 2>&1", program, (int)n,
		 arguments, path, arguments[n] ? arguments + n + 1 : "");
	pipe = popen(command, "r");
	if (!pipe)
		abort();
	n = fread(text, 1, sizeof(text) - 1, pipe);
	text[n] = '\0';
	pclose(pipe);
	return text;
}

/* Frames that sigrok finds in the file; -1: it is not installed */
static long sigrok_frames(void)
{
	char *said = ask_program("sigrok-cli", "-i @ -O analog | grep -c '^INP1'");

	return said ? atol(said) : -1;
}

/* While it grows its directory is elsewhere: sigrok does not mind. */
TEST(srzip_is_valid_at_any_time)
{
	size_t frames = 0, rounds;
	struct writer w;
	char *said;
	long found;

	check(open_writer(&w, &two, "sr"));
	for (rounds = 0; rounds < 4; rounds++) {
		check(!put_some(&w, frames, 20000));
		frames += 20000;
		check(!writer_commit(&w));
		found = sigrok_frames();
		check(w.out.frames == frames);
		check(found == -1 || (size_t)found == frames);
	}
	/* beyond the space that it begins with */
	check(!put_some(&w, frames, 2500000) && !writer_close(&w));
	said = ask_program("/usr/bin/python3",
			   "-c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), sum(i.file_size for i in z.infolist() if i.filename.startswith(\"analog\")))' ");
	check(!said || strcmp(said, "None 20640000\n") == 0);
	if (!said || found == -1)
		unit_skip("no python3 or no sigrok-cli");
}

TEST(sigrok_opens_them)
{
	char *said;

	check(write_file(&two, "sr", 0, 1000));
	said = ask_program("sigrok-cli", "-O analog -i ");
	if (!said) {
		unit_skip("no sigrok-cli");
		return;
	}
	check(strstr(said, "INP1: ") && strstr(said, "INP3: "));
	check(strstr(said, "INP3: -7.25"));
	said = ask_program("sigrok-cli", "--show -i ");
	check(strstr(said, "44092"));
	check(write_file(&two, "vcd", 0, 1000));
	said = ask_program("sigrok-cli", "-I vcd -O csv -i ");
	check(strstr(said, "INP1_high,INP3_high") ||
	      strstr(said, "INP1_high, INP3_high"));
}

TEST(vcd_has_changes)
{
	struct recording rec = two;
	size_t length;
	char *bytes;

	rec.period = 10000;
	rec.rate = 100000;
	check(write_file(&rec, "vcd", -1, 3));
	bytes = read_all(&length);
	check(strstr(bytes, "$timescale 10 us $end\n"));
	check(strstr(bytes, "$var wire 1 a INP1_high $end\n$var real 64 A INP1 $end\n"));
	check(strstr(bytes, "#0\n1a\nr9.921873 A\n0b\nr-7.331767 B\n#1\n0a\nr-10.000000 A\nr-7.253334 B\n#2\nr-9.921567 A\n"));
}

TEST(flac_and_w64_by_others)
{
	char *said;

	if (!format_by_name("flac")) {
		unit_skip("built without libsndfile");
		return;
	}
	check(write_file(&two, "flac", 0, 10000));
	said = ask_program("flac", "-t -s ");
	check(!said || !*said);
	check(write_file(&two, "w64", 0, 10000));
	said = ask_program("soxi", "-s ");
	check(!said || strcmp(said, "10000\n") == 0);
}

/* kill -9, a second later: all that was committed is there. */
TEST(killed_files_are_valid)
{
	static const char *const suffixes[] = { "wav", "npy", "sr", "raw", "csv" };
	size_t i, length;
	long found;
	char *bytes;
	int status;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(suffixes); i++) {
		name_of(suffixes[i]);
		fflush(stdout);
		pid = fork();
		if (!pid) {
			struct writer w;

			if (open_writer(&w, &two, suffixes[i]) &&
			    !put_some(&w, 0, 300000) && !writer_commit(&w) &&
			    !put_some(&w, 300000, 300000))
				kill(getpid(), SIGKILL);
			_exit(1);
		}
		waitpid(pid, &status, 0);
		check(WIFSIGNALED(status));
		bytes = read_all(&length);
		if (strcmp(suffixes[i], "wav") == 0)
			check(le(bytes + 508, 4) == 1200000 &&
			      length >= 1200512);
		if (strcmp(suffixes[i], "npy") == 0)
			check(strstr(bytes + 10, "(300000,)") &&
			      length >= 1024 + 4800000);
		if (strcmp(suffixes[i], "sr") == 0) {
			found = sigrok_frames();
			check(found == -1 || found == 300000);
		}
	}
}

/* The file ends with the last whole frame, and the counter knows. */
TEST(full_disks_keep_what_is_there)
{
	struct rlimit limit, small;
	size_t i, length;
	struct writer w;
	char *bytes;
	long found;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	small = limit;
	small.rlim_cur = 1500001;
	for (i = 0; formats[i]; i++) {
		char suffix[32];

		snprintf(suffix, sizeof(suffix), "%.*s",
			 (int)strcspn(formats[i]->suffixes, ","),
			 formats[i]->suffixes);
		if (strcmp(suffix, "flac") == 0 || strcmp(suffix, "w64") == 0 ||
		    strcmp(suffix, "sr") == 0)
			continue;
		check(open_writer(&w, &two, suffix));
		setrlimit(RLIMIT_FSIZE, &small);
		check(put_some(&w, 0, 1000000) == -1 && errno == EFBIG);
		check(writer_close(&w) == -1);
		setrlimit(RLIMIT_FSIZE, &limit);
		bytes = read_all(&length);
		check(length <= 1500001 && length > 1400000);
		if (strcmp(suffix, "csv") == 0 || strcmp(suffix, "jsonl") == 0) {
			size_t lines = 0, k;

			for (k = 0; k < length; k++)
				lines += bytes[k] == '\n';
			check(bytes[length - 1] == '\n');
			check(lines == w.out.frames + (*bytes == 't'));
		} else if (strcmp(suffix, "wav") == 0) {
			check(length == 512 + w.out.frames * 4 &&
			      le(bytes + 508, 4) == w.out.frames * 4);
		} else if (strcmp(suffix, "npy") == 0) {
			check(length == 1024 + w.out.frames * 16);
		} else if (strcmp(suffix, "raw") == 0) {
			check(length == w.out.frames * 4);
		} else {
			check(bytes[length - 1] == '\n' && w.out.frames);
		}
	}
	/* blocks of FLAC are whole, or not there */
	if (format_by_name("flac")) {
		char *said;

		small.rlim_cur = 100001;
		check(open_writer(&w, &two, "flac"));
		setrlimit(RLIMIT_FSIZE, &small);
		check(put_some(&w, 0, 1000000) == -1 && errno == EFBIG);
		check(writer_close(&w) == -1);
		setrlimit(RLIMIT_FSIZE, &limit);
		said = ask_program("flac", "-t -s ");
		check(!said || strstr(said, "ok") || !strstr(said, "ERROR"));
		said = ask_program("sox", "@ -n stat 2>&1 | grep -o 'read: .*'");
		check(!said || (uint64_t)atol(said + strlen("read:")) == 2 * w.out.frames);
		check(w.out.frames > 4096);
	}
	/* sparse: sizes are not its measure, so a limit in front of its end */
	small.rlim_cur = (4 << 20) + (1 << 18);
	check(open_writer(&w, &two, "sr"));
	setrlimit(RLIMIT_FSIZE, &small);
	check(!put_some(&w, 0, 100000) && !writer_commit(&w));
	check(put_some(&w, 100000, 1200000) == -1);
	writer_close(&w);
	setrlimit(RLIMIT_FSIZE, &limit);
	found = sigrok_frames();
	/* as much of the last piece as there was room for */
	check(w.out.frames > 150000 && w.out.frames < 1300000);
	check(found == -1 || (uint64_t)found == w.out.frames);
}

TEST(existing_files_are_kept)
{
	struct writer w = { .rec = &two, .format = &csv_format };
	size_t length;

	check(write_file(&two, "csv", 0, 10));
	check(writer_open(&w, path, false) == -1 && errno == EEXIST);
	read_all(&length);
	check(length > 100);
	/* nothing has come: the old file stays, a new one goes */
	w = (struct writer){ .rec = &two, .format = &csv_format };
	check(!writer_open(&w, path, true) && !writer_close(&w));
	read_all(&length);
	check(length > 100);
	unlink(path);
	w = (struct writer){ .rec = &two, .format = &csv_format };
	check(!writer_open(&w, path, false) && !writer_close(&w));
	check(access(path, F_OK) == -1);
	w = (struct writer){ .rec = &two, .format = &srzip_format };
	check(writer_open(&w, "/dev/null", false) == -1 && errno == ESPIPE);
}

/* Of the C library, but with a disk that becomes full; -1: it does not */
static int writes_left = -1;

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
	if (!writes_left) {
		errno = ENOSPC;
		return -1;
	}
	writes_left -= writes_left > 0;
	return syscall(SYS_pwrite64, fd, bytes, length, at);
}

/* Also while the end of the archive is moved: its directory stays. */
TEST(srzip_survives_a_full_disk)
{
	struct writer w;
	long found;
	int n;

	for (n = 0; n < 5; n++) {
		check(open_writer(&w, &two, "sr"));
		check(!put_some(&w, 0, 100000) && !writer_commit(&w));
		writes_left = n;
		check(put_some(&w, 100000, 1200000) == -1 && errno == ENOSPC);
		writer_close(&w);
		writes_left = -1;
		found = sigrok_frames();
		check(w.out.frames == 100000);
		check(found == -1 || found == 100000);
	}
}

/* A sanitizer would end the program instead. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* What came before there was no memory is in the file. */
TEST(spool_without_memory)
{
	static int16_t codes[1000 * 2];
	struct spool spool;
	struct writer w;
	int i;

	check(open_writer(&w, &two, "csv") && !spool_start(&spool, &w));
	for (i = 0; i < 100; i++)
		check(spool_put(&spool, i * 1000, codes, 1000));
	/* as many bytes as no machine has */
	check(!spool_put(&spool, i * 1000, codes, SIZE_MAX / 8));
	check(spool_finish(&spool) == -1 && errno == ENOMEM);
	check(w.out.frames == 100000);
}

/* How fast it is, to a file on tmpfs; of no consequence but for the eye */
TEST(the_spool_is_fast)
{
	static int16_t codes[65536];
	struct timespec begin, end;
	struct spool spool;
	struct writer w;
	size_t i, f;
	double s;

	for (f = 0; formats[f]; f++) {
		struct stat st;
		size_t pieces = formats[f]->timed ? 50 : 500;

		if (strcmp(formats[f]->name, "flac") == 0)
			continue;
		w = (struct writer){ .rec = &two, .format = formats[f] };
		snprintf(path, sizeof(path), "/dev/shm/skel-test-%d", getpid());
		check(!writer_open(&w, path, true));
		for (i = 0; i < 65536; i++)
			codes[i] = code_of(i / 2, i % 2);
		clock_gettime(CLOCK_MONOTONIC, &begin);
		check(!spool_start(&spool, &w));
		for (i = 0; i < pieces; i++) {
			check(spool_put(&spool, i * 32768, codes, 32768));
		}
		check(!spool_finish(&spool));
		clock_gettime(CLOCK_MONOTONIC, &end);
		s = end.tv_sec - begin.tv_sec +
		    (end.tv_nsec - begin.tv_nsec) / 1e9;
		check(!stat(path, &st) && w.out.frames == pieces * 32768);
		printf("# %s: %.0f MB/s of file, %.1f million frames/s\n",
		       formats[f]->name, st.st_size / s / 1e6,
		       w.out.frames / s / 1e6);
		unlink(path);
	}
}
