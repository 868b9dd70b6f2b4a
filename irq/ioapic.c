// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOAPIC (82093AA data sheet): 24 pins, each with a redirection entry that
 * says which message its interrupt becomes.
 *
 * tour 34: a level-triggered pin sends its message once and then waits, its
 * remote IRR set, for the end of interrupt; if the line is still up it sends
 * again. service() and kl_ioapic_eoi() are the two halves.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/nospec.h>
#include <linux/string.h>

#include "ioapic.h"

#define REDIR_VECTOR GENMASK_ULL(7, 0)
#define REDIR_MODE_SHIFT 8
#define REDIR_LOGICAL BIT_ULL(11)
#define REDIR_STATUS BIT_ULL(12)
#define REDIR_REMOTE_IRR BIT_ULL(14)
#define REDIR_LEVEL BIT_ULL(15)
#define REDIR_MASKED BIT_ULL(16)
#define REDIR_DEST_SHIFT 56

/* What software may write; status and remote IRR are the IOAPIC's own. */
#define REDIR_READ_ONLY (REDIR_STATUS | REDIR_REMOTE_IRR)
#define REDIR_WRITABLE (GENMASK_ULL(63, REDIR_DEST_SHIFT) | GENMASK_ULL(16, 0))

/* Index of registers behind IOWIN. */
enum {
	REG_ID,
	REG_VERSION,
	REG_ARBITRATION,
	REG_REDIR = 0x10,
};

#define REG_SELECT 0x00
#define REG_WINDOW 0x10

/* Version 0x11 with the highest entry's number in bits 23:16. */
#define VERSION (0x11 | (KVM_IOAPIC_NUM_PINS - 1) << 16)

/**
 * kl_ioapic_init - state after reset: every pin masked
 * @io: the IOAPIC
 * @deliver: see struct kl_ioapic
 * @ctx: its first argument
 */
void kl_ioapic_init(struct kl_ioapic *io, int (*deliver)(void *, const struct kl_intr *),
		    void *ctx)
{
	unsigned int pin;

	memset(io, 0, sizeof(*io));
	for (pin = 0; pin < KVM_IOAPIC_NUM_PINS; pin++)
		io->redir[pin] = REDIR_MASKED;
	io->deliver = deliver;
	io->ctx = ctx;
}

/* Send the message of a pin that has a request and may send. */
static int service(struct kl_ioapic *io, unsigned int pin)
{
	u64 entry = io->redir[pin];
	struct kl_intr intr = {
		.dest = entry >> REDIR_DEST_SHIFT,
		.vector = entry & REDIR_VECTOR,
		.mode = entry >> REDIR_MODE_SHIFT & 7,
		.logical = entry & REDIR_LOGICAL,
		.level = entry & REDIR_LEVEL,
	};
	int ret;

	if (!intr.logical && intr.dest == 0xff)
		intr.dest = KL_DEST_ALL;
	/* A pin cannot send start-up IPIs. */
	if (intr.mode == KL_INTR_SIPI || intr.mode == KL_INTR_RESERVED)
		return -1;
	/* These are edge-triggered whatever the entry says. */
	if (intr.mode != KL_INTR_FIXED && intr.mode != KL_INTR_LOWEST)
		intr.level = false;
	ret = io->deliver(io->ctx, &intr);
	if (intr.level && ret >= 0)
		io->redir[pin] |= REDIR_REMOTE_IRR;
	return ret;
}

/* Send again what a change of registers has set free. */
static int service_level(struct kl_ioapic *io, unsigned int pin)
{
	u64 entry = io->redir[pin];

	if (!(io->irr & BIT(pin)) || !(entry & REDIR_LEVEL))
		return 0;
	if (entry & (REDIR_MASKED | REDIR_REMOTE_IRR))
		return 0;
	return service(io, pin);
}

/**
 * kl_ioapic_line - an input changes
 * @io: the IOAPIC
 * @pin: 0 to 23
 * @level: its new level: 1 is active, whatever the polarity bit
 *
 * Return: > 0 if it was delivered (or the line went down), 0 if it coalesced
 * with one that is pending, -1 if it is masked or nobody took it.
 */
int kl_ioapic_line(struct kl_ioapic *io, unsigned int pin, bool level)
{
	bool was;
	u64 entry;

	if (pin >= KVM_IOAPIC_NUM_PINS)
		return -1;
	pin = array_index_nospec(pin, KVM_IOAPIC_NUM_PINS);
	entry = io->redir[pin];
	was = io->irr & BIT(pin);
	if (!level) {
		io->irr &= ~BIT(pin);
		return 1;
	}
	io->irr |= BIT(pin);
	if (entry & REDIR_MASKED)
		return -1;
	if (entry & REDIR_LEVEL ? entry & REDIR_REMOTE_IRR : was)
		return 0;
	return service(io, pin);
}

/**
 * kl_ioapic_eoi - a local APIC's end of a level-triggered interrupt
 * @io: the IOAPIC
 * @vector: the vector that ended; every pin that sends it is meant
 */
void kl_ioapic_eoi(struct kl_ioapic *io, u8 vector)
{
	unsigned int pin;

	for (pin = 0; pin < KVM_IOAPIC_NUM_PINS; pin++) {
		u64 entry = io->redir[pin];

		if (!(entry & REDIR_LEVEL) || (entry & REDIR_VECTOR) != vector ||
		    !(entry & REDIR_REMOTE_IRR))
			continue;
		io->redir[pin] &= ~REDIR_REMOTE_IRR;
		service_level(io, pin);
	}
}

/**
 * kl_ioapic_read - read a register
 * @io: the IOAPIC
 * @offset: bytes from its base
 *
 * Return: its value; 0 for what does not exist.
 */
u32 kl_ioapic_read(const struct kl_ioapic *io, u32 offset)
{
	u32 index = io->ioregsel;
	unsigned int pin;

	if (offset == REG_SELECT)
		return index;
	if (offset != REG_WINDOW)
		return 0;
	switch (index) {
	case REG_ID:
	case REG_ARBITRATION:
		return io->id;
	case REG_VERSION:
		return VERSION;
	}
	if (index < REG_REDIR || index >= REG_REDIR + 2 * KVM_IOAPIC_NUM_PINS)
		return 0;
	pin = array_index_nospec((index - REG_REDIR) / 2, KVM_IOAPIC_NUM_PINS);
	return index & 1 ? io->redir[pin] >> 32 : io->redir[pin];
}

static void write_redir(struct kl_ioapic *io, unsigned int pin, bool high, u32 value)
{
	u64 entry = io->redir[pin];
	u64 writable = REDIR_WRITABLE & ~REDIR_READ_ONLY;

	if (high)
		entry = (u32)entry | ((u64)value << 32 & writable);
	else
		entry = (entry & ~(writable & GENMASK_ULL(31, 0))) | (value & writable);
	/* Only level-triggered pins have one; this is how software resets it. */
	if (!(entry & REDIR_LEVEL))
		entry &= ~REDIR_REMOTE_IRR;
	io->redir[pin] = entry;
	service_level(io, pin);
}

/**
 * kl_ioapic_write - write a register
 * @io: the IOAPIC
 * @offset: bytes from its base
 * @value: the value; reserved bits are ignored
 */
void kl_ioapic_write(struct kl_ioapic *io, u32 offset, u32 value)
{
	u32 index = io->ioregsel;
	unsigned int pin;

	if (offset == REG_SELECT) {
		io->ioregsel = value & 0xff;
		return;
	}
	if (offset != REG_WINDOW)
		return;
	if (index == REG_ID) {
		io->id = value & GENMASK(27, 24);
		return;
	}
	if (index < REG_REDIR || index >= REG_REDIR + 2 * KVM_IOAPIC_NUM_PINS)
		return;
	pin = array_index_nospec((index - REG_REDIR) / 2, KVM_IOAPIC_NUM_PINS);
	write_redir(io, pin, index & 1, value);
}

/**
 * kl_ioapic_get - the state in the layout of KVM_GET_IRQCHIP
 * @io: the IOAPIC
 * @state: out
 */
void kl_ioapic_get(const struct kl_ioapic *io, struct kvm_ioapic_state *state)
{
	unsigned int pin;

	memset(state, 0, sizeof(*state));
	state->base_address = KL_IOAPIC_BASE;
	state->ioregsel = io->ioregsel;
	state->id = io->id >> 24;
	state->irr = io->irr;
	for (pin = 0; pin < KVM_IOAPIC_NUM_PINS; pin++)
		state->redirtbl[pin].bits = io->redir[pin];
}

/**
 * kl_ioapic_set - load a state in the layout of KVM_SET_IRQCHIP
 * @io: the IOAPIC
 * @state: the state; requests in it that can be delivered are
 *
 * Return: 0, or -EINVAL if it is for another address.
 */
int kl_ioapic_set(struct kl_ioapic *io, const struct kvm_ioapic_state *state)
{
	unsigned int pin;

	if (state->base_address != KL_IOAPIC_BASE)
		return -EINVAL;
	io->ioregsel = state->ioregsel & 0xff;
	io->id = state->id << 24 & GENMASK(27, 24);
	io->irr = state->irr & GENMASK(KVM_IOAPIC_NUM_PINS - 1, 0);
	for (pin = 0; pin < KVM_IOAPIC_NUM_PINS; pin++) {
		io->redir[pin] = state->redirtbl[pin].bits & REDIR_WRITABLE & ~REDIR_STATUS;
		if (!(io->redir[pin] & REDIR_LEVEL))
			io->redir[pin] &= ~REDIR_REMOTE_IRR;
	}
	for (pin = 0; pin < KVM_IOAPIC_NUM_PINS; pin++)
		service_level(io, pin);
	return 0;
}
