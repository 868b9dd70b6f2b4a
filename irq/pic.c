// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pair of 8259A interrupt controllers (Intel 8259A data sheet; the edge and
 * level control registers are those of the PIIX south bridges).
 *
 * tour 33: every change of a register or a line ends in update(), which says
 * whether the slave asks the master and the master asks the CPU.
 */
#include <linux/bits.h>
#include <linux/nospec.h>
#include <linux/string.h>

#include "pic.h"

#define CASCADE 2

/* Lines that the chipset lets software make level-triggered. */
#define ELCR_MASTER 0xf8
#define ELCR_SLAVE 0xde

/* init_state: which initialization command word comes next. */
enum {
	INIT_DONE,
	INIT_ICW2,
	INIT_ICW3,
	INIT_ICW4,
};

/* Place of the most urgent request in @mask: 0 is highest, 8 if there is none. */
static unsigned int best(const struct kvm_pic_state *s, u8 mask)
{
	unsigned int p;

	for (p = 0; p < 8; p++)
		if (mask & BIT((p + s->priority_add) & 7))
			break;
	return p;
}

/* The request that a chip puts through, -1 if none. */
static int pending(const struct kvm_pic_state *s, bool master)
{
	unsigned int request = best(s, s->irr & ~s->imr);
	u8 busy = s->isr;

	if (request == 8)
		return -1;
	/* Special mask mode: what is masked does not hold others back. */
	if (s->special_mask)
		busy &= ~s->imr;
	/* The slave may ask again while one of its interrupts is in service. */
	if (s->special_fully_nested_mode && master)
		busy &= ~BIT(CASCADE);
	return request < best(s, busy) ? (int)((request + s->priority_add) & 7) : -1;
}

static void update(struct kl_pic *pic)
{
	struct kvm_pic_state *master = &pic->chip[0];

	/* The cascade line follows the slave's output. */
	if (pending(&pic->chip[1], false) >= 0)
		master->irr |= BIT(CASCADE);
	else
		master->irr &= ~BIT(CASCADE);
	pic->output = pending(master, true) >= 0;
}

/**
 * kl_pic_init - state at power-up
 * @pic: the pair
 */
void kl_pic_init(struct kl_pic *pic)
{
	memset(pic, 0, sizeof(*pic));
	pic->chip[0].elcr_mask = ELCR_MASTER;
	pic->chip[1].elcr_mask = ELCR_SLAVE;
}

/**
 * kl_pic_line - an input line changes
 * @pic: the pair
 * @irq: line 0 to 15; 8 and up are the slave's
 * @level: its new level
 *
 * Return: 1 if this made a new request, 0 if one was pending already, -1 if the
 * line is masked.
 */
int kl_pic_line(struct kl_pic *pic, unsigned int irq, bool level)
{
	struct kvm_pic_state *s;
	u8 bit = BIT(irq & 7);
	bool was;

	if (irq >= KL_PIC_PINS || irq == CASCADE)
		return -1;
	s = &pic->chip[array_index_nospec(irq >> 3, 2)];
	was = s->irr & bit;
	if (s->elcr & bit)
		s->irr = level ? s->irr | bit : s->irr & ~bit;
	else if (level && !(s->last_irr & bit))
		s->irr |= bit;
	s->last_irr = level ? s->last_irr | bit : s->last_irr & ~bit;
	update(pic);
	if (s->imr & bit)
		return -1;
	return !was;
}

/* The CPU takes request @irq of a chip. */
static void acknowledge(struct kvm_pic_state *s, unsigned int irq)
{
	if (!s->auto_eoi)
		s->isr |= BIT(irq);
	else if (s->rotate_on_auto_eoi)
		s->priority_add = (irq + 1) & 7;
	/* A level-triggered request lasts as long as its line. */
	if (!(s->elcr & BIT(irq)))
		s->irr &= ~BIT(irq);
}

/**
 * kl_pic_ack - the CPU's interrupt acknowledge cycle
 * @pic: the pair
 *
 * Return: the vector; that of line 7 of the chip if its request is gone.
 */
u8 kl_pic_ack(struct kl_pic *pic)
{
	struct kvm_pic_state *s = &pic->chip[0];
	int irq = pending(s, true);
	u8 vector;

	if (irq >= 0)
		acknowledge(s, irq);
	if (irq == CASCADE) {
		s = &pic->chip[1];
		irq = pending(s, false);
		if (irq >= 0)
			acknowledge(s, irq);
	}
	vector = s->irq_base + (irq < 0 ? 7 : irq);
	update(pic);
	return vector;
}

/* OCW2: end of interrupt and rotation of priorities. */
static void write_ocw2(struct kvm_pic_state *s, u8 value)
{
	u8 level = value & 7;
	u8 busy = s->isr;
	unsigned int p;

	switch (value >> 5) {
	case 0: /* no rotation at automatic EOI */
	case 4: /* rotation */
		s->rotate_on_auto_eoi = value >> 7;
		break;
	case 1: /* EOI of the most urgent in service */
	case 5: /* and make it the least urgent */
		if (s->special_mask)
			busy &= ~s->imr;
		p = best(s, busy);
		if (p == 8)
			break;
		level = (p + s->priority_add) & 7;
		s->isr &= ~BIT(level);
		if (value >> 5 == 5)
			s->priority_add = (level + 1) & 7;
		break;
	case 3: /* EOI of one by number */
		s->isr &= ~BIT(level);
		break;
	case 6: /* make one the least urgent */
		s->priority_add = (level + 1) & 7;
		break;
	case 7: /* both */
		s->isr &= ~BIT(level);
		s->priority_add = (level + 1) & 7;
		break;
	}
}

static void write_command(struct kvm_pic_state *s, u8 value)
{
	if (value & BIT(4)) { /* ICW1 */
		s->init4 = value & 1;
		s->init_state = INIT_ICW2;
		/* The edge sense is reset: a line must rise again. */
		s->irr &= s->elcr;
		s->imr = 0;
		s->isr = 0;
		s->priority_add = 0;
		s->special_mask = 0;
		s->read_reg_select = 0;
		s->poll = 0;
		s->rotate_on_auto_eoi = 0;
		if (!s->init4) {
			s->special_fully_nested_mode = 0;
			s->auto_eoi = 0;
		}
	} else if (value & BIT(3)) { /* OCW3 */
		if (value & BIT(2))
			s->poll = 1;
		if (value & BIT(1))
			s->read_reg_select = value & 1;
		if (value & BIT(6))
			s->special_mask = !!(value & BIT(5));
	} else {
		write_ocw2(s, value);
	}
}

static void write_data(struct kvm_pic_state *s, u8 value)
{
	switch (s->init_state) {
	case INIT_DONE:
		s->imr = value;
		break;
	case INIT_ICW2:
		s->irq_base = value & 0xf8;
		s->init_state = INIT_ICW3;
		break;
	case INIT_ICW3: /* the wiring of the cascade is fixed */
		s->init_state = s->init4 ? INIT_ICW4 : INIT_DONE;
		break;
	case INIT_ICW4:
		s->special_fully_nested_mode = !!(value & BIT(4));
		s->auto_eoi = !!(value & BIT(1));
		s->init_state = INIT_DONE;
		break;
	}
}

/**
 * kl_pic_write - write to a port
 * @pic: the pair
 * @port: 0x20, 0x21, 0xa0, 0xa1, 0x4d0 or 0x4d1; others are ignored
 * @value: the byte
 */
void kl_pic_write(struct kl_pic *pic, u16 port, u8 value)
{
	struct kvm_pic_state *s = &pic->chip[port == 0xa0 || port == 0xa1 || port == 0x4d1];

	switch (port) {
	case 0x20:
	case 0xa0:
		write_command(s, value);
		break;
	case 0x21:
	case 0xa1:
		write_data(s, value);
		break;
	case 0x4d0:
	case 0x4d1:
		s->elcr = value & s->elcr_mask;
		/* A level-triggered request is its line. */
		s->irr = (s->irr & ~s->elcr) | (s->last_irr & s->elcr);
		break;
	}
	update(pic);
}

static u8 poll(struct kvm_pic_state *s, bool master)
{
	int irq = pending(s, master);

	s->poll = 0;
	if (irq < 0)
		return 0;
	acknowledge(s, irq);
	return BIT(7) | irq;
}

/**
 * kl_pic_read - read a port
 * @pic: the pair
 * @port: 0x20, 0x21, 0xa0, 0xa1, 0x4d0 or 0x4d1
 *
 * Return: the byte; 0xff for other ports.
 */
u8 kl_pic_read(struct kl_pic *pic, u16 port)
{
	bool slave = port == 0xa0 || port == 0xa1 || port == 0x4d1;
	struct kvm_pic_state *s = &pic->chip[slave];
	u8 value;

	switch (port) {
	case 0x20:
	case 0xa0:
	case 0x21:
	case 0xa1:
		if (s->poll) {
			value = poll(s, !slave);
			update(pic);
			return value;
		}
		if (port & 1)
			return s->imr;
		return s->read_reg_select ? s->isr : s->irr;
	case 0x4d0:
	case 0x4d1:
		return s->elcr;
	}
	return 0xff;
}

/**
 * kl_pic_set - load the registers of one chip, as KVM_SET_IRQCHIP gives them
 * @pic: the pair
 * @chip: 0 master, 1 slave
 * @state: the registers; fields out of their range are cut to it
 */
void kl_pic_set(struct kl_pic *pic, unsigned int chip, const struct kvm_pic_state *state)
{
	struct kvm_pic_state *s = &pic->chip[array_index_nospec(chip, 2)];
	u8 elcr_mask = s->elcr_mask;

	*s = *state;
	s->elcr_mask = elcr_mask;
	s->elcr &= elcr_mask;
	s->priority_add &= 7;
	s->irq_base &= 0xf8;
	s->init_state &= 3;
	update(pic);
}
