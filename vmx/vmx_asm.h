/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMX instructions, one inline function each (SDM, "VMX Instruction
 * Reference").
 *
 * tour 12: VMREAD and VMWRITE do not fail in correct code. Should one, a
 * single out-of-line function names the field, and the VM goes on with zero.
 * All may raise #UD when a reboot took the CPU out of VMX operation behind
 * the back of a vCPU that is in the host; that is taken as a failure too.
 */
#ifndef _KL_VMX_ASM_H
#define _KL_VMX_ASM_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <asm/asm.h>
#include <asm/vmx.h>

/*
 * Behind an instruction at label 1: where to go if it faulted; if it did not,
 * label 3 is next.
 */
#define KL_ON_FAULT(jump) "2: " jump "\n3:\n\t" _ASM_EXTABLE(1b, 2b)

void kl_vmread_failed(unsigned long field);
void kl_vmwrite_failed(unsigned long field, u64 value);

/**
 * vmx_vmread - read a field of the current VMCS
 * @field: encoding
 *
 * Return: its value, zero-extended.
 */
static __always_inline u64 vmx_vmread(unsigned long field)
{
	u64 value;

	asm goto("1: vmread %1, %0\n\t"
		 "ja 3f\n\t"
		 KL_ON_FAULT("jmp %l2")
		 : "=r" (value) : "r" (field) : "cc" : failed);
	return value;
failed:
	kl_vmread_failed(field);
	return 0;
}

/**
 * vmx_vmwrite - write a field of the current VMCS
 * @field: encoding
 * @value: what to write; bits beyond the field's width are ignored by the CPU
 */
static __always_inline void vmx_vmwrite(unsigned long field, u64 value)
{
	asm goto("1: vmwrite %1, %0\n\t"
		 "ja 3f\n\t"
		 KL_ON_FAULT("jmp %l2")
		 : : "r" (field), "rm" (value) : "cc" : failed);
	return;
failed:
	kl_vmwrite_failed(field, value);
}

/**
 * vmx_vmxon - enter VMX operation
 * @pa: HPA of the VMXON region
 *
 * Return: false if the CPU refused (VMfail) or faulted.
 */
static __always_inline bool vmx_vmxon(u64 pa)
{
	asm goto("1: vmxon %0\n\t"
		 "ja 3f\n\t"
		 KL_ON_FAULT("jmp %l1")
		 : : "m" (pa) : "cc", "memory" : failed);
	return true;
failed:
	return false;
}

/**
 * vmx_vmxoff - leave VMX operation
 *
 * Return: false if the CPU was not in VMX operation.
 */
static __always_inline bool vmx_vmxoff(void)
{
	asm goto("1: vmxoff\n\t"
		 "jmp 3f\n\t"
		 KL_ON_FAULT("jmp %l0")
		 : : : "cc", "memory" : failed);
	return true;
failed:
	return false;
}

/**
 * vmx_vmclear - write a VMCS back to memory and make it inactive
 * @pa: HPA of the VMCS
 *
 * Return: false on VMfail.
 */
static __always_inline bool vmx_vmclear(u64 pa)
{
	asm goto("1: vmclear %0\n\t"
		 "ja 3f\n\t"
		 KL_ON_FAULT("jmp %l1")
		 : : "m" (pa) : "cc", "memory" : failed);
	return true;
failed:
	return false;
}

/**
 * vmx_vmptrld - make a VMCS current
 * @pa: HPA of the VMCS
 *
 * Return: false on VMfail.
 */
static __always_inline bool vmx_vmptrld(u64 pa)
{
	asm goto("1: vmptrld %0\n\t"
		 "ja 3f\n\t"
		 KL_ON_FAULT("jmp %l1")
		 : : "m" (pa) : "cc", "memory" : failed);
	return true;
failed:
	return false;
}

/**
 * vmx_invept - drop guest-physical and combined mappings
 * @type: VMX_EPT_EXTENT_CONTEXT or VMX_EPT_EXTENT_GLOBAL
 * @eptp: EPT pointer, for a single context
 *
 * Return: false on VMfail.
 */
static __always_inline bool vmx_invept(unsigned long type, u64 eptp)
{
	struct {
		u64 eptp;
		u64 zero;
	} desc = { eptp, 0 };

	asm goto("1: invept %0, %1\n\t"
		 "ja 3f\n\t"
		 KL_ON_FAULT("jmp %l2")
		 : : "m" (desc), "r" (type) : "cc", "memory" : failed);
	return true;
failed:
	return false;
}

/**
 * vmx_invvpid - drop linear and combined mappings of a VPID
 * @type: VMX_VPID_EXTENT_*
 * @vpid: the VPID, unless all contexts are meant
 * @gva: linear address for VMX_VPID_EXTENT_INDIVIDUAL_ADDR
 *
 * Return: false on VMfail.
 */
static __always_inline bool vmx_invvpid(unsigned long type, u16 vpid, u64 gva)
{
	struct {
		u64 vpid;
		u64 gva;
	} desc = { vpid, gva };

	asm goto("1: invvpid %0, %1\n\t"
		 "ja 3f\n\t"
		 KL_ON_FAULT("jmp %l2")
		 : : "m" (desc), "r" (type) : "cc", "memory" : failed);
	return true;
failed:
	return false;
}

#endif /* _KL_VMX_ASM_H */
