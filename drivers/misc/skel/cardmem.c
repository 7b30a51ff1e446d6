// SPDX-License-Identifier: GPL-2.0
/*
 * cardmem.c - the memory of a card without hardware: ordinary RAM
 *
 * Bytes move between it and a buffer only by a grant, in skel_card_copy(). The
 * memory lives as long as the card, and the card as long as its files, so a
 * mapping never outlives it.
 */

#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched/user.h>

#include "core.h"

int skel_cardmem_alloc(struct skel_card *card)
{
	size_t size = PAGE_ALIGN(card->desc.memory);
	struct user_struct *user = current_user();
	void *ram;

	if (!size || size < card->desc.memory)
		return -EINVAL;
	if (skel_charge(user, size >> PAGE_SHIFT))
		return -ENOMEM;
	/* One piece: it is mapped as one range of page frames. */
	ram = alloc_pages_exact(size, GFP_KERNEL_ACCOUNT | __GFP_ZERO |
				      __GFP_NOWARN);
	if (!ram) {
		skel_uncharge(user, size >> PAGE_SHIFT);
		return -ENOMEM;
	}
	card->ram = ram;
	card->ram_user = get_uid(user);
	card->desc.memory = size;
	return 0;
}

void skel_cardmem_free(struct skel_card *card)
{
	if (!card->ram)
		return;
	free_pages_exact(card->ram, card->desc.memory);
	skel_uncharge(card->ram_user, card->desc.memory >> PAGE_SHIFT);
	free_uid(card->ram_user);
}

void *skel_card_memory(const struct skel_card *card)
{
	return card->ram;
}
EXPORT_SYMBOL_NS_GPL(skel_card_memory, "SKEL");

/* Copy between a buffer, which the caller has pinned, and the kernel's memory. */
void skel_buf_copy(const struct skel_buf *buf, u64 offset, void *bytes, u64 left,
		   enum skel_dir dir)
{
	while (left) {
		phys_addr_t phys;
		size_t n = skel_buf_piece(buf, offset, min(left, PAGE_SIZE -
						offset_in_page(offset)), &phys);
		struct page *page = phys_to_page(phys);

		if (dir == SKEL_TOHOST)
			memcpy_to_page(page, offset_in_page(offset), bytes, n);
		else
			memcpy_from_page(bytes, page, offset_in_page(offset), n);
		bytes += n;
		offset += n;
		left -= n;
	}
}

/* Move the bytes of a granted request. The caller has pinned the buffer. */
void skel_cardmem_copy(struct skel_card *card, const struct skel_buf *buf,
		       const struct skel_request *req)
{
	skel_buf_copy(buf, req->host_addr - buf->range.addr,
		      card->ram + req->card_addr, req->length, req->dir);
}
