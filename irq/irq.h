/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt layer as the layers above see it.
 *
 * tour 30: interrupts enter here by kl_irq_line() and kl_irq_msi() and leave
 * by kl_irq_pending() and kl_irq_ack(), which the run loop calls before each
 * VM entry. Everything between is the business of irq/.
 */
#ifndef _KL_IRQ_IRQ_H
#define _KL_IRQ_IRQ_H

#include <linux/bits.h>
#include <linux/kvm.h>
#include <linux/kvm_types.h>
#include <linux/types.h>

struct kl_vcpu;
struct kl_vm;

/* kl_irq_take_init_sipi() */
#define KL_IRQ_INIT BIT(0)
#define KL_IRQ_SIPI BIT(1)

/* Who drives a line: a level-triggered line is high while anyone holds it. */
#define KL_IRQ_SOURCE_USER 0
#define KL_IRQ_SOURCE_PIT 1
#define KL_IRQ_SOURCE_IRQFD 2
#define KL_IRQ_SOURCE_RESAMPLE 3
#define KL_IRQ_SOURCES 4

/* Life of a VM and a vCPU (irq.c) */
int kl_irq_vm_init(struct kl_vm *vm);
void kl_irq_vm_stop(struct kl_vm *vm);
void kl_irq_vm_destroy(struct kl_vm *vm);
int kl_irq_vcpu_init(struct kl_vcpu *vcpu);
void kl_irq_vcpu_destroy(struct kl_vcpu *vcpu);
void kl_irq_vcpu_reset(struct kl_vcpu *vcpu, bool init);

/* The run loop (irq.c) */
bool kl_irq_pending(struct kl_vcpu *vcpu);
int kl_irq_ack(struct kl_vcpu *vcpu);
bool kl_irq_runnable_event(struct kl_vcpu *vcpu);
int kl_irq_interrupt(struct kl_vcpu *vcpu, u32 vector);
int kl_irq_user_vector(struct kl_vcpu *vcpu);
void kl_irq_queue_nmi(struct kl_vcpu *vcpu);
bool kl_irq_nmi_pending(struct kl_vcpu *vcpu);
bool kl_irq_take_nmi(struct kl_vcpu *vcpu);
bool kl_irq_init_sipi_pending(struct kl_vcpu *vcpu);
unsigned int kl_irq_take_init_sipi(struct kl_vcpu *vcpu, u8 *sipi_vector);
void kl_irq_tsc_changed(struct kl_vcpu *vcpu);

/* Interrupts from devices and userspace, routing (line.c) */
int kl_irq_line(struct kl_vm *vm, u32 gsi, int level, u32 source, int *status);
int kl_irq_msi(struct kl_vm *vm, const struct kvm_msi *msi);
int kl_routing_set(struct kl_vm *vm, const struct kvm_irq_routing_entry *entries,
		   unsigned int nr);

/* PIC pair and IOAPIC (irqchip.c) */
bool kl_irqchip_in_kernel(const struct kl_vm *vm);
int kl_irqchip_create(struct kl_vm *vm);
int kl_irqchip_get(struct kl_vm *vm, struct kvm_irqchip *chip);
int kl_irqchip_set(struct kl_vm *vm, const struct kvm_irqchip *chip);

/* The interval timer (pit_dev.c) */
int kl_pit_create(struct kl_vm *vm, const struct kvm_pit_config *config);
int kl_pit_get2(struct kl_vm *vm, struct kvm_pit_state2 *state);
int kl_pit_set2(struct kl_vm *vm, const struct kvm_pit_state2 *state);
int kl_pit_reinject(struct kl_vm *vm, bool reinject);

/* The local APIC (lapic.c) */
int kl_lapic_get_state(struct kl_vcpu *vcpu, struct kvm_lapic_state *state);
int kl_lapic_set_state(struct kl_vcpu *vcpu, const struct kvm_lapic_state *state);
u64 kl_lapic_get_cr8(struct kl_vcpu *vcpu);
void kl_lapic_set_cr8(struct kl_vcpu *vcpu, u64 cr8);
u64 kl_lapic_base_get(struct kl_vcpu *vcpu);
int kl_lapic_base_set(struct kl_vcpu *vcpu, u64 base, bool host);
int kl_lapic_msr_read(struct kl_vcpu *vcpu, u32 msr, u64 *data);
int kl_lapic_msr_write(struct kl_vcpu *vcpu, u32 msr, u64 data);
bool kl_lapic_mmio_match(struct kl_vcpu *vcpu, gpa_t gpa);
int kl_lapic_mmio(struct kl_vcpu *vcpu, gpa_t gpa, unsigned int len, void *data,
		  bool write);
void kl_lapic_set_cmci(struct kl_vcpu *vcpu, bool present);

#endif /* _KL_IRQ_IRQ_H */
