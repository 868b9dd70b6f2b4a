/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IOAPIC's registers and pins. Pure code: irqchip.c connects it.
 */
#ifndef _KL_IRQ_IOAPIC_H
#define _KL_IRQ_IOAPIC_H

#include <linux/kvm.h>
#include <linux/types.h>

#include "intr.h"

/* GPA of the IOAPIC and length of its registers in bytes. */
#define KL_IOAPIC_BASE 0xfec00000
#define KL_IOAPIC_SIZE 0x100

/**
 * struct kl_ioapic - an 82093AA
 * @redir: redirection table
 * @irr: a bit per pin: a level-triggered request, or the line of an
 *	edge-triggered pin
 * @ioregsel: index register
 * @id: identification in bits 27:24
 * @deliver: sends a message to the local APICs: > 0 how many took it, 0 if it
 *	was pending there already, -1 if nobody took it
 * @ctx: first argument of @deliver
 */
struct kl_ioapic {
	u64 redir[KVM_IOAPIC_NUM_PINS];
	u32 irr;
	u32 ioregsel;
	u32 id;
	int (*deliver)(void *ctx, const struct kl_intr *intr);
	void *ctx;
};

void kl_ioapic_init(struct kl_ioapic *io, int (*deliver)(void *, const struct kl_intr *),
		    void *ctx);
int kl_ioapic_line(struct kl_ioapic *io, unsigned int pin, bool level);
void kl_ioapic_eoi(struct kl_ioapic *io, u8 vector);
u32 kl_ioapic_read(const struct kl_ioapic *io, u32 offset);
void kl_ioapic_write(struct kl_ioapic *io, u32 offset, u32 value);
void kl_ioapic_get(const struct kl_ioapic *io, struct kvm_ioapic_state *state);
int kl_ioapic_set(struct kl_ioapic *io, const struct kvm_ioapic_state *state);

#endif /* _KL_IRQ_IOAPIC_H */
