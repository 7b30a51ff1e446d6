// SPDX-License-Identifier: GPL-2.0
/*
 * grants.c - skel-bench: a request of a card on the bus, and its end
 *
 * For the card of skel_bench_card.ko, which asks and measures by itself; once it is
 * behind an IOMMU, and once it is not.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

void bench_grants(void)
{
	static const size_t sizes[] = { 4096, 65536, 1 << 20 };
	struct skel *skel = bench_open();
	char line[SKEL_LINE_MAX];
	unsigned long long request, end;
	struct skel_info info;
	const char *by;
	size_t i;

	if (skel_get_info(skel, &info))
		errx(1, "%s", skel_errmsg());
	if (strcmp(info.name, "skel-bench-card") != 0)
		errx(1, "%s is no card of skel_bench_card.ko", bench_device);
	by = info.caps & SKEL_CAP_ENFORCED ? "enforced" : "unenforced";
	bench_heading("Grants",
		      "A request of the card that is granted, and its end, in the driver alone.");
	bench_table();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *buffer = skel_malloc(skel, sizes[i], SKEL_ALLOC_TOHOST);

		if (!buffer)
			errx(1, "%s", skel_errmsg());
		if (skel_query(skel, line, sizeof(line), 10000, "GRANT %zu %llu", sizes[i],
			       (unsigned long long)skel_host_addr(skel, buffer)) < 0)
			errx(1, "%s", skel_errmsg());
		if (sscanf(line, "GRANTED %llu %llu", &request, &end) != 2)
			errx(1, "GRANT: %s", line);
		bench_time("request", by, sizes[i], request);
		bench_time("end", by, sizes[i], end);
		bench_time("grant", by, sizes[i], request + end);
		skel_free(skel, buffer);
	}
	skel_close(skel);
}
