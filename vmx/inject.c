// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events on their way into the guest (SDM, "Event Injection" and "Information
 * for VM Exits That Occur During Event Delivery").
 *
 * tour 45: one event can be injected at an entry. An event whose delivery a VM
 * exit interrupted comes first, then an exception, an NMI, an interrupt; what
 * must wait opens a window, so that the guest exits when it could be taken.
 */
#include <asm/trapnr.h>
#include <asm/vmx.h>

#include "../irq/irq.h"
#include "../mmu/request.h"
#include "../uapi/trace.h"
#include "guest_state.h"
#include "inject.h"

#define KL_SHADOW (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)

/* Vectors that count as contributory for the double fault rule. */
#define KL_CONTRIBUTORY (BIT(X86_TRAP_DE) | BIT(X86_TRAP_TS) | BIT(X86_TRAP_NP) | \
			 BIT(X86_TRAP_SS) | BIT(X86_TRAP_GP))
/* Traps and aborts: their RIP is not to be restarted, so RF stays. */
#define KL_NOT_FAULTS (BIT(X86_TRAP_DB) | BIT(X86_TRAP_BP) | BIT(X86_TRAP_OF) | \
		       BIT(X86_TRAP_DF) | BIT(X86_TRAP_MC))

/* The exception that is queued or being delivered, -1 if none. */
static int current_exception(struct kl_vcpu *vcpu)
{
	u32 info = vcpu->vmx.entry_event;

	if (vcpu->vmx.exception.pending)
		return vcpu->vmx.exception.vector;
	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_HARD_EXCEPTION)
		return info & INTR_INFO_VECTOR_MASK;
	return -1;
}

static bool contributory(int vector)
{
	return vector >= 0 && vector < 32 && (BIT(vector) & KL_CONTRIBUTORY);
}

static void raise(struct kl_vcpu *vcpu, struct kl_queued_exception e)
{
	int first = current_exception(vcpu);

	/* SDM, "Conditions for Generating a Double Fault". */
	if (first == X86_TRAP_DF &&
	    (contributory(e.vector) || e.vector == X86_TRAP_PF)) {
		kl_request(vcpu, KL_REQ_TRIPLE_FAULT);
		return;
	}
	if ((contributory(first) && contributory(e.vector)) ||
	    (first == X86_TRAP_PF && (contributory(e.vector) || e.vector == X86_TRAP_PF)))
		e = (struct kl_queued_exception){
			.vector = X86_TRAP_DF,
			.has_error = true,
		};
	/* The first one recurs when its instruction is restarted. */
	if (first >= 0)
		vcpu->vmx.entry_event = 0;
	e.pending = true;
	vcpu->vmx.exception = e;
}

/**
 * kl_raise - queue an exception without error code
 * @vcpu: the vCPU
 * @vector: X86_TRAP_*
 */
void kl_raise(struct kl_vcpu *vcpu, u8 vector)
{
	raise(vcpu, (struct kl_queued_exception){ .vector = vector });
}

/**
 * kl_raise_error - queue an exception with error code
 * @vcpu: the vCPU
 * @vector: X86_TRAP_*
 * @error: the error code
 */
void kl_raise_error(struct kl_vcpu *vcpu, u8 vector, u32 error)
{
	raise(vcpu, (struct kl_queued_exception){
		.vector = vector, .has_error = true, .error = error,
	});
}

/**
 * kl_raise_pf - queue a page fault
 * @vcpu: the vCPU
 * @gva: faulting GVA, for CR2
 * @error: the error code
 */
void kl_raise_pf(struct kl_vcpu *vcpu, u64 gva, u32 error)
{
	raise(vcpu, (struct kl_queued_exception){
		.vector = X86_TRAP_PF, .has_error = true, .error = error, .payload = gva,
	});
}

/**
 * kl_raise_db - queue a debug exception
 * @vcpu: the vCPU
 * @dr6: bits to set in DR6
 */
void kl_raise_db(struct kl_vcpu *vcpu, u64 dr6)
{
	raise(vcpu, (struct kl_queued_exception){
		.vector = X86_TRAP_DB, .payload = dr6,
	});
}

/* Put an event into the VM-entry fields. */
static void write_event(struct kl_vcpu *vcpu, u32 info, u32 error, u32 len)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;

	v->entry_event = info;
	v->entry_error = error;
	v->entry_len = len;
	if (info & INTR_INFO_DELIVER_CODE_MASK)
		vmx_vmwrite(VM_ENTRY_EXCEPTION_ERROR_CODE, error);
	if (len)
		vmx_vmwrite(VM_ENTRY_INSTRUCTION_LEN, len);
	vmx_vmwrite(VM_ENTRY_INTR_INFO_FIELD, info);
	trace_kvmlite_inject(vcpu->id, info, error);
}

static void inject_exception(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;
	struct kl_queued_exception *e = &v->exception;
	u32 info = e->vector | INTR_TYPE_HARD_EXCEPTION | INTR_INFO_VALID_MASK;

	e->pending = false;
	if (e->vector == X86_TRAP_PF) {
		v->cr2 = e->payload;
	} else if (e->vector == X86_TRAP_DB) {
		/* DR6.RTM (bit 16) reads inverted: set unless in a transaction. */
		v->dr6 = (v->dr6 & ~(u64)0xf) | e->payload;
		v->dr7 &= ~(u64)BIT(13);
		vmx_vmwrite(GUEST_DR7, v->dr7);
	}
	if (!(BIT(e->vector) & KL_NOT_FAULTS))
		kl_set_rflags(vcpu, kl_rflags(vcpu) | X86_EFLAGS_RF);
	/* Real mode has no error codes. */
	if (e->has_error && (kl_cr0(vcpu) & X86_CR0_PE))
		info |= INTR_INFO_DELIVER_CODE_MASK;
	write_event(vcpu, info, e->error, 0);
}

/**
 * kl_interrupts_open - can the guest take an external interrupt right now?
 * @vcpu: the vCPU, loaded
 *
 * Return: true if RFLAGS.IF is set and no instruction holds interrupts off.
 */
bool kl_interrupts_open(struct kl_vcpu *vcpu)
{
	return (kl_rflags(vcpu) & X86_EFLAGS_IF) &&
	       !(vmx_vmread(GUEST_INTERRUPTIBILITY_INFO) & KL_SHADOW);
}

static bool nmi_open(struct kl_vcpu *vcpu)
{
	return !(vmx_vmread(GUEST_INTERRUPTIBILITY_INFO) & (KL_SHADOW | GUEST_INTR_STATE_NMI));
}

/**
 * kl_inject_events - choose what the next VM entry delivers
 * @vcpu: the vCPU, loaded
 *
 * Context: Preemption off; nothing is taken from a controller unless it is
 * delivered by this entry or stays queued for the next.
 */
void kl_inject_events(struct kl_vcpu *vcpu)
{
	bool irq, nmi;
	int vector;

	if (!vcpu->vmx.entry_event && vcpu->vmx.exception.pending)
		inject_exception(vcpu);

	nmi = kl_irq_nmi_pending(vcpu);
	if (nmi && !vcpu->vmx.entry_event && nmi_open(vcpu) && kl_irq_take_nmi(vcpu)) {
		write_event(vcpu, X86_TRAP_NMI | INTR_TYPE_NMI_INTR | INTR_INFO_VALID_MASK, 0, 0);
		nmi = kl_irq_nmi_pending(vcpu);
	}

	irq = kl_irq_pending(vcpu);
	if (irq && !vcpu->vmx.entry_event && kl_interrupts_open(vcpu)) {
		vector = kl_irq_ack(vcpu);
		if (vector >= 0)
			write_event(vcpu, vector | INTR_TYPE_EXT_INTR | INTR_INFO_VALID_MASK,
				    0, 0);
		irq = kl_irq_pending(vcpu);
	}
	if (!irq && !kl_irqchip_in_kernel(vcpu->vm))
		irq = vcpu->run->request_interrupt_window;

	kl_proc_ctl(vcpu, CPU_BASED_INTR_WINDOW_EXITING, irq);
	kl_proc_ctl(vcpu, CPU_BASED_NMI_WINDOW_EXITING, nmi);
}

/**
 * kl_requeue_vectoring - an exit interrupted the delivery of an event: queue it
 *	again
 * @vcpu: the vCPU, right after an exit that can do so
 */
void kl_requeue_vectoring(struct kl_vcpu *vcpu)
{
	u32 info = vmx_vmread(IDT_VECTORING_INFO_FIELD);
	u32 type = info & INTR_INFO_INTR_TYPE_MASK;
	u32 error = 0, len = 0;

	if (!(info & VECTORING_INFO_VALID_MASK))
		return;
	/* Bit 12 is undefined here and reserved there. */
	info &= ~INTR_INFO_UNBLOCK_NMI;
	if (info & VECTORING_INFO_DELIVER_CODE_MASK)
		error = vmx_vmread(IDT_VECTORING_ERROR_CODE);
	if (type == INTR_TYPE_SOFT_INTR || type == INTR_TYPE_SOFT_EXCEPTION ||
	    type == INTR_TYPE_PRIV_SW_EXCEPTION)
		len = kl_insn_len(vcpu);
	/* Delivery had blocked NMIs; it is to start over. */
	if (type == INTR_TYPE_NMI_INTR)
		vmx_vmwrite(GUEST_INTERRUPTIBILITY_INFO,
			    vmx_vmread(GUEST_INTERRUPTIBILITY_INFO) & ~GUEST_INTR_STATE_NMI);
	write_event(vcpu, info, error, len);
}

/**
 * kl_skip_insn - move RIP behind the instruction that caused the exit
 * @vcpu: the vCPU
 */
void kl_skip_insn(struct kl_vcpu *vcpu)
{
	u64 old = kl_rip(vcpu);
	u64 rip = old + kl_insn_len(vcpu);

	/* Crossing 4 GiB: outside 64-bit mode RIP has 32 bits. */
	if (unlikely((old ^ rip) >> 32) && !kl_long64(vcpu))
		rip = (u32)rip;
	kl_set_rip(vcpu, rip);
}

/**
 * kl_insn_done - the instruction that caused the exit was completed for the
 *	guest: move on, with all side effects of a completed instruction
 * @vcpu: the vCPU
 */
void kl_insn_done(struct kl_vcpu *vcpu)
{
	u32 shadow = vmx_vmread(GUEST_INTERRUPTIBILITY_INFO);

	kl_skip_insn(vcpu);
	if (unlikely(shadow & KL_SHADOW))
		vmx_vmwrite(GUEST_INTERRUPTIBILITY_INFO, shadow & ~KL_SHADOW);
	if (unlikely(kl_rflags(vcpu) & X86_EFLAGS_TF))
		kl_raise_db(vcpu, KL_DR6_BS);
}

/**
 * kl_queued_interrupt - external interrupt that is queued but not delivered
 * @vcpu: the vCPU
 *
 * Return: its vector, -1 if there is none.
 */
int kl_queued_interrupt(struct kl_vcpu *vcpu)
{
	u32 info = vcpu->vmx.entry_event;

	if ((info & INTR_INFO_VALID_MASK) &&
	    (info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_EXT_INTR)
		return info & INTR_INFO_VECTOR_MASK;
	return -1;
}

/**
 * kl_cr8 - the task priority, CR8
 * @vcpu: the vCPU
 *
 * Return: 0 to 15.
 */
u64 kl_cr8(struct kl_vcpu *vcpu)
{
	if (kl_irqchip_in_kernel(vcpu->vm))
		return kl_lapic_get_cr8(vcpu);
	return vcpu->vmx.cr8;
}

/**
 * kl_set_cr8 - set the task priority
 * @vcpu: the vCPU
 * @cr8: 0 to 15
 */
void kl_set_cr8(struct kl_vcpu *vcpu, u64 cr8)
{
	if (kl_irqchip_in_kernel(vcpu->vm))
		kl_lapic_set_cr8(vcpu, cr8);
	else
		vcpu->vmx.cr8 = cr8;
}
