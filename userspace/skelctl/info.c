// SPDX-License-Identifier: GPL-2.0
/*
 * info.c - skelctl info: what a card is, and the counters of this channel
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "guard.h"
#include "inputs.h"
#include "json.h"
#include "skelctl.h"
#include "text.h"

#define REGIONS_MAX	64

/* All that there is to know */
struct facts {
	struct skel_info info;
	struct skel_region_info region[REGIONS_MAX];
	unsigned int regions;
	enum guard guard;
	char identity[SKEL_LINE_MAX];	/* "": the card has none to tell */
	struct inputs inputs;		/* count 0: it has none to tell */
	const char *silent;		/* the query that it did not answer */
};

static int bits_of(uint64_t mask)
{
	int bits = 0;

	for (; mask; mask >>= 1)
		bits++;
	return bits;
}

/* One that is silent once is not asked again. Return: whether it has answered. */
static bool ask(struct skel *skel, struct facts *facts, const char *query,
		char *line)
{
	int answer = facts->silent ? 0 : ask_card(skel, query, line);

	if (answer < 0)
		facts->silent = query;
	return answer > 0;
}

static void get_info(struct skel *skel, struct facts *facts)
{
	if (!skel_get_info(skel, &facts->info))
		return;
	if (errno == ENODEV)
		card_gone();
	err(EXIT_CARD, "%s", card_path());
}

static void find_facts(struct skel *skel, struct facts *facts)
{
	char line[SKEL_LINE_MAX];
	unsigned int i;

	get_info(skel, facts);
	facts->regions = facts->info.regions < REGIONS_MAX ?
			 facts->info.regions : REGIONS_MAX;
	for (i = 0; i < facts->regions; i++) {
		if (skel_get_region(skel, i, &facts->region[i]))
			err(EXIT_CARD, "%s: region %u", card_path(), i);
	}
	facts->guard = find_guard(skel, &facts->info);
	if (ask(skel, facts, "*IDN?", line))
		snprintf(facts->identity, sizeof(facts->identity), "%s",
			 text_tame(line));
	if (ask(skel, facts, "INPUTS?", line) &&
	    parse_inputs(line, &facts->inputs))
		facts->inputs.count = 0;
	get_info(skel, facts);
}

static const char *transfers_text(const struct skel_info *info)
{
	switch (info->caps & (SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST)) {
	case SKEL_CAP_TOHOST:
		return "to the host";
	case SKEL_CAP_FROMHOST:
		return "from the host";
	case SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST:
		return "to and from the host";
	default:
		return "none";
	}
}

static const struct {
	const char *text, *json;
} guards[] = {
	[GUARD_NOBODY] = { "not enforced: the card can reach all memory; see skelctl doctor", "nobody" },
	[GUARD_KERNEL] = { "enforced: the kernel copies the bytes itself", "kernel" },
	[GUARD_IOMMU] = { "enforced by an IOMMU", "iommu" },
};

/* Who sees to it that the card does what it was granted, and nothing else */
static void show_guard(const struct facts *facts)
{
	uint32_t segments = facts->info.segments;

	printf("grants         %s\n", guards[facts->guard].text);
	if (segments == 1)
		printf("buffers        in one piece of memory\n");
	else if (!segments)
		printf("buffers        in pieces of memory\n");
	else
		printf("buffers        in pieces of memory, at most %u in a transfer\n",
		       segments);
}

static void show_identity(const struct facts *facts)
{
	const struct skel_info *info = &facts->info;
	char size[TEXT_SIZE_MAX];

	printf("device         %s\n", card_path());
	printf("card           %s\n", info->name);
	if (*facts->identity)
		printf("identity       %s\n", facts->identity);
	else if (facts->silent)
		printf("identity       not known, the card does not answer\n");
	printf("channel        %u of %u\n", info->channel, info->channels);
	printf("transfers      %s, %u at once\n", transfers_text(info),
	       info->transfers);
	printf("DMA mask       0x%llx (%d bits)\n",
	       (unsigned long long)info->dma_mask, bits_of(info->dma_mask));
	show_guard(facts);
	printf("largest buffer %s\n",
	       text_size(size, info->buffer_max));
	printf("longest line   %u bytes\n", info->line_max);
}

static void show_regions(const struct facts *facts)
{
	char size[TEXT_SIZE_MAX];
	unsigned int i;

	printf("\nregion  name              offset        size  kind\n");
	for (i = 0; i < facts->regions; i++) {
		const struct skel_region_info *region = &facts->region[i];

		printf("%6u  %-12s  0x%08llx  %10s  %s%s%s\n", i, region->name,
		       (unsigned long long)region->offset,
		       text_size(size, region->length),
		       region->flags & SKEL_REGION_RAM ? "RAM, cached" :
		       region->flags & SKEL_REGION_WC ? "I/O, write-combined" :
		       "I/O, uncached",
		       region->flags & SKEL_REGION_READONLY ? ", read only" : "",
		       region->flags & SKEL_REGION_RAWIO ?
		       ", for CAP_SYS_RAWIO" : "");
	}
}

static void show_inputs(const struct inputs *in)
{
	char name[16], range[32];
	int i;

	if (!in->count)
		return;
	printf("\ninput      bits  full scale  generator\n");
	for (i = 0; i < in->count; i++) {
		const struct input *input = &in->input[i];

		snprintf(range, sizeof(range), "+-%g V", in->range / 1000.0);
		input_label(input, name, sizeof(name));
		printf("%-9s  %4d  %10s  %s, %g Hz, %g V\n", name,
		       in->bits, range, input->shape, input->frequency / 1000.0,
		       input->amplitude / 1000.0);
	}
}

static void show_counters(const struct skel_info *info)
{
	printf("\nbuffers %u (%llu bytes), transfers running %u\n",
	       info->buffers, (unsigned long long)info->buffer_bytes,
	       info->pending);
	printf("requests granted %llu, refused %llu, failed %llu\n",
	       (unsigned long long)info->granted,
	       (unsigned long long)info->refused,
	       (unsigned long long)info->failed);
	printf("bytes to host %llu, from host %llu; reply lines lost %llu\n",
	       (unsigned long long)info->bytes_tohost,
	       (unsigned long long)info->bytes_fromhost,
	       (unsigned long long)info->replies_lost);
}

static void json_regions(struct json *json, const struct facts *facts)
{
	unsigned int i;

	json_open(json, "regions", '[');
	for (i = 0; i < facts->regions; i++) {
		const struct skel_region_info *region = &facts->region[i];

		json_open(json, NULL, '{');
		json_string(json, "name", region->name);
		json_number(json, "offset", region->offset);
		json_number(json, "length", region->length);
		json_bool(json, "ram", region->flags & SKEL_REGION_RAM);
		json_bool(json, "write_combined",
			  region->flags & SKEL_REGION_WC);
		json_bool(json, "read_only",
			  region->flags & SKEL_REGION_READONLY);
		json_bool(json, "needs_rawio",
			  region->flags & SKEL_REGION_RAWIO);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void json_inputs(struct json *json, const struct inputs *in)
{
	char name[16];
	int i;

	json_open(json, "inputs", '[');
	for (i = 0; i < in->count; i++) {
		json_open(json, NULL, '{');
		input_label(&in->input[i], name, sizeof(name));
		json_string(json, "name", name);
		json_number(json, "bits", in->bits);
		json_real(json, "full_scale_volts", in->range / 1000.0);
		json_string(json, "shape", in->input[i].shape);
		json_real(json, "hertz", in->input[i].frequency / 1000.0);
		json_real(json, "volts", in->input[i].amplitude / 1000.0);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void show_json(const struct facts *facts)
{
	const struct skel_info *info = &facts->info;
	struct json json = { .file = stdout };

	json_open(&json, NULL, '{');
	json_string(&json, "device", card_path());
	json_string(&json, "card", info->name);
	json_string(&json, "identity", *facts->identity ? facts->identity : NULL);
	json_bool(&json, "answers", !facts->silent);
	json_number(&json, "channel", info->channel);
	json_number(&json, "channels", info->channels);
	json_bool(&json, "tohost", info->caps & SKEL_CAP_TOHOST);
	json_bool(&json, "fromhost", info->caps & SKEL_CAP_FROMHOST);
	json_number(&json, "transfers", info->transfers);
	json_number(&json, "dma_mask", info->dma_mask);
	json_string(&json, "enforced_by", guards[facts->guard].json);
	json_number(&json, "segments", info->segments);
	json_number(&json, "buffer_max", info->buffer_max);
	json_number(&json, "line_max", info->line_max);
	json_regions(&json, facts);
	json_inputs(&json, &facts->inputs);
	json_open(&json, "counters", '{');
	json_number(&json, "buffers", info->buffers);
	json_number(&json, "buffer_bytes", info->buffer_bytes);
	json_number(&json, "pending", info->pending);
	json_number(&json, "granted", info->granted);
	json_number(&json, "refused", info->refused);
	json_number(&json, "failed", info->failed);
	json_number(&json, "bytes_tohost", info->bytes_tohost);
	json_number(&json, "bytes_fromhost", info->bytes_fromhost);
	json_number(&json, "replies_lost", info->replies_lost);
	json_close(&json, '}');
	json_close(&json, '}');
}

static int info_main(const struct command *command, int argc, char **argv)
{
	struct facts facts = { .silent = NULL };
	bool json = false;
	struct skel *skel;

	while (command_option(command, argc, argv) != -1)
		json = true;
	skel = open_card();
	find_facts(skel, &facts);
	skel_close(skel);
	if (json) {
		show_json(&facts);
	} else {
		show_identity(&facts);
		show_regions(&facts);
		show_inputs(&facts.inputs);
		show_counters(&facts.info);
	}
	if (!facts.silent)
		return EXIT_SUCCESS;
	warnx("%s: no answer to '%s' in %d ms, so what the card says about itself is missing; has it stopped, or the program that plays it?",
	      card_path(), facts.silent, ANSWER_MS);
	return EXIT_SILENT;
}

static const struct option_row options[] = {
	{ "json", 'j', NULL, NULL, "print JSON" },
	{ }
};

const struct command info_command = {
	.name = "info",
	.summary = "show the card, its memory, inputs and counters",
	.text = "Show the name and identity of the card, the channel that this program has been given and how many the card has, the highest bus address that its DMA reaches, who keeps it from memory that it was not granted (the kernel, an IOMMU, nobody), the largest DMA buffer and whether it has to be one piece of memory, the regions that programs can map, the inputs, and the counters of the channel. They start at 0 when a program opens the card.\n\n"
"Inputs are counted from 1, as in SCPI and on the connectors: INP1 is the one that the card's simple commands call 0.\n\n"
"What a card that does not answer would say about itself is missing; the exit status is 4 then.",
	.options = options,
	.main = info_main,
};
