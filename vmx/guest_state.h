/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to the guest's registers, wherever they are: in software, in the VMCS,
 * or cached from it.
 *
 * tour 41: a VMCS field is read at most once an exit, and written only when it
 * changed.
 *
 * Everything here needs the vCPU loaded (kl_vcpu_load()) and vcpu->mutex held.
 */
#ifndef _KL_VMX_GUEST_STATE_H
#define _KL_VMX_GUEST_STATE_H

#include <linux/bits.h>
#include <asm/processor-flags.h>

#include "../uapi/object.h"
#include "vmx_asm.h"

/* Index of RSP in kl_entry.regs, and of the other registers by name. */
enum kl_reg {
	KL_REG_RAX, KL_REG_RCX, KL_REG_RDX, KL_REG_RBX,
	KL_REG_RSP, KL_REG_RBP, KL_REG_RSI, KL_REG_RDI,
};

/* Segment registers in the order of their VMCS encodings. */
enum kl_seg {
	KL_ES, KL_CS, KL_SS, KL_DS, KL_FS, KL_GS, KL_LDTR, KL_TR,
};

/* DR6: breakpoint hit 0 to 3, register access detected, single step, task switch. */
#define KL_DR6_BD BIT(13)
#define KL_DR6_BS BIT(14)
#define KL_DR6_BT BIT(15)
#define KL_DR6_BITS (0xf | KL_DR6_BD | KL_DR6_BS | KL_DR6_BT)

struct kvm_regs;
struct kvm_segment;
struct kvm_sregs;

static __always_inline bool kl_have(struct kl_vcpu *vcpu, enum kl_cached c)
{
	if (vcpu->vmx.have & BIT(c))
		return true;
	vcpu->vmx.have |= BIT(c);
	return false;
}

static __always_inline void kl_touch(struct kl_vcpu *vcpu, enum kl_cached c)
{
	vcpu->vmx.have |= BIT(c);
	vcpu->vmx.dirty |= BIT(c);
}

/* Define kl_<name>(): read field @field once an exit into vcpu->vmx.@member. */
#define KL_CACHED_FIELD(name, member, cached, field)			\
static __always_inline u64 kl_##name(struct kl_vcpu *vcpu)		\
{									\
	if (!kl_have(vcpu, cached))					\
		vcpu->vmx.member = vmx_vmread(field);			\
	return vcpu->vmx.member;					\
}

KL_CACHED_FIELD(rip, rip, KL_CACHED_RIP, GUEST_RIP)
KL_CACHED_FIELD(rflags, rflags, KL_CACHED_RFLAGS, GUEST_RFLAGS)
KL_CACHED_FIELD(rsp, entry.regs[KL_REG_RSP], KL_CACHED_RSP, GUEST_RSP)
KL_CACHED_FIELD(cr3, cr3, KL_CACHED_CR3, GUEST_CR3)
KL_CACHED_FIELD(qualification, qualification, KL_CACHED_QUALIFICATION, EXIT_QUALIFICATION)
KL_CACHED_FIELD(insn_len, insn_len, KL_CACHED_INSN_LEN, VM_EXIT_INSTRUCTION_LEN)
KL_CACHED_FIELD(intr_info, intr_info, KL_CACHED_INTR_INFO, VM_EXIT_INTR_INFO)
KL_CACHED_FIELD(cs_ar, cs_ar, KL_CACHED_CS_AR, GUEST_CS_AR_BYTES)
KL_CACHED_FIELD(ss_ar, ss_ar, KL_CACHED_SS_AR, GUEST_SS_AR_BYTES)

static inline void kl_set_rip(struct kl_vcpu *vcpu, u64 rip)
{
	vcpu->vmx.rip = rip;
	kl_touch(vcpu, KL_CACHED_RIP);
}

static inline void kl_set_rsp(struct kl_vcpu *vcpu, u64 rsp)
{
	vcpu->vmx.entry.regs[KL_REG_RSP] = rsp;
	kl_touch(vcpu, KL_CACHED_RSP);
}

static inline void kl_set_rflags(struct kl_vcpu *vcpu, u64 rflags)
{
	vcpu->vmx.rflags = rflags | X86_EFLAGS_FIXED;
	kl_touch(vcpu, KL_CACHED_RFLAGS);
}

/* A register by the number instructions encode it with, RSP included. */
static inline u64 kl_reg(struct kl_vcpu *vcpu, unsigned int nr)
{
	return nr == KL_REG_RSP ? kl_rsp(vcpu) : vcpu->vmx.entry.regs[nr & 15];
}

static inline void kl_set_reg(struct kl_vcpu *vcpu, unsigned int nr, u64 value)
{
	if (nr == KL_REG_RSP)
		kl_set_rsp(vcpu, value);
	else
		vcpu->vmx.entry.regs[nr & 15] = value;
}

/**
 * kl_cr0 - CR0 as the guest sees it
 * @vcpu: the vCPU
 *
 * Return: its value.
 */
static inline u64 kl_cr0(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;

	if (!kl_have(vcpu, KL_CACHED_CR0))
		v->cr0 = (v->cr0 & ~v->cr0_owned) | (vmx_vmread(GUEST_CR0) & v->cr0_owned);
	return v->cr0;
}

/**
 * kl_cr4 - CR4 as the guest sees it
 * @vcpu: the vCPU
 *
 * Return: its value.
 */
static inline u64 kl_cr4(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;

	if (!kl_have(vcpu, KL_CACHED_CR4))
		v->cr4 = (v->cr4 & ~v->cr4_owned) | (vmx_vmread(GUEST_CR4) & v->cr4_owned);
	return v->cr4;
}

static inline unsigned int kl_cpl(struct kl_vcpu *vcpu)
{
	return (kl_ss_ar(vcpu) >> 5) & 3;
}

static inline bool kl_paging(struct kl_vcpu *vcpu)
{
	return kl_cr0(vcpu) & X86_CR0_PG;
}

/* 64-bit code segment in IA-32e mode? */
static inline bool kl_long64(struct kl_vcpu *vcpu)
{
	return (vcpu->vmx.efer & EFER_LMA) && (kl_cs_ar(vcpu) & BIT(13));
}

/* Write back what the caches hold; before VM entry. */
static __always_inline void kl_flush_cached(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;
	u32 dirty = v->dirty;

	if (!dirty)
		return;
	if (dirty & BIT(KL_CACHED_RIP))
		vmx_vmwrite(GUEST_RIP, v->rip);
	if (dirty & BIT(KL_CACHED_RSP))
		vmx_vmwrite(GUEST_RSP, v->entry.regs[KL_REG_RSP]);
	if (dirty & BIT(KL_CACHED_RFLAGS))
		vmx_vmwrite(GUEST_RFLAGS, v->rflags);
	v->dirty = 0;
}

void kl_set_cr0(struct kl_vcpu *vcpu, u64 cr0);
void kl_set_cr3(struct kl_vcpu *vcpu, u64 cr3);
void kl_set_cr4(struct kl_vcpu *vcpu, u64 cr4);
void kl_set_efer(struct kl_vcpu *vcpu, u64 efer);
bool kl_cr0_valid(struct kl_vcpu *vcpu, u64 cr0);
bool kl_cr4_valid(struct kl_vcpu *vcpu, u64 cr4);
bool kl_efer_valid(struct kl_vcpu *vcpu, u64 efer);
bool kl_load_pdptes(struct kl_vcpu *vcpu, u64 cr3);
void kl_update_owned_bits(struct kl_vcpu *vcpu);

void kl_seg_get(struct kl_vcpu *vcpu, enum kl_seg seg, struct kvm_segment *out);
void kl_seg_set(struct kl_vcpu *vcpu, enum kl_seg seg, const struct kvm_segment *in);
void kl_guest_reset(struct kl_vcpu *vcpu, bool init);
void kl_guest_sipi(struct kl_vcpu *vcpu, u8 vector);

/* Toggle run-time bits of a control word, writing the VMCS only on a change. */
void kl_proc_ctl(struct kl_vcpu *vcpu, u32 bits, bool on);
void kl_entry_ctl(struct kl_vcpu *vcpu, u32 bits, bool on);

/* uapi/state.c */
void kl_get_regs(struct kl_vcpu *vcpu, struct kvm_regs *regs);
int kl_set_regs(struct kl_vcpu *vcpu, const struct kvm_regs *regs);
void kl_get_sregs(struct kl_vcpu *vcpu, struct kvm_sregs *sregs);
int kl_set_sregs(struct kl_vcpu *vcpu, const struct kvm_sregs *sregs);

#endif /* _KL_VMX_GUEST_STATE_H */
