// SPDX-License-Identifier: GPL-2.0
/*
 * mmap.c - mappings of buffers and of the card's regions
 *
 * All are windows of page frames behind a range of file offsets, as /dev/mem is.
 * Why nothing here takes a reference, and when page tables are filled, is
 * documented in skel.h.
 */

#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/security.h>
#include <linux/vmalloc.h>

#include "skel.h"

/* What lies behind a file offset. */
struct skel_window {
	u64 offset;
	u64 length;
	unsigned long pfn;		/* of its first byte */
	void *saved;			/* memory of a card that is gone */
	unsigned long generation;	/* of a buffer; 0: a region */
	u32 flags;			/* SKEL_REGION_* */
};

static unsigned long skel_window_pfn(const struct skel_window *window,
				     u64 offset)
{
	if (window->saved)
		return vmalloc_to_pfn(window->saved + (offset - window->offset));
	return window->pfn + ((offset - window->offset) >> PAGE_SHIFT);
}

/*
 * The window that contains all of [offset, offset + length). A buffer can be
 * mapped into one address space only, which @mm must be.
 */
static int skel_window_find(struct skel_chan *chan, u64 offset, u64 length,
			    const struct mm_struct *mm,
			    struct skel_window *window)
{
	struct skel_card *card = chan->card;
	const struct skel_region *region;
	struct skel_buf *buf;

	lockdep_assert_held(&card->mutex);

	buf = skel_buf_find(chan, offset);
	region = skel_region_find(card, offset);
	if (buf) {
		/* Dead or hidden, it is as good as not there. */
		if (READ_ONCE(buf->state) != SKEL_BUF_LIVE)
			return -ENXIO;
		if (mm != buf->mm)
			return -EPERM;
		/* The card is gone, and there was no memory to save it. */
		if (!buf->page && !buf->saved)
			return -ENXIO;
		*window = (struct skel_window) {
			.offset = buf->range.addr,
			.length = buf->range.length,
			.pfn = buf->page ? page_to_pfn(buf->page) : 0,
			.saved = buf->saved,
			.generation = buf->generation,
			.flags = SKEL_REGION_RAM,
		};
	} else if (region) {
		/* RAM lives as long as the file. */
		if (card->gone && !(region->flags & SKEL_REGION_RAM))
			return -ENODEV;
		*window = (struct skel_window) {
			.offset = region->offset,
			.length = region->length,
			.pfn = PHYS_PFN(region->start),
			.flags = region->flags,
		};
	} else {
		return -ENXIO;
	}

	if (!skel_range_inside(offset, length, window->offset, window->length))
		return -ENXIO;
	return 0;
}

/*
 * The window behind a part of an area: of the very buffer that the area has
 * mapped, not of one that has got the same host address since.
 */
static int skel_vma_window(const struct vm_area_struct *vma, u64 offset,
			   u64 length, struct skel_window *window)
{
	int ret = skel_window_find(vma->vm_file->private_data, offset, length,
				   vma->vm_mm, window);

	if (ret)
		return ret;
	return window->generation == (unsigned long)vma->vm_private_data ?
	       0 : -ENXIO;
}

/*
 * Fill page tables with memory. mmap() holds the mmap_lock for writing, and the
 * area is where skel_mmap_revoke() finds it: either that comes later and empties
 * it again, or what it is called for is seen here.
 */
static int skel_vma_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
			   const struct file *file, void **private_data)
{
	struct vm_area_struct *vma = vma_lookup(current->mm, start);
	struct skel_chan *chan = file->private_data;
	u64 offset = (u64)pgoff << PAGE_SHIFT;
	struct skel_window window;
	int ret;

	/* Mapped by another file system in its name: out of reach of revocation. */
	if (!vma || vma->vm_file != file)
		return -ENODEV;
	guard(mutex)(&chan->card->mutex);
	if (chan->card->gone)
		return -ENODEV;
	ret = skel_vma_window(vma, offset, end - start, &window);
	if (ret)
		return ret;
	return remap_pfn_range(vma, start, skel_window_pfn(&window, offset),
			       end - start, vma->vm_page_prot);
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
	ret = skel_vma_window(vma, offset, len, &window);
	if (ret)
		return ret;

	page = pfn_to_page(skel_window_pfn(&window, offset));
	if (write)
		memcpy_to_page(page, offset_in_page(offset), buf, len);
	else
		memcpy_from_page(buf, page, offset_in_page(offset), len);
	return len;
}
#endif

/*
 * skel_vma_mapped() fills the page tables of memory, skel_mmap_revoke() empties
 * them for good. This fills those of I/O memory, and puts back what a card that
 * is gone has left of its buffers.
 */
static vm_fault_t skel_vma_fault(struct vm_fault *vmf)
{
	struct skel_chan *chan = vmf->vma->vm_file->private_data;
	u64 offset = (u64)vmf->pgoff << PAGE_SHIFT;
	struct skel_window window;

	guard(mutex)(&chan->card->mutex);
	if (skel_vma_window(vmf->vma, offset, PAGE_SIZE, &window) ||
	    (window.flags & SKEL_REGION_RAM && !window.saved))
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address,
			      skel_window_pfn(&window, offset));
}

static const struct vm_operations_struct skel_vm_ops = {
	.mapped = skel_vma_mapped,
	.fault = skel_vma_fault,
#ifdef CONFIG_HAVE_IOREMAP_PROT
	.access = skel_vma_access,
#endif
};

/* No .access: a debugger that lists memory would trigger registers. */
static const struct vm_operations_struct skel_io_vm_ops = {
	.fault = skel_vma_fault,
};

/* What all mappings have in common. */
static int skel_mmap_shared(struct vm_area_desc *desc, u32 flags)
{
	/* A private mapping would be a copy, and out of reach of the revocation. */
	if (!vma_desc_test(desc, VMA_MAYSHARE_BIT))
		return -EINVAL;
	if (vma_desc_test(desc, VMA_EXEC_BIT))
		return -EPERM;
	vma_desc_clear_flags(desc, VMA_MAYEXEC_BIT);
	if (flags & SKEL_REGION_READONLY) {
		if (vma_desc_test(desc, VMA_WRITE_BIT))
			return -EACCES;
		vma_desc_clear_flags(desc, VMA_MAYWRITE_BIT);
	}
	vma_desc_set_flags_mask(desc, VMA_REMAP_FLAGS);
	return 0;
}

/* Memory is mapped as the kernel maps it: another cache mode would be an alias. */
static int skel_mmap_ram(struct vm_area_desc *desc,
			 const struct skel_window *window)
{
	int ret = skel_mmap_shared(desc, window->flags);

	if (ret)
		return ret;
	/* A forked child has no business in a DMA buffer. */
	if (window->generation)
		vma_desc_set_flags(desc, VMA_DONTCOPY_BIT);
	desc->private_data = (void *)window->generation;
	desc->vm_ops = &skel_vm_ops;
	return 0;
}

static int skel_mmap_io(struct vm_area_desc *desc, u32 flags)
{
	int ret;

	if (flags & SKEL_REGION_RAWIO) {
		if (!capable(CAP_SYS_RAWIO))
			return -EPERM;
		ret = security_locked_down(LOCKDOWN_DEV_MEM);
		if (ret)
			return ret;
	}
	ret = skel_mmap_shared(desc, flags);
	if (ret)
		return ret;

	/* As ioremap_wc() and ioremap() map it. */
	desc->page_prot = flags & SKEL_REGION_WC ?
			  pgprot_writecombine(desc->page_prot) :
			  pgprot_device(desc->page_prot);
	desc->vm_ops = &skel_io_vm_ops;
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
	if (!(window.flags & SKEL_REGION_RAM))
		return skel_mmap_io(desc, window.flags);
	return skel_mmap_ram(desc, &window);
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
	int ret;

	if (!skel_range_inside((u64)desc->pgoff << PAGE_SHIFT,
			       vma_desc_size(desc), 0, card->desc.memory))
		return -ENXIO;
	ret = skel_mmap_shared(desc, SKEL_REGION_RAM);
	if (!ret)
		mmap_action_remap_full(desc, desc->pgoff +
				       PHYS_PFN(virt_to_phys(card->ram)));
	return ret;
}
EXPORT_SYMBOL_NS_GPL(skel_card_mmap_prepare, "SKEL");

/* Take a range of offsets out of all page tables. */
void skel_mmap_revoke(struct skel_card *card, u64 offset, u64 length)
{
	unmap_mapping_pages(card->anon->f_mapping, offset >> PAGE_SHIFT,
			    length >> PAGE_SHIFT, true);
}
