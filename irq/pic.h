/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pair of 8259A interrupt controllers of a PC: the registers and how they
 * decide. Pure code: no locks, no Linux; irqchip.c connects it.
 */
#ifndef _KL_IRQ_PIC_H
#define _KL_IRQ_PIC_H

#include <linux/kvm.h>
#include <linux/types.h>

#define KL_PIC_PINS 16

/**
 * struct kl_pic - master and slave
 * @chip: registers of master (0) and slave (1), as the ABI has them;
 *	@last_irr is the level of the input lines
 * @output: INTR of the master: an interrupt waits for the CPU
 */
struct kl_pic {
	struct kvm_pic_state chip[2];
	bool output;
};

void kl_pic_init(struct kl_pic *pic);
int kl_pic_line(struct kl_pic *pic, unsigned int irq, bool level);
u8 kl_pic_ack(struct kl_pic *pic);
u8 kl_pic_read(struct kl_pic *pic, u16 port);
void kl_pic_write(struct kl_pic *pic, u16 port, u8 value);
void kl_pic_set(struct kl_pic *pic, unsigned int chip, const struct kvm_pic_state *state);

#endif /* _KL_IRQ_PIC_H */
