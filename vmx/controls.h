/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From capabilities and a VM's policy to the control words of its VMCS.
 *
 * tour 14: what must be there stands in the REQUIRED masks, what may be there
 * in one table; each row of it can be switched off for one VM.
 *
 * How to use the result: kl_controls_compute() once for a VM; write the words
 * into each VMCS, keep copies in the vCPU, and at run time flip only bits of
 * the matching toggle mask. A bit of a toggle mask may be 0 or 1 on this CPU;
 * its initial value is the one in the word. Two toggles need more than their
 * bit: a window exit is asked for only while it is wanted, and KL_FEAT_APIC_ACCESS
 * and KL_FEAT_X2APIC exclude each other.
 *
 * Some bits need a field written before the first entry: VPID (not 0), EPT
 * pointer, virtual-APIC address with the TPR shadow, TSC multiplier before the
 * scaling bit is set, PML address before the logging bit is set, PLE gap and
 * window, XSS-exiting bitmap. With "acknowledge interrupt on exit" (KL_FEAT_ACK_INTR)
 * the host's vector must be dispatched by us from the exit information.
 *
 * Without TRUE capability MSRs bits may be forced to 1 (CR3 exits, for
 * example): look at the words, not at the policy.
 */
#ifndef _KL_VMX_CONTROLS_H
#define _KL_VMX_CONTROLS_H

#include "caps.h"

#define KL_PIN_REQUIRED		(PIN_BASED_EXT_INTR_MASK | PIN_BASED_NMI_EXITING)
#define KL_PIN_OPTIONAL		(PIN_BASED_VIRTUAL_NMIS | \
				 PIN_BASED_VMX_PREEMPTION_TIMER | \
				 PIN_BASED_POSTED_INTR)

#define KL_PROC_REQUIRED	(CPU_BASED_HLT_EXITING | \
				 CPU_BASED_USE_MSR_BITMAPS | \
				 CPU_BASED_UNCOND_IO_EXITING | \
				 CPU_BASED_MOV_DR_EXITING | \
				 CPU_BASED_USE_TSC_OFFSETTING | \
				 CPU_BASED_RDPMC_EXITING | \
				 CPU_BASED_MWAIT_EXITING | \
				 CPU_BASED_MONITOR_EXITING | \
				 CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
/* Without TPR shadow a guest's CR8 is ours to emulate. */
#define KL_PROC_NO_TPR_SHADOW	(CPU_BASED_CR8_LOAD_EXITING | \
				 CPU_BASED_CR8_STORE_EXITING)
/* Without EPT its page tables are. */
#define KL_PROC_NO_EPT		(CPU_BASED_CR3_LOAD_EXITING | \
				 CPU_BASED_CR3_STORE_EXITING | \
				 CPU_BASED_INVLPG_EXITING)
#define KL_PROC_OPTIONAL	(CPU_BASED_TPR_SHADOW | \
				 CPU_BASED_INTR_WINDOW_EXITING | \
				 CPU_BASED_NMI_WINDOW_EXITING | \
				 CPU_BASED_MONITOR_TRAP_FLAG | \
				 CPU_BASED_USE_IO_BITMAPS | \
				 CPU_BASED_RDTSC_EXITING | \
				 CPU_BASED_PAUSE_EXITING | \
				 CPU_BASED_ACTIVATE_TERTIARY_CONTROLS | \
				 KL_PROC_NO_TPR_SHADOW | KL_PROC_NO_EPT)

#define KL_EXIT_REQUIRED	(VM_EXIT_HOST_ADDR_SPACE_SIZE | \
				 VM_EXIT_SAVE_DEBUG_CONTROLS)
#define KL_EXIT_OPTIONAL	(VM_EXIT_ACK_INTR_ON_EXIT | \
				 VM_EXIT_SAVE_IA32_PAT | VM_EXIT_LOAD_IA32_PAT | \
				 VM_EXIT_SAVE_IA32_EFER | VM_EXIT_LOAD_IA32_EFER)

#define KL_ENTRY_REQUIRED	VM_ENTRY_LOAD_DEBUG_CONTROLS
#define KL_ENTRY_OPTIONAL	(VM_ENTRY_IA32E_MODE | VM_ENTRY_LOAD_IA32_PAT | \
				 VM_ENTRY_LOAD_IA32_EFER)

/**
 * struct kl_policy - what a VM asks of VT-x; bitmaps of kl_feat()
 * @disable: features not to use, even if there
 * @enable: features that are off by default, to use if there
 * @require: features without which the VM cannot be
 */
struct kl_policy {
	u64 disable;
	u64 enable;
	u64 require;
};

/**
 * struct kl_controls - control words, ready for VMWRITE
 * @pin: pin-based VM-execution controls
 * @proc: primary processor-based VM-execution controls
 * @proc2: secondary ones
 * @proc3: tertiary ones; 0 and not to be written without KL_FEAT_TERTIARY
 * @exit: VM-exit controls
 * @entry: VM-entry controls
 * @pin_toggle: bits of @pin that the run loop may set and clear
 * @proc_toggle: bits of @proc
 * @proc2_toggle: bits of @proc2
 * @entry_toggle: bits of @entry
 * @features: features in use; those that are toggles are usable
 */
struct kl_controls {
	u32 pin;
	u32 proc;
	u32 proc2;
	u64 proc3;
	u32 exit;
	u32 entry;
	u32 pin_toggle;
	u32 proc_toggle;
	u32 proc2_toggle;
	u32 entry_toggle;
	u64 features;
};

/**
 * struct kl_controls_error - why control words could not be made
 * @word: enum kl_word of the bit that is missing
 * @bit: its number
 * @name: its name in the SDM
 * @feature: the required feature it belongs to, NULL if every VM needs it
 * @disabled: nothing is missing: the policy requires @feature and disables it
 *	or something it depends on
 */
struct kl_controls_error {
	enum kl_word word;
	unsigned int bit;
	const char *name;
	const char *feature;
	bool disabled;
};

int kl_controls_compute(const struct kl_vmx_caps *caps,
			const struct kl_policy *policy,
			struct kl_controls *out, struct kl_controls_error *err);

/**
 * kl_controls_has - is a feature in use, or usable as a toggle?
 * @c: control words
 * @f: the feature
 *
 * Return: true if so.
 */
static inline bool kl_controls_has(const struct kl_controls *c,
				   enum kl_feature f)
{
	return c->features & BIT_ULL(f);
}

#endif /* _KL_VMX_CONTROLS_H */
