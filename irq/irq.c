// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupt layer as the run loop sees it: which event waits for a vCPU, and
 * taking it; birth and death of the layer's part of VMs and vCPUs.
 *
 * tour 39: before a VM entry the run loop asks kl_irq_pending(), and takes the
 * vector by kl_irq_ack() when the guest can be interrupted.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/apicdef.h>
#include <asm/msr-index.h>

#include "../mmu/request.h"
#include "../uapi/object.h"
#include "irqchip.h"
#include "lapic.h"
#include "routing.h"

/* One NMI is delivered or blocked, one more is kept; the CPU has room for this. */
#define MAX_NMIS 2

/**
 * kl_irq_vm_init - prepare a new VM
 * @vm: the VM, zeroed
 *
 * Return: 0 or -ENOMEM.
 */
int kl_irq_vm_init(struct kl_vm *vm)
{
	struct kl_routing *none;
	int ret;

	raw_spin_lock_init(&vm->irq.lock);
	ret = init_srcu_struct(&vm->irq.srcu);
	if (ret)
		return ret;
	none = kvzalloc(sizeof(*none), GFP_KERNEL_ACCOUNT);
	if (!none) {
		cleanup_srcu_struct(&vm->irq.srcu);
		return -ENOMEM;
	}
	rcu_assign_pointer(vm->irq.routing, none);
	return 0;
}

/**
 * kl_irq_vm_stop - stop everything that raises interrupts on its own
 * @vm: the VM, without users. After this its vCPUs can be destroyed
 */
void kl_irq_vm_stop(struct kl_vm *vm)
{
	kl_pit_stop(vm);
}

/**
 * kl_irq_vm_destroy - free the layer's part of a VM
 * @vm: the VM, kl_irq_vm_stop() done, its vCPUs gone
 */
void kl_irq_vm_destroy(struct kl_vm *vm)
{
	kl_pit_destroy(vm);
	kl_irqchip_destroy(vm);
	kvfree(rcu_dereference_protected(vm->irq.routing, true));
	RCU_INIT_POINTER(vm->irq.routing, NULL);
	cleanup_srcu_struct(&vm->irq.srcu);
}

/**
 * kl_irq_vcpu_init - prepare a new vCPU
 * @vcpu: the vCPU, @vcpu->vm and @vcpu->id set; not published yet
 *
 * Return: 0 or -ENOMEM.
 */
int kl_irq_vcpu_init(struct kl_vcpu *vcpu)
{
	int ret;

	if (kl_irqchip_in_kernel(vcpu->vm)) {
		ret = kl_lapic_create(vcpu);
		if (ret)
			return ret;
	}
	kl_irq_vcpu_reset(vcpu, false);
	return 0;
}

/**
 * kl_irq_vcpu_destroy - free the layer's part of a vCPU
 * @vcpu: the vCPU: not published, or kl_irq_vm_stop() was done
 */
void kl_irq_vcpu_destroy(struct kl_vcpu *vcpu)
{
	kl_lapic_destroy(vcpu);
}

/**
 * kl_irq_vcpu_reset - power-up state, or what INIT makes
 * @vcpu: the vCPU, by its own thread
 * @init: by INIT: IA32_APIC_BASE stays, so does a start-up IPI behind it
 */
void kl_irq_vcpu_reset(struct kl_vcpu *vcpu, bool init)
{
	struct kl_vcpu_irq *q = &vcpu->irq;

	atomic_set(&q->nmis, 0);
	q->user_vector = -1;
	if (init) {
		atomic_andnot(KL_EVENT_EXTINT, &q->events);
	} else {
		atomic_set(&q->events, 0);
		WRITE_ONCE(q->apic_base, APIC_DEFAULT_PHYS_BASE | MSR_IA32_APICBASE_ENABLE |
			   (vcpu->id ? 0 : MSR_IA32_APICBASE_BSP));
	}
	if (q->lapic)
		kl_lapic_reset(vcpu);
}

static bool pic_pending(struct kl_vcpu *vcpu)
{
	return kl_irqchip_pic_output(vcpu->vm) && kl_lapic_takes_pic(vcpu);
}

/**
 * kl_irq_pending - does an external interrupt wait that the controllers would
 *	deliver now?
 * @vcpu: the vCPU, by its own thread
 *
 * Whether the guest can be interrupted is not looked at.
 *
 * Return: true if one does.
 */
bool kl_irq_pending(struct kl_vcpu *vcpu)
{
	if (!vcpu->irq.lapic)
		return vcpu->irq.user_vector >= 0;
	if (pic_pending(vcpu))
		return true;
	return kl_lapic_enabled(vcpu) && kl_apic_deliverable(&vcpu->irq.lapic->a) >= 0;
}

/**
 * kl_irq_ack - take the interrupt: its delivery begins
 * @vcpu: the vCPU, by its own thread
 *
 * Return: its vector, -1 if none waits any more.
 */
int kl_irq_ack(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_irq *q = &vcpu->irq;
	int vector;

	if (!q->lapic) {
		vector = q->user_vector;
		q->user_vector = -1;
		return vector;
	}
	if (pic_pending(vcpu)) {
		vector = kl_irqchip_pic_ack(vcpu->vm);
		if (vector >= 0) {
			atomic_andnot(KL_EVENT_EXTINT, &q->events);
			return vector;
		}
	}
	if (!kl_lapic_enabled(vcpu))
		return -1;
	vector = kl_apic_deliverable(&q->lapic->a);
	if (vector < 0)
		return -1;
	kl_vec_clear(&q->lapic->a, APIC_IRR, vector);
	kl_vec_set(&q->lapic->a, APIC_ISR, vector);
	return vector;
}

/**
 * kl_irq_runnable_event - does an event wait that ends HLT?
 * @vcpu: the vCPU, by its own thread; the guest's IF is not looked at
 *
 * Return: true if one does.
 */
bool kl_irq_runnable_event(struct kl_vcpu *vcpu)
{
	return kl_irq_init_sipi_pending(vcpu) || kl_irq_nmi_pending(vcpu) ||
	       kl_irq_pending(vcpu);
}

/**
 * kl_irq_interrupt - KVM_INTERRUPT: queue an interrupt for a VM whose controllers
 *	are the client's
 * @vcpu: the vCPU, vcpu->mutex held
 * @vector: the vector
 *
 * Return: 0; -EINVAL above 255; -ENXIO with an irqchip in the kernel; -EEXIST if
 * one waits already.
 */
int kl_irq_interrupt(struct kl_vcpu *vcpu, u32 vector)
{
	if (vector >= KVM_NR_INTERRUPTS)
		return -EINVAL;
	if (vcpu->irq.lapic)
		return -ENXIO;
	if (vcpu->irq.user_vector >= 0)
		return -EEXIST;
	vcpu->irq.user_vector = vector;
	kl_request(vcpu, KL_REQ_EVENT);
	return 0;
}

/**
 * kl_irq_user_vector - vector that KVM_INTERRUPT queued
 * @vcpu: the vCPU, vcpu->mutex held
 *
 * Return: the vector, -1 if none waits.
 */
int kl_irq_user_vector(struct kl_vcpu *vcpu)
{
	return vcpu->irq.user_vector;
}

/**
 * kl_irq_queue_nmi - send a non-maskable interrupt
 * @vcpu: the vCPU
 *
 * Context: any, hard interrupts included.
 */
void kl_irq_queue_nmi(struct kl_vcpu *vcpu)
{
	atomic_add_unless(&vcpu->irq.nmis, 1, MAX_NMIS);
	kl_request_and_kick(vcpu, KL_REQ_EVENT);
}

/**
 * kl_irq_nmi_pending - does an NMI wait?
 * @vcpu: the vCPU
 *
 * Return: true if one does.
 */
bool kl_irq_nmi_pending(struct kl_vcpu *vcpu)
{
	return atomic_read(&vcpu->irq.nmis);
}

/**
 * kl_irq_take_nmi - take one NMI
 * @vcpu: the vCPU, by its own thread
 *
 * Return: true if there was one.
 */
bool kl_irq_take_nmi(struct kl_vcpu *vcpu)
{
	return atomic_add_unless(&vcpu->irq.nmis, -1, 0);
}

/**
 * kl_irq_init_sipi_pending - does an INIT or a start-up IPI wait?
 * @vcpu: the vCPU
 *
 * Return: true if one does.
 */
bool kl_irq_init_sipi_pending(struct kl_vcpu *vcpu)
{
	return atomic_read(&vcpu->irq.events) & (KL_IRQ_INIT | KL_IRQ_SIPI);
}

/**
 * kl_irq_take_init_sipi - take both; INIT came before a start-up IPI
 * @vcpu: the vCPU, by its own thread
 * @sipi_vector: out with KL_IRQ_SIPI: number of the page to start at
 *
 * Return: KL_IRQ_INIT, KL_IRQ_SIPI, both or 0.
 */
unsigned int kl_irq_take_init_sipi(struct kl_vcpu *vcpu, u8 *sipi_vector)
{
	unsigned int taken = atomic_fetch_andnot(KL_IRQ_INIT | KL_IRQ_SIPI, &vcpu->irq.events);

	*sipi_vector = READ_ONCE(vcpu->irq.sipi_vector);
	return taken & (KL_IRQ_INIT | KL_IRQ_SIPI);
}

/**
 * kl_irq_tsc_changed - vcpu->irq.tsc_offset changed: its deadline moves
 * @vcpu: the vCPU, by its own thread or with vcpu->mutex held
 */
void kl_irq_tsc_changed(struct kl_vcpu *vcpu)
{
	struct kl_lapic *lapic = vcpu->irq.lapic;
	u64 deadline;

	if (!lapic)
		return;
	deadline = READ_ONCE(lapic->deadline);
	if (deadline)
		kl_lapic_timer_deadline(lapic, deadline);
}
