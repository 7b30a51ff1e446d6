/* SPDX-License-Identifier: GPL-2.0 */
/*
 * config.h - the configuration of the instrument
 *
 * The keys are long options of the program as well as words of the
 * configuration file:
 *
 *	# comment
 *	memory = 4M
 *	command = INPut1:FREQuency 1 kHz
 */
#ifndef _LAB_CONFIG_H
#define _LAB_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_LINE_MAX		2048
#define CONFIG_COMMANDS_MAX	1000

/* A command line of the file, and its line number */
struct config_command {
	char *text;
	unsigned int line;
};

struct config {
	char *device;		/* that creates cards */
	char *name;		/* model of the card */
	char *serial;		/* of *IDN? */
	char *directory;	/* of recordings, or NULL */
	char *listen;		/* address of the network, or NULL */
	bool no_card;		/* the network alone */
	uint64_t memory;	/* bytes */
	uint64_t seed;
	uint64_t command_time;	/* ns */
	bool virtual_time;
	int log_level;		/* of syslog(3) */
	struct config_command *commands;
	unsigned int command_count;
};

#define CONFIG_ERROR_MAX	256

/* Set the defaults. Return: 0, or -1: no memory. */
int config_init(struct config *config);
void config_destroy(struct config *config);
/*
 * Set one key. @value may be NULL for virtual-time and no-card: "yes".
 * Return: 0, or -1 with a message in @error, of at most CONFIG_ERROR_MAX bytes.
 */
int config_set(struct config *config, const char *key, const char *value,
	       char *error);
/*
 * Do the keys fit together? Once all are set.
 * Return: 0, or -1 with a message in @error.
 */
int config_check(const struct config *config, char *error);
/* Read a file; messages name @path and the line. */
int config_read(struct config *config, const char *path, char *error);
int config_parse(struct config *config, FILE *file, const char *path,
		 char *error);

#endif /* _LAB_CONFIG_H */
