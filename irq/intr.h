/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One interrupt message, as it travels from an IOAPIC pin, an MSI or an
 * interrupt command register to local APICs.
 */
#ifndef _KL_IRQ_INTR_H
#define _KL_IRQ_INTR_H

#include <linux/kvm.h>
#include <linux/types.h>

/* Delivery modes, as in the interrupt command register. */
enum kl_intr_mode {
	KL_INTR_FIXED,
	KL_INTR_LOWEST,
	KL_INTR_SMI,
	KL_INTR_RESERVED,
	KL_INTR_NMI,
	KL_INTR_INIT,
	KL_INTR_SIPI,
	KL_INTR_EXTINT,
};

/* Who is meant, as in the interrupt command register. */
enum kl_shorthand {
	KL_TO_DEST,
	KL_TO_SELF,
	KL_TO_ALL,
	KL_TO_OTHERS,
};

/* Physical destination that means everyone. */
#define KL_DEST_ALL 0xffffffff

/**
 * struct kl_intr - the message
 * @dest: APIC id or logical destination; a broadcast is KL_DEST_ALL, whatever
 *	the width of the sender's field
 * @vector: 0 to 255
 * @mode: how to deliver it
 * @shorthand: whom to deliver it to
 * @logical: @dest is a logical destination
 * @level: level-triggered: its end is broadcast to the IOAPIC
 */
struct kl_intr {
	u32 dest;
	u8 vector;
	enum kl_intr_mode mode;
	enum kl_shorthand shorthand;
	bool logical;
	bool level;
};

#endif /* _KL_IRQ_INTR_H */
