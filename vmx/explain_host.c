// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules on the host-state area (SDM, "VM Entries", "Checks on Host-State Area").
 */
#include <linux/kernel.h>

#include "explain_rules.h"

static bool cr0_must_be_1(const struct kl_xc *x, const struct kl_rule *r,
			  u64 v, char *want)
{
	u64 bad = x->env->caps->cr0_fixed0 & ~v;

	if (!bad)
		return true;
	scnprintf(want, KL_EXPECTED_LEN, "bits %#llx set (IA32_VMX_CR0_FIXED0)",
		  bad);
	return false;
}

static bool cr0_must_be_0(const struct kl_xc *x, const struct kl_rule *r,
			  u64 v, char *want)
{
	u64 bad = v & ~x->env->caps->cr0_fixed1;

	if (!bad)
		return true;
	scnprintf(want, KL_EXPECTED_LEN,
		  "bits %#llx clear (IA32_VMX_CR0_FIXED1)", bad);
	return false;
}

/* A bit of IA32_EFER (@arg) equals "host address-space size". */
static bool efer_mode(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		      char *want)
{
	bool wide = x->ctl[KL_WORD_EXIT] & VM_EXIT_HOST_ADDR_SPACE_SIZE;

	return !!(v & r->arg) == wide;
}

static const struct kl_rule host_regs[] = {
	KL_RULE("host.cr0.must_be_1", HOST_CR0, cr0_must_be_1, 0, NULL),
	KL_RULE("host.cr0.must_be_0", HOST_CR0, cr0_must_be_0, 0, NULL),
	KL_RULE("host.cr4.must_be_1", HOST_CR4, kl_check_cr4_1, 0, NULL),
	KL_RULE("host.cr4.must_be_0", HOST_CR4, kl_check_cr4_0, 0, NULL),
	KL_RULE("host.cr4.cet_needs_wp", HOST_CR4, kl_check_cet_wp,
		KL_F_HOST_CR0, "CR4.CET only with CR0.WP"),
	KL_RULE("host.cr3.width", HOST_CR3, kl_check_phys, 0, NULL),
	KL_RULE("host.sysenter_esp.canonical", HOST_IA32_SYSENTER_ESP,
		kl_check_canonical, 0, NULL),
	KL_RULE("host.sysenter_eip.canonical", HOST_IA32_SYSENTER_EIP,
		kl_check_canonical, 0, NULL),
	KL_RULE_IF("host.perf_global.reserved", HOST_IA32_PERF_GLOBAL_CTRL,
		   EXIT, VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL, kl_check_perf_global, 0,
		   "no reserved bit of IA32_PERF_GLOBAL_CTRL"),
	KL_RULE_IF("host.pat.type", HOST_IA32_PAT, EXIT, VM_EXIT_LOAD_IA32_PAT,
		   kl_check_pat, 0, NULL),
	KL_RULE_IF("host.efer.reserved", HOST_IA32_EFER, EXIT,
		   VM_EXIT_LOAD_IA32_EFER, kl_check_efer, 0,
		   "no reserved bit of IA32_EFER"),
	KL_RULE_IF("host.efer.lma", HOST_IA32_EFER, EXIT,
		   VM_EXIT_LOAD_IA32_EFER, efer_mode, BIT_ULL(10),
		   "LMA (bit 10) equal to \"host address-space size\""),
	KL_RULE_IF("host.efer.lme", HOST_IA32_EFER, EXIT,
		   VM_EXIT_LOAD_IA32_EFER, efer_mode, BIT_ULL(8),
		   "LME (bit 8) equal to \"host address-space size\""),
	KL_RULE_IF("host.s_cet.reserved", KL_VMCS_HOST_S_CET, EXIT,
		   KL_EXIT_LOAD_CET, kl_check_cet, 0,
		   "canonical, bits 9:6 clear, bits 11:10 not both set"),
	KL_RULE_IF("host.ssp.align", KL_VMCS_HOST_SSP, EXIT, KL_EXIT_LOAD_CET,
		   kl_check_clear, 3, "bits 1:0 clear"),
	KL_RULE_IF("host.ssp.canonical", KL_VMCS_HOST_SSP, EXIT,
		   KL_EXIT_LOAD_CET, kl_check_canonical, 0, NULL),
	KL_RULE_IF("host.isst.canonical", KL_VMCS_HOST_ISST, EXIT,
		   KL_EXIT_LOAD_CET, kl_check_canonical, 0, NULL),
	KL_RULE_IF("host.pkrs.high", KL_VMCS_HOST_PKRS, EXIT, KL_EXIT_LOAD_PKRS,
		   kl_check_clear, GENMASK_ULL(63, 32), "bits 63:32 clear"),
};

const struct kl_rule_set kl_rules_host_regs = {
	"Checks on Host Control Registers, MSRs, and SSP",
	host_regs, ARRAY_SIZE(host_regs)
};

static bool not_null(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		     char *want)
{
	return v;
}

static bool ss_not_null(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			char *want)
{
	return v || (x->ctl[KL_WORD_EXIT] & VM_EXIT_HOST_ADDR_SPACE_SIZE);
}

#define W_SEL(id, field) \
	KL_RULE(id ".rpl_ti", field, kl_check_clear, 7, \
		"RPL (bits 1:0) and TI (bit 2) clear")

static const struct kl_rule host_seg[] = {
	W_SEL("host.es", HOST_ES_SELECTOR),
	W_SEL("host.cs", HOST_CS_SELECTOR),
	W_SEL("host.ss", HOST_SS_SELECTOR),
	W_SEL("host.ds", HOST_DS_SELECTOR),
	W_SEL("host.fs", HOST_FS_SELECTOR),
	W_SEL("host.gs", HOST_GS_SELECTOR),
	W_SEL("host.tr", HOST_TR_SELECTOR),
	KL_RULE("host.cs.null", HOST_CS_SELECTOR, not_null, 0, "not 0"),
	KL_RULE("host.tr.null", HOST_TR_SELECTOR, not_null, 0, "not 0"),
	KL_RULE("host.ss.null", HOST_SS_SELECTOR, ss_not_null, 0,
		"not 0 for a 32-bit host"),
	KL_RULE("host.fs.base", HOST_FS_BASE, kl_check_canonical, 0, NULL),
	KL_RULE("host.gs.base", HOST_GS_BASE, kl_check_canonical, 0, NULL),
	KL_RULE("host.tr.base", HOST_TR_BASE, kl_check_canonical, 0, NULL),
	KL_RULE("host.gdtr.base", HOST_GDTR_BASE, kl_check_canonical, 0, NULL),
	KL_RULE("host.idtr.base", HOST_IDTR_BASE, kl_check_canonical, 0, NULL),
};

const struct kl_rule_set kl_rules_host_seg = {
	"Checks on Host Segment and Descriptor-Table Registers",
	host_seg, ARRAY_SIZE(host_seg)
};

static bool size_is_wide(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			 char *want)
{
	return !x->env->host_long_mode || (v & VM_EXIT_HOST_ADDR_SPACE_SIZE);
}

/* Outside of IA-32e mode neither side can be in it. */
static bool guest_is_narrow(const struct kl_xc *x, const struct kl_rule *r,
			    u64 v, char *want)
{
	return x->env->host_long_mode || !x->ia32e;
}

static bool host_is_narrow(const struct kl_xc *x, const struct kl_rule *r,
			   u64 v, char *want)
{
	return x->env->host_long_mode || !(v & VM_EXIT_HOST_ADDR_SPACE_SIZE);
}

/* Bits of @arg are clear while "host address-space size" is 0. */
static bool narrow_clear(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			 char *want)
{
	return (x->ctl[KL_WORD_EXIT] & VM_EXIT_HOST_ADDR_SPACE_SIZE) ||
	       !(v & r->arg);
}

static const struct kl_rule host_size[] = {
	KL_RULE("host.size.long_mode", VM_EXIT_CONTROLS, size_is_wide, 0,
		"\"host address-space size\" set: the host is in IA-32e mode"),
	KL_RULE("host.size.guest_not_ia32e", VM_ENTRY_CONTROLS,
		guest_is_narrow, 0,
		"\"IA-32e mode guest\" clear: the host is not in IA-32e mode"),
	KL_RULE("host.size.not_long_mode", VM_EXIT_CONTROLS, host_is_narrow, 0,
		"\"host address-space size\" clear: the host is not in IA-32e mode"),
	KL_RULE("host.size.narrow_ia32e", VM_ENTRY_CONTROLS, narrow_clear,
		VM_ENTRY_IA32E_MODE,
		"\"IA-32e mode guest\" clear without \"host address-space size\""),
	KL_RULE("host.size.narrow_pcide", HOST_CR4, narrow_clear, BIT_ULL(17),
		"CR4.PCIDE clear without \"host address-space size\""),
	KL_RULE("host.size.narrow_rip", HOST_RIP, narrow_clear,
		GENMASK_ULL(63, 32),
		"bits 63:32 clear without \"host address-space size\""),
	KL_RULE_IF("host.cr4.pae", HOST_CR4, EXIT, VM_EXIT_HOST_ADDR_SPACE_SIZE,
		   kl_check_set, BIT_ULL(5),
		   "CR4.PAE set with \"host address-space size\""),
	KL_RULE_IF("host.rip.canonical", HOST_RIP, EXIT,
		   VM_EXIT_HOST_ADDR_SPACE_SIZE, kl_check_canonical, 0, NULL),
};

const struct kl_rule_set kl_rules_host_size = {
	"Checks Related to Address-Space Size", host_size, ARRAY_SIZE(host_size)
};
