// SPDX-License-Identifier: GPL-2.0
/*
 * config.c - the configuration file, and the values of options
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "config.h"
#include "core/lab.h"
#include "net/address.h"

#define NAME_MAX_LENGTH		31	/* SKEL_NAME_MAX without its NUL */
#define MEMORY_MAX		(UINT64_C(1) << 30)
#define COMMAND_TIME_MAX	(60 * LAB_SECOND)

__printf(2, 3)
static int fail(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, CONFIG_ERROR_MAX, format, args);
	va_end(args);
	return -1;
}

static int set_string(char **to, const char *value, char *error)
{
	char *copy = strdup(value);

	if (!copy)
		return fail(error, "no memory");
	free(*to);
	*to = copy;
	return 0;
}

/* A name becomes part of ASCII lines, where commas separate fields. */
static int set_name(char **to, const char *value, char *error)
{
	size_t i, length = strlen(value);

	if (!length || length > NAME_MAX_LENGTH)
		return fail(error, "'%.40s' does not have 1 to %d characters",
			    value, NAME_MAX_LENGTH);
	for (i = 0; i < length; i++) {
		unsigned char c = value[i];

		if (c >= 0x80 || !isgraph(c) || strchr(",;\"'", c))
			return fail(error, "'%s' has a character that is not allowed in a name",
				    value);
	}
	return set_string(to, value, error);
}

static int set_device(char **to, const char *value, char *error)
{
	if (value[0] != '/')
		return fail(error, "'%.80s' does not start with '/'", value);
	return set_string(to, value, error);
}

/* Missing now is missing later: better to learn it at the start. */
static int set_directory(char **to, const char *value, char *error)
{
	DIR *directory = opendir(value);
	char *path;

	if (!directory)
		return fail(error, "'%.80s': %s", value, strerror(errno));
	closedir(directory);
	path = realpath(value, NULL);
	if (!path)
		return fail(error, "'%.80s': %s", value, strerror(errno));
	free(*to);
	*to = path;
	return 0;
}

static int set_listen(char **to, const char *value, char *error)
{
	struct address address;

	if (address_parse(&address, value))
		return fail(error, "'%.60s' is not an address, such as "
			    ADDRESS_FORMS, value);
	return set_string(to, value, error);
}

/* A whole number, decimal or 0x. Return: what follows it; NULL: not a number. */
static const char *parse_number(const char *text, uint64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return NULL;
	errno = 0;
	*number = strtoull(text, &end, 0);
	return errno ? NULL : end;
}

static int set_number(uint64_t *to, const char *value, char *error)
{
	uint64_t number;
	const char *end = parse_number(value, &number);

	if (!end || *end)
		return fail(error, "'%.40s' is not a whole number of 64 bits",
			    value);
	*to = number;
	return 0;
}

/* K, Ki and KiB are the same. */
static int set_memory(uint64_t *to, const char *value, char *error)
{
	static const char prefixes[] = "KMG";
	const char *prefix = NULL, *end;
	uint64_t number, unit = 1;

	end = parse_number(value, &number);
	if (end)
		end += strspn(end, " ");
	if (end && *end)
		prefix = strchr(prefixes, toupper((unsigned char)*end));
	if (prefix) {
		unit <<= 10 * (prefix - prefixes + 1);
		end += 1 + (end[1] == 'i');
	}
	/* a KB could be 1000 bytes */
	if (!end || (*end && (strcmp(end, "B") != 0 || (prefix && end[-1] != 'i'))))
		return fail(error, "'%.40s' is not a size such as 65536, 64K, 1 MiB or 1G",
			    value);
	if (!number || number > MEMORY_MAX / unit)
		return fail(error, "'%.40s' is not 1 byte to 1G", value);
	*to = number * unit;
	return 0;
}

/* Seconds, or a number with a unit */
static int set_time(uint64_t *to, const char *value, char *error)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {
		{ "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 },
		{ "ns", 1 },
	};
	size_t i;
	double number;
	char *end;

	number = strtod(value, &end);
	for (i = 0; end != value && i < SCPI_ARRAY_SIZE(units); i++) {
		const char *unit = end + strspn(end, " \t");

		if (strcasecmp(unit, units[i].name) != 0)
			continue;
		number *= units[i].ns;
		/* false for NaN */
		if (!(number >= 0 && number <= COMMAND_TIME_MAX))
			return fail(error, "'%.40s' is not 0 to 60 s", value);
		*to = llround(number);
		return 0;
	}
	return fail(error, "'%.40s' is not a time such as 0.5, 1 ms or 20 us",
		    value);
}

static int set_bool(bool *to, const char *value, char *error)
{
	static const char * const words[] = {
		"no", "yes", "off", "on", "false", "true", "0", "1",
	};
	size_t i;

	for (i = 0; i < SCPI_ARRAY_SIZE(words); i++) {
		if (strcasecmp(value, words[i]) == 0) {
			*to = i % 2;
			return 0;
		}
	}
	return fail(error, "'%.40s' is not yes or no", value);
}

static int set_log_level(int *to, const char *value, char *error)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = {
		{ "error", LOG_ERR }, { "warning", LOG_WARNING },
		{ "info", LOG_INFO }, { "debug", LOG_DEBUG },
	};
	size_t i;

	for (i = 0; i < SCPI_ARRAY_SIZE(levels); i++) {
		if (strcasecmp(value, levels[i].name) == 0) {
			*to = levels[i].level;
			return 0;
		}
	}
	return fail(error, "'%.40s' is not error, warning, info or debug",
		    value);
}

int config_set(struct config *config, const char *key, const char *value,
	       char *error)
{
	char message[CONFIG_ERROR_MAX - 32];
	int ret;

	if (!value)
		value = "yes";
	if (strcmp(key, "device") == 0)
		ret = set_device(&config->device, value, message);
	else if (strcmp(key, "name") == 0)
		ret = set_name(&config->name, value, message);
	else if (strcmp(key, "serial") == 0)
		ret = set_name(&config->serial, value, message);
	else if (strcmp(key, "directory") == 0)
		ret = set_directory(&config->directory, value, message);
	else if (strcmp(key, "listen") == 0)
		ret = set_listen(&config->listen, value, message);
	else if (strcmp(key, "no-card") == 0)
		ret = set_bool(&config->no_card, value, message);
	else if (strcmp(key, "memory") == 0)
		ret = set_memory(&config->memory, value, message);
	else if (strcmp(key, "seed") == 0)
		ret = set_number(&config->seed, value, message);
	else if (strcmp(key, "command-time") == 0)
		ret = set_time(&config->command_time, value, message);
	else if (strcmp(key, "virtual-time") == 0)
		ret = set_bool(&config->virtual_time, value, message);
	else if (strcmp(key, "log-level") == 0)
		ret = set_log_level(&config->log_level, value, message);
	else
		return fail(error, "unknown key '%.40s'", key);
	return ret ? fail(error, "%s: %s", key, message) : 0;
}

static int add_command(struct config *config, const char *text,
		       unsigned int line, char *error)
{
	struct config_command *command;

	if (!*text || strlen(text) >= SCPI_LINE_MAX)
		return fail(error, "command: not 1 to %d bytes",
			    SCPI_LINE_MAX - 1);
	if (config->command_count == CONFIG_COMMANDS_MAX)
		return fail(error, "command: more than %d",
			    CONFIG_COMMANDS_MAX);
	command = realloc(config->commands, (config->command_count + 1) *
			  sizeof(*command));
	if (!command)
		return fail(error, "no memory");
	config->commands = command;
	command += config->command_count;
	command->line = line;
	command->text = strdup(text);
	if (!command->text)
		return fail(error, "no memory");
	config->command_count++;
	return 0;
}

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	length = strlen(text);
	while (length && strchr(" \t\r\n", text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

static int parse_line(struct config *config, char *text, unsigned int line,
		      char *error)
{
	char *value = strchr(text, '=');

	text = trim(text);
	if (!*text || *text == '#' || *text == ';')
		return 0;
	if (!value)
		return fail(error, "'%.40s': no '='", text);
	*value++ = '\0';
	text = trim(text);
	value = trim(value);
	if (strcmp(text, "command") == 0)
		return add_command(config, value, line, error);
	return config_set(config, text, value, error);
}

int config_parse(struct config *config, FILE *file, const char *path,
		 char *error)
{
	char text[CONFIG_LINE_MAX], message[CONFIG_ERROR_MAX];
	unsigned int line;

	for (line = 1; fgets(text, sizeof(text), file); line++) {
		size_t length = strlen(text);
		int ret;

		if ((!length || text[length - 1] != '\n') && !feof(file))
			ret = fail(message, "longer than %d bytes, or a NUL in it",
				   CONFIG_LINE_MAX - 2);
		else
			ret = parse_line(config, text, line, message);
		if (ret)
			return fail(error, "%.100s:%u: %.140s", path, line, message);
	}
	if (ferror(file))
		return fail(error, "%.100s: %s", path, strerror(errno));
	return 0;
}

int config_read(struct config *config, const char *path, char *error)
{
	FILE *file = fopen(path, "re");
	int ret;

	if (!file)
		return fail(error, "%.100s: %s", path, strerror(errno));
	ret = config_parse(config, file, path, error);
	fclose(file);
	return ret;
}

int config_check(const struct config *config, char *error)
{
	if (config->no_card && !config->listen)
		return fail(error, "no-card: nobody could use it without --listen ADDRESS");
	return 0;
}

int config_init(struct config *config)
{
	*config = (struct config){
		.device = strdup("/dev/skel-ucard"),
		.name = strdup("skel_lab"),
		.serial = strdup("0"),
		.memory = 1 << 20,
		.seed = 1,
		.command_time = LAB_SECOND / 1000,
		.log_level = LOG_INFO,
	};
	return config->device && config->name && config->serial ? 0 : -1;
}

void config_destroy(struct config *config)
{
	unsigned int i;

	for (i = 0; i < config->command_count; i++)
		free(config->commands[i].text);
	free(config->commands);
	free(config->device);
	free(config->name);
	free(config->serial);
	free(config->directory);
	free(config->listen);
}
