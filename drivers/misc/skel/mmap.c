// SPDX-License-Identifier: GPL-2.0
/*
 * mmap.c - mappings of buffers and of the card's regions
 *
 * All are windows of page frames behind a range of file offsets, like /dev/mem.
 * Why nothing here takes a reference, and when page tables are filled, is
 * documented in core.h.
 */

#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/security.h>
#include <linux/sizes.h>

#include "core.h"

/*
 * Larger mappings of buffers are filled on demand, in blocks. Page tables of many
 * gigabytes would be many, and mmap() would take long.
 */
#define SKEL_FILL_MAX	SZ_64M
#define SKEL_FILL_BLOCK	SZ_2M

/* What lies behind a file offset. */
struct skel_window {
	u64 offset;
	u64 length;
	const struct skel_buf *buf;	/* NULL: a region */
	unsigned long pfn;		/* of a region's first byte */
	unsigned long generation;	/* of a buffer; 0: a region */
	u32 flags;			/* SKEL_REGION_* */
};

/* The page frame behind an offset; *@length is cut to what follows it in memory. */
static unsigned long skel_window_pfn(const struct skel_window *window,
				     u64 offset, u64 *length)
{
	phys_addr_t phys;

	offset -= window->offset;
	if (!window->buf)
		return window->pfn + (offset >> PAGE_SHIFT);
	*length = skel_buf_piece(window->buf, offset, *length, &phys);
	return PHYS_PFN(phys);
}

static int skel_window_buf(const struct skel_buf *buf,
			   struct skel_window *window)
{
	if (READ_ONCE(buf->dead))
		return -ENXIO;
	*window = (struct skel_window) {
		.offset = buf->range.addr,
		.length = buf->range.length,
		.buf = buf,
		.generation = buf->generation,
		.flags = SKEL_REGION_RAM,
	};
	return 0;
}

static int skel_window_region(const struct skel_card *card,
			      const struct skel_region *region,
			      struct skel_window *window)
{
	/* RAM lives as long as the file. */
	if (card->gone && !(region->flags & SKEL_REGION_RAM))
		return -ENODEV;
	*window = (struct skel_window) {
		.offset = region->offset,
		.length = region->length,
		.pfn = PHYS_PFN(region->start),
		.flags = region->flags,
	};
	return 0;
}

/* Find the window that contains all of [offset, offset + length). */
static int skel_window_find(struct skel_chan *chan, u64 offset, u64 length,
			    struct skel_window *window)
{
	const struct skel_region *region;
	struct skel_buf *buf;
	int ret = -ENXIO;

	lockdep_assert_held(&chan->card->mutex);

	buf = skel_buf_find(chan, offset);
	region = skel_region_find(chan->card, offset);
	if (buf)
		ret = skel_window_buf(buf, window);
	else if (region)
		ret = skel_window_region(chan->card, region, window);
	if (ret)
		return ret;
	if (!skel_range_inside(offset, length, window->offset, window->length))
		return -ENXIO;
	return 0;
}

/*
 * The window behind a part of an area: that of the buffer which the area was
 * mapped for, not of one that has been given the same host address since.
 */
static int skel_vma_window(const struct vm_area_struct *vma, u64 offset,
			   u64 length, struct skel_window *window)
{
	int ret = skel_window_find(vma->vm_file->private_data, offset, length,
				   window);

	if (ret)
		return ret;
	return window->generation == (unsigned long)vma->vm_private_data ?
	       0 : -ENXIO;
}

/*
 * Fill page tables with memory. mmap() holds the mmap_lock for writing, and
 * skel_revoke() can already find the area: either it comes later and empties the
 * area again, or its reason is seen here.
 */
static int skel_vma_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
			   const struct file *file, void **private_data)
{
	struct vm_area_struct *vma = vma_lookup(current->mm, start);
	struct skel_chan *chan = file->private_data;
	u64 offset = (u64)pgoff << PAGE_SHIFT;
	struct skel_window window;
	int ret;

	/* Another file system maps in its own name, out of reach of skel_revoke(). */
	if (!vma || vma->vm_file != file)
		return -ENODEV;
	guard(mutex)(&chan->card->mutex);
	if (chan->card->gone)
		return -ENODEV;
	ret = skel_vma_window(vma, offset, end - start, &window);
	if (ret)
		return ret;
	if (window.buf && end - start > SKEL_FILL_MAX)
		return 0;
	for (u64 n; start < end; start += n, offset += n) {
		unsigned long pfn;

		n = end - start;
		pfn = skel_window_pfn(&window, offset, &n);
		ret = remap_pfn_range(vma, start, pfn, n, vma->vm_page_prot);
		if (ret)
			return ret;
	}
	return 0;
}

#ifdef CONFIG_HAVE_IOREMAP_PROT
/* Let a debugger read and write mapped memory: ptrace(), /proc/pid/mem. */
static int skel_vma_access(struct vm_area_struct *vma, unsigned long addr,
			   void *buf, int len, int write)
{
	struct skel_chan *chan = vma->vm_file->private_data;
	u64 offset = ((u64)vma->vm_pgoff << PAGE_SHIFT) + (addr - vma->vm_start);
	struct skel_window window;
	struct page *page;
	u64 n;
	int ret;

	len = min_t(unsigned long, len, vma->vm_end - addr);
	len = min_t(unsigned long, len, PAGE_SIZE - offset_in_page(offset));
	if (write && !(vma->vm_flags & VM_WRITE))
		return -EACCES;

	guard(mutex)(&chan->card->mutex);
	ret = skel_vma_window(vma, offset, len, &window);
	if (ret)
		return ret;

	n = len;
	page = pfn_to_page(skel_window_pfn(&window, offset, &n));
	if (write)
		memcpy_to_page(page, offset_in_page(offset), buf, len);
	else
		memcpy_from_page(buf, page, offset_in_page(offset), len);
	return len;
}
#endif

/* Fill page tables with the part of a buffer around the address. */
static vm_fault_t skel_vma_fill_block(struct vm_fault *vmf,
				      const struct skel_window *window)
{
	unsigned long block = ALIGN_DOWN(vmf->address, SKEL_FILL_BLOCK);
	struct vm_area_struct *vma = vmf->vma;
	unsigned long addr = max(block, vma->vm_start);
	unsigned long end = min(block + SKEL_FILL_BLOCK - 1, vma->vm_end - 1);
	u64 offset = ((u64)vma->vm_pgoff << PAGE_SHIFT) + (addr - vma->vm_start);
	vm_fault_t ret = VM_FAULT_NOPAGE;

	for (; ret == VM_FAULT_NOPAGE && addr < end;
	     addr += PAGE_SIZE, offset += PAGE_SIZE) {
		u64 n = PAGE_SIZE;

		ret = vmf_insert_pfn(vma, addr, skel_window_pfn(window, offset,
								&n));
	}
	return ret;
}

/*
 * Fill page tables with I/O memory and with large buffers; and with what a part of
 * an unmapped 2 MiB entry has left.
 */
static vm_fault_t skel_vma_fault(struct vm_fault *vmf)
{
	struct skel_chan *chan = vmf->vma->vm_file->private_data;
	u64 offset = (u64)vmf->pgoff << PAGE_SHIFT;
	struct skel_window window;
	u64 n = PAGE_SIZE;

	guard(mutex)(&chan->card->mutex);
	if (skel_vma_window(vmf->vma, offset, n, &window))
		return VM_FAULT_SIGBUS;
	if (window.buf)
		return skel_vma_fill_block(vmf, &window);
	return vmf_insert_pfn(vmf->vma, vmf->address,
			      skel_window_pfn(&window, offset, &n));
}

#ifdef CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP
/* The same by one entry for the whole block, if its pages allow it. */
static vm_fault_t skel_vma_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct skel_chan *chan = vma->vm_file->private_data;
	unsigned long start = ALIGN_DOWN(vmf->address, PMD_SIZE);
	struct skel_window window;
	u64 offset, n = PMD_SIZE;
	unsigned long pfn;

	if (order != PMD_ORDER || start < vma->vm_start ||
	    vma->vm_end - start < PMD_SIZE)
		return VM_FAULT_FALLBACK;
	offset = ((u64)vma->vm_pgoff << PAGE_SHIFT) + (start - vma->vm_start);

	guard(mutex)(&chan->card->mutex);
	if (skel_vma_window(vma, offset, n, &window))
		return VM_FAULT_SIGBUS;
	if (!window.buf)
		return VM_FAULT_FALLBACK;
	pfn = skel_window_pfn(&window, offset, &n);
	if (n < PMD_SIZE || !IS_ALIGNED(pfn, 1UL << PMD_ORDER))
		return VM_FAULT_FALLBACK;
	return vmf_insert_pfn_pmd(vmf, pfn, vmf->flags & FAULT_FLAG_WRITE);
}
#endif

static const struct vm_operations_struct skel_vm_ops = {
	.mapped = skel_vma_mapped,
	.fault = skel_vma_fault,
#ifdef CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP
	.huge_fault = skel_vma_huge_fault,
#endif
#ifdef CONFIG_HAVE_IOREMAP_PROT
	.access = skel_vma_access,
#endif
};

/* No .access: a debugger that dumps memory would read registers. */
static const struct vm_operations_struct skel_io_vm_ops = {
	.fault = skel_vma_fault,
};

/* What all mappings have in common. */
static int skel_mmap_shared(struct vm_area_desc *desc, u32 flags)
{
	/* A private mapping would be a copy, out of reach of skel_revoke(). */
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

/* Memory is mapped in the kernel's cache mode: another one would be an alias. */
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

	/* As ioremap_wc() and ioremap() do. */
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
	ret = skel_window_find(chan, offset, vma_desc_size(desc), &window);
	if (ret)
		return ret;
	if (!(window.flags & SKEL_REGION_RAM))
		return skel_mmap_io(desc, window.flags);
	return skel_mmap_ram(desc, &window);
}

/**
 * skel_card_mmap_prepare - let a program that plays the card map its memory
 * @card: a card whose memory is RAM (skel_card_desc.ram)
 * @desc: of a file of the backend that holds a reference to the card; offset 0
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
