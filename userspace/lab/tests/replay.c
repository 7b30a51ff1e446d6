// SPDX-License-Identifier: GPL-2.0
/*
 * replay.c - a fuzzer without libFuzzer: the arguments are files
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz.h"

#define INPUT_MAX	65536

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		uint8_t *data = malloc(INPUT_MAX);
		FILE *file = fopen(argv[i], "rb");
		size_t size;

		if (!data || !file) {
			perror(argv[i]);
			return 1;
		}
		size = fread(data, 1, INPUT_MAX, file);
		fclose(file);
		fuzz_input(data, size);
		free(data);
	}
	printf("%d files replayed\n", argc - 1);
	return 0;
}
