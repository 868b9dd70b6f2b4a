/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC's register page: which registers exist and what may be written
 * to them, priorities, destinations, timer arithmetic. Pure code: lapic.c and
 * lapic_timer.c act on it.
 */
#ifndef _KL_IRQ_LAPIC_REGS_H
#define _KL_IRQ_LAPIC_REGS_H

#include <linux/compiler.h>
#include <linux/types.h>

/* LVT entries without and with the one for corrected machine checks. */
#define KL_LVTS 6
#define KL_LVTS_CMCI 7

/* Bits of an LVT entry that other headers do not name. */
#define KL_LVT_MASKED 0x10000
#define KL_LVT_TIMER_MODE 0x60000
#define KL_LVT_ONESHOT 0
#define KL_LVT_PERIODIC 0x20000
#define KL_LVT_DEADLINE 0x40000

/* x2APIC's self-IPI register. */
#define KL_APIC_SELF_IPI 0x3f0

/**
 * enum kl_apic_effect - what a register write asks for besides storing
 * @KL_APIC_NOTHING: nothing
 * @KL_APIC_BAD: the register does not exist or may not hold this value: #GP in
 *	x2APIC mode, an error in the ESR in xAPIC mode
 * @KL_APIC_PRIORITY: a priority threshold changed
 * @KL_APIC_EOI: end of interrupt
 * @KL_APIC_ESR: show the errors collected since the last write
 * @KL_APIC_ICR: send what the ICR says
 * @KL_APIC_SELF: send the value as a vector to oneself
 * @KL_APIC_LVT: an LVT entry changed
 * @KL_APIC_TIMER_MODE: the timer's entry changed, deadline mode coming or going
 * @KL_APIC_COUNT: the initial count was written
 * @KL_APIC_DIVIDE: the divide configuration is to be written
 */
enum kl_apic_effect {
	KL_APIC_NOTHING,
	KL_APIC_BAD,
	KL_APIC_PRIORITY,
	KL_APIC_EOI,
	KL_APIC_ESR,
	KL_APIC_ICR,
	KL_APIC_SELF,
	KL_APIC_LVT,
	KL_APIC_TIMER_MODE,
	KL_APIC_COUNT,
	KL_APIC_DIVIDE,
};

/**
 * struct kl_apic - the register page and what decides about it
 * @page: 4 KiB, a register of 32 bits every 16 bytes, as KVM_GET_LAPIC has it.
 *	IRR, TMR are written by senders; the rest by the vCPU's own thread
 * @id: APIC id
 * @nr_lvts: KL_LVTS or KL_LVTS_CMCI
 * @x2apic: in x2APIC mode
 */
struct kl_apic {
	u32 *page;
	u32 id;
	u8 nr_lvts;
	bool x2apic;
};

/**
 * kl_apic_get - a register's value as it is stored
 * @a: the APIC
 * @reg: offset in the page, 0 to 0xff0
 *
 * Return: the value.
 */
static inline u32 kl_apic_get(const struct kl_apic *a, u32 reg)
{
	return READ_ONCE(a->page[reg / sizeof(u32)]);
}

/**
 * kl_apic_set - store a register
 * @a: the APIC
 * @reg: offset in the page, 0 to 0xff0
 * @value: its value
 */
static inline void kl_apic_set(struct kl_apic *a, u32 reg, u32 value)
{
	WRITE_ONCE(a->page[reg / sizeof(u32)], value);
}

void kl_apic_reset(struct kl_apic *a, bool bsp);
void kl_apic_set_mode(struct kl_apic *a, bool x2apic);
bool kl_apic_readable(const struct kl_apic *a, u32 reg);
enum kl_apic_effect kl_apic_write(struct kl_apic *a, u32 reg, u32 value);
void kl_apic_sanitise(struct kl_apic *a);

bool kl_vec_set(struct kl_apic *a, u32 reg, u8 vector);
bool kl_vec_clear(struct kl_apic *a, u32 reg, u8 vector);
bool kl_vec_test(const struct kl_apic *a, u32 reg, u8 vector);
int kl_vec_highest(const struct kl_apic *a, u32 reg);
u8 kl_apic_ppr(const struct kl_apic *a);
int kl_apic_deliverable(const struct kl_apic *a);

bool kl_apic_match(const struct kl_apic *a, u32 dest, bool logical);

u32 kl_apic_divisor(u32 divide);
u64 kl_apic_count_to_ns(u32 count, u32 divide);
u32 kl_apic_ns_to_count(s64 ns, u32 divide);
s64 kl_apic_tsc_to_ns(s64 ticks, u32 tsc_khz);

#endif /* _KL_IRQ_LAPIC_REGS_H */
