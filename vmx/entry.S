/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VM entry and VM exit: the transition itself.
 *
 * tour 17: the floor of every exit's cost. The CPU saves and loads RSP, RIP,
 * RFLAGS and what the VMCS names; the other fifteen registers are ours.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/cpufeatures.h>
#include <asm/frame.h>
#include <asm/msr-index.h>
#include <asm/nospec-branch.h>
#include <asm/segment.h>

#include "entry.h"
#include "host.h"

.section .noinstr.text, "ax"

/*
 * int kl_vmx_enter(struct kl_entry *entry, unsigned int flags)
 *
 * Returns 0 after a VM exit, 1 if VMLAUNCH or VMRESUME failed (VMfail, see
 * SDM, "VMX Instructions": Conventions). Interrupts are off on both sides.
 *
 * The label kl_vmx_exit_rip is the host RIP of every VMCS. It stands behind
 * VMLAUNCH so that one conditional branch serves a failed instruction (CF or
 * ZF set) and a VM exit (which loads RFLAGS with 2).
 */
SYM_FUNC_START(kl_vmx_enter)
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
	push	%rdi
	push	%rsi

	cmp	%rsp, KL_ENTRY_HOST_RSP(%rdi)
	je	1f
	mov	%rsp, KL_ENTRY_HOST_RSP(%rdi)
	mov	$KL_FIELD_HOST_RSP, %eax
	vmwrite	%rsp, %rax
1:
	/* CF holds "resume" up to the branch: neither MOV nor VERW changes it. */
	bt	$KL_ENTER_RESUME_BIT, %esi

	mov	0x00(%rdi), %rax
	mov	0x08(%rdi), %rcx
	mov	0x10(%rdi), %rdx
	mov	0x18(%rdi), %rbx
	mov	0x28(%rdi), %rbp
	mov	0x30(%rdi), %rsi
	mov	0x40(%rdi), %r8
	mov	0x48(%rdi), %r9
	mov	0x50(%rdi), %r10
	mov	0x58(%rdi), %r11
	mov	0x60(%rdi), %r12
	mov	0x68(%rdi), %r13
	mov	0x70(%rdi), %r14
	mov	0x78(%rdi), %r15
	mov	0x38(%rdi), %rdi

	KL_CLEAR_CPU_BUFFERS

	jnc	2f
	vmresume
	jmp	kl_vmx_exit_rip
2:	vmlaunch

	ANNOTATE_NOENDBR
SYM_INNER_LABEL(kl_vmx_exit_rip, SYM_L_GLOBAL)
	jbe	3f

	push	%rax
	mov	0x10(%rsp), %rax
	mov	%rcx, 0x08(%rax)
	mov	%rdx, 0x10(%rax)
	mov	%rbx, 0x18(%rax)
	mov	%rbp, 0x28(%rax)
	mov	%rsi, 0x30(%rax)
	mov	%rdi, 0x38(%rax)
	mov	%r8, 0x40(%rax)
	mov	%r9, 0x48(%rax)
	mov	%r10, 0x50(%rax)
	mov	%r11, 0x58(%rax)
	mov	%r12, 0x60(%rax)
	mov	%r13, 0x68(%rax)
	mov	%r14, 0x70(%rax)
	mov	%r15, 0x78(%rax)
	pop	0x00(%rax)

	mov	(%rsp), %esi
	mov	%rax, %rdi

	/* Leave no guest value in a register that speculation could use. */
	xor	%ebx, %ebx
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%ebp, %ebp
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d

	/* Before the first RET: the return predictor is the guest's. */
	FILL_RETURN_BUFFER %rcx, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, \
			   X86_FEATURE_RSB_VMEXIT_LITE

	/* Likewise: with IBRS the host's value must be in force first. */
	test	$(1 << KL_ENTER_SPEC_BIT), %esi
	jz	4f
	mov	$MSR_IA32_SPEC_CTRL, %ecx
	rdmsr
	mov	%eax, KL_ENTRY_GUEST_SPEC(%rdi)
	mov	%edx, KL_ENTRY_GUEST_SPEC+4(%rdi)
	mov	KL_ENTRY_HOST_SPEC(%rdi), %eax
	mov	KL_ENTRY_HOST_SPEC+4(%rdi), %edx
	wrmsr
4:	lfence
	CLEAR_BRANCH_HISTORY_VMEXIT

	xor	%eax, %eax
5:	add	$16, %rsp
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
	RET

3:	mov	$1, %eax
	jmp	5b
SYM_FUNC_END(kl_vmx_enter)

/*
 * void kl_vmx_call_nmi(void)
 *
 * Run the kernel's NMI handler for an NMI that caused a VM exit. The exit left
 * NMIs blocked; the handler's IRET unblocks them. It expects the frame that
 * the CPU pushes, on a 16-byte aligned stack.
 */
SYM_FUNC_START(kl_vmx_call_nmi)
	push	%rbp
	mov	%rsp, %rbp
	and	$-16, %rsp
	push	$__KERNEL_DS
	push	%rbp
	pushf
	push	$__KERNEL_CS
	call	KL_HOST_NMI_ENTRY
	mov	%rbp, %rsp
	pop	%rbp
	RET
SYM_FUNC_END(kl_vmx_call_nmi)
