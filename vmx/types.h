/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the VMX layer keeps in a VM and in a vCPU.
 */
#ifndef _KL_VMX_TYPES_H
#define _KL_VMX_TYPES_H

#include <linux/kvm.h>
#include <linux/types.h>

#include "controls.h"
#include "cpuid_types.h"
#include "entry.h"
#include "host.h"
#include "vmcs.h"

struct kl_emulation;

/* One more than the highest basic exit reason that has a counter. */
#define KL_EXIT_REASONS 80

/* Translations remembered while one instruction is emulated. */
#define KL_MMIO_TRANSLATIONS 4

/* Fragments of memory access that userspace may have to finish for one instruction. */
#define KL_MMIO_FRAGMENTS 8

/**
 * enum kl_cached - VMCS fields read at most once an exit
 *
 * A set bit in vcpu->vmx.have means the cached value is valid, one in
 * vcpu->vmx.dirty that the VMCS must be written before the next entry.
 *
 * @KL_CACHED_RIP: guest RIP
 * @KL_CACHED_RSP: guest RSP
 * @KL_CACHED_RFLAGS: guest RFLAGS
 * @KL_CACHED_CR0: guest CR0
 * @KL_CACHED_CR3: guest CR3
 * @KL_CACHED_CR4: guest CR4
 * @KL_CACHED_QUALIFICATION: exit qualification
 * @KL_CACHED_INSN_LEN: VM-exit instruction length
 * @KL_CACHED_INTR_INFO: VM-exit interruption information
 * @KL_CACHED_CS_AR: guest CS access rights
 * @KL_CACHED_SS_AR: guest SS access rights
 */
enum kl_cached {
	KL_CACHED_RIP,
	KL_CACHED_RSP,
	KL_CACHED_RFLAGS,
	KL_CACHED_CR0,
	KL_CACHED_CR3,
	KL_CACHED_CR4,
	KL_CACHED_QUALIFICATION,
	KL_CACHED_INSN_LEN,
	KL_CACHED_INTR_INFO,
	KL_CACHED_CS_AR,
	KL_CACHED_SS_AR,
};

/**
 * struct kl_vm_vmx - the VMX layer's part of a VM
 * @policy: which optional controls this VM may use
 * @ctl: control words made from it, the start of each vCPU's own
 * @tsc_offset: guest TSC minus host TSC when a vCPU is created
 * @tss_addr: GPA given to KVM_SET_TSS_ADDR
 * @identity_map: GPA given to KVM_SET_IDENTITY_MAP_ADDR
 */
struct kl_vm_vmx {
	struct kl_policy policy;
	struct kl_controls ctl;
	s64 tsc_offset;
	u64 tss_addr;
	u64 identity_map;
};

/**
 * struct kl_host_state - host registers a guest displaces between load and put
 * @loaded: the guest's are in the CPU
 * @fs: FS selector
 * @gs: GS selector
 * @ds: DS selector
 * @es: ES selector
 * @ldt: LDTR selector
 * @kernel_gs_base: IA32_KERNEL_GS_BASE, the GS base of the thread's user mode
 * @cr3: what the host-CR3 field holds
 * @cr4: what the host-CR4 field holds
 */
struct kl_host_state {
	bool loaded;
	u16 fs, gs, ds, es, ldt;
	u64 kernel_gs_base;
	u64 cr3;
	u64 cr4;
};

/**
 * struct kl_queued_exception - an exception the guest must take next
 * @pending: there is one
 * @has_error: it pushes an error code
 * @vector: X86_TRAP_*
 * @error: the error code
 * @payload: CR2 for #PF, bits for DR6 for #DB
 */
struct kl_queued_exception {
	bool pending;
	bool has_error;
	u8 vector;
	u32 error;
	u64 payload;
};

/**
 * struct kl_fragment - one access that left for userspace, for the replay rule
 *	of mmu/insn
 * @gpa: where
 * @len: bytes, 1 to 8
 * @write: direction
 * @done: userspace answered
 * @data: value read or written
 */
struct kl_fragment {
	u64 gpa;
	u8 len;
	bool write;
	bool done;
	u8 data[8];
};

/**
 * struct kl_translation - a page that the instruction under emulation uses
 * @gva: first byte of the page
 * @gpa: where it is
 * @access: KL_ACCESS_* that were checked
 */
struct kl_translation {
	u64 gva;
	u64 gpa;
	u32 access;
};

/**
 * struct kl_mmio - accesses of the instruction under emulation
 * @nr: fragments used
 * @next: next one to replay in this pass
 * @nr_pages: valid entries of @page
 * @page: translations, so that a replay does not walk the guest's tables again
 * @frag: the fragments, in the order of access
 */
struct kl_mmio {
	unsigned int nr;
	unsigned int next;
	unsigned int nr_pages;
	struct kl_translation page[KL_MMIO_TRANSLATIONS];
	struct kl_fragment frag[KL_MMIO_FRAGMENTS];
};

/**
 * struct kl_pio - string or plain port I/O that userspace is handling
 * @port: port number
 * @size: bytes an item: 1, 2 or 4
 * @count: items in the data page
 * @in: direction: from the device to the guest
 * @string: INS or OUTS: the data goes to or comes from memory
 * @rip: RIP of the instruction, so that it is not finished for another one
 * @linear: GVA of the next item of the guest's memory (string only)
 */
struct kl_pio {
	u16 port;
	u8 size;
	u32 count;
	bool in;
	bool string;
	u64 rip;
	u64 linear;
};

/**
 * struct kl_vcpu_vmx - the VMX layer's part of a vCPU
 * @entry: general registers; RSP is valid if KL_CACHED_RSP is
 * @vmcs: its VMCS
 * @ctl: control words as they are in the VMCS now
 * @msr_bitmap: the page the VMCS points to
 * @vpid: 0 if none
 * @have: enum kl_cached bits: valid
 * @dirty: enum kl_cached bits: to be written
 * @rip: guest RIP
 * @rflags: guest RFLAGS
 * @cr0: guest CR0 as the guest sees it
 * @cr2: guest CR2
 * @cr3: guest CR3
 * @cr4: guest CR4 as the guest sees it
 * @cr8: CR8 when no local APIC is in the kernel
 * @cr0_owned: CR0 bits the guest changes without an exit
 * @cr4_owned: CR4 bits the guest changes without an exit
 * @efer: IA32_EFER
 * @xcr0: XCR0
 * @dr: DR0 to DR3
 * @dr6: DR6
 * @dr7: DR7
 * @exit_reason: full exit-reason field of the last exit
 * @qualification: exit qualification
 * @insn_len: VM-exit instruction length
 * @intr_info: VM-exit interruption information
 * @cs_ar: CS access rights
 * @ss_ar: SS access rights
 * @entry_event: VM-entry interruption information in the VMCS that no entry
 *	has delivered yet, 0 if none
 * @entry_error: its error code
 * @entry_len: its instruction length
 * @exception: exception to inject
 * @nmi_masked: NMIs are blocked (software's copy without virtual NMIs)
 * @fpu: extended state
 * @pkru: PKRU while not in the registers
 * @host: what the guest displaces
 * @star: IA32_STAR
 * @lstar: IA32_LSTAR
 * @cstar: IA32_CSTAR
 * @syscall_mask: IA32_FMASK
 * @kernel_gs_base: IA32_KERNEL_GS_BASE while not loaded
 * @tsc_aux: IA32_TSC_AUX
 * @tsc_adjust: IA32_TSC_ADJUST
 * @spec_ctrl_used: the guest writes IA32_SPEC_CTRL itself
 * @msr: values of MSRs that are storage only, by position in msr.c's table
 * @cpuid: the client's table and what follows from it
 * @emulation: scratch of the instruction emulator, made when first needed
 * @mmio: emulated accesses
 * @pio: port I/O under way
 * @l1d_flush: flush the L1 data cache before the next entry
 * @exits: VM exits by basic reason
 * @fast_exits: exits handled without leaving the inner loop
 * @failed_entries: VM entries refused
 */
struct kl_vcpu_vmx {
	struct kl_entry entry;
	struct kl_vmcs vmcs;
	struct kl_controls ctl;
	unsigned long *msr_bitmap;
	u16 vpid;

	u32 have;
	u32 dirty;
	u64 rip;
	u64 rflags;
	u64 cr0;
	u64 cr2;
	u64 cr3;
	u64 cr4;
	u64 cr8;
	u64 cr0_owned;
	u64 cr4_owned;
	u64 efer;
	u64 xcr0;
	u64 dr[4];
	u64 dr6;
	u64 dr7;

	u32 exit_reason;
	u64 qualification;
	u32 insn_len;
	u32 intr_info;
	u32 cs_ar;
	u32 ss_ar;

	u32 entry_event;
	u32 entry_error;
	u32 entry_len;
	struct kl_queued_exception exception;
	bool nmi_masked;

	struct kl_host_guest_fpu fpu;
	u32 pkru;
	struct kl_host_state host;
	u64 star;
	u64 lstar;
	u64 cstar;
	u64 syscall_mask;
	u64 kernel_gs_base;
	u64 tsc_aux;
	u64 tsc_adjust;
	bool spec_ctrl_used;
	u64 *msr;

	struct kl_vcpu_cpuid cpuid;
	struct kl_emulation *emulation;
	struct kl_mmio mmio;
	struct kl_pio pio;
	bool l1d_flush;

	u64 exits[KL_EXIT_REASONS];
	u64 fast_exits;
	u64 failed_entries;
};

#endif /* _KL_VMX_TYPES_H */
