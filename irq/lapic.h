/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC of a vCPU, as the files of irq/ share it.
 *
 * No lock: the IRR and TMR are set by senders with atomic operations, the timer
 * function touches only the timer's fields, everything else belongs to the
 * vCPU's own thread (or whoever holds vcpu->mutex).
 */
#ifndef _KL_IRQ_LAPIC_H
#define _KL_IRQ_LAPIC_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/hrtimer.h>
#include <linux/types.h>

#include "intr.h"
#include "lapic_regs.h"

struct kl_vcpu;
struct kl_vm;

/* Bit of vcpu->irq.events beside KL_IRQ_INIT and KL_IRQ_SIPI: take the PIC's. */
#define KL_EVENT_EXTINT BIT(2)

/**
 * struct kl_lapic - a local APIC
 * @a: registers
 * @vcpu: whose it is
 * @errors: ESR bits that the next write of the ESR shows; set by senders too
 * @timer: hardware timer behind the APIC's
 * @expires: when it expires, CLOCK_MONOTONIC; valid while @running
 * @running: one-shot or periodic countdown under way; cleared by its expiry
 * @deadline: IA32_TSC_DEADLINE, guest TSC; 0 if disarmed
 */
struct kl_lapic {
	struct kl_apic a;
	struct kl_vcpu *vcpu;
	atomic_t errors;
	struct hrtimer timer;
	ktime_t expires;
	bool running;
	u64 deadline;
};

/* lapic.c */
bool kl_lapic_enabled(const struct kl_vcpu *vcpu);
bool kl_lapic_takes_pic(const struct kl_vcpu *vcpu);
int kl_lapic_accept(struct kl_vcpu *vcpu, const struct kl_intr *intr);
int kl_lapic_local(struct kl_vcpu *vcpu, u32 lvt);
void kl_lapic_error(struct kl_vcpu *vcpu, u32 esr);
void kl_lapic_reset(struct kl_vcpu *vcpu);
int kl_lapic_create(struct kl_vcpu *vcpu);
void kl_lapic_destroy(struct kl_vcpu *vcpu);

/* lapic_timer.c */
void kl_lapic_timer_init(struct kl_lapic *lapic);
void kl_lapic_timer_stop(struct kl_lapic *lapic);
void kl_lapic_timer_count(struct kl_lapic *lapic, u32 count);
void kl_lapic_timer_divide(struct kl_lapic *lapic, u32 divide);
void kl_lapic_timer_resume(struct kl_lapic *lapic);
u32 kl_lapic_timer_current(const struct kl_lapic *lapic);
void kl_lapic_timer_deadline(struct kl_lapic *lapic, u64 deadline);
bool kl_lapic_timer_in_deadline(const struct kl_lapic *lapic);

/* ipi.c */
int kl_intr_send(struct kl_vm *vm, struct kl_vcpu *from, const struct kl_intr *intr);

#endif /* _KL_IRQ_LAPIC_H */
