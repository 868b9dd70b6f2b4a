// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC of a vCPU: what arrives from outside, what software does to it
 * by memory and by MSR, its state for the client (SDM, "Advanced Programmable
 * Interrupt Controller").
 *
 * tour 37: kl_lapic_accept() is where every interrupt message ends,
 * write_register() where everything the guest does to its APIC starts.
 */
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/apicdef.h>
#include <asm/msr-index.h>
#include <asm/processor.h>

#include "../mmu/request.h"
#include "../uapi/object.h"
#include "irq.h"
#include "irqchip.h"
#include "lapic.h"

/* MSRs 0x800 to 0x8ff: the register page in steps of 16 bytes. */
#define X2APIC_FIRST 0x800
#define X2APIC_LAST 0x8ff

static bool software_enabled(const struct kl_lapic *lapic)
{
	return kl_apic_get(&lapic->a, APIC_SPIV) & APIC_SPIV_APIC_ENABLED;
}

/**
 * kl_lapic_enabled - is there an APIC that takes part in the system?
 * @vcpu: the vCPU
 *
 * Return: true if there is and IA32_APIC_BASE enables it.
 */
bool kl_lapic_enabled(const struct kl_vcpu *vcpu)
{
	return vcpu->irq.lapic && (READ_ONCE(vcpu->irq.apic_base) & MSR_IA32_APICBASE_ENABLE);
}

/**
 * kl_lapic_takes_pic - does the PIC's output reach this CPU as an interrupt?
 * @vcpu: the vCPU
 *
 * It is wired to LINT0, which without an APIC is the CPU's INTR pin.
 *
 * Return: true if it does.
 */
bool kl_lapic_takes_pic(const struct kl_vcpu *vcpu)
{
	u32 lvt0;

	if (atomic_read(&vcpu->irq.events) & KL_EVENT_EXTINT)
		return true;
	if (!kl_lapic_enabled(vcpu))
		return vcpu->irq.lapic;
	lvt0 = kl_apic_get(&vcpu->irq.lapic->a, APIC_LVT0);
	return !(lvt0 & KL_LVT_MASKED) && (lvt0 >> 8 & 7) == KL_INTR_EXTINT;
}

/* Request @vector. 1 if that is new, 0 if it was pending, -1 if not taken. */
static int request_vector(struct kl_vcpu *vcpu, u8 vector, bool level)
{
	struct kl_lapic *lapic = vcpu->irq.lapic;

	if (!software_enabled(lapic))
		return -1;
	if (vector < 16) {
		kl_lapic_error(vcpu, APIC_ESR_RECVILL);
		return -1;
	}
	/* The trigger mode must be there when the request is seen. */
	if (level)
		kl_vec_set(&lapic->a, APIC_TMR, vector);
	else if (kl_vec_test(&lapic->a, APIC_TMR, vector))
		kl_vec_clear(&lapic->a, APIC_TMR, vector);
	if (kl_vec_set(&lapic->a, APIC_IRR, vector))
		return 0;
	kl_request_and_kick(vcpu, KL_REQ_EVENT);
	return 1;
}

/**
 * kl_lapic_accept - a message arrives
 * @vcpu: the vCPU it is for
 * @intr: the message; destination and shorthand have been dealt with
 *
 * Context: any, hard interrupts included.
 *
 * Return: 1 if it was taken, 0 if the same is pending already, -1 if not taken.
 */
int kl_lapic_accept(struct kl_vcpu *vcpu, const struct kl_intr *intr)
{
	struct kl_vcpu_irq *q = &vcpu->irq;

	switch (intr->mode) {
	case KL_INTR_FIXED:
	case KL_INTR_LOWEST:
		return request_vector(vcpu, intr->vector, intr->level);
	case KL_INTR_NMI:
		kl_irq_queue_nmi(vcpu);
		return 1;
	case KL_INTR_INIT:
		/* It takes back a start-up IPI that was sent before. */
		atomic_andnot(KL_IRQ_SIPI, &q->events);
		atomic_or(KL_IRQ_INIT, &q->events);
		break;
	case KL_INTR_SIPI:
		WRITE_ONCE(q->sipi_vector, intr->vector);
		smp_wmb(); /* pairs with the full order of taking the event */
		atomic_or(KL_IRQ_SIPI, &q->events);
		break;
	case KL_INTR_EXTINT:
		atomic_or(KL_EVENT_EXTINT, &q->events);
		break;
	default: /* there is no system management mode; the rest is reserved */
		return -1;
	}
	kl_request_and_kick(vcpu, KL_REQ_EVENT);
	return 1;
}

/**
 * kl_lapic_local - an event of one of the APIC's own sources
 * @vcpu: the vCPU
 * @lvt: the source's LVT register
 *
 * Context: any, hard interrupts included.
 *
 * Return: as kl_lapic_accept(); -1 if it is masked.
 */
int kl_lapic_local(struct kl_vcpu *vcpu, u32 lvt)
{
	u32 entry = kl_apic_get(&vcpu->irq.lapic->a, lvt);
	struct kl_intr intr = {
		.vector = entry & 0xff,
		.mode = entry >> 8 & 7,
	};

	if (entry & KL_LVT_MASKED)
		return -1;
	/* These two have no delivery mode. */
	if (lvt == APIC_LVTT || lvt == APIC_LVTERR)
		intr.mode = KL_INTR_FIXED;
	/* ... and a local source can neither arbitrate nor start a CPU. */
	if (intr.mode == KL_INTR_LOWEST || intr.mode == KL_INTR_SIPI)
		return -1;
	return kl_lapic_accept(vcpu, &intr);
}

/**
 * kl_lapic_error - note an error and raise the error interrupt
 * @vcpu: the vCPU
 * @esr: APIC_ESR_* bits
 */
void kl_lapic_error(struct kl_vcpu *vcpu, u32 esr)
{
	struct kl_lapic *lapic = vcpu->irq.lapic;
	u32 lvt = kl_apic_get(&lapic->a, APIC_LVTERR);

	/* One interrupt for all until software looks; an illegal vector here ends here. */
	if ((atomic_fetch_or(esr, &lapic->errors) & esr) || (lvt & 0xff) < 16)
		return;
	kl_lapic_local(vcpu, APIC_LVTERR);
}

static void end_of_interrupt(struct kl_vcpu *vcpu)
{
	struct kl_apic *a = &vcpu->irq.lapic->a;
	int vector = kl_vec_highest(a, APIC_ISR);

	/* Without an interrupt in service it does nothing. */
	if (vector < 0)
		return;
	kl_vec_clear(a, APIC_ISR, vector);
	if (kl_vec_test(a, APIC_TMR, vector))
		kl_irqchip_eoi(vcpu->vm, vector);
	if (kl_apic_deliverable(a) >= 0)
		kl_request(vcpu, KL_REQ_EVENT);
}

/* Do what the interrupt command register says. @dest as wide as the mode has it. */
static void send_ipi(struct kl_vcpu *vcpu, u32 icr, u32 dest)
{
	struct kl_intr intr = {
		.dest = dest,
		.vector = icr & APIC_VECTOR_MASK,
		.mode = icr >> 8 & 7,
		.shorthand = icr >> 18 & 3,
		.logical = icr & APIC_DEST_LOGICAL,
	};

	if (!vcpu->irq.lapic->a.x2apic && !intr.logical && dest == 0xff)
		intr.dest = KL_DEST_ALL;
	switch (intr.mode) {
	case KL_INTR_FIXED:
	case KL_INTR_LOWEST:
		if (intr.vector < 16) {
			kl_lapic_error(vcpu, APIC_ESR_SENDILL);
			return;
		}
		break;
	case KL_INTR_INIT:
		/* The de-assert of long ago is sent by software and ignored. */
		if ((icr & APIC_INT_LEVELTRIG) && !(icr & APIC_INT_ASSERT))
			return;
		break;
	case KL_INTR_NMI:
	case KL_INTR_SIPI:
		break;
	default:
		return;
	}
	/* Only fixed interrupts may be sent to a set that holds the sender. */
	if (intr.mode != KL_INTR_FIXED &&
	    (intr.shorthand == KL_TO_SELF || intr.shorthand == KL_TO_ALL))
		return;
	kl_intr_send(vcpu->vm, vcpu, &intr);
}

/* Software writes a register. False if it may not. */
static bool write_register(struct kl_vcpu *vcpu, u32 reg, u32 value)
{
	struct kl_lapic *lapic = vcpu->irq.lapic;
	u32 dest;

	switch (kl_apic_write(&lapic->a, reg, value)) {
	case KL_APIC_BAD:
		return false;
	case KL_APIC_NOTHING:
		break;
	case KL_APIC_EOI:
		end_of_interrupt(vcpu);
		break;
	case KL_APIC_ESR:
		kl_apic_set(&lapic->a, APIC_ESR, atomic_xchg(&lapic->errors, 0));
		break;
	case KL_APIC_ICR:
		dest = kl_apic_get(&lapic->a, APIC_ICR2);
		send_ipi(vcpu, value, lapic->a.x2apic ? dest : dest >> 24);
		break;
	case KL_APIC_SELF:
		send_ipi(vcpu, APIC_DEST_SELF | value, 0);
		break;
	case KL_APIC_TIMER_MODE:
		kl_lapic_timer_stop(lapic);
		kl_apic_set(&lapic->a, APIC_TMICT, 0);
		break;
	case KL_APIC_COUNT:
		kl_lapic_timer_count(lapic, value);
		break;
	case KL_APIC_DIVIDE:
		kl_lapic_timer_divide(lapic, value);
		break;
	case KL_APIC_PRIORITY:
	case KL_APIC_LVT: /* the PIC may have been waiting for it */
		if (kl_irq_pending(vcpu))
			kl_request(vcpu, KL_REQ_EVENT);
		break;
	}
	return true;
}

static u32 read_register(struct kl_vcpu *vcpu, u32 reg)
{
	const struct kl_lapic *lapic = vcpu->irq.lapic;

	switch (reg) {
	case APIC_PROCPRI:
		return kl_apic_ppr(&lapic->a);
	case APIC_ARBPRI:
	case APIC_EOI:
	case APIC_RRR:
		return 0;
	case APIC_TMCCT:
		return kl_lapic_timer_current(lapic);
	}
	return kl_apic_get(&lapic->a, reg);
}

/**
 * kl_lapic_mmio_match - is a GPA in the APIC's register page?
 * @vcpu: the vCPU that accesses it
 * @gpa: the GPA
 *
 * Return: true in xAPIC mode only.
 */
bool kl_lapic_mmio_match(struct kl_vcpu *vcpu, gpa_t gpa)
{
	u64 base = vcpu->irq.apic_base;

	return vcpu->irq.lapic && gpa >> 12 == (base & GENMASK_ULL(51, 12)) >> 12 &&
	       (base & (MSR_IA32_APICBASE_ENABLE | X2APIC_ENABLE)) == MSR_IA32_APICBASE_ENABLE;
}

/**
 * kl_lapic_mmio - access the register page
 * @vcpu: the vCPU that accesses it; kl_lapic_mmio_match() is true
 * @gpa: the GPA
 * @len: 1 to 8 bytes
 * @data: read into or written from
 * @write: direction
 *
 * Registers are 32 bits, aligned to 16 bytes; other accesses are undefined (SDM,
 * "The Local APIC Block Diagram"): here they read as zero and write nothing, and
 * narrower reads inside a register give their part of it.
 *
 * Return: 0.
 */
int kl_lapic_mmio(struct kl_vcpu *vcpu, gpa_t gpa, unsigned int len, void *data,
		  bool write)
{
	u32 offset = gpa & 0xfff;
	u32 reg = array_index_nospec(offset & ~0xf, 4096);
	unsigned int skip = offset & 0xf;
	u32 value = 0;

	if (write) {
		if (len != sizeof(value) || skip)
			return 0;
		memcpy(&value, data, sizeof(value));
		if (!write_register(vcpu, reg, value))
			kl_lapic_error(vcpu, APIC_ESR_ILLREGA);
		return 0;
	}
	memset(data, 0, len);
	if (skip >= sizeof(value))
		return 0;
	if (kl_apic_readable(&vcpu->irq.lapic->a, reg))
		value = read_register(vcpu, reg);
	else
		kl_lapic_error(vcpu, APIC_ESR_ILLREGA);
	memcpy(data, (u8 *)&value + skip, min_t(size_t, len, sizeof(value) - skip));
	return 0;
}

/**
 * kl_lapic_msr_read - RDMSR of IA32_TSC_DEADLINE or an x2APIC register
 * @vcpu: the vCPU
 * @msr: its number
 * @data: out
 *
 * Context: the vCPU's thread; interrupts may be off.
 *
 * Return: 0, or 1 if the guest is to take #GP.
 */
int kl_lapic_msr_read(struct kl_vcpu *vcpu, u32 msr, u64 *data)
{
	struct kl_lapic *lapic = vcpu->irq.lapic;
	u32 reg;

	if (!lapic)
		return 1;
	if (msr == MSR_IA32_TSC_DEADLINE) {
		*data = READ_ONCE(lapic->deadline);
		return 0;
	}
	if (msr < X2APIC_FIRST || msr > X2APIC_LAST || !lapic->a.x2apic)
		return 1;
	reg = array_index_nospec(msr - X2APIC_FIRST, X2APIC_LAST - X2APIC_FIRST + 1) << 4;
	if (!kl_apic_readable(&lapic->a, reg))
		return 1;
	*data = read_register(vcpu, reg);
	if (reg == APIC_ICR)
		*data |= (u64)kl_apic_get(&lapic->a, APIC_ICR2) << 32;
	return 0;
}

/**
 * kl_lapic_msr_write - WRMSR to IA32_TSC_DEADLINE or an x2APIC register
 * @vcpu: the vCPU
 * @msr: its number
 * @data: the value
 *
 * Context: the vCPU's thread; interrupts may be off.
 *
 * Return: 0, or 1 if the guest is to take #GP.
 */
int kl_lapic_msr_write(struct kl_vcpu *vcpu, u32 msr, u64 data)
{
	struct kl_lapic *lapic = vcpu->irq.lapic;
	u32 reg;

	if (!lapic)
		return 1;
	if (msr == MSR_IA32_TSC_DEADLINE) {
		kl_lapic_timer_deadline(lapic, data);
		return 0;
	}
	if (msr < X2APIC_FIRST || msr > X2APIC_LAST || !lapic->a.x2apic)
		return 1;
	reg = array_index_nospec(msr - X2APIC_FIRST, X2APIC_LAST - X2APIC_FIRST + 1) << 4;
	if (reg == APIC_ICR) {
		/* Checked first, for a bad value must not change the half. */
		if (data & 0xfff32000)
			return 1;
		kl_apic_set(&lapic->a, APIC_ICR2, data >> 32);
	} else if (data >> 32) {
		return 1;
	}
	return !write_register(vcpu, reg, data);
}

/**
 * kl_lapic_get_cr8 - task priority class
 * @vcpu: the vCPU, its APIC in the kernel
 *
 * Return: 0 to 15.
 */
u64 kl_lapic_get_cr8(struct kl_vcpu *vcpu)
{
	if (!vcpu->irq.lapic)
		return 0;
	return kl_apic_get(&vcpu->irq.lapic->a, APIC_TASKPRI) >> 4;
}

/**
 * kl_lapic_set_cr8 - set the task priority class
 * @vcpu: the vCPU, its APIC in the kernel
 * @cr8: 0 to 15
 */
void kl_lapic_set_cr8(struct kl_vcpu *vcpu, u64 cr8)
{
	if (vcpu->irq.lapic)
		write_register(vcpu, APIC_TASKPRI, (cr8 & 15) << 4);
}

/**
 * kl_lapic_base_get - IA32_APIC_BASE
 * @vcpu: the vCPU
 *
 * Return: its value.
 */
u64 kl_lapic_base_get(struct kl_vcpu *vcpu)
{
	return vcpu->irq.apic_base;
}

/* Modes that one WRMSR may connect (SDM, "x2APIC State Transitions"). */
static bool legal_move(u64 from, u64 to)
{
	bool on = from & MSR_IA32_APICBASE_ENABLE;

	if (to & X2APIC_ENABLE)
		return on;
	return !(from & X2APIC_ENABLE) || !(to & MSR_IA32_APICBASE_ENABLE);
}

/**
 * kl_lapic_base_set - write IA32_APIC_BASE
 * @vcpu: the vCPU
 * @base: the value
 * @host: the client writes it: any state is legal, none loses the registers
 *
 * Return: 0; 1 for reserved bits or an illegal move: #GP for the guest.
 */
int kl_lapic_base_set(struct kl_vcpu *vcpu, u64 base, bool host)
{
	const u64 mode = MSR_IA32_APICBASE_ENABLE | X2APIC_ENABLE;
	u64 valid = mode | MSR_IA32_APICBASE_BSP |
		    (GENMASK_ULL(boot_cpu_data.x86_phys_bits - 1, 12));
	struct kl_lapic *lapic = vcpu->irq.lapic;
	u64 old = vcpu->irq.apic_base;

	if ((base & ~valid) || (base & mode) == X2APIC_ENABLE)
		return 1;
	if (!host && ((old ^ base) & mode) && !legal_move(old, base))
		return 1;
	WRITE_ONCE(vcpu->irq.apic_base, base);
	if (!lapic || !((old ^ base) & mode))
		return 0;
	if (!host && !(base & MSR_IA32_APICBASE_ENABLE)) {
		/* What the registers held is lost. */
		kl_lapic_timer_stop(lapic);
		lapic->a.x2apic = false;
		kl_apic_reset(&lapic->a, false);
		return 0;
	}
	kl_apic_set_mode(&lapic->a, base & X2APIC_ENABLE);
	return 0;
}

/**
 * kl_lapic_get_state - KVM_GET_LAPIC
 * @vcpu: the vCPU, vcpu->mutex held
 * @state: out: the register page; the id is in bits 31:24 in every mode
 *
 * Return: 0; -EINVAL without an APIC in the kernel.
 */
int kl_lapic_get_state(struct kl_vcpu *vcpu, struct kvm_lapic_state *state)
{
	struct kl_lapic *lapic = vcpu->irq.lapic;
	u32 id, ccr;

	if (!lapic)
		return -EINVAL;
	memcpy(state->regs, lapic->a.page, sizeof(state->regs));
	id = lapic->a.id << 24;
	memcpy(&state->regs[APIC_ID], &id, sizeof(id));
	ccr = kl_lapic_timer_current(lapic);
	memcpy(&state->regs[APIC_TMCCT], &ccr, sizeof(ccr));
	return 0;
}

/**
 * kl_lapic_set_state - KVM_SET_LAPIC
 * @vcpu: the vCPU, vcpu->mutex held
 * @state: the register page; the id in it is not looked at, a vCPU keeps its own
 *
 * Return: 0; -EINVAL without an APIC in the kernel.
 */
int kl_lapic_set_state(struct kl_vcpu *vcpu, const struct kvm_lapic_state *state)
{
	struct kl_lapic *lapic = vcpu->irq.lapic;

	if (!lapic)
		return -EINVAL;
	kl_lapic_timer_stop(lapic);
	memcpy(lapic->a.page, state->regs, sizeof(state->regs));
	kl_apic_sanitise(&lapic->a);
	atomic_set(&lapic->errors, 0);
	kl_lapic_timer_resume(lapic);
	kl_request_and_kick(vcpu, KL_REQ_EVENT);
	return 0;
}

/**
 * kl_lapic_set_cmci - give the LVT an entry for corrected machine checks
 * @vcpu: the vCPU, vcpu->mutex held
 * @present: the client's machine-check capabilities (KVM_X86_SETUP_MCE) have it
 */
void kl_lapic_set_cmci(struct kl_vcpu *vcpu, bool present)
{
	struct kl_lapic *lapic = vcpu->irq.lapic;

	if (!lapic)
		return;
	lapic->a.nr_lvts = present ? KL_LVTS_CMCI : KL_LVTS;
	kl_apic_set(&lapic->a, APIC_LVTCMCI, present ? KL_LVT_MASKED : 0);
	kl_apic_set(&lapic->a, APIC_LVR,
		    (kl_apic_get(&lapic->a, APIC_LVR) & 0xff) | (lapic->a.nr_lvts - 1) << 16);
}

/**
 * kl_lapic_reset - registers as after power-up or INIT
 * @vcpu: the vCPU; its IA32_APIC_BASE says the mode
 */
void kl_lapic_reset(struct kl_vcpu *vcpu)
{
	struct kl_lapic *lapic = vcpu->irq.lapic;

	kl_lapic_timer_stop(lapic);
	lapic->a.x2apic = vcpu->irq.apic_base & X2APIC_ENABLE;
	kl_apic_reset(&lapic->a, !vcpu->id);
	atomic_set(&lapic->errors, 0);
}

/**
 * kl_lapic_create - give a vCPU its APIC
 * @vcpu: the vCPU, not published yet
 *
 * Return: 0 or -ENOMEM.
 */
int kl_lapic_create(struct kl_vcpu *vcpu)
{
	struct kl_lapic *lapic = kzalloc(sizeof(*lapic), GFP_KERNEL_ACCOUNT);

	if (!lapic)
		return -ENOMEM;
	lapic->a.page = (u32 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!lapic->a.page) {
		kfree(lapic);
		return -ENOMEM;
	}
	lapic->a.id = vcpu->id;
	lapic->a.nr_lvts = KL_LVTS;
	lapic->vcpu = vcpu;
	kl_lapic_timer_init(lapic);
	vcpu->irq.lapic = lapic;
	return 0;
}

/**
 * kl_lapic_destroy - free it
 * @vcpu: the vCPU; no device of its VM can send any more
 */
void kl_lapic_destroy(struct kl_vcpu *vcpu)
{
	struct kl_lapic *lapic = vcpu->irq.lapic;

	if (!lapic)
		return;
	hrtimer_cancel(&lapic->timer);
	vcpu->irq.lapic = NULL;
	free_page((unsigned long)lapic->a.page);
	kfree(lapic);
}
