/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a vCPU keeps of the table that KVM_SET_CPUID2 gave it.
 *
 * The client's entries stay in the client's order. Beside them stands an
 * index, so that the CPUID exit finds a common leaf with one load, and the
 * facts that the rest of vmx/ asks for, worked out once.
 */
#ifndef _KL_VMX_CPUID_TYPES_H
#define _KL_VMX_CPUID_TYPES_H

#include <linux/types.h>

struct kvm_cpuid_entry2;

/* Limit of entries that KVM_SET_CPUID2 takes and KVM_GET_CPUID2 gives. */
#define KL_MAX_CPUID_ENTRIES 256

/* Leafs of each class (0x0, 0x40000000, 0x80000000, 0xc0000000) indexed. */
#define KL_CPUID_DIRECT 32
#define KL_CPUID_CLASSES 4

/**
 * struct kl_guest_features - what the guest's CPUID table promises, as far as
 *	this host can keep it
 * @cr4_reserved: bits of CR4 that raise #GP when set
 * @xcr0_supported: bits that XSETBV accepts; zero without XSAVE
 * @gpa_reserved: bits at and above the guest's physical-address width, bits
 *	63:52 included
 * @maxphyaddr: width of a GPA in bits
 * @long_mode: IA-32e mode: EFER.LME may be set
 * @nx: EFER.NXE may be set
 * @syscall: EFER.SCE may be set
 * @gbpages: 1-GByte pages in the guest's own tables
 * @rdtscp: RDTSCP or RDPID, hence IA32_TSC_AUX
 * @invpcid: INVPCID
 * @xsave: XSAVE feature set, hence CR4.OSXSAVE
 * @xsaves: XSAVES, hence IA32_XSS
 * @x2apic: x2APIC mode
 * @tsc_deadline: IA32_TSC_DEADLINE
 * @tsc_adjust: IA32_TSC_ADJUST
 * @spec_ctrl: IA32_SPEC_CTRL
 * @pred_cmd: IA32_PRED_CMD
 * @mtrr: memory-type range registers
 * @mce: machine-check registers
 * @intel: vendor "GenuineIntel", hence Intel's answer to leafs out of range
 */
struct kl_guest_features {
	u64 cr4_reserved;
	u64 xcr0_supported;
	u64 gpa_reserved;
	u8 maxphyaddr;
	bool long_mode;
	bool nx;
	bool syscall;
	bool gbpages;
	bool rdtscp;
	bool invpcid;
	bool xsave;
	bool xsaves;
	bool x2apic;
	bool tsc_deadline;
	bool tsc_adjust;
	bool spec_ctrl;
	bool pred_cmd;
	bool mtrr;
	bool mce;
	bool intel;
};

/**
 * struct kl_vcpu_cpuid - a vCPU's CPUID table
 * @entries: as the client gave them, but for the bits that follow the vCPU's
 *	registers (kl_cpuid_track_*()); NULL while there are none
 * @nr: number of @entries
 * @direct: by class and low bits of the leaf: 1 + position of its first entry,
 *	0 if it has none
 * @next: 1 + position of the next entry of the same leaf, 0 at the last
 * @max: highest leaf of each class, by the EAX of its first leaf
 * @cr4: CR4 that the OSXSAVE and OSPKE bits stand for
 * @xcr0: XCR0 that the sizes in leaf 0xd stand for
 * @xss: IA32_XSS that the size in leaf 0xd, subleaf 1 stands for
 * @apic_on: IA32_APIC_BASE enables the local APIC
 * @features: see above
 */
struct kl_vcpu_cpuid {
	struct kvm_cpuid_entry2 *entries;
	u32 nr;
	u16 direct[KL_CPUID_CLASSES][KL_CPUID_DIRECT];
	u16 next[KL_MAX_CPUID_ENTRIES];
	u32 max[KL_CPUID_CLASSES];
	u64 cr4;
	u64 xcr0;
	u64 xss;
	bool apic_on;
	struct kl_guest_features features;
};

#endif /* _KL_VMX_CPUID_TYPES_H */
