// SPDX-License-Identifier: GPL-2.0
/*
 * edu.c - QEMU's educational PCI device as a laboratory card
 *
 * A card with registers, MSI or INTx, and one bus-master DMA engine that all
 * channels share: a model for drivers of real cards. edu.h explains how it works.
 *
 * The edu device is made for courses, which bring drivers of their own. This
 * driver therefore claims no device by itself, and is not loaded for one. To let
 * it have all edu devices, present and future ones:
 *
 *   modprobe skel_edu
 *   echo 1234 11e8 >/sys/bus/pci/drivers/skel_edu/new_id
 *
 * or a single one, if no other driver has it:
 *
 *   echo skel_edu >/sys/bus/pci/devices/0000:00:04.0/driver_override
 *   echo 0000:00:04.0 >/sys/bus/pci/drivers_probe
 */

#include <linux/cleanup.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/sizes.h>

#include "edu.h"

/* Where the registers are in the card's file; offset 0 is for card memory. */
#define EDU_REGISTERS_OFFSET	SZ_16M

static bool map_registers;
module_param(map_registers, bool, 0444);
MODULE_PARM_DESC(map_registers, "let CAP_SYS_RAWIO map the registers, and with the DMA engine reach all memory");

static unsigned int dma_bits = EDU_DMA_BITS;
module_param(dma_bits, uint, 0444);
MODULE_PARM_DESC(dma_bits, "width of the DMA addresses, 24 to 64 (default 28): as of QEMU's edu,dma_mask=");

static void edu_leave(struct edu *edu)
{
	scoped_guard(mutex, &edu->mutex) {
		if (edu->left)
			return;
		edu->left = true;
	}
	skel_card_unregister(edu->card);
}

static void edu_leave_work(struct work_struct *work)
{
	struct edu *edu = container_of(work, struct edu, leave);

	scoped_guard(mutex, &edu->mutex) {
		/* It may have been seen in the middle of a reset. */
		if (edu->left || edu->paused ||
		    pci_channel_offline(edu->pdev) || !edu_is_gone(edu))
			return;
	}
	pci_err(edu->pdev, "the card does not respond any more\n");
	/* Its interrupt cannot be acknowledged, on a line that may be shared. */
	if (!edu->pdev->msi_enabled)
		pci_intx(edu->pdev, 0);
	edu_leave(edu);
}

static irqreturn_t edu_irq(int irq, void *data)
{
	struct edu *edu = data;
	u32 status = edu_read(edu, EDU_IRQ_STATUS);

	if (!status || PCI_POSSIBLE_ERROR(status)) {
		edu_check_gone(edu);
		return IRQ_NONE;
	}
	/* First, so that what is raised from here on is another interrupt. */
	edu_write(edu, EDU_IRQ_ACK, status);

	if (status & EDU_IRQ_FACTORIAL)
		wake_up_all(&edu->wait);
	edu_engine_irq(edu, status);
	return IRQ_HANDLED;
}

static int edu_open(struct skel_card *card, u32 channel)
{
	struct edu *edu = skel_card_priv(card);

	if (edu_check_gone(edu))
		return -ENODEV;
	guard(spinlock_irq)(&edu->lock);
	edu->open++;
	return 0;
}

static void edu_close(struct skel_card *card, u32 channel)
{
	struct edu *edu = skel_card_priv(card);

	guard(mutex)(&edu->mutex);
	scoped_guard(spinlock_irq, &edu->lock)
		edu->open--;
	edu_update_master(edu);
}

static const struct skel_card_ops edu_ops = {
	.open		= edu_open,
	.close		= edu_close,
	.command	= edu_command,
	.start		= edu_start,
	.stop		= edu_stop,
	.quiesce	= edu_quiesce,
	.reset		= edu_reset,
};

static void edu_mute(void *pdev)
{
	pci_intx(pdev, 0);
}

static int edu_init_irq(struct edu *edu)
{
	struct pci_dev *pdev = edu->pdev;
	int ret;

	/* Freeing MSI enables INTx, when there is no handler any more. */
	ret = devm_add_action_or_reset(&pdev->dev, edu_mute, pdev);
	if (ret)
		return ret;
	/* Drop what was raised before: for INTx, and again for MSI. */
	edu_write(edu, EDU_IRQ_ACK, ~0);
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI | PCI_IRQ_INTX);
	if (ret < 0)
		return ret;
	edu_write(edu, EDU_IRQ_ACK, ~0);
	return devm_request_irq(&pdev->dev, pci_irq_vector(pdev, 0), edu_irq,
				pdev->msi_enabled ? 0 : IRQF_SHARED,
				KBUILD_MODNAME, edu);
}

/*
 * Managed resources are released after remove() in reverse order: the interrupt
 * before the card, the card before *edu. No open file reaches any of them once
 * the card is unregistered.
 */
static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	const struct skel_region registers = {
		.name = "registers",
		.start = pci_resource_start(pdev, EDU_BAR),
		.length = pci_resource_len(pdev, EDU_BAR),
		.offset = EDU_REGISTERS_OFFSET,
		.flags = SKEL_REGION_RAWIO,
	};
	const struct skel_card_desc desc = {
		.name = "skel_edu",
		.owner = THIS_MODULE,
		.ops = &edu_ops,
		.channels = EDU_CHANNELS,
		.transfers = EDU_TRANSFERS,
		.memory = EDU_MEMORY_SIZE,
		.engines = 1,
		.run_max = EDU_MEMORY_SIZE,
		.caps = SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST,
		.regions = &registers,
		.nr_regions = map_registers ? 1 : 0,
	};
	struct device *dev = &pdev->dev;
	struct edu *edu;
	int ret;

	edu = devm_kzalloc(dev, sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;
	edu->pdev = pdev;
	INIT_WORK(&edu->leave, edu_leave_work);
	/* An interrupt may find it gone before there is a card to unregister. */
	disable_work(&edu->leave);
	edu_engine_init(edu);
	pci_set_drvdata(pdev, edu);

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	pci_clear_master(pdev);
	/* The id was written by hand: it may be another device. */
	if (!(pci_resource_flags(pdev, EDU_BAR) & IORESOURCE_MEM) ||
	    pci_resource_len(pdev, EDU_BAR) < EDU_DMA_COMMAND + sizeof(u32))
		return dev_err_probe(dev, -ENODEV, "not an edu device\n");
	edu->regs = pcim_iomap_region(pdev, EDU_BAR, KBUILD_MODNAME);
	if (IS_ERR(edu->regs))
		return PTR_ERR(edu->regs);
	if (edu_is_gone(edu))
		return dev_err_probe(dev, -ENODEV, "not an edu device: %#x\n",
				     edu_read(edu, EDU_ID));
	if (dma_bits < 24 || dma_bits > 64)
		return dev_err_probe(dev, -EINVAL, "dma_bits is not 24 to 64\n");
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(dma_bits));
	if (ret)
		return dev_err_probe(dev, ret, "no DMA with %u address bits\n",
				     dma_bits);

	edu->card = devm_skel_card_alloc(dev, &desc, edu);
	if (IS_ERR(edu->card))
		return PTR_ERR(edu->card);
	/* Until edu_engine_prepare() */
	skel_card_pause(edu->card, 0);
	ret = edu_init_irq(edu);
	if (ret)
		return dev_err_probe(dev, ret, "cannot get an interrupt\n");
	/* What edu_slot_reset() restores: memory decoding, but no DMA. */
	pci_save_state(pdev);
	ret = skel_card_register(edu->card);
	if (!ret)
		enable_work(&edu->leave);
	return ret;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	disable_work_sync(&edu->leave);
	edu_leave(edu);
	edu_engine_leave(edu);
}

/* Off the bus, and not taken for gone if unreadable, until edu_continue(). */
static int edu_pause(struct edu *edu, enum edu_pause why)
{
	guard(mutex)(&edu->mutex);
	WRITE_ONCE(edu->paused, edu->paused | why);
	return edu_engine_stop(edu, -EIO);
}

static void edu_continue(struct edu *edu, enum edu_pause why)
{
	guard(mutex)(&edu->mutex);
	WRITE_ONCE(edu->paused, edu->paused & ~why);
	edu_engine_revive(edu);
}

/*
 * Transfers go on afterwards, but not from the middle of a burst. No command
 * comes: the core's workqueue is frozen.
 */
static int edu_suspend(struct device *dev)
{
	struct edu *edu = dev_get_drvdata(dev);
	int ret;

	guard(mutex)(&edu->mutex);
	WRITE_ONCE(edu->paused, edu->paused | EDU_ASLEEP);
	skel_card_pause(edu->card, jiffies_to_msecs(edu_timeout()));
	ret = edu_engine_kill(edu, -ETIMEDOUT);
	if (ret)
		WRITE_ONCE(edu->paused, edu->paused & ~EDU_ASLEEP);
	return ret;
}

static int edu_resume(struct device *dev)
{
	edu_continue(dev_get_drvdata(dev), EDU_ASLEEP);
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(edu_pm_ops, edu_suspend, edu_resume);

static pci_ers_result_t edu_error_detected(struct pci_dev *pdev,
					   pci_channel_state_t state)
{
	struct edu *edu = pci_get_drvdata(pdev);

	if (state != pci_channel_io_perm_failure && !edu_pause(edu, EDU_ERROR))
		return PCI_ERS_RESULT_NEED_RESET;
	edu_leave(edu);
	return PCI_ERS_RESULT_DISCONNECT;
}

static pci_ers_result_t edu_slot_reset(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	pci_restore_state(pdev);
	/* The engine may have survived, and so may the bus master bit. */
	if (edu_pause(edu, EDU_ERROR) || edu_is_gone(edu))
		return PCI_ERS_RESULT_DISCONNECT;
	return PCI_ERS_RESULT_RECOVERED;
}

static void edu_error_resume(struct pci_dev *pdev)
{
	edu_continue(pci_get_drvdata(pdev), EDU_ERROR);
}

/* Reset through sysfs */
static void edu_reset_prepare(struct pci_dev *pdev)
{
	edu_pause(pci_get_drvdata(pdev), EDU_RESET);
}

static void edu_reset_done(struct pci_dev *pdev)
{
	edu_continue(pci_get_drvdata(pdev), EDU_RESET);
}

static const struct pci_error_handlers edu_error_handlers = {
	.error_detected	= edu_error_detected,
	.slot_reset	= edu_slot_reset,
	.resume		= edu_error_resume,
	.reset_prepare	= edu_reset_prepare,
	.reset_done	= edu_reset_done,
};

static struct pci_driver edu_driver = {
	.name		= KBUILD_MODNAME,
	.probe		= edu_probe,
	.remove		= edu_remove,
	.err_handler	= &edu_error_handlers,
	.driver.pm	= pm_sleep_ptr(&edu_pm_ops),
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("QEMU's educational PCI device as a laboratory card");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("SKEL");
