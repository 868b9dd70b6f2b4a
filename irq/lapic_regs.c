// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC's register page (SDM, "Advanced Programmable Interrupt
 * Controller"), without the outside world.
 *
 * tour 36: kl_apic_write() is the table of what software may write where; the
 * functions on vectors below it are the priority rules.
 */
#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <asm/apicdef.h>

#include "intr.h"
#include "lapic_regs.h"

/* Version 0x14; the highest LVT entry's number stands in bits 23:16. */
#define VERSION 0x14

/* Vector, delivery mode and mask of an LVT entry; level ones more. */
#define LVT_PLAIN 0x107ff
#define LVT_LINT 0x1a7ff
#define LVT_ERROR 0x100ff
#define LVT_TIMER (0x100ff | KL_LVT_TIMER_MODE)

#define ICR_LOW 0xccfff
#define SVR_WRITABLE 0x3ff

#define VECTORS 256
#define WORDS (VECTORS / 32)

/* IRR, ISR and TMR: a word every 16 bytes. */
static u32 vec_reg(u32 reg, u8 vector)
{
	return reg + vector / 32 * 0x10;
}

static unsigned long *vec_word(const struct kl_apic *a, u32 reg, u8 vector)
{
	/* Registers are 16 bytes apart, so a long is theirs alone. */
	return (unsigned long *)&a->page[vec_reg(reg, vector) / sizeof(u32)];
}

/**
 * kl_vec_set - set a vector's bit, atomically
 * @a: the APIC
 * @reg: APIC_IRR, APIC_ISR or APIC_TMR
 * @vector: the vector
 *
 * Return: true if it was set before.
 */
bool kl_vec_set(struct kl_apic *a, u32 reg, u8 vector)
{
	return test_and_set_bit(vector % 32, vec_word(a, reg, vector));
}

/**
 * kl_vec_clear - clear a vector's bit, atomically
 * @a: the APIC
 * @reg: APIC_IRR, APIC_ISR or APIC_TMR
 * @vector: the vector
 *
 * Return: true if it was set before.
 */
bool kl_vec_clear(struct kl_apic *a, u32 reg, u8 vector)
{
	return test_and_clear_bit(vector % 32, vec_word(a, reg, vector));
}

/**
 * kl_vec_test - is a vector's bit set?
 * @a: the APIC
 * @reg: APIC_IRR, APIC_ISR or APIC_TMR
 * @vector: the vector
 *
 * Return: true if it is.
 */
bool kl_vec_test(const struct kl_apic *a, u32 reg, u8 vector)
{
	return kl_apic_get(a, vec_reg(reg, vector)) & BIT(vector % 32);
}

/**
 * kl_vec_highest - highest vector whose bit is set
 * @a: the APIC
 * @reg: APIC_IRR, APIC_ISR or APIC_TMR
 *
 * Return: the vector, -1 if none is.
 */
int kl_vec_highest(const struct kl_apic *a, u32 reg)
{
	int word;
	u32 bits;

	for (word = WORDS - 1; word >= 0; word--) {
		bits = kl_apic_get(a, reg + word * 0x10);
		if (bits)
			return word * 32 + fls(bits) - 1;
	}
	return -1;
}

/**
 * kl_apic_ppr - processor priority (SDM, "Task and Processor Priorities")
 * @a: the APIC
 *
 * Return: the PPR, 8 bits.
 */
u8 kl_apic_ppr(const struct kl_apic *a)
{
	u8 tpr = kl_apic_get(a, APIC_TASKPRI);
	int isr = kl_vec_highest(a, APIC_ISR);

	if (isr < 0 || tpr >> 4 >= isr >> 4)
		return tpr;
	return isr & 0xf0;
}

/**
 * kl_apic_deliverable - the interrupt to deliver next
 * @a: the APIC
 *
 * Return: its vector, -1 if none is above the processor priority.
 */
int kl_apic_deliverable(const struct kl_apic *a)
{
	int vector = kl_vec_highest(a, APIC_IRR);

	if (vector < 0 || vector >> 4 <= kl_apic_ppr(a) >> 4)
		return -1;
	return vector;
}

/* x2APIC's logical id follows from the APIC id: cluster and place in it. */
static u32 x2apic_ldr(u32 id)
{
	return id >> 4 << 16 | BIT(id & 15);
}

/**
 * kl_apic_set_mode - change between xAPIC and x2APIC mode
 * @a: the APIC
 * @x2apic: the new mode
 */
void kl_apic_set_mode(struct kl_apic *a, bool x2apic)
{
	WRITE_ONCE(a->x2apic, x2apic);
	if (x2apic) {
		kl_apic_set(a, APIC_ID, a->id);
		kl_apic_set(a, APIC_LDR, x2apic_ldr(a->id));
	} else {
		kl_apic_set(a, APIC_ID, a->id << 24);
		kl_apic_set(a, APIC_LDR, kl_apic_get(a, APIC_LDR) & APIC_LDR_MASK);
	}
}

static u32 version(const struct kl_apic *a)
{
	return VERSION | (a->nr_lvts - 1) << 16;
}

static const u16 lvts[] = {
	APIC_LVTT, APIC_LVTTHMR, APIC_LVTPC, APIC_LVT0, APIC_LVT1, APIC_LVTERR, APIC_LVTCMCI,
};

static void mask_lvts(struct kl_apic *a)
{
	unsigned int i;

	for (i = 0; i < a->nr_lvts; i++)
		kl_apic_set(a, lvts[i], kl_apic_get(a, lvts[i]) | KL_LVT_MASKED);
}

/**
 * kl_apic_reset - state after power-up or INIT; the mode stays
 * @a: the APIC
 * @bsp: of the bootstrap processor: LINT0 takes the PIC's interrupts, as /dev/kvm
 *	has it for firmware that does not set it up
 */
void kl_apic_reset(struct kl_apic *a, bool bsp)
{
	memset(a->page, 0, 4096);
	kl_apic_set(a, APIC_LVR, version(a));
	kl_apic_set(a, APIC_DFR, 0xffffffff);
	kl_apic_set(a, APIC_SPIV, 0xff);
	mask_lvts(a);
	if (bsp)
		kl_apic_set(a, APIC_LVT0, KL_INTR_EXTINT << 8);
	kl_apic_set_mode(a, a->x2apic);
}

/**
 * kl_apic_readable - may software read a register?
 * @a: the APIC
 * @reg: offset in the page
 *
 * Return: true if it exists in this mode and can be read.
 */
bool kl_apic_readable(const struct kl_apic *a, u32 reg)
{
	switch (reg) {
	case APIC_ID:
	case APIC_LVR:
	case APIC_TASKPRI:
	case APIC_PROCPRI:
	case APIC_LDR:
	case APIC_SPIV:
	case APIC_ISR ... APIC_ISR + 0x70:
	case APIC_TMR ... APIC_TMR + 0x70:
	case APIC_IRR ... APIC_IRR + 0x70:
	case APIC_ESR:
	case APIC_ICR:
	case APIC_LVTT:
	case APIC_LVTTHMR:
	case APIC_LVTPC:
	case APIC_LVT0:
	case APIC_LVT1:
	case APIC_LVTERR:
	case APIC_TMICT:
	case APIC_TMCCT:
	case APIC_TDCR:
		return !(reg & 0xf);
	case APIC_LVTCMCI:
		return a->nr_lvts == KL_LVTS_CMCI;
	case APIC_ARBPRI:
	case APIC_EOI:
	case APIC_RRR:
	case APIC_DFR:
	case APIC_ICR2:
		return !a->x2apic;
	}
	return false;
}

/* Bits of an LVT entry that can be written, 0 if it does not exist. */
static u32 lvt_writable(const struct kl_apic *a, u32 reg)
{
	switch (reg) {
	case APIC_LVTT:
		return LVT_TIMER;
	case APIC_LVTTHMR:
	case APIC_LVTPC:
		return LVT_PLAIN;
	case APIC_LVT0:
	case APIC_LVT1:
		return LVT_LINT;
	case APIC_LVTERR:
		return LVT_ERROR;
	case APIC_LVTCMCI:
		return a->nr_lvts == KL_LVTS_CMCI ? LVT_PLAIN : 0;
	}
	return 0;
}

static enum kl_apic_effect write_lvt(struct kl_apic *a, u32 reg, u32 value)
{
	u32 writable = lvt_writable(a, reg);
	u32 old = kl_apic_get(a, reg);

	if (!writable)
		return KL_APIC_BAD;
	/* Delivery status (bit 12) and remote IRR (14) are read-only. */
	if (a->x2apic && (value & ~(writable | BIT(12) | BIT(14))))
		return KL_APIC_BAD;
	value &= writable;
	/* The fourth timer mode does not exist. */
	if (reg == APIC_LVTT && (value & KL_LVT_TIMER_MODE) == KL_LVT_TIMER_MODE)
		return KL_APIC_BAD;
	if (!(kl_apic_get(a, APIC_SPIV) & APIC_SPIV_APIC_ENABLED))
		value |= KL_LVT_MASKED;
	kl_apic_set(a, reg, value);
	if (reg == APIC_LVTT && ((old ^ value) & KL_LVT_DEADLINE))
		return KL_APIC_TIMER_MODE;
	return KL_APIC_LVT;
}

static enum kl_apic_effect write_svr(struct kl_apic *a, u32 value)
{
	if (a->x2apic && (value & ~SVR_WRITABLE))
		return KL_APIC_BAD;
	kl_apic_set(a, APIC_SPIV, value & SVR_WRITABLE);
	/* Software disable masks the LVT for good (SDM, "Local APIC State"). */
	if (!(value & APIC_SPIV_APIC_ENABLED))
		mask_lvts(a);
	return KL_APIC_LVT;
}

/* The registers of which only some bits are, and that act only by their value. */
static enum kl_apic_effect write_masked(struct kl_apic *a, u32 reg, u32 value, u32 writable,
					enum kl_apic_effect effect)
{
	if (a->x2apic && (value & ~writable))
		return KL_APIC_BAD;
	kl_apic_set(a, reg, value & writable);
	return effect;
}

/**
 * kl_apic_write - software writes a register
 * @a: the APIC
 * @reg: offset in the page
 * @value: the value; bits that are reserved are dropped in xAPIC mode
 *
 * Return: what is to be done now that it is stored; the divide configuration
 * is left to the caller, who must stop the timer first.
 */
enum kl_apic_effect kl_apic_write(struct kl_apic *a, u32 reg, u32 value)
{
	switch (reg) {
	case APIC_TASKPRI:
		return write_masked(a, reg, value, 0xff, KL_APIC_PRIORITY);
	case APIC_EOI:
		return a->x2apic && value ? KL_APIC_BAD : KL_APIC_EOI;
	case APIC_LDR:
		return a->x2apic ? KL_APIC_BAD :
				   write_masked(a, reg, value, APIC_LDR_MASK, KL_APIC_NOTHING);
	case APIC_DFR:
		if (a->x2apic)
			return KL_APIC_BAD;
		kl_apic_set(a, reg, value | 0x0fffffff);
		return KL_APIC_NOTHING;
	case APIC_SPIV:
		return write_svr(a, value);
	case APIC_ESR:
		return a->x2apic && value ? KL_APIC_BAD : KL_APIC_ESR;
	case APIC_ICR:
		return write_masked(a, reg, value & ~BIT(12), ICR_LOW & ~BIT(12), KL_APIC_ICR);
	case APIC_ICR2:
		/* x2APIC writes it as part of the ICR, not through here. */
		return a->x2apic ? KL_APIC_BAD :
				   write_masked(a, reg, value, 0xff000000, KL_APIC_NOTHING);
	case APIC_LVTT:
	case APIC_LVTTHMR:
	case APIC_LVTPC:
	case APIC_LVT0:
	case APIC_LVT1:
	case APIC_LVTERR:
	case APIC_LVTCMCI:
		return write_lvt(a, reg, value);
	case APIC_TMICT:
		return KL_APIC_COUNT;
	case APIC_TDCR:
		return a->x2apic && (value & ~0xb) ? KL_APIC_BAD : KL_APIC_DIVIDE;
	case KL_APIC_SELF_IPI:
		return a->x2apic && !(value & ~0xff) ? KL_APIC_SELF : KL_APIC_BAD;
	}
	/* Writes to the id are ignored, as on processors where it is fixed. */
	if (reg == APIC_ID && !a->x2apic)
		return KL_APIC_NOTHING;
	return KL_APIC_BAD;
}

/**
 * kl_apic_sanitise - make a page that came from the client fit for use
 * @a: the APIC; its page was overwritten
 */
void kl_apic_sanitise(struct kl_apic *a)
{
	u32 ldr = kl_apic_get(a, APIC_LDR);
	unsigned int i;

	kl_apic_set(a, APIC_LVR, version(a));
	kl_apic_set(a, APIC_TASKPRI, kl_apic_get(a, APIC_TASKPRI) & 0xff);
	kl_apic_set(a, APIC_DFR, kl_apic_get(a, APIC_DFR) | 0x0fffffff);
	kl_apic_set(a, APIC_SPIV, kl_apic_get(a, APIC_SPIV) & SVR_WRITABLE);
	kl_apic_set(a, APIC_ICR, kl_apic_get(a, APIC_ICR) & ICR_LOW & ~BIT(12));
	kl_apic_set(a, APIC_TDCR, kl_apic_get(a, APIC_TDCR) & 0xb);
	for (i = 0; i < a->nr_lvts; i++)
		kl_apic_set(a, lvts[i], kl_apic_get(a, lvts[i]) & lvt_writable(a, lvts[i]));
	if ((kl_apic_get(a, APIC_LVTT) & KL_LVT_TIMER_MODE) == KL_LVT_TIMER_MODE)
		kl_apic_set(a, APIC_LVTT, KL_LVT_MASKED);
	/* Vectors 0 to 15 can be neither requested nor in service. */
	kl_apic_set(a, APIC_IRR, kl_apic_get(a, APIC_IRR) & 0xffff0000);
	kl_apic_set(a, APIC_ISR, kl_apic_get(a, APIC_ISR) & 0xffff0000);
	kl_apic_set_mode(a, a->x2apic);
	if (!a->x2apic)
		kl_apic_set(a, APIC_LDR, ldr & APIC_LDR_MASK);
}

/**
 * kl_apic_match - is an APIC among those a message is for (SDM, "Determining IPI
 *	Destination")
 * @a: the APIC; its vCPU may run
 * @dest: destination; a physical broadcast is KL_DEST_ALL
 * @logical: it is a logical destination
 *
 * Return: true if it is.
 */
bool kl_apic_match(const struct kl_apic *a, u32 dest, bool logical)
{
	u32 ldr;

	if (dest == KL_DEST_ALL)
		return true;
	if (!logical)
		return dest == a->id;
	ldr = kl_apic_get(a, APIC_LDR);
	if (READ_ONCE(a->x2apic))
		return ldr >> 16 == dest >> 16 && (ldr & dest & 0xffff);
	if (dest > 0xff)
		return false;
	ldr >>= 24;
	switch (kl_apic_get(a, APIC_DFR) >> 28) {
	case 0xf: /* flat: a bit each */
		return ldr & dest;
	case 0: /* a cluster of four, or all clusters */
		return (dest >> 4 == 0xf || dest >> 4 == ldr >> 4) && (ldr & dest & 0xf);
	}
	return false;
}

/**
 * kl_apic_divisor - what the timer's clock is divided by
 * @divide: divide configuration register
 *
 * Return: 1 to 128.
 */
u32 kl_apic_divisor(u32 divide)
{
	u32 code = (divide & 3) | (divide & 8) >> 1;

	return BIT((code + 1) & 7);
}

/**
 * kl_apic_count_to_ns - time in ns that a count takes at 1 GHz
 * @count: the count
 * @divide: divide configuration register
 *
 * Return: ns.
 */
u64 kl_apic_count_to_ns(u32 count, u32 divide)
{
	return (u64)count * kl_apic_divisor(divide);
}

/**
 * kl_apic_ns_to_count - count that is left
 * @ns: time until zero, may have passed
 * @divide: divide configuration register
 *
 * Return: the count, rounded down; 0 if the time has passed.
 */
u32 kl_apic_ns_to_count(s64 ns, u32 divide)
{
	if (ns <= 0)
		return 0;
	return min_t(u64, div_u64(ns, kl_apic_divisor(divide)), U32_MAX);
}

/**
 * kl_apic_tsc_to_ns - time in ns that TSC ticks take, rounded up
 * @ticks: the ticks; none if negative
 * @tsc_khz: frequency of the TSC in kHz, not 0
 *
 * Return: at most S64_MAX / 2, which is 146 years.
 */
s64 kl_apic_tsc_to_ns(s64 ticks, u32 tsc_khz)
{
	u64 ns;

	if (ticks <= 0)
		return 0;
	/* More than this many would not fit. */
	if ((u64)ticks / tsc_khz >= S64_MAX / 2 / 1000000)
		return S64_MAX / 2;
	ns = mul_u64_u32_div(ticks, 1000000, tsc_khz) + 1;
	return min_t(u64, ns, S64_MAX / 2);
}
