/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * kvm-lite's extensions to the /dev/kvm ABI.
 *
 * Everything a client of /dev/kvm knows is in <linux/kvm.h>; here stands only
 * what kvm-lite adds. Every structure has a fixed size and no padding that is
 * not named; reserved bytes and unknown flag bits must be zero.
 */
#ifndef _UAPI_KVMLITE_H
#define _UAPI_KVMLITE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* ioctl type: not used by any interface in the kernel's ioctl-number list. */
#define KVMLITE_IO 0xEB

#define KVMLITE_VERSION 1

#define KVMLITE_MAX_VMX_MSRS 32

/**
 * struct kvmlite_vmx_msr - one VMX capability MSR
 * @index: MSR number
 * @flags: zero
 * @value: what RDMSR gave on the CPU that loaded the module
 */
struct kvmlite_vmx_msr {
	__u32 index;
	__u32 flags;
	__u64 value;
};

/**
 * struct kvmlite_vmx_caps - the VMX capability MSRs of the host
 * @nr: number of valid entries of @msr (out)
 * @flags: must be zero (in)
 * @msr: the MSRs, in ascending order of their number; one that the CPU does
 *	not have is left out
 */
struct kvmlite_vmx_caps {
	__u32 nr;
	__u32 flags;
	struct kvmlite_vmx_msr msr[KVMLITE_MAX_VMX_MSRS];
};

#define KVMLITE_DEATH_NONE 0
#define KVMLITE_DEATH_KILLED 1
#define KVMLITE_DEATH_ENTRY 2

#define KVMLITE_DEATH_TEXT 4056

/**
 * struct kvmlite_death - why a VM died
 * @flags: must be zero (in)
 * @cause: KVMLITE_DEATH_NONE while the VM lives and no VM entry has failed,
 *	KVMLITE_DEATH_KILLED when the module gave the VM up,
 *	KVMLITE_DEATH_ENTRY when a VM entry was refused by the CPU
 * @vcpu_id: the vCPU that met the reason, ~0 if none did
 * @reserved: zero
 * @hw_reason: exit reason or VM-instruction error, as @cause has it
 * @reserved2: zero
 * @text: one or more lines, NUL-terminated: for KVMLITE_DEATH_ENTRY one line
 *	for each rule of the SDM chapter "VM Entries" that the VMCS broke
 */
struct kvmlite_death {
	__u32 flags;
	__u32 cause;
	__u32 vcpu_id;
	__u32 reserved;
	__u64 hw_reason;
	__u64 reserved2[2];
	char text[KVMLITE_DEATH_TEXT];
};

/*
 * HLT with interrupts off while no other vCPU can run either: KVM_RUN returns
 * KVM_EXIT_HLT instead of sleeping for ever. Only an NMI or INIT that the
 * client itself sends could end such a halt.
 */
#define KVMLITE_OPTION_DEAD_HALT 0x1

/**
 * struct kvmlite_options - behaviour that differs from /dev/kvm
 * @flags: KVMLITE_OPTION_*; options not named are switched off
 * @reserved: must be zero
 */
struct kvmlite_options {
	__u64 flags;
	__u64 reserved[3];
};

/* On /dev/kvmlite. */
#define KVMLITE_GET_VERSION _IO(KVMLITE_IO, 0x00)
#define KVMLITE_GET_VMX_CAPS _IOWR(KVMLITE_IO, 0x01, struct kvmlite_vmx_caps)

/* On a VM's descriptor; works on a dead VM, that is what it is for. */
#define KVMLITE_GET_DEATH_REASON _IOWR(KVMLITE_IO, 0x10, struct kvmlite_death)
/* On a VM's descriptor, at any time. */
#define KVMLITE_SET_OPTIONS _IOW(KVMLITE_IO, 0x11, struct kvmlite_options)

/* Does not compile if a structure has another size than the ABI says. */
enum kvmlite_sizes {
	KVMLITE_VMX_MSR_IS_16 = 1 / (sizeof(struct kvmlite_vmx_msr) == 16),
	KVMLITE_VMX_CAPS_IS_520 = 1 / (sizeof(struct kvmlite_vmx_caps) == 520),
	KVMLITE_OPTIONS_IS_32 = 1 / (sizeof(struct kvmlite_options) == 32),
	KVMLITE_DEATH_IS_4096 = 1 / (sizeof(struct kvmlite_death) == 4096),
};

#endif /* _UAPI_KVMLITE_H */
