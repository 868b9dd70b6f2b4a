/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What VT-x of this machine gives: the capability MSRs and the features made
 * out of them.
 *
 * tour 13: a capability MSR says for each control whether it may be 0 and
 * whether it may be 1; a feature is a list of such bits with a name.
 *
 * Pure, but for kl_caps_read(): the runner's `kvmlite info` and the unit tests
 * compile the same file.
 */
#ifndef _KL_VMX_CAPS_H
#define _KL_VMX_CAPS_H

#include <linux/bits.h>
#include <linux/types.h>

#include "bits.h"

/**
 * struct kl_vmx_caps - the capability MSRs of one CPU, raw (SDM, appendix "VMX
 * Capability Reporting Facility"); 0 for an MSR the CPU does not have
 * @basic: IA32_VMX_BASIC
 * @pin: IA32_VMX_PINBASED_CTLS
 * @proc: IA32_VMX_PROCBASED_CTLS
 * @exit: IA32_VMX_EXIT_CTLS
 * @entry: IA32_VMX_ENTRY_CTLS
 * @misc: IA32_VMX_MISC
 * @cr0_fixed0: IA32_VMX_CR0_FIXED0, bits that must be 1
 * @cr0_fixed1: IA32_VMX_CR0_FIXED1, bits that may be 1
 * @cr4_fixed0: IA32_VMX_CR4_FIXED0
 * @cr4_fixed1: IA32_VMX_CR4_FIXED1
 * @vmcs_enum: IA32_VMX_VMCS_ENUM
 * @proc2: IA32_VMX_PROCBASED_CTLS2
 * @ept_vpid: IA32_VMX_EPT_VPID_CAP
 * @true_pin: IA32_VMX_TRUE_PINBASED_CTLS
 * @true_proc: IA32_VMX_TRUE_PROCBASED_CTLS
 * @true_exit: IA32_VMX_TRUE_EXIT_CTLS
 * @true_entry: IA32_VMX_TRUE_ENTRY_CTLS
 * @vmfunc: IA32_VMX_VMFUNC
 * @proc3: IA32_VMX_PROCBASED_CTLS3
 * @exit2: IA32_VMX_EXIT_CTLS2
 */
struct kl_vmx_caps {
	u64 basic;
	u64 pin;
	u64 proc;
	u64 exit;
	u64 entry;
	u64 misc;
	u64 cr0_fixed0;
	u64 cr0_fixed1;
	u64 cr4_fixed0;
	u64 cr4_fixed1;
	u64 vmcs_enum;
	u64 proc2;
	u64 ept_vpid;
	u64 true_pin;
	u64 true_proc;
	u64 true_exit;
	u64 true_entry;
	u64 vmfunc;
	u64 proc3;
	u64 exit2;
};

/**
 * enum kl_word - control words and capability words that hold feature bits
 * @KL_WORD_PIN: pin-based VM-execution controls, 32 bits
 * @KL_WORD_PROC: primary processor-based controls, 32 bits
 * @KL_WORD_PROC2: secondary processor-based controls, 32 bits
 * @KL_WORD_PROC3: tertiary processor-based controls, 64 bits
 * @KL_WORD_EXIT: VM-exit controls, 32 bits
 * @KL_WORD_ENTRY: VM-entry controls, 32 bits
 * @KL_WORD_EXIT2: secondary VM-exit controls, 64 bits
 * @KL_WORD_CONTROLS: number of control words
 * @KL_WORD_BASIC: IA32_VMX_BASIC
 * @KL_WORD_MISC: IA32_VMX_MISC
 * @KL_WORD_EPT_VPID: IA32_VMX_EPT_VPID_CAP
 * @KL_WORD_VMFUNC: IA32_VMX_VMFUNC
 * @KL_WORD_NR: number of words
 */
enum kl_word {
	KL_WORD_PIN,
	KL_WORD_PROC,
	KL_WORD_PROC2,
	KL_WORD_PROC3,
	KL_WORD_EXIT,
	KL_WORD_ENTRY,
	KL_WORD_EXIT2,
	KL_WORD_CONTROLS,
	KL_WORD_BASIC = KL_WORD_CONTROLS,
	KL_WORD_MISC,
	KL_WORD_EPT_VPID,
	KL_WORD_VMFUNC,
	KL_WORD_NR
};

/*
 * enum kl_feature: optional parts of VT-x, each described by a row of
 * kl_features[].
 *
 * A bitmap of features is a u64, built with kl_feat().
 */
enum kl_feature {
	KL_FEAT_ALWAYS,		/* present on every CPU with VT-x */
	KL_FEAT_TRUE_CTLS,
	KL_FEAT_SECONDARY,
	KL_FEAT_TERTIARY,
	KL_FEAT_EXIT2,
	KL_FEAT_EPT,
	KL_FEAT_EPT_EXEC_ONLY,
	KL_FEAT_EPT_2M,
	KL_FEAT_EPT_1G,
	KL_FEAT_EPT_WALK5,
	KL_FEAT_EPT_AD,
	KL_FEAT_PML,
	KL_FEAT_MBEC,
	KL_FEAT_SPP,
	KL_FEAT_EPT_VE,
	KL_FEAT_UNRESTRICTED,
	KL_FEAT_VPID,
	KL_FEAT_TPR_SHADOW,
	KL_FEAT_APIC_ACCESS,
	KL_FEAT_X2APIC,
	KL_FEAT_APIC_REGS,
	KL_FEAT_VID,
	KL_FEAT_POSTED,
	KL_FEAT_IPI_VIRT,
	KL_FEAT_ACK_INTR,
	KL_FEAT_VNMI,
	KL_FEAT_TIMER,
	KL_FEAT_SAVE_TIMER,
	KL_FEAT_MTF,
	KL_FEAT_IO_BITMAPS,
	KL_FEAT_MSR_BITMAPS,
	KL_FEAT_PLE,
	KL_FEAT_TSC_SCALING,
	KL_FEAT_RDTSCP,
	KL_FEAT_INVPCID,
	KL_FEAT_XSAVES,
	KL_FEAT_USER_WAIT,
	KL_FEAT_WBINVD,
	KL_FEAT_DESC,
	KL_FEAT_RDRAND,
	KL_FEAT_RDSEED,
	KL_FEAT_ENCLS,
	KL_FEAT_ENCLV,
	KL_FEAT_VMFUNC,
	KL_FEAT_EPTP_SWITCHING,
	KL_FEAT_SHADOW_VMCS,
	KL_FEAT_PT_GPA,
	KL_FEAT_BUS_LOCK,
	KL_FEAT_NOTIFY,
	KL_FEAT_HLAT,
	KL_FEAT_PAT,
	KL_FEAT_EFER,
	KL_FEAT_PERF_GLOBAL,
	KL_FEAT_BNDCFGS,
	KL_FEAT_RTIT,
	KL_FEAT_CET,
	KL_FEAT_PKRS,
	KL_FEAT_LBR,
	KL_FEAT_UINV,
	KL_FEAT_NR
};

/**
 * kl_feat - the bit of a feature in a bitmap of features
 * @f: suffix of enum kl_feature
 */
#define kl_feat(f) BIT_ULL(KL_FEAT_##f)

/**
 * struct kl_cap_bit - one bit that a feature needs
 * @word: enum kl_word
 * @bit: its number in the word
 * @name: what the SDM calls it; NULL ends a list
 */
struct kl_cap_bit {
	u8 word;
	u8 bit;
	const char *name;
};

#define KL_FEATURE_BITS 5

/**
 * struct kl_feature_desc - a feature and what it needs
 * @name: short and stable, for options and reports, such as "ept-2m"
 * @description: what it is for, one phrase
 * @needs: bits that must be allowed to be 1, ended by a NULL name
 * @deps: bitmap of features it cannot work without
 */
struct kl_feature_desc {
	const char *name;
	const char *description;
	struct kl_cap_bit needs[KL_FEATURE_BITS + 1];
	u64 deps;
};

/* Indexed by enum kl_feature. */
extern const struct kl_feature_desc kl_features[KL_FEAT_NR];

/**
 * typedef kl_missing_fn - told of each bit that keeps a feature away
 * @ctx: as given
 * @bit: the bit that is not allowed to be 1
 */
typedef void (*kl_missing_fn)(void *ctx, const struct kl_cap_bit *bit);

/**
 * typedef kl_rdmsr_fn - reads an MSR
 * @ctx: as given
 * @msr: its number
 *
 * Return: its value, 0 if it is absent.
 */
typedef u64 (*kl_rdmsr_fn)(void *ctx, u32 msr);

void kl_caps_read_with(struct kl_vmx_caps *caps, kl_rdmsr_fn read, void *ctx);
bool kl_caps_set(struct kl_vmx_caps *caps, u32 msr, u64 value);
bool kl_caps_get(const struct kl_vmx_caps *caps, u32 msr, u64 *value);
bool kl_caps_same(const struct kl_vmx_caps *a, const struct kl_vmx_caps *b,
		  const char **why);
const char *kl_caps_msr_name(unsigned int i, u32 *msr);
const char *kl_word_name(enum kl_word word);
const char *kl_control_name(enum kl_word word, unsigned int bit);
bool kl_feature_available(const struct kl_vmx_caps *caps,
			  const struct kl_feature_desc *desc,
			  kl_missing_fn missing, void *ctx);
bool kl_caps_has(const struct kl_vmx_caps *caps, enum kl_feature feature);
int kl_feature_by_name(const char *name);

#ifdef __KERNEL__
void kl_caps_read(struct kl_vmx_caps *caps);
#endif

/**
 * kl_caps_ctl - the capability MSR that rules a 32-bit control word
 * @caps: capabilities
 * @word: KL_WORD_PIN, _PROC, _PROC2, _EXIT or _ENTRY
 *
 * Return: the TRUE variant where the CPU has one. Low half: bits that must be
 * 1; high half: bits that may be 1.
 */
static inline u64 kl_caps_ctl(const struct kl_vmx_caps *caps, enum kl_word word)
{
	bool exact = caps->basic & VMX_BASIC_TRUE_CTLS;

	switch (word) {
	case KL_WORD_PIN:
		return exact ? caps->true_pin : caps->pin;
	case KL_WORD_PROC:
		return exact ? caps->true_proc : caps->proc;
	case KL_WORD_PROC2:
		return caps->proc2;
	case KL_WORD_EXIT:
		return exact ? caps->true_exit : caps->exit;
	case KL_WORD_ENTRY:
		return exact ? caps->true_entry : caps->entry;
	default:
		return 0;
	}
}

/**
 * kl_caps_may_be_1 - bits of a word that are allowed to be 1
 * @caps: capabilities
 * @word: which word; for capability words the MSR itself
 *
 * Return: 32 or 64 bits by the width of the word.
 */
static inline u64 kl_caps_may_be_1(const struct kl_vmx_caps *caps,
				   enum kl_word word)
{
	switch (word) {
	case KL_WORD_PROC3:
		return caps->proc3;
	case KL_WORD_EXIT2:
		return caps->exit2;
	case KL_WORD_BASIC:
		return caps->basic;
	case KL_WORD_MISC:
		return caps->misc;
	case KL_WORD_EPT_VPID:
		return caps->ept_vpid;
	case KL_WORD_VMFUNC:
		return caps->vmfunc;
	default:
		return kl_caps_ctl(caps, word) >> 32;
	}
}

/**
 * kl_caps_must_be_1 - bits of a control word that must be 1
 * @caps: capabilities
 * @word: which word
 *
 * Return: the bits; 0 for the 64-bit words, where every bit may be 0.
 */
static inline u64 kl_caps_must_be_1(const struct kl_vmx_caps *caps,
				    enum kl_word word)
{
	return kl_caps_ctl(caps, word) & GENMASK_ULL(31, 0);
}

/**
 * kl_caps_revision - VMCS revision identifier
 * @caps: capabilities
 *
 * Return: 31 bits, to be written to the first word of VMXON region and VMCS.
 */
static inline u32 kl_caps_revision(const struct kl_vmx_caps *caps)
{
	return caps->basic & GENMASK_ULL(30, 0);
}

/**
 * kl_caps_vmcs_size - bytes of a VMXON region or VMCS
 * @caps: capabilities
 *
 * Return: at most 4096.
 */
static inline u32 kl_caps_vmcs_size(const struct kl_vmx_caps *caps)
{
	return (caps->basic >> 32) & GENMASK_ULL(12, 0);
}

/**
 * kl_caps_timer_shift - rate of the VMX-preemption timer
 * @caps: capabilities
 *
 * Return: n; the timer counts down once in 2^n TSC ticks.
 */
static inline unsigned int kl_caps_timer_shift(const struct kl_vmx_caps *caps)
{
	return caps->misc & GENMASK_ULL(4, 0);
}

/**
 * kl_caps_max_msrs - recommended limit of an MSR-load or -store list
 * @caps: capabilities
 *
 * Return: entries of 16 bytes.
 */
static inline u32 kl_caps_max_msrs(const struct kl_vmx_caps *caps)
{
	return (((caps->misc >> 25) & 7) + 1) * 512;
}

/**
 * kl_caps_cr3_targets - number of CR3-target values
 * @caps: capabilities
 *
 * Return: 0 to 511; 4 on all CPUs so far.
 */
static inline u32 kl_caps_cr3_targets(const struct kl_vmx_caps *caps)
{
	return (caps->misc >> 16) & 0x1ff;
}

/**
 * kl_caps_ept - is there EPT, with what this module needs of it?
 * @caps: capabilities
 *
 * Return: true if KL_FEAT_EPT is available.
 */
static inline bool kl_caps_ept(const struct kl_vmx_caps *caps)
{
	return kl_caps_has(caps, KL_FEAT_EPT);
}

/**
 * kl_caps_vpid - are there VPIDs and INVVPID?
 * @caps: capabilities
 *
 * Return: true if KL_FEAT_VPID is available.
 */
static inline bool kl_caps_vpid(const struct kl_vmx_caps *caps)
{
	return kl_caps_has(caps, KL_FEAT_VPID);
}

/**
 * kl_caps_ept_2m - may an EPT page-directory entry map 2 MB?
 * @caps: capabilities
 *
 * Return: true if so.
 */
static inline bool kl_caps_ept_2m(const struct kl_vmx_caps *caps)
{
	return caps->ept_vpid & VMX_EPT_2MB_PAGE_BIT;
}

/**
 * kl_caps_ept_1g - may an EPT page-directory-pointer entry map 1 GB?
 * @caps: capabilities
 *
 * Return: true if so.
 */
static inline bool kl_caps_ept_1g(const struct kl_vmx_caps *caps)
{
	return caps->ept_vpid & VMX_EPT_1GB_PAGE_BIT;
}

/**
 * kl_caps_ept_ad - are there accessed and dirty flags for EPT?
 * @caps: capabilities
 *
 * Return: true if so.
 */
static inline bool kl_caps_ept_ad(const struct kl_vmx_caps *caps)
{
	return caps->ept_vpid & VMX_EPT_AD_BIT;
}

/**
 * kl_caps_ept_exec_only - may an EPT entry be executable and not readable?
 * @caps: capabilities
 *
 * Return: true if so.
 */
static inline bool kl_caps_ept_exec_only(const struct kl_vmx_caps *caps)
{
	return caps->ept_vpid & VMX_EPT_EXECUTE_ONLY_BIT;
}

/**
 * kl_caps_invept_single - does INVEPT know single-context invalidation?
 * @caps: capabilities
 *
 * Return: true if so; false means all contexts only.
 */
static inline bool kl_caps_invept_single(const struct kl_vmx_caps *caps)
{
	return caps->ept_vpid & VMX_EPT_EXTENT_CONTEXT_BIT;
}

/**
 * kl_caps_invvpid - does INVVPID know this type of invalidation?
 * @caps: capabilities
 * @type: VMX_VPID_EXTENT_*
 *
 * Return: true if so.
 */
static inline bool kl_caps_invvpid(const struct kl_vmx_caps *caps,
				   unsigned int type)
{
	return type < 4 && (caps->ept_vpid & BIT_ULL(32)) &&
	       (caps->ept_vpid & BIT_ULL(40 + type));
}

#endif /* _KL_VMX_CAPS_H */
