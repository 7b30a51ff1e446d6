// SPDX-License-Identifier: GPL-2.0
/*
 * mmap.c - mappings of buffers and of card memory
 *
 * Both are windows of page frames behind a range of file offsets, as /dev/mem
 * is; one helper maps them. Why nothing here takes a reference, and why there is
 * no fault handler, is told in skel.h.
 */

#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>

#include "skel.h"

/* What lies behind a file offset. */
struct skel_window {
	u64 offset;
	u64 length;
	struct page *page;		/* of its first byte */
	bool readonly;
};

/*
 * The window that contains all of [offset, offset + length). @mm is who asks,
 * NULL for a debugger that has attached to the one who may.
 */
static int skel_window_find(struct skel_chan *chan, u64 offset, u64 length,
			    const struct mm_struct *mm,
			    struct skel_window *window)
{
	struct skel_card *card = chan->card;
	struct skel_buf *buf;

	lockdep_assert_held(&card->mutex);

	buf = skel_buf_find(chan, offset);
	if (buf) {
		/* Dead or hidden, it is as good as not there. */
		if (READ_ONCE(buf->state) != SKEL_BUF_LIVE)
			return -ENXIO;
		if (mm && mm != buf->mm)
			return -EPERM;
		*window = (struct skel_window) {
			.offset = buf->range.addr,
			.length = buf->range.length,
			.page = buf->page,
		};
	} else if (card->ram) {
		*window = (struct skel_window) {
			.length = card->desc.memory,
			.page = virt_to_page(card->ram),
			.readonly = card->desc.readonly,
		};
	} else {
		return -ENXIO;
	}

	if (!skel_range_inside(offset, length, window->offset, window->length))
		return -ENXIO;
	return 0;
}

#ifdef CONFIG_HAVE_IOREMAP_PROT
/* ptrace() and /proc/pid/mem: a debugger reads and writes a mapped buffer. */
static int skel_vma_access(struct vm_area_struct *vma, unsigned long addr,
			   void *buf, int len, int write)
{
	struct skel_chan *chan = vma->vm_file->private_data;
	u64 offset = ((u64)vma->vm_pgoff << PAGE_SHIFT) + (addr - vma->vm_start);
	struct skel_window window;
	struct page *page;
	int ret;

	len = min_t(unsigned long, len, vma->vm_end - addr);
	len = min_t(unsigned long, len, PAGE_SIZE - offset_in_page(offset));
	if (write && !(vma->vm_flags & VM_WRITE))
		return -EACCES;

	guard(mutex)(&chan->card->mutex);
	ret = skel_window_find(chan, offset, len, NULL, &window);
	if (ret)
		return ret;

	page = window.page + ((offset - window.offset) >> PAGE_SHIFT);
	if (write)
		memcpy_to_page(page, offset_in_page(offset), buf, len);
	else
		memcpy_from_page(buf, page, offset_in_page(offset), len);
	return len;
}
#endif

static const struct vm_operations_struct skel_vm_ops = {
#ifdef CONFIG_HAVE_IOREMAP_PROT
	.access = skel_vma_access,
#endif
};

/*
 * Map the part of a window that the area asks for. Memory is mapped as the kernel
 * maps it: another cache mode would be an alias.
 */
static int skel_mmap_window(struct vm_area_desc *desc,
			    const struct skel_window *window)
{
	u64 offset = ((u64)desc->pgoff << PAGE_SHIFT) - window->offset;

	/* A private mapping would be a copy, and out of reach of the revocation. */
	if (!vma_desc_test(desc, VMA_MAYSHARE_BIT))
		return -EINVAL;
	if (vma_desc_test(desc, VMA_EXEC_BIT))
		return -EPERM;
	vma_desc_clear_flags(desc, VMA_MAYEXEC_BIT);
	if (window->readonly) {
		if (vma_desc_test(desc, VMA_WRITE_BIT))
			return -EACCES;
		vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	}

	/* A forked child has no business in a DMA buffer. */
	vma_desc_set_flags(desc, VMA_DONTCOPY_BIT);
	mmap_action_remap_full(desc, page_to_pfn(window->page) +
				     (offset >> PAGE_SHIFT));
	return 0;
}

int skel_mmap_prepare(struct vm_area_desc *desc)
{
	struct skel_chan *chan = desc->file->private_data;
	u64 offset = (u64)desc->pgoff << PAGE_SHIFT;
	struct skel_window window;
	int ret;

	guard(mutex)(&chan->card->mutex);

	if (chan->card->gone)
		return -ENODEV;
	ret = skel_window_find(chan, offset, vma_desc_size(desc), desc->mm,
			       &window);
	if (ret)
		return ret;
	desc->vm_ops = &skel_vm_ops;
	return skel_mmap_window(desc, &window);
}

/**
 * skel_card_mmap_prepare - let a program that plays the card map its memory
 * @card: a card whose memory is RAM (skel_card_desc.ram)
 * @desc: of a file of the backend that holds a reference of the card; offset 0
 *        is the first byte, skel_card_desc.readonly does not matter
 *
 * Context: file_operations.mmap_prepare.
 * Return: 0; -ENXIO if the area is not inside the memory, -EINVAL if it is not
 * shared, -EPERM if it is executable.
 */
int skel_card_mmap_prepare(struct skel_card *card, struct vm_area_desc *desc)
{
	const struct skel_window window = {
		.length = card->desc.memory,
		.page = virt_to_page(card->ram),
	};

	if (!skel_range_inside((u64)desc->pgoff << PAGE_SHIFT,
			       vma_desc_size(desc), 0, window.length))
		return -ENXIO;
	return skel_mmap_window(desc, &window);
}
EXPORT_SYMBOL_NS_GPL(skel_card_mmap_prepare, "SKEL");

/* Take a range of offsets out of all page tables. */
void skel_mmap_revoke(struct skel_card *card, u64 offset, u64 length)
{
	unmap_mapping_pages(card->anon->f_mapping, offset >> PAGE_SHIFT,
			    length >> PAGE_SHIFT, true);
}
