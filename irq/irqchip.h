/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PIC pair and IOAPIC of a VM, as the files of irq/ share them.
 */
#ifndef _KL_IRQ_IRQCHIP_H
#define _KL_IRQ_IRQCHIP_H

#include <linux/types.h>

#include "ioapic.h"
#include "irq.h"
#include "pic.h"

/**
 * struct kl_chips - what KVM_CREATE_IRQCHIP makes
 * @pic: the PIC pair
 * @ioapic: the IOAPIC
 * @pic_held: who holds each PIC line up: a bit per KL_IRQ_SOURCE_*
 * @ioapic_held: who holds each IOAPIC pin up
 *
 * Under vm->irq.lock; @pic.output is read without it.
 */
struct kl_chips {
	struct kl_pic pic;
	struct kl_ioapic ioapic;
	u8 pic_held[KL_PIC_PINS];
	u8 ioapic_held[KVM_IOAPIC_NUM_PINS];
};

void kl_irqchip_destroy(struct kl_vm *vm);
int kl_irqchip_pic_line(struct kl_vm *vm, unsigned int irq, bool level, u32 source);
int kl_irqchip_ioapic_line(struct kl_vm *vm, unsigned int pin, bool level, u32 source);
void kl_irqchip_eoi(struct kl_vm *vm, u8 vector);
bool kl_irqchip_pic_output(struct kl_vm *vm);
int kl_irqchip_pic_ack(struct kl_vm *vm);

/* line.c */
int kl_routing_default(struct kl_vm *vm);

/* pit_dev.c */
void kl_pit_stop(struct kl_vm *vm);
void kl_pit_destroy(struct kl_vm *vm);

#endif /* _KL_IRQ_IRQCHIP_H */
