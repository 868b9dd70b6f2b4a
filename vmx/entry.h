/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What entry.S and the C code share: the registers that VM entry and VM exit
 * do not save, and where they stand.
 */
#ifndef _KL_VMX_ENTRY_H
#define _KL_VMX_ENTRY_H

/* Offsets in struct kl_entry, checked against the structure below. */
#define KL_ENTRY_HOST_RSP	128
#define KL_ENTRY_GUEST_SPEC	136
#define KL_ENTRY_HOST_SPEC	144

/* HOST_RSP of <asm/vmx.h>, which assembly cannot include. */
#define KL_FIELD_HOST_RSP	0x6c14

/* Flags of kl_vmx_enter(). */
#define KL_ENTER_RESUME_BIT	0
#define KL_ENTER_SPEC_BIT	1

#ifndef __ASSEMBLY__

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <asm/vmx.h>

#define KL_ENTER_RESUME		BIT(KL_ENTER_RESUME_BIT)
#define KL_ENTER_SPEC		BIT(KL_ENTER_SPEC_BIT)

/**
 * struct kl_entry - registers switched by software at VM entry and VM exit
 * @regs: general registers in the order instructions encode them: RAX RCX RDX
 *	RBX RSP RBP RSI RDI R8 to R15; RSP is the VMCS's business and its
 *	entry here a cache kept by guest_state.h
 * @host_rsp: value last written to the host-RSP field
 * @guest_spec_ctrl: IA32_SPEC_CTRL of the guest, read after the exit if
 *	KL_ENTER_SPEC was passed
 * @host_spec_ctrl: value to put back at once after the exit
 */
struct kl_entry {
	u64 regs[16];
	u64 host_rsp;
	u64 guest_spec_ctrl;
	u64 host_spec_ctrl;
};

static_assert(KL_FIELD_HOST_RSP == HOST_RSP);
static_assert(offsetof(struct kl_entry, host_rsp) == KL_ENTRY_HOST_RSP);
static_assert(offsetof(struct kl_entry, guest_spec_ctrl) == KL_ENTRY_GUEST_SPEC);
static_assert(offsetof(struct kl_entry, host_spec_ctrl) == KL_ENTRY_HOST_SPEC);

int kl_vmx_enter(struct kl_entry *entry, unsigned int flags);
void kl_vmx_exit_rip(void);
void kl_vmx_call_nmi(void);

#endif /* __ASSEMBLY__ */
#endif /* _KL_VMX_ENTRY_H */
