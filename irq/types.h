/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the interrupt layer keeps in a VM and in a vCPU.
 *
 * The controllers themselves are behind pointers: they exist only once the
 * client has asked for them (KVM_CREATE_IRQCHIP, KVM_CREATE_PIT2).
 */
#ifndef _KL_IRQ_TYPES_H
#define _KL_IRQ_TYPES_H

#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/types.h>

struct kl_chips;
struct kl_lapic;
struct kl_pit_dev;
struct kl_routing;

/**
 * struct kl_vm_irq - the interrupt layer's part of a VM
 * @lock: protects the PIC pair and the IOAPIC; taken in hard interrupts too
 * @srcu: readers of @routing
 * @routing: what each GSI is connected to; replaced under vm->lock
 * @chips: PIC pair and IOAPIC, NULL without an irqchip in the kernel;
 *	published once, before the first vCPU exists
 * @pit: the interval timer or NULL; published once
 * @next_lowest: index of the vCPU asked first for a lowest-priority interrupt, a
 *	hint written without a lock
 */
struct kl_vm_irq {
	raw_spinlock_t lock; /* see the order of locks in uapi/object.h */
	struct srcu_struct srcu;
	struct kl_routing __rcu *routing;
	struct kl_chips *chips;
	struct kl_pit_dev *pit;
	unsigned int next_lowest;
};

/**
 * struct kl_vcpu_irq - the interrupt layer's part of a vCPU
 * @lapic: local APIC, NULL without an irqchip in the kernel
 * @apic_base: IA32_APIC_BASE: read by the senders of interrupts, written by
 *	the vCPU's thread
 * @tsc_offset: guest TSC minus host TSC; after a change call
 *	kl_irq_tsc_changed()
 * @events: bitmap of pending INIT, SIPI (KL_IRQ_*) and ExtINT
 * @nmis: NMIs that wait, 2 at most: one delivered, one behind it
 * @sipi_vector: page number of the start-up IPI in @events
 * @user_vector: vector of KVM_INTERRUPT that waits, -1 if none
 */
struct kl_vcpu_irq {
	struct kl_lapic *lapic;
	u64 apic_base;
	s64 tsc_offset;
	atomic_t events;
	atomic_t nmis;
	u8 sipi_vector;
	int user_vector;
};

#endif /* _KL_IRQ_TYPES_H */
