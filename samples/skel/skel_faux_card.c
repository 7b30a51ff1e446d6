// SPDX-License-Identifier: GPL-2.0
/* Template of a driver for a card without hardware: a simulation. */

#include <linux/device/faux.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/skel.h>
#include <linux/workqueue.h>

struct my_card {
	struct skel_card *card;
	struct work_struct engine;
	u64 id;				/* of the transfer that the engine runs */
};

/* Moves all bytes of the transfer, and says so, like an interrupt handler. */
static void my_engine(struct work_struct *work)
{
	struct my_card *my = container_of(work, struct my_card, engine);
	int error = skel_card_copy(my->card, my->id);

	/* The next transfer may be started before this returns. */
	skel_engine_done(my->card, 0, error);
}

static void my_start(struct skel_card *card, u32 engine, struct skel_run *run)
{
	struct my_card *my = skel_card_priv(card);

	my->id = run->id;
	schedule_work(&my->engine);
}

/* This engine always comes to its end. */
static int my_stop(struct skel_card *card, u32 engine)
{
	struct my_card *my = skel_card_priv(card);

	flush_work(&my->engine);
	return 0;
}

static int my_reset(struct skel_card *card)
{
	return my_stop(card, 0);
}

/* Hardware would get the request, and ask by an interrupt when its turn comes. */
static const char *my_ask(struct skel_card *card, const struct skel_request *req)
{
	skel_submit(card, req);
	return NULL;
}

static const char *my_idn(struct skel_card *card, u32 channel, const u64 *arg)
{
	skel_reply(card, channel, "vendor,my-faux-card,0,1");
	return NULL;
}

static const struct skel_command my_commands[] = {
	{ "*IDN?", {}, my_idn },
	{ "TOHOST", SKEL_REQUEST_ARGS, .ask = my_ask, .dir = SKEL_TOHOST },
	{ "FROMHOST", SKEL_REQUEST_ARGS, .ask = my_ask, .dir = SKEL_FROMHOST },
};

static int my_command(struct skel_card *card, u32 channel, char *line, size_t len)
{
	skel_command_run(card, channel, line, len, my_commands, ARRAY_SIZE(my_commands));
	return 0;
}

static const struct skel_card_ops my_ops = {
	.command	= my_command,
	.start		= my_start,
	.stop		= my_stop,
	.reset		= my_reset,
};

static const struct skel_card_desc my_desc = {
	.name = "my-faux-card",
	.owner = THIS_MODULE,
	.ops = &my_ops,
	.channels = 8,			/* files that can be open */
	.transfers = 4,			/* of a channel at once */
	.memory = SZ_64K,		/* of the card, in bytes */
	.ram = true,			/* which the core allocates */
	.engines = 1,
	.caps = SKEL_CAP_TOHOST | SKEL_CAP_FROMHOST,
};

static int my_probe(struct faux_device *faux)
{
	struct device *dev = &faux->dev;
	struct my_card *my;
	int ret;

	my = devm_kzalloc(dev, sizeof(*my), GFP_KERNEL);
	if (!my)
		return -ENOMEM;
	INIT_WORK(&my->engine, my_engine);
	/* A faux device has no mask of its own. */
	ret = dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	my->card = devm_skel_card_alloc(dev, &my_desc, my);
	if (IS_ERR(my->card))
		return PTR_ERR(my->card);
	faux_device_set_drvdata(faux, my->card);
	return skel_card_register(my->card);
}

static void my_remove(struct faux_device *faux)
{
	skel_card_unregister(faux_device_get_drvdata(faux));
}

static const struct faux_device_ops my_faux_ops = {
	.probe	= my_probe,
	.remove	= my_remove,
};

static struct faux_device *my_faux;

static int __init my_init(void)
{
	my_faux = faux_device_create("my-faux-card", NULL, &my_faux_ops);
	return my_faux ? 0 : -ENODEV;
}
module_init(my_init);

static void __exit my_exit(void)
{
	faux_device_destroy(my_faux);
}
module_exit(my_exit);

MODULE_DESCRIPTION("Template of a laboratory card without hardware");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("SKEL");
