// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET/SET_REGS and KVM_GET/SET_SREGS: the client's view of the registers.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kvm.h>
#include <linux/string.h>
#include <asm/msr-index.h>
#include <asm/vmx.h>

#include "../irq/irq.h"
#include "../mmu/mmu.h"
#include "../mmu/request.h"
#include "cpuid.h"
#include "guest_state.h"
#include "inject.h"
#include "msr.h"

/**
 * kl_get_regs - KVM_GET_REGS
 * @vcpu: the vCPU, loaded
 * @regs: out
 */
void kl_get_regs(struct kl_vcpu *vcpu, struct kvm_regs *regs)
{
	const u64 *r = vcpu->vmx.entry.regs;

	regs->rax = r[KL_REG_RAX];
	regs->rbx = r[KL_REG_RBX];
	regs->rcx = r[KL_REG_RCX];
	regs->rdx = r[KL_REG_RDX];
	regs->rsi = r[KL_REG_RSI];
	regs->rdi = r[KL_REG_RDI];
	regs->rsp = kl_rsp(vcpu);
	regs->rbp = r[KL_REG_RBP];
	regs->r8 = r[8];
	regs->r9 = r[9];
	regs->r10 = r[10];
	regs->r11 = r[11];
	regs->r12 = r[12];
	regs->r13 = r[13];
	regs->r14 = r[14];
	regs->r15 = r[15];
	regs->rip = kl_rip(vcpu);
	regs->rflags = kl_rflags(vcpu);
}

/**
 * kl_set_regs - KVM_SET_REGS
 * @vcpu: the vCPU, loaded
 * @regs: the values; an exception not yet taken is dropped, as is an
 *	instruction whose accesses userspace was finishing
 *
 * Return: 0.
 */
int kl_set_regs(struct kl_vcpu *vcpu, const struct kvm_regs *regs)
{
	u64 *r = vcpu->vmx.entry.regs;

	r[KL_REG_RAX] = regs->rax;
	r[KL_REG_RBX] = regs->rbx;
	r[KL_REG_RCX] = regs->rcx;
	r[KL_REG_RDX] = regs->rdx;
	r[KL_REG_RSI] = regs->rsi;
	r[KL_REG_RDI] = regs->rdi;
	r[KL_REG_RBP] = regs->rbp;
	r[8] = regs->r8;
	r[9] = regs->r9;
	r[10] = regs->r10;
	r[11] = regs->r11;
	r[12] = regs->r12;
	r[13] = regs->r13;
	r[14] = regs->r14;
	r[15] = regs->r15;
	kl_set_rsp(vcpu, regs->rsp);
	kl_set_rip(vcpu, regs->rip);
	kl_set_rflags(vcpu, regs->rflags);
	vcpu->vmx.exception.pending = false;
	vcpu->vmx.mmio.nr = 0;
	return 0;
}

static void get_dt(unsigned long base, unsigned long limit, struct kvm_dtable *out)
{
	out->base = vmx_vmread(base);
	out->limit = vmx_vmread(limit);
}

/**
 * kl_get_sregs - KVM_GET_SREGS
 * @vcpu: the vCPU, loaded
 * @sregs: out, zeroed by the caller
 */
void kl_get_sregs(struct kl_vcpu *vcpu, struct kvm_sregs *sregs)
{
	int vector;

	kl_seg_get(vcpu, KL_CS, &sregs->cs);
	kl_seg_get(vcpu, KL_DS, &sregs->ds);
	kl_seg_get(vcpu, KL_ES, &sregs->es);
	kl_seg_get(vcpu, KL_FS, &sregs->fs);
	kl_seg_get(vcpu, KL_GS, &sregs->gs);
	kl_seg_get(vcpu, KL_SS, &sregs->ss);
	kl_seg_get(vcpu, KL_TR, &sregs->tr);
	kl_seg_get(vcpu, KL_LDTR, &sregs->ldt);
	get_dt(GUEST_GDTR_BASE, GUEST_GDTR_LIMIT, &sregs->gdt);
	get_dt(GUEST_IDTR_BASE, GUEST_IDTR_LIMIT, &sregs->idt);
	sregs->cr0 = kl_cr0(vcpu);
	sregs->cr2 = vcpu->vmx.cr2;
	sregs->cr3 = kl_cr3(vcpu);
	sregs->cr4 = kl_cr4(vcpu);
	sregs->cr8 = kl_cr8(vcpu);
	sregs->efer = vcpu->vmx.efer;
	sregs->apic_base = kl_lapic_base_get(vcpu);
	vector = kl_queued_interrupt(vcpu);
	if (vector >= 0)
		__set_bit(vector, (unsigned long *)sregs->interrupt_bitmap);
}

/* The rules that hold between the registers of one set. */
static bool sregs_consistent(struct kl_vcpu *vcpu, const struct kvm_sregs *s)
{
	u64 efer = s->efer;

	if (!kl_cr0_valid(vcpu, s->cr0) || !kl_cr4_valid(vcpu, s->cr4) ||
	    !kl_efer_valid(vcpu, efer & ~(u64)EFER_LMA))
		return false;
	if ((efer & EFER_LME) && (s->cr0 & X86_CR0_PG)) {
		/* IA-32e mode. */
		if (!(s->cr4 & X86_CR4_PAE) || !(efer & EFER_LMA))
			return false;
		if (s->cr3 & vcpu->vmx.cpuid.features.gpa_reserved)
			return false;
	} else if ((efer & EFER_LMA) || s->cs.l) {
		return false;
	}
	return !(s->cr8 & ~0xfULL);
}

static void set_segments(struct kl_vcpu *vcpu, const struct kvm_sregs *s)
{
	kl_seg_set(vcpu, KL_CS, &s->cs);
	kl_seg_set(vcpu, KL_DS, &s->ds);
	kl_seg_set(vcpu, KL_ES, &s->es);
	kl_seg_set(vcpu, KL_FS, &s->fs);
	kl_seg_set(vcpu, KL_GS, &s->gs);
	kl_seg_set(vcpu, KL_SS, &s->ss);
	kl_seg_set(vcpu, KL_TR, &s->tr);
	kl_seg_set(vcpu, KL_LDTR, &s->ldt);
	vmx_vmwrite(GUEST_GDTR_BASE, s->gdt.base);
	vmx_vmwrite(GUEST_GDTR_LIMIT, s->gdt.limit);
	vmx_vmwrite(GUEST_IDTR_BASE, s->idt.base);
	vmx_vmwrite(GUEST_IDTR_LIMIT, s->idt.limit);
}

/* A table that is not there (yet) is left to the VM entry to refuse. */
static void load_pdptes(struct kl_vcpu *vcpu, u64 cr3)
{
	int idx = kl_mmu_enter(vcpu->vm);

	kl_load_pdptes(vcpu, cr3);
	kl_mmu_exit(vcpu->vm, idx);
}

/**
 * kl_set_sregs - KVM_SET_SREGS
 * @vcpu: the vCPU, loaded
 * @s: the values
 *
 * Segment registers are taken as they are: what the CPU does not accept makes
 * the VM entry fail, and vmx/explain.c says why.
 *
 * Return: 0, or -EINVAL for control registers, EFER or APIC base that no
 * instruction could have set; nothing is changed then.
 */
int kl_set_sregs(struct kl_vcpu *vcpu, const struct kvm_sregs *s)
{
	int vector;

	if (!sregs_consistent(vcpu, s))
		return -EINVAL;
	vector = find_first_bit((const unsigned long *)s->interrupt_bitmap,
				KVM_NR_INTERRUPTS);
	if (kl_apic_base_set(vcpu, s->apic_base, true))
		return -EINVAL;

	set_segments(vcpu, s);
	vcpu->vmx.mmio.nr = 0;
	vcpu->vmx.cr2 = s->cr2;
	kl_set_cr8(vcpu, s->cr8);
	kl_set_efer(vcpu, s->efer & ~(u64)EFER_LMA);
	kl_set_cr4(vcpu, s->cr4);
	kl_set_cr3(vcpu, s->cr3);
	kl_set_cr0(vcpu, s->cr0);
	if ((s->cr0 & X86_CR0_PG) && (s->cr4 & X86_CR4_PAE) && !(s->efer & EFER_LME))
		load_pdptes(vcpu, s->cr3);
	if (vector < KVM_NR_INTERRUPTS && !kl_irqchip_in_kernel(vcpu->vm))
		kl_irq_interrupt(vcpu, vector);
	kl_request(vcpu, KL_REQ_TLB_FLUSH);
	return 0;
}
