// SPDX-License-Identifier: GPL-2.0
/*
 * test-config.c - the configuration file, and the values of options
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "config.h"
#include "unit.h"

static struct config config;
static char error[CONFIG_ERROR_MAX];

static int parse_bytes(const char *text, size_t length)
{
	FILE *file = tmpfile();
	int ret;

	if (!file || fwrite(text, 1, length, file) != length)
		abort();
	rewind(file);
	error[0] = '\0';
	config_destroy(&config);
	check(!config_init(&config));
	ret = config_parse(&config, file, "x.conf", error);
	fclose(file);
	return ret;
}

static int parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

TEST(config_has_defaults)
{
	check(!config_init(&config));
	check(strcmp(config.device, "/dev/skel-ucard") == 0);
	check(strcmp(config.name, "skel_lab") == 0);
	check(strcmp(config.serial, "0") == 0);
	check(config.memory == 1 << 20 && config.seed == 1);
	check(config.command_time == 1000000 && !config.virtual_time);
	check(!config.directory && config.log_level == LOG_INFO);
	check(!config.listen && !config.no_card);
	check(!config_check(&config, error));
}

TEST(config_takes_all_keys)
{
	check(!parse("# a comment\n"
		     "; another one\n"
		     "\n"
		     "device = /dev/other\r\n"
		     "name=my_lab\n"
		     "\tserial =\tA-1.2\x20\n"
		     "directory = /usr/../tmp\n"
		     "memory = 64K\n"
		     "seed = 0xffffffffffffffff\n"
		     "command-time = 20 us\n"
		     "virtual-time = yes\n"
		     "listen = [::1]:5025\n"
		     "no-card = yes\n"
		     "log-level = debug"));	/* no newline at the end */
	check(strcmp(config.device, "/dev/other") == 0);
	check(strcmp(config.name, "my_lab") == 0);
	check(strcmp(config.serial, "A-1.2") == 0);
	check(strcmp(config.directory, "/tmp") == 0);
	check(config.memory == 65536 && config.seed == UINT64_MAX);
	check(config.command_time == 20000 && config.virtual_time);
	check(config.log_level == LOG_DEBUG);
	check(strcmp(config.listen, "[::1]:5025") == 0 && config.no_card);
	check(!config_check(&config, error));
}

TEST(config_fits_together)
{
	check(!parse("no-card = yes\n"));
	check(config_check(&config, error));
	check(strcmp(error, "no-card: nobody could use it without --listen ADDRESS") == 0);
	check(!parse("no-card = no\n") && !config_check(&config, error));
	check(parse("listen = lab.example:5025\n"));
	check(strcmp(error, "x.conf:1: listen: 'lab.example:5025' is not an address, such as "
		     "127.0.0.1:5025, [::1]:5025, localhost:5025 or 5025") == 0);
}

TEST(config_takes_commands)
{
	check(!parse("command = INPut1:FREQuency 1 kHz\n"
		     "\n"
		     "command=PROG:DEF 'a=1'\n"));
	check(config.command_count == 2);
	check(strcmp(config.commands[0].text, "INPut1:FREQuency 1 kHz") == 0);
	check(config.commands[0].line == 1);
	check(strcmp(config.commands[1].text, "PROG:DEF 'a=1'") == 0);
	check(config.commands[1].line == 3);
}

TEST(config_takes_times_and_sizes)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} times[] = {
		{ "0", 0 }, { "1", 1000000000 }, { "0.5 s", 500000000 },
		{ "1ms", 1000000 }, { "1.5 MS", 1500000 }, { "10 ns", 10 },
		{ "60", 60000000000 }, { "1e-3", 1000000 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		check(!config_set(&config, "command-time", times[i].text,
				  error));
		check(config.command_time == times[i].ns);
	}
	check(!config_set(&config, "memory", "0x1000", error));
	check(config.memory == 4096);
	check(!config_set(&config, "memory", "1024m", error));
	check(config.memory == 1 << 30);
	check(!config_set(&config, "memory", "1G", error));
	check(config.memory == 1 << 30);
	check(!config_set(&config, "memory", "1", error));
	check(config.memory == 1);
	check(!config_set(&config, "virtual-time", NULL, error));
	check(config.virtual_time);
	check(!config_set(&config, "virtual-time", "OFF", error));
	check(!config.virtual_time);
}

TEST(config_refuses_bad_values)
{
	static const char * const bad[][2] = {
		{ "device", "" }, { "device", "skel" },
		{ "name", "" }, { "name", "a b" }, { "name", "a,b" },
		{ "name", "\303\244" }, { "name", "a\tb" },
		{ "name", "12345678901234567890123456789012" },
		{ "serial", "\"" }, { "serial", ";" },
		{ "directory", "/no/where" }, { "directory", "" },
		{ "directory", "/etc/passwd" }, { "memory", "2G" },
		{ "memory", "" }, { "memory", "0" }, { "memory", "-1" },
		{ "memory", "1.5M" }, { "memory", "1 X" }, { "memory", "1KB" },
		{ "memory", "1025M" }, { "memory", "0x100000000001M" },
		{ "memory", "18446744073709551616" }, { "memory", "M" },
		{ "seed", "" }, { "seed", "x" }, { "seed", "1x" },
		{ "seed", "-1" }, { "seed", " 1" },
		{ "seed", "18446744073709551616" },
		{ "command-time", "" }, { "command-time", "ms" },
		{ "command-time", "-1 ms" }, { "command-time", "1 Hz" },
		{ "command-time", "61" }, { "command-time", "nan" },
		{ "command-time", "inf" }, { "command-time", "1 ms x" },
		{ "virtual-time", "" }, { "virtual-time", "maybe" },
		{ "virtual-time", "2" }, { "log-level", "" },
		{ "log-level", "loud" }, { "log-level", "7" },
	};
	static const char *const sizes[] = {
		"4M", "4m", "4 MiB", "4Mi", "4096K", "4194304", "4194304 B",
	};
	struct config before;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		before = config;
		error[0] = '\0';
		check(config_set(&config, bad[i][0], bad[i][1], error) == -1);
		check(strstr(error, bad[i][0]) == error);
		if (memcmp(&before, &config, sizeof(config))) {
			printf("# %s = %s is accepted\n", bad[i][0], bad[i][1]);
			check(!"a bad value changes nothing");
		}
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		check(!config_set(&config, "memory", sizes[i], error));
		check(config.memory == 4 << 20);
	}
	check(config_set(&config, "colour", "red", error) == -1);
	check(strcmp(error, "unknown key 'colour'") == 0);
	check(config_set(&config, "command", "*RST", error) == -1);
}

TEST(config_names_file_and_line)
{
	check(parse("\n\nseed = x\n") == -1);
	check(strcmp(error, "x.conf:3: seed: 'x' is not a whole number of 64 bits") == 0);
	check(parse("seed = 1\nnonsense\n") == -1);
	check(strcmp(error, "x.conf:2: 'nonsense': no '='") == 0);
	check(parse("[lab]\n") == -1);
	check(parse("= 1\n") == -1);
	check(parse("command =\n") == -1);
	check(strstr(error, "x.conf:1: command: ") == error);
	check(config_read(&config, "/nowhere/x.conf", error) == -1);
	check(strcmp(error, "/nowhere/x.conf: No such file or directory") == 0);
	check(config_read(&config, "/", error) == -1);
}

TEST(config_is_bounded)
{
	static char text[200 * 1000];
	size_t i, length = 0;

	memset(text, 'x', CONFIG_LINE_MAX);
	text[CONFIG_LINE_MAX] = '\0';
	check(parse(text) == -1);
	check(strstr(error, "x.conf:1: longer than") == error);
	check(parse_bytes("seed = 1\n\0seed = 2\nseed = 3\n", 28) == -1);
	check(strstr(error, "x.conf:2: ") == error);

	memset(text, 'x', 1050);
	memcpy(text, "command = ", 10);
	text[1050] = '\0';
	check(parse(text) == -1);
	for (i = 0; i <= CONFIG_COMMANDS_MAX; i++)
		length += sprintf(text + length, "command = *RST\n");
	check(parse(text) == -1);
	check(strstr(error, "x.conf:1001: command: more than") == error);
	check(parse_bytes(text, length - 15) == 0);
	check(config.command_count == CONFIG_COMMANDS_MAX);
}
