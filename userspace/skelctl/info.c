// SPDX-License-Identifier: GPL-2.0
/*
 * info.c - skelctl info: what a card is, and the counters of this channel
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "inputs.h"
#include "skelctl.h"

/* Text of a number of bytes in the largest unit that divides it */
static const char *size_text(uint64_t bytes, char *text, size_t size)
{
	static const char * const units[] = { "B", "KiB", "MiB", "GiB" };
	int unit = 0;

	while (unit < 3 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, size, "%llu %s", (unsigned long long)bytes, units[unit]);
	return text;
}

static int bits_of(uint64_t mask)
{
	int bits = 0;

	for (; mask; mask >>= 1)
		bits++;
	return bits;
}

static void show_identity(struct skel *skel, const struct skel_info *info)
{
	char line[SKEL_LINE_MAX], size[32];

	printf("card           %s\n", info->name);
	/* no card has to know any of these commands */
	if (skel_query(skel, line, sizeof(line), ANSWER_MS, "*IDN?") >= 0 &&
	    strncmp(line, "ERROR", 5) != 0)
		printf("identity       %s\n", line);
	printf("channel        %u of %u\n", info->channel, info->channels);
	printf("transfers      %s, %u at once\n",
	       info->caps == SKEL_CAP_TOHOST ? "to the host" :
	       info->caps == SKEL_CAP_FROMHOST ? "from the host" :
	       "to and from the host", info->transfers);
	printf("DMA mask       0x%llx (%d bits)\n",
	       (unsigned long long)info->dma_mask, bits_of(info->dma_mask));
	printf("largest buffer %s\n",
	       size_text(info->buffer_max, size, sizeof(size)));
	printf("longest line   %u bytes\n", info->line_max);
}

static void show_regions(struct skel *skel, const struct skel_info *info)
{
	struct skel_region_info region;
	char size[32];
	unsigned int i;

	printf("\nregion  name              offset        size  kind\n");
	for (i = 0; i < info->regions; i++) {
		if (skel_get_region(skel, i, &region))
			err(EXIT_CARD, "region %u", i);
		printf("%6u  %-12s  0x%08llx  %10s  %s%s\n", i, region.name,
		       (unsigned long long)region.offset,
		       size_text(region.length, size, sizeof(size)),
		       region.flags & SKEL_REGION_RAM ? "RAM, cached" :
		       "I/O, uncached",
		       region.flags & SKEL_REGION_READONLY ? ", read only" : "");
	}
}

static void show_inputs(struct skel *skel)
{
	char line[SKEL_LINE_MAX], range[32];
	struct inputs in;
	int i;

	if (skel_query(skel, line, sizeof(line), ANSWER_MS, "INPUTS?") < 0 ||
	    parse_inputs(line, &in))
		return;
	printf("\nconverter  bits  full scale  generator\n");
	for (i = 0; i < in.count; i++) {
		const struct input *input = &in.input[i];

		snprintf(range, sizeof(range), "+-%g V", in.range / 1000.0);
		printf("%-9s  %4d  %10s  %s, %g Hz, %g V\n", input->name,
		       in.bits, range, input->shape, input->frequency / 1000.0,
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

static int info_main(int argc, char **argv)
{
	struct skel_info info;
	struct skel *skel;

	while (command_option(&info_command, argc, argv) != -1)
		;
	no_arguments(&info_command, argc, argv);

	skel = open_card();
	if (skel_get_info(skel, &info))
		err(EXIT_CARD, "%s", card_path());
	printf("device         %s\n", card_path());
	show_identity(skel, &info);
	show_regions(skel, &info);
	show_inputs(skel);
	if (skel_get_info(skel, &info))
		err(EXIT_CARD, "%s", card_path());
	show_counters(&info);
	skel_close(skel);
	return EXIT_SUCCESS;
}

const struct command info_command = {
	.name = "info",
	.summary = "show the card, its memory, converters and counters",
	.text = "Show the name and identity of the card, the channel that this program has been given and how many the card has, the highest bus address that its DMA reaches, the largest DMA buffer, the regions that programs can map, the converters, and the counters of the channel. They start at 0 when a program opens the card.",
	.main = info_main,
};
