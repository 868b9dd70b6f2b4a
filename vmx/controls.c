// SPDX-License-Identifier: GPL-2.0-only
/*
 * Choose the control words of a VM: capabilities and policy in, words out.
 *
 * Pure. First the set of features is settled, dependencies included; then each
 * word is its REQUIRED mask, the bits of the features in use, and what the CPU
 * forces to 1; then every bit is checked against what the CPU allows.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "controls.h"

/**
 * enum use - how a feature gets into the control words
 * @USE_ON: in the words whenever it is there and not disabled
 * @USE_TOGGLE: listed in the toggle masks, 0 in the words
 * @USE_ASK: in the words only if the policy enables or requires it
 */
enum use {
	USE_ON,
	USE_TOGGLE,
	USE_ASK,
};

/* A row sets the bits of one feature in one word. */
struct row {
	u8 feature;
	u8 word;
	u8 use;
	u64 bits;
};

#define ROW(f, w, u, b) { KL_FEAT_##f, KL_WORD_##w, USE_##u, b }

static const struct row rows[] = {
	ROW(VNMI, PIN, ON, PIN_BASED_VIRTUAL_NMIS),
	ROW(TIMER, PIN, TOGGLE, PIN_BASED_VMX_PREEMPTION_TIMER),
	ROW(POSTED, PIN, ON, PIN_BASED_POSTED_INTR),

	ROW(TPR_SHADOW, PROC, ON, CPU_BASED_TPR_SHADOW),
	ROW(TERTIARY, PROC, ASK, CPU_BASED_ACTIVATE_TERTIARY_CONTROLS),
	ROW(MTF, PROC, TOGGLE, CPU_BASED_MONITOR_TRAP_FLAG),
	ROW(IO_BITMAPS, PROC, TOGGLE, CPU_BASED_USE_IO_BITMAPS),
	ROW(VNMI, PROC, TOGGLE, CPU_BASED_NMI_WINDOW_EXITING),

	ROW(EPT, PROC2, ON, SECONDARY_EXEC_ENABLE_EPT),
	ROW(UNRESTRICTED, PROC2, ON, SECONDARY_EXEC_UNRESTRICTED_GUEST),
	ROW(VPID, PROC2, ON, SECONDARY_EXEC_ENABLE_VPID),
	ROW(RDTSCP, PROC2, ON, SECONDARY_EXEC_ENABLE_RDTSCP),
	ROW(INVPCID, PROC2, ON, SECONDARY_EXEC_ENABLE_INVPCID),
	ROW(XSAVES, PROC2, ON, SECONDARY_EXEC_ENABLE_XSAVES),
	ROW(WBINVD, PROC2, ON, SECONDARY_EXEC_WBINVD_EXITING),
	ROW(PLE, PROC2, ON, SECONDARY_EXEC_PAUSE_LOOP_EXITING),
	ROW(APIC_REGS, PROC2, ON, SECONDARY_EXEC_APIC_REGISTER_VIRT),
	ROW(VID, PROC2, ON, SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY),
	ROW(APIC_ACCESS, PROC2, TOGGLE, SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES),
	ROW(X2APIC, PROC2, TOGGLE, SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE),
	ROW(PML, PROC2, TOGGLE, SECONDARY_EXEC_ENABLE_PML),
	ROW(TSC_SCALING, PROC2, TOGGLE, SECONDARY_EXEC_TSC_SCALING),
	ROW(DESC, PROC2, TOGGLE, SECONDARY_EXEC_DESC),
	ROW(RDRAND, PROC2, TOGGLE, SECONDARY_EXEC_RDRAND_EXITING),
	ROW(RDSEED, PROC2, TOGGLE, SECONDARY_EXEC_RDSEED_EXITING),
	ROW(USER_WAIT, PROC2, ASK, SECONDARY_EXEC_ENABLE_USR_WAIT_PAUSE),
	ROW(MBEC, PROC2, ASK, SECONDARY_EXEC_MODE_BASED_EPT_EXEC),
	ROW(SPP, PROC2, ASK, KL_EXEC2_SPP),
	ROW(EPT_VE, PROC2, ASK, SECONDARY_EXEC_EPT_VIOLATION_VE),
	ROW(VMFUNC, PROC2, ASK, SECONDARY_EXEC_ENABLE_VMFUNC),
	ROW(SHADOW_VMCS, PROC2, ASK, SECONDARY_EXEC_SHADOW_VMCS),
	ROW(ENCLS, PROC2, ASK, SECONDARY_EXEC_ENCLS_EXITING),
	ROW(ENCLV, PROC2, ASK, KL_EXEC2_ENCLV),
	ROW(PT_GPA, PROC2, ASK, SECONDARY_EXEC_PT_USE_GPA),
	ROW(BUS_LOCK, PROC2, ASK, SECONDARY_EXEC_BUS_LOCK_DETECTION),
	ROW(NOTIFY, PROC2, ASK, SECONDARY_EXEC_NOTIFY_VM_EXITING),

	ROW(IPI_VIRT, PROC3, ASK, KL_EXEC3_IPI_VIRT),
	ROW(HLAT, PROC3, ASK, KL_EXEC3_HLAT),

	ROW(ACK_INTR, EXIT, ON, VM_EXIT_ACK_INTR_ON_EXIT),
	ROW(SAVE_TIMER, EXIT, ASK, VM_EXIT_SAVE_VMX_PREEMPTION_TIMER),
	ROW(PAT, EXIT, ON, VM_EXIT_SAVE_IA32_PAT | VM_EXIT_LOAD_IA32_PAT),
	ROW(EFER, EXIT, ON, VM_EXIT_SAVE_IA32_EFER | VM_EXIT_LOAD_IA32_EFER),
	ROW(PERF_GLOBAL, EXIT, ASK, VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL),
	ROW(BNDCFGS, EXIT, ASK, VM_EXIT_CLEAR_BNDCFGS),
	ROW(RTIT, EXIT, ASK, VM_EXIT_CLEAR_IA32_RTIT_CTL),
	ROW(CET, EXIT, ASK, KL_EXIT_LOAD_CET),
	ROW(PKRS, EXIT, ASK, KL_EXIT_LOAD_PKRS),
	ROW(LBR, EXIT, ASK, KL_EXIT_CLEAR_LBR_CTL),
	ROW(UINV, EXIT, ASK, KL_EXIT_CLEAR_UINV),

	ROW(PAT, ENTRY, ON, VM_ENTRY_LOAD_IA32_PAT),
	ROW(EFER, ENTRY, ON, VM_ENTRY_LOAD_IA32_EFER),
	ROW(PERF_GLOBAL, ENTRY, ASK, VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL),
	ROW(BNDCFGS, ENTRY, ASK, VM_ENTRY_LOAD_BNDCFGS),
	ROW(RTIT, ENTRY, ASK, VM_ENTRY_LOAD_IA32_RTIT_CTL),
	ROW(CET, ENTRY, ASK, KL_ENTRY_LOAD_CET),
	ROW(PKRS, ENTRY, ASK, KL_ENTRY_LOAD_PKRS),
	ROW(LBR, ENTRY, ASK, KL_ENTRY_LOAD_LBR_CTL),
	ROW(UINV, ENTRY, ASK, KL_ENTRY_LOAD_UINV),
};

/* Bits the run loop may flip that belong to no feature. */
#define PROC_TOGGLE	(CPU_BASED_INTR_WINDOW_EXITING | \
			 CPU_BASED_RDTSC_EXITING | CPU_BASED_PAUSE_EXITING | \
			 CPU_BASED_HLT_EXITING | CPU_BASED_MWAIT_EXITING | \
			 CPU_BASED_MONITOR_EXITING | CPU_BASED_RDPMC_EXITING | \
			 CPU_BASED_MOV_DR_EXITING | \
			 CPU_BASED_UNCOND_IO_EXITING | \
			 KL_PROC_NO_TPR_SHADOW | KL_PROC_NO_EPT)

/* A feature used by default has a row that is not USE_ASK, or no row at all. */
static u64 default_features(void)
{
	u64 set = GENMASK_ULL(KL_FEAT_NR - 1, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].use == USE_ASK)
			set &= ~BIT_ULL(rows[i].feature);
	}
	return set;
}

/* Take away features whose dependencies are not in the set, until none is. */
static u64 drop_orphans(u64 set)
{
	bool again;
	unsigned int i;

	do {
		again = false;
		for (i = 0; i < KL_FEAT_NR; i++) {
			if ((set & BIT_ULL(i)) && (kl_features[i].deps & ~set)) {
				set &= ~BIT_ULL(i);
				again = true;
			}
		}
	} while (again);
	return set;
}

/* Add what the features of the set depend on, until nothing is missing. */
static u64 add_deps(u64 set)
{
	u64 before;
	unsigned int i;

	do {
		before = set;
		for (i = 0; i < KL_FEAT_NR; i++) {
			if (set & BIT_ULL(i))
				set |= kl_features[i].deps;
		}
	} while (set != before);
	return set;
}

static void first_missing(void *ctx, const struct kl_cap_bit *bit)
{
	struct kl_controls_error *err = ctx;

	if (err->name)
		return;
	err->word = bit->word;
	err->bit = bit->bit;
	err->name = bit->name;
}

/* Settle which features are used. */
static int settle(const struct kl_vmx_caps *caps,
		  const struct kl_policy *policy, u64 *features,
		  struct kl_controls_error *err)
{
	u64 set = default_features() | add_deps(policy->enable | policy->require);
	unsigned int i;

	set &= ~policy->disable;
	for (i = 0; i < KL_FEAT_NR; i++) {
		if ((set & BIT_ULL(i)) && !kl_caps_has(caps, i))
			set &= ~BIT_ULL(i);
	}
	set = drop_orphans(set);
	for (i = 0; i < KL_FEAT_NR; i++) {
		if (!(policy->require & BIT_ULL(i)) || (set & BIT_ULL(i)))
			continue;
		err->feature = kl_features[i].name;
		err->disabled = kl_feature_available(caps, &kl_features[i],
						     first_missing, err);
		if (err->disabled)
			err->name = kl_features[i].name;
		return err->disabled ? -EINVAL : -EOPNOTSUPP;
	}
	*features = set;
	return 0;
}

/* Add what the CPU forces to 1 and refuse what it does not allow. */
static int adjust(const struct kl_vmx_caps *caps, enum kl_word word, u64 *value,
		  struct kl_controls_error *err)
{
	u64 missing;

	*value |= kl_caps_must_be_1(caps, word);
	missing = *value & ~kl_caps_may_be_1(caps, word);
	if (!missing)
		return 0;
	err->word = word;
	err->bit = __ffs(missing);
	err->name = kl_control_name(word, err->bit);
	return -EOPNOTSUPP;
}

/* Bits of a word that this CPU allows to be 0 and to be 1. */
static u32 flexible(const struct kl_vmx_caps *caps, enum kl_word word)
{
	return kl_caps_may_be_1(caps, word) & ~kl_caps_must_be_1(caps, word);
}

/**
 * kl_controls_compute - control words for a VM
 * @caps: what the CPUs give
 * @policy: what the VM asks
 * @out: the words and the masks of bits to toggle at run time
 * @err: out: which bit is missing; valid if the result is not 0
 *
 * Return: 0; -EOPNOTSUPP if the CPU lacks a required control; -EINVAL if the
 * policy contradicts itself or names unknown features.
 */
int kl_controls_compute(const struct kl_vmx_caps *caps,
			const struct kl_policy *policy,
			struct kl_controls *out, struct kl_controls_error *err)
{
	u64 all = policy->disable | policy->enable | policy->require;
	u64 word[KL_WORD_CONTROLS] = {
		[KL_WORD_PIN] = KL_PIN_REQUIRED,
		[KL_WORD_PROC] = KL_PROC_REQUIRED,
		[KL_WORD_EXIT] = KL_EXIT_REQUIRED,
		[KL_WORD_ENTRY] = KL_ENTRY_REQUIRED,
	};
	u64 toggle[KL_WORD_CONTROLS] = {
		[KL_WORD_PROC] = PROC_TOGGLE,
		[KL_WORD_ENTRY] = VM_ENTRY_IA32E_MODE,
	};
	unsigned int i;
	u64 features;
	int ret;

	memset(out, 0, sizeof(*out));
	memset(err, 0, sizeof(*err));
	if (all & ~GENMASK_ULL(KL_FEAT_NR - 1, 0)) {
		err->name = "unknown feature";
		return -EINVAL;
	}
	ret = settle(caps, policy, &features, err);
	if (ret)
		return ret;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];

		if (!(features & BIT_ULL(r->feature)))
			continue;
		if (r->use != USE_TOGGLE)
			word[r->word] |= r->bits;
		/* An exit or entry word has no toggles but the guest's mode. */
		if (r->word == KL_WORD_PIN || r->word == KL_WORD_PROC ||
		    r->word == KL_WORD_PROC2)
			toggle[r->word] |= r->bits;
	}
	if (!(features & kl_feat(TPR_SHADOW)))
		word[KL_WORD_PROC] |= KL_PROC_NO_TPR_SHADOW;
	if (!(features & kl_feat(EPT)))
		word[KL_WORD_PROC] |= KL_PROC_NO_EPT;

	for (i = 0; i < KL_WORD_CONTROLS; i++) {
		ret = adjust(caps, i, &word[i], err);
		if (ret)
			return ret;
	}

	out->pin = word[KL_WORD_PIN];
	out->proc = word[KL_WORD_PROC];
	out->proc2 = word[KL_WORD_PROC2];
	out->proc3 = word[KL_WORD_PROC3];
	out->exit = word[KL_WORD_EXIT];
	out->entry = word[KL_WORD_ENTRY];
	out->pin_toggle = toggle[KL_WORD_PIN] & flexible(caps, KL_WORD_PIN);
	out->proc_toggle = toggle[KL_WORD_PROC] & flexible(caps, KL_WORD_PROC);
	out->proc2_toggle = toggle[KL_WORD_PROC2] & flexible(caps, KL_WORD_PROC2);
	out->entry_toggle = toggle[KL_WORD_ENTRY] & flexible(caps, KL_WORD_ENTRY);
	out->features = features;
	return 0;
}
