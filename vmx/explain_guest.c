// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules on the guest-state area but for segments (SDM, "VM Entries", "Checks on
 * the Guest State Area").
 */
#include <linux/kernel.h>

#include "explain_rules.h"

#define CR0_PE BIT_ULL(0)
#define CR0_NW BIT_ULL(29)
#define CR0_CD BIT_ULL(30)
#define CR0_PG BIT_ULL(31)
#define CR4_PAE BIT_ULL(5)
#define CR4_PCIDE BIT_ULL(17)
#define RFLAGS_TF BIT_ULL(8)
#define RFLAGS_IF BIT_ULL(9)
#define RFLAGS_VM BIT_ULL(17)
#define DEBUGCTL_BTF BIT_ULL(1)
#define PENDING_BS BIT_ULL(14)
#define PENDING_RTM BIT_ULL(16)

/* VM entry leaves CD and NW alone and, with unrestricted guest, PE and PG free. */
static u64 cr0_unchecked(const struct kl_xc *x)
{
	return CR0_NW | CR0_CD | (x->unrestricted ? CR0_PE | CR0_PG : 0);
}

static bool cr0_must_be_1(const struct kl_xc *x, const struct kl_rule *r,
			  u64 v, char *want)
{
	u64 bad = x->env->caps->cr0_fixed0 & ~v & ~cr0_unchecked(x);

	if (!bad)
		return true;
	scnprintf(want, KL_EXPECTED_LEN, "bits %#llx set (IA32_VMX_CR0_FIXED0)",
		  bad);
	return false;
}

static bool cr0_must_be_0(const struct kl_xc *x, const struct kl_rule *r,
			  u64 v, char *want)
{
	u64 bad = v & ~x->env->caps->cr0_fixed1 & ~cr0_unchecked(x);

	if (!bad)
		return true;
	scnprintf(want, KL_EXPECTED_LEN,
		  "bits %#llx clear (IA32_VMX_CR0_FIXED1)", bad);
	return false;
}

static bool cr0_pg_pe(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		      char *want)
{
	return !(v & CR0_PG) || (v & CR0_PE);
}

static bool debugctl(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		     char *want)
{
	u64 valid = x->env->debugctl_valid;

	return !valid || !(v & ~valid);
}

static bool pcide(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		  char *want)
{
	return x->ia32e || !(v & CR4_PCIDE);
}

static bool efer_lma(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		     char *want)
{
	return !!(v & BIT_ULL(10)) == x->ia32e;
}

static bool efer_lme(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		     char *want)
{
	return !(x->cr0 & CR0_PG) || !(v & BIT_ULL(10)) == !(v & BIT_ULL(8));
}

static const struct kl_rule guest_regs[] = {
	KL_RULE("guest.cr0.must_be_1", GUEST_CR0, cr0_must_be_1, 0, NULL),
	KL_RULE("guest.cr0.must_be_0", GUEST_CR0, cr0_must_be_0, 0, NULL),
	KL_RULE("guest.cr0.pg_needs_pe", GUEST_CR0, cr0_pg_pe, 0,
		"CR0.PG only with CR0.PE"),
	KL_RULE("guest.cr4.must_be_1", GUEST_CR4, kl_check_cr4_1, 0, NULL),
	KL_RULE("guest.cr4.must_be_0", GUEST_CR4, kl_check_cr4_0, 0, NULL),
	KL_RULE("guest.cr4.cet_needs_wp", GUEST_CR4, kl_check_cet_wp,
		KL_F_GUEST_CR0, "CR4.CET only with CR0.WP"),
	KL_RULE_IF("guest.debugctl.reserved", GUEST_IA32_DEBUGCTL, ENTRY,
		   VM_ENTRY_LOAD_DEBUG_CONTROLS, debugctl, 0,
		   "no reserved bit of IA32_DEBUGCTL"),
	KL_RULE_IF("guest.ia32e.needs_pg", GUEST_CR0, ENTRY, VM_ENTRY_IA32E_MODE,
		   kl_check_set, CR0_PG, "CR0.PG set with \"IA-32e mode guest\""),
	KL_RULE_IF("guest.ia32e.needs_pae", GUEST_CR4, ENTRY,
		   VM_ENTRY_IA32E_MODE, kl_check_set, CR4_PAE,
		   "CR4.PAE set with \"IA-32e mode guest\""),
	KL_RULE("guest.cr4.pcide", GUEST_CR4, pcide, 0,
		"CR4.PCIDE clear without \"IA-32e mode guest\""),
	KL_RULE("guest.cr3.width", GUEST_CR3, kl_check_phys, 0, NULL),
	KL_RULE_IF("guest.dr7.high", GUEST_DR7, ENTRY,
		   VM_ENTRY_LOAD_DEBUG_CONTROLS, kl_check_clear,
		   GENMASK_ULL(63, 32), "bits 63:32 clear"),
	KL_RULE("guest.sysenter_esp.canonical", GUEST_SYSENTER_ESP,
		kl_check_canonical, 0, NULL),
	KL_RULE("guest.sysenter_eip.canonical", GUEST_SYSENTER_EIP,
		kl_check_canonical, 0, NULL),
	KL_RULE_IF("guest.perf_global.reserved", GUEST_IA32_PERF_GLOBAL_CTRL,
		   ENTRY, VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL, kl_check_perf_global, 0,
		   "no reserved bit of IA32_PERF_GLOBAL_CTRL"),
	KL_RULE_IF("guest.pat.type", GUEST_IA32_PAT, ENTRY,
		   VM_ENTRY_LOAD_IA32_PAT, kl_check_pat, 0, NULL),
	KL_RULE_IF("guest.efer.reserved", GUEST_IA32_EFER, ENTRY,
		   VM_ENTRY_LOAD_IA32_EFER, kl_check_efer, 0,
		   "no reserved bit of IA32_EFER"),
	KL_RULE_IF("guest.efer.lma", GUEST_IA32_EFER, ENTRY,
		   VM_ENTRY_LOAD_IA32_EFER, efer_lma, 0,
		   "LMA (bit 10) equal to \"IA-32e mode guest\""),
	KL_RULE_IF("guest.efer.lme", GUEST_IA32_EFER, ENTRY,
		   VM_ENTRY_LOAD_IA32_EFER, efer_lme, 0,
		   "LME (bit 8) equal to LMA (bit 10) while CR0.PG is set"),
	KL_RULE_IF("guest.bndcfgs.reserved", GUEST_BNDCFGS, ENTRY,
		   VM_ENTRY_LOAD_BNDCFGS, kl_check_clear, GENMASK_ULL(11, 2),
		   "bits 11:2 clear"),
	KL_RULE_IF("guest.bndcfgs.canonical", GUEST_BNDCFGS, ENTRY,
		   VM_ENTRY_LOAD_BNDCFGS, kl_check_canonical, 12, NULL),
	KL_RULE_IF("guest.uinv.high", KL_VMCS_GUEST_UINV, ENTRY,
		   KL_ENTRY_LOAD_UINV, kl_check_clear, 0xff00,
		   "bits 15:8 clear"),
	KL_RULE_IF("guest.s_cet.reserved", KL_VMCS_GUEST_S_CET, ENTRY,
		   KL_ENTRY_LOAD_CET, kl_check_cet, 0,
		   "canonical, bits 9:6 clear, bits 11:10 not both set"),
	KL_RULE_IF("guest.isst.canonical", KL_VMCS_GUEST_ISST, ENTRY,
		   KL_ENTRY_LOAD_CET, kl_check_canonical, 0, NULL),
	KL_RULE_IF("guest.pkrs.high", KL_VMCS_GUEST_PKRS, ENTRY,
		   KL_ENTRY_LOAD_PKRS, kl_check_clear, GENMASK_ULL(63, 32),
		   "bits 63:32 clear"),
};

const struct kl_rule_set kl_rules_guest_regs = {
	"Checks on Guest Control Registers, Debug Registers, and MSRs",
	guest_regs, ARRAY_SIZE(guest_regs)
};

static const struct kl_rule guest_dt[] = {
	KL_RULE("guest.gdtr.base", GUEST_GDTR_BASE, kl_check_canonical, 0,
		NULL),
	KL_RULE("guest.idtr.base", GUEST_IDTR_BASE, kl_check_canonical, 0,
		NULL),
	KL_RULE("guest.gdtr.limit", GUEST_GDTR_LIMIT, kl_check_clear,
		GENMASK_ULL(31, 16), "bits 31:16 clear"),
	KL_RULE("guest.idtr.limit", GUEST_IDTR_LIMIT, kl_check_clear,
		GENMASK_ULL(31, 16), "bits 31:16 clear"),
};

const struct kl_rule_set kl_rules_guest_dt = {
	"Checks on Guest Descriptor-Table Registers",
	guest_dt, ARRAY_SIZE(guest_dt)
};

/* Will the guest run 64-bit code? */
static bool code64(const struct kl_xc *x)
{
	return x->ia32e && (KL_XV(x, GUEST_CS_AR_BYTES) & VMX_AR_L_MASK);
}

static bool high_clear(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		       char *want)
{
	return code64(x) || !(v >> 32);
}

/* Not canonical: bits 63:N are equal, bit N-1 may differ from them. */
static bool rip64(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		  char *want)
{
	u8 bits = x->env->linear_bits;
	u64 high = v >> bits;

	if (!code64(x) || !high || high == (BIT_ULL(64 - bits) - 1))
		return true;
	scnprintf(want, KL_EXPECTED_LEN, "bits 63:%u all equal in 64-bit code",
		  bits);
	return false;
}

static bool ssp64(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		  char *want)
{
	return !code64(x) || kl_check_canonical(x, r, v, want);
}

static bool rflags_vm(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		      char *want)
{
	return !(v & RFLAGS_VM) || (!x->ia32e && (x->cr0 & CR0_PE));
}

static bool rflags_if(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		      char *want)
{
	return kl_xtype(x) != INTR_TYPE_EXT_INTR || (v & RFLAGS_IF);
}

static const struct kl_rule guest_rip[] = {
	KL_RULE("guest.rip.high", GUEST_RIP, high_clear, 0,
		"bits 63:32 clear outside of 64-bit code"),
	KL_RULE("guest.rip.canonical", GUEST_RIP, rip64, 0, NULL),
	KL_RULE("guest.rflags.reserved_0", GUEST_RFLAGS, kl_check_clear,
		GENMASK_ULL(63, 22) | BIT_ULL(15) | BIT_ULL(5) | BIT_ULL(3),
		"bits 63:22, 15, 5 and 3 clear"),
	KL_RULE("guest.rflags.reserved_1", GUEST_RFLAGS, kl_check_set, BIT_ULL(1),
		"bit 1 set"),
	KL_RULE("guest.rflags.vm", GUEST_RFLAGS, rflags_vm, 0,
		"VM (bit 17) only with CR0.PE and without \"IA-32e mode guest\""),
	KL_RULE("guest.rflags.if", GUEST_RFLAGS, rflags_if, 0,
		"IF (bit 9) set: an external interrupt is to be injected"),
	KL_RULE_IF("guest.ssp.align", KL_VMCS_GUEST_SSP, ENTRY,
		   KL_ENTRY_LOAD_CET, kl_check_clear, 3, "bits 1:0 clear"),
	KL_RULE_IF("guest.ssp.high", KL_VMCS_GUEST_SSP, ENTRY, KL_ENTRY_LOAD_CET,
		   high_clear, 0, "bits 63:32 clear outside of 64-bit code"),
	KL_RULE_IF("guest.ssp.canonical", KL_VMCS_GUEST_SSP, ENTRY,
		   KL_ENTRY_LOAD_CET, ssp64, 0, NULL),
};

const struct kl_rule_set kl_rules_guest_rip = {
	"Checks on Guest RIP, RFLAGS, and SSP", guest_rip, ARRAY_SIZE(guest_rip)
};

static bool activity_supported(const struct kl_xc *x, const struct kl_rule *r,
			       u64 v, char *want)
{
	static const u64 cap[] = {
		[GUEST_ACTIVITY_HLT] = VMX_MISC_ACTIVITY_HLT,
		[GUEST_ACTIVITY_SHUTDOWN] = VMX_MISC_ACTIVITY_SHUTDOWN,
		[GUEST_ACTIVITY_WAIT_SIPI] = VMX_MISC_ACTIVITY_WAIT_SIPI,
	};

	if (v == GUEST_ACTIVITY_ACTIVE)
		return true;
	return v < ARRAY_SIZE(cap) && (x->env->caps->misc & cap[v]);
}

static bool activity_hlt_dpl(const struct kl_xc *x, const struct kl_rule *r,
			     u64 v, char *want)
{
	return v != GUEST_ACTIVITY_HLT ||
	       !VMX_AR_DPL(KL_XV(x, GUEST_SS_AR_BYTES));
}

static bool activity_blocking(const struct kl_xc *x, const struct kl_rule *r,
			      u64 v, char *want)
{
	return v == GUEST_ACTIVITY_ACTIVE ||
	       !(KL_XV(x, GUEST_INTERRUPTIBILITY_INFO) &
		 (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS));
}

/* What may wake each activity state. */
static bool activity_event(const struct kl_xc *x, const struct kl_rule *r,
			   u64 v, char *want)
{
	u8 vector = x->intr;
	int type = kl_xtype(x);

	if (type < 0)
		return true;
	switch (v) {
	case GUEST_ACTIVITY_HLT:
		return type == INTR_TYPE_EXT_INTR || type == INTR_TYPE_NMI_INTR ||
		       (type == INTR_TYPE_HARD_EXCEPTION &&
			(vector == 1 || vector == 18)) ||
		       (type == INTR_TYPE_OTHER_EVENT && vector == 0);
	case GUEST_ACTIVITY_SHUTDOWN:
		return type == INTR_TYPE_NMI_INTR ||
		       (type == INTR_TYPE_HARD_EXCEPTION && vector == 18);
	case GUEST_ACTIVITY_WAIT_SIPI:
		return false;
	default:
		return true;
	}
}

static bool sti_and_mov_ss(const struct kl_xc *x, const struct kl_rule *r,
			   u64 v, char *want)
{
	return (v & 3) != 3;
}

static bool sti_needs_if(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			 char *want)
{
	return !(v & GUEST_INTR_STATE_STI) || (x->rflags & RFLAGS_IF);
}

static bool blocks_ext_int(const struct kl_xc *x, const struct kl_rule *r,
			   u64 v, char *want)
{
	return kl_xtype(x) != INTR_TYPE_EXT_INTR || !(v & 3);
}

static bool blocks_nmi(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		       char *want)
{
	return kl_xtype(x) != INTR_TYPE_NMI_INTR ||
	       !(v & GUEST_INTR_STATE_MOV_SS);
}

static bool virtual_nmi(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			char *want)
{
	return kl_xtype(x) != INTR_TYPE_NMI_INTR || !(v & GUEST_INTR_STATE_NMI);
}

static bool enclave(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want)
{
	return !(v & BIT_ULL(4)) ||
	       (x->env->sgx && !(v & GUEST_INTR_STATE_MOV_SS));
}

static bool pending_reserved(const struct kl_xc *x, const struct kl_rule *r,
			     u64 v, char *want)
{
	u64 bad = GENMASK_ULL(63, 17) | BIT_ULL(15) | BIT_ULL(13) |
		  GENMASK_ULL(10, 4);

	if (!x->env->bus_lock_debug)
		bad |= BIT_ULL(11);
	if (!(v & bad))
		return true;
	scnprintf(want, KL_EXPECTED_LEN, "bits %#llx clear", v & bad);
	return false;
}

/* Is the state one in which a pending single step must agree with TF? */
static bool step_checked(const struct kl_xc *x)
{
	return (KL_XV(x, GUEST_INTERRUPTIBILITY_INFO) & 3) ||
	       KL_XV(x, GUEST_ACTIVITY_STATE) == GUEST_ACTIVITY_HLT;
}

static bool stepping(const struct kl_xc *x)
{
	return (x->rflags & RFLAGS_TF) &&
	       !(KL_XV(x, GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF);
}

static bool step_missing(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			 char *want)
{
	return !step_checked(x) || !stepping(x) || (v & PENDING_BS);
}

static bool step_unexpected(const struct kl_xc *x, const struct kl_rule *r,
			    u64 v, char *want)
{
	return !step_checked(x) || stepping(x) || !(v & PENDING_BS);
}

static bool pending_rtm(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			char *want)
{
	if (!(v & PENDING_RTM))
		return true;
	return x->env->rtm && (v & BIT_ULL(12)) &&
	       !(v & (GENMASK_ULL(11, 0) | GENMASK_ULL(15, 13))) &&
	       !(KL_XV(x, GUEST_INTERRUPTIBILITY_INFO) & GUEST_INTR_STATE_MOV_SS);
}

static bool link_align(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		       char *want)
{
	return v == ~0ULL || !(v & 0xfff);
}

static bool link_width(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		       char *want)
{
	return v == ~0ULL || kl_check_phys(x, r, v, want);
}

static bool link_self(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		      char *want)
{
	return !x->env->vmcs || v != x->env->vmcs;
}

static const struct kl_rule guest_nonreg[] = {
	KL_RULE("guest.activity.supported", GUEST_ACTIVITY_STATE,
		activity_supported, 0,
		"0 to 3, and a state that IA32_VMX_MISC has"),
	KL_RULE("guest.activity.hlt_dpl", GUEST_ACTIVITY_STATE,
		activity_hlt_dpl, 0, "HLT (1) only with DPL 0 in SS"),
	KL_RULE("guest.activity.blocking", GUEST_ACTIVITY_STATE,
		activity_blocking, 0,
		"active (0) while STI or MOV SS blocks events"),
	KL_RULE("guest.activity.event", GUEST_ACTIVITY_STATE, activity_event, 0,
		"a state in which the injected event can be delivered"),
	KL_RULE("guest.interruptibility.reserved", GUEST_INTERRUPTIBILITY_INFO,
		kl_check_clear, GENMASK_ULL(31, 5), "bits 31:5 clear"),
	KL_RULE("guest.interruptibility.sti_and_mov_ss",
		GUEST_INTERRUPTIBILITY_INFO, sti_and_mov_ss, 0,
		"blocking by STI (bit 0) or by MOV SS (bit 1), not both"),
	KL_RULE("guest.interruptibility.sti_needs_if",
		GUEST_INTERRUPTIBILITY_INFO, sti_needs_if, 0,
		"blocking by STI (bit 0) only with RFLAGS.IF"),
	KL_RULE("guest.interruptibility.external_interrupt",
		GUEST_INTERRUPTIBILITY_INFO, blocks_ext_int, 0,
		"bits 1:0 clear: an external interrupt is to be injected"),
	KL_RULE("guest.interruptibility.nmi", GUEST_INTERRUPTIBILITY_INFO,
		blocks_nmi, 0, "bit 1 (MOV SS) clear: an NMI is to be injected"),
	KL_RULE("guest.interruptibility.smi", GUEST_INTERRUPTIBILITY_INFO,
		kl_check_clear, GUEST_INTR_STATE_SMI,
		"bit 2 (blocking by SMI) clear outside of SMM"),
	KL_RULE_IF("guest.interruptibility.virtual_nmi",
		   GUEST_INTERRUPTIBILITY_INFO, PIN, PIN_BASED_VIRTUAL_NMIS,
		   virtual_nmi, 0,
		   "bit 3 (blocking by NMI) clear: an NMI is to be injected"),
	KL_RULE("guest.interruptibility.enclave", GUEST_INTERRUPTIBILITY_INFO,
		enclave, 0, "bit 4 only with SGX and without bit 1 (MOV SS)"),
	KL_RULE("guest.pending_debug.reserved", GUEST_PENDING_DBG_EXCEPTIONS,
		pending_reserved, 0, NULL),
	KL_RULE("guest.pending_debug.step_missing",
		GUEST_PENDING_DBG_EXCEPTIONS, step_missing, 0,
		"BS (bit 14) set: TF is set, BTF clear, events blocked or HLT"),
	KL_RULE("guest.pending_debug.step_unexpected",
		GUEST_PENDING_DBG_EXCEPTIONS, step_unexpected, 0,
		"BS (bit 14) clear: TF is clear or BTF set, events blocked or HLT"),
	KL_RULE("guest.pending_debug.rtm", GUEST_PENDING_DBG_EXCEPTIONS,
		pending_rtm, 0,
		"bit 16 only with RTM, with bit 12 and no other, not after MOV SS"),
	KL_RULE("guest.link_pointer.align", VMCS_LINK_POINTER, link_align, 0,
		"all ones, or bits 11:0 clear"),
	KL_RULE("guest.link_pointer.width", VMCS_LINK_POINTER, link_width, 0,
		NULL),
	KL_RULE("guest.link_pointer.self", VMCS_LINK_POINTER, link_self, 0,
		"not the address of the current VMCS"),
};

const struct kl_rule_set kl_rules_guest_nonreg = {
	"Checks on Guest Non-Register State",
	guest_nonreg, ARRAY_SIZE(guest_nonreg)
};

static bool pdpte(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		  char *want)
{
	if (x->ia32e || !(x->cr0 & CR0_PG) || !(x->cr4 & CR4_PAE) || !(v & 1))
		return true;
	return !(v & (GENMASK_ULL(2, 1) | GENMASK_ULL(8, 5))) &&
	       !(v >> x->env->maxphyaddr);
}

#define W_PDPTE(id, field) \
	KL_RULE_IF(id, field, PROC2, SECONDARY_EXEC_ENABLE_EPT, pdpte, 0, \
		   "bits 2:1, 8:5 and those beyond the physical-address width clear")

static const struct kl_rule guest_pdpte[] = {
	W_PDPTE("guest.pdpte0.reserved", GUEST_PDPTR0),
	W_PDPTE("guest.pdpte1.reserved", GUEST_PDPTR1),
	W_PDPTE("guest.pdpte2.reserved", GUEST_PDPTR2),
	W_PDPTE("guest.pdpte3.reserved", GUEST_PDPTR3),
};

const struct kl_rule_set kl_rules_guest_pdpte = {
	"Checks on Guest Page-Directory-Pointer-Table Entries",
	guest_pdpte, ARRAY_SIZE(guest_pdpte)
};
