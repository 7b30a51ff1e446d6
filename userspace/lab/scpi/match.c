// SPDX-License-Identifier: GPL-2.0
/*
 * match.c - headers: SCPI-99 volume 1, 6.2
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "scpi/internal.h"

/* All but lower case letters make the short form of a word. */
static bool is_short(char c)
{
	return c < 'a' || c > 'z';
}

bool scpi_match_word(const char *pattern, size_t pattern_length,
		     const char *word, size_t length)
{
	bool long_form = pattern_length == length, short_form = true;
	size_t i, j = 0;

	for (i = 0; i < pattern_length && (long_form || short_form); i++) {
		if (long_form && !scpi_same_letter(pattern[i], word[i]))
			long_form = false;
		if (!short_form || !is_short(pattern[i]))
			continue;
		if (j == length || !scpi_same_letter(pattern[i], word[j++]))
			short_form = false;
	}
	return length && (long_form || (short_form && j == length));
}

const char *scpi_next_node(const char *header, struct scpi_node *node)
{
	node->optional = false;
	for (; *header == ':' || *header == '[' || *header == ']'; header++)
		node->optional = *header == '[' ||
				 (*header == ':' && node->optional);
	node->name = header;
	node->length = strcspn(header, ":[]<");
	header += node->length;
	node->suffix = *header == '<';
	if (node->suffix)
		header += strcspn(header, ">") + 1;
	return header;
}

/* Split the digits off a node as sent, "INP12" */
static size_t split_suffix(const char *sent, size_t length,
			   unsigned int *suffix)
{
	size_t base = length, i;
	unsigned int value = 0;

	while (base && scpi_is_digit(sent[base - 1]))
		base--;
	for (i = base; i < length; i++)
		if (value < UINT_MAX / 10 - 1)
			value = value * 10 + sent[i] - '0';
	*suffix = base == length ? 1 : value;
	return base;
}

static bool match_node(const struct scpi_node *node, const char *sent,
		       size_t length, unsigned int *suffix)
{
	if (node->suffix)
		length = split_suffix(sent, length, suffix);
	return scpi_match_word(node->name, node->length, sent, length);
}

/*
 * Recurses for nodes in [] only; a header in the table has few of them.
 * @group: the first nodes of the header are enough.
 */
static bool match_nodes(const char *pattern, const char *sent, const char *end,
			bool group, unsigned int *suffix)
{
	struct scpi_node node;
	const char *after;

	for (;;) {
		pattern = scpi_next_node(pattern, &node);
		if (!node.length || (group && sent == end))
			return sent == end;
		after = memchr(sent, ':', end - sent);
		if (!after)
			after = end;
		if (match_node(&node, sent, after - sent, suffix)) {
			suffix += node.suffix;
			if (after < end)
				after++;
			if (!node.optional) {
				sent = after;
				continue;
			}
			if (match_nodes(pattern, after, end, group, suffix))
				return true;
			suffix -= node.suffix;
		} else if (!node.optional) {
			return false;
		}
		if (node.suffix)
			*suffix++ = 1;
	}
}

/* Does what was sent match, and with which suffixes (1 if not given)? */
static bool match_header(const char *pattern, const char *sent, size_t length,
			 unsigned int suffix[SCPI_SUFFIXES_MAX])
{
	size_t i;

	for (i = 0; i < SCPI_SUFFIXES_MAX; i++)
		suffix[i] = 1;
	return match_nodes(pattern, sent, sent + length, false, suffix);
}

bool scpi_match_group(const char *pattern, const char *sent, size_t length)
{
	unsigned int suffix[SCPI_SUFFIXES_MAX];

	return length && match_nodes(pattern, sent, sent + length, true, suffix);
}

static int check_suffixes(const struct scpi_call *call)
{
	const struct scpi_command *command = call->command;
	size_t i;

	for (i = 0; i < SCPI_SUFFIXES_MAX; i++) {
		if (!command->suffix_max[i])
			continue;
		if (call->suffix[i] < command->suffix_min[i] ||
		    call->suffix[i] > command->suffix_max[i])
			return SCPI_ERR_SUFFIX_RANGE;
	}
	return 0;
}

int scpi_find(const struct scpi_table *const *tables, size_t count,
	      const struct scpi_header *header, struct scpi_call *call)
{
	const struct scpi_command *command;
	size_t i, j;

	call->query = header->query;
	for (i = 0; i < count; i++) {
		for (j = 0; j < tables[i]->count; j++) {
			command = &tables[i]->commands[j];
			if (!(call->query ? command->query : command->set) ||
			    !match_header(command->header, header->text,
					  header->length, call->suffix))
				continue;
			call->command = command;
			return check_suffixes(call);
		}
	}
	return SCPI_ERR_UNDEFINED_HEADER;
}

void scpi_header_name(const struct scpi_command *command,
		      const unsigned int *suffix, bool query, char *name,
		      size_t size)
{
	const char *pattern = command->header;
	struct scpi_node node;
	size_t length = 0;

	for (;;) {
		pattern = scpi_next_node(pattern, &node);
		if (!node.length || length >= size)
			break;
		if (!node.optional) {
			length += snprintf(name + length, size - length,
					   "%s%.*s", length ? ":" : "",
					   (int)node.length, node.name);
			if (node.suffix && length < size)
				length += snprintf(name + length, size - length,
						   suffix ? "%u" : "<n>",
						   suffix ? *suffix : 0);
		}
		if (node.suffix && suffix)
			suffix++;
	}
	if (query && length < size)
		snprintf(name + length, size - length, "?");
}
