// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of host.h that deals with extended state (x87, SSE, AVX...): the
 * kernel keeps the guest's in a struct fpu_guest and switches it with the
 * thread, so that the scheduler and the kernel's own use of SIMD stay correct.
 */
#include <linux/errno.h>
#include <linux/kvm.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/thread_info.h>
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>

#include "host.h"

/**
 * kl_host_fpu_alloc - allocate a guest's extended state
 * @g: the holder
 *
 * Return: 0 or -ENOMEM.
 */
int kl_host_fpu_alloc(struct kl_host_guest_fpu *g)
{
	g->fpu = kzalloc(sizeof(*g->fpu), GFP_KERNEL_ACCOUNT);
	if (!g->fpu)
		return -ENOMEM;
	if (!fpu_alloc_guest_fpstate(g->fpu)) {
		kfree(g->fpu);
		g->fpu = NULL;
		return -ENOMEM;
	}
	return 0;
}

/**
 * kl_host_fpu_free - free it; a holder that was never allocated is fine
 * @g: the holder
 */
void kl_host_fpu_free(struct kl_host_guest_fpu *g)
{
	if (!g->fpu)
		return;
	fpu_free_guest_fpstate(g->fpu);
	kfree(g->fpu);
	g->fpu = NULL;
}

/**
 * kl_host_fpu_swap - exchange the thread's extended state with the guest's
 * @g: the holder
 * @guest: true on the way into KVM_RUN, false on the way out
 *
 * From then on the scheduler saves and restores the guest's state with the
 * thread.
 */
void kl_host_fpu_swap(struct kl_host_guest_fpu *g, bool guest)
{
	if (g->swapped == guest)
		return;
	fpu_swap_kvm_fpstate(g->fpu, guest);
	g->swapped = guest;
}

/**
 * kl_host_fpu_ensure - have the thread's extended state in the registers
 *
 * Context: Interrupts off, between kl_host_fpu_swap(g, true) and VM entry.
 */
void kl_host_fpu_ensure(void)
{
	if (test_thread_flag(TIF_NEED_FPU_LOAD))
		switch_fpu_return();
}

/* The header of an XSAVE area: which components it holds. */
static struct xstate_header *xsave_header(void *image)
{
	return &((struct xregs_state *)image)->header;
}

/**
 * kl_host_xsave_get - the guest's extended state in the standard format
 * @g: the holder; not swapped in
 * @buf: out: the image
 * @size: bytes of @buf
 * @xcr0: components to report
 * @pkru: the guest's PKRU
 */
void kl_host_xsave_get(struct kl_host_guest_fpu *g, void *buf, unsigned int size, u64 xcr0,
		       u32 pkru)
{
	memset(buf, 0, size);
	fpu_copy_guest_fpstate_to_uabi(g->fpu, buf, size, xcr0 | XFEATURE_MASK_FPSSE, pkru);
}

/**
 * kl_host_xsave_set - load the guest's extended state
 * @g: the holder; not swapped in
 * @buf: an image in the standard format
 * @supported: components the guest may have
 * @pkru: out: PKRU of the image
 *
 * Return: 0, or -EINVAL for components, MXCSR bits or a format that are not
 * supported.
 */
int kl_host_xsave_set(struct kl_host_guest_fpu *g, const void *buf, u64 supported, u32 *pkru)
{
	return fpu_copy_uabi_to_guest_fpstate(g->fpu, buf, supported, pkru);
}

/**
 * kl_host_fpu_get - x87 and SSE state for KVM_GET_FPU
 * @g: the holder; not swapped in
 * @f: out
 *
 * Return: 0 or -ENOMEM.
 */
int kl_host_fpu_get(struct kl_host_guest_fpu *g, struct kvm_fpu *f)
{
	struct xregs_state *image = kzalloc(PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	struct fxregs_state *fx;

	if (!image)
		return -ENOMEM;
	fx = &image->i387;
	kl_host_xsave_get(g, image, PAGE_SIZE, XFEATURE_MASK_FPSSE, 0);
	memset(f, 0, sizeof(*f));
	memcpy(f->fpr, fx->st_space, sizeof(f->fpr));
	memcpy(f->xmm, fx->xmm_space, sizeof(f->xmm));
	f->fcw = fx->cwd;
	f->fsw = fx->swd;
	f->ftwx = fx->twd;
	f->last_opcode = fx->fop;
	f->last_ip = fx->rip;
	f->last_dp = fx->rdp;
	f->mxcsr = fx->mxcsr;
	kfree(image);
	return 0;
}

/**
 * kl_host_fpu_set - x87 and SSE state of KVM_SET_FPU
 * @g: the holder; not swapped in
 * @f: the state
 *
 * Return: 0, -ENOMEM, or -EINVAL for reserved bits of MXCSR.
 */
int kl_host_fpu_set(struct kl_host_guest_fpu *g, const struct kvm_fpu *f)
{
	struct xregs_state *image = kzalloc(PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	struct fxregs_state *fx;
	u64 all = kl_host_xfeatures();
	u32 pkru = 0;
	int ret;

	if (!image)
		return -ENOMEM;
	fx = &image->i387;
	kl_host_xsave_get(g, image, PAGE_SIZE, all & ~XFEATURE_MASK_PKRU, 0);
	memcpy(fx->st_space, f->fpr, sizeof(f->fpr));
	memcpy(fx->xmm_space, f->xmm, sizeof(f->xmm));
	fx->cwd = f->fcw;
	fx->swd = f->fsw;
	fx->twd = f->ftwx;
	fx->fop = f->last_opcode;
	fx->rip = f->last_ip;
	fx->rdp = f->last_dp;
	fx->mxcsr = f->mxcsr;
	xsave_header(image)->xfeatures |= XFEATURE_MASK_FPSSE;
	ret = kl_host_xsave_set(g, image, all, &pkru);
	kfree(image);
	return ret;
}

/* Own the FPU registers, with the guest's state in them. */
static void fpu_hold(void)
{
	fpregs_lock();
	if (test_thread_flag(TIF_NEED_FPU_LOAD))
		switch_fpu_return();
}

#define KL_XMM_CASE(n, insn)						\
	case n:								\
		insn(n);						\
		break

#define KL_XMM_SWITCH(nr, insn)						\
	do {								\
		switch (nr) {						\
		KL_XMM_CASE(0, insn); KL_XMM_CASE(1, insn);		\
		KL_XMM_CASE(2, insn); KL_XMM_CASE(3, insn);		\
		KL_XMM_CASE(4, insn); KL_XMM_CASE(5, insn);		\
		KL_XMM_CASE(6, insn); KL_XMM_CASE(7, insn);		\
		KL_XMM_CASE(8, insn); KL_XMM_CASE(9, insn);		\
		KL_XMM_CASE(10, insn); KL_XMM_CASE(11, insn);		\
		KL_XMM_CASE(12, insn); KL_XMM_CASE(13, insn);		\
		KL_XMM_CASE(14, insn); KL_XMM_CASE(15, insn);		\
		}							\
	} while (0)

#define KL_XMM_STORE(n) asm volatile("movdqu %%xmm" #n ", %0" : "=m" (*v))
#define KL_XMM_LOAD(n) asm volatile("movdqu %0, %%xmm" #n : : "m" (*v))

/**
 * kl_host_xmm_read - read an XMM register of the guest
 * @nr: 0 to 15
 * @val: out: low and high half
 *
 * Context: Between kl_host_fpu_swap(g, true) and (g, false).
 */
void kl_host_xmm_read(unsigned int nr, u64 val[2])
{
	struct { u64 half[2]; } *v = (void *)val;

	fpu_hold();
	KL_XMM_SWITCH(nr, KL_XMM_STORE);
	fpregs_unlock();
}

/**
 * kl_host_xmm_write - write an XMM register of the guest
 * @nr: 0 to 15
 * @val: low and high half
 *
 * Context: Between kl_host_fpu_swap(g, true) and (g, false).
 */
void kl_host_xmm_write(unsigned int nr, const u64 val[2])
{
	const struct { u64 half[2]; } *v = (const void *)val;

	fpu_hold();
	KL_XMM_SWITCH(nr, KL_XMM_LOAD);
	fpregs_unlock();
}

/**
 * kl_host_xfeatures - XCR0 components a guest may be given
 *
 * AMX is left out: its state needs a permission and a larger buffer.
 *
 * Return: a mask of XCR0 bits, x87 and SSE only if the host has no XSAVE.
 */
u64 kl_host_xfeatures(void)
{
	const u64 known = XFEATURE_MASK_FPSSE | XFEATURE_MASK_YMM | XFEATURE_MASK_AVX512 |
			  XFEATURE_MASK_PKRU;

	if (!boot_cpu_has(X86_FEATURE_XSAVE) || !boot_cpu_has(X86_FEATURE_OSXSAVE))
		return XFEATURE_MASK_FPSSE;
	return xgetbv(XCR_XFEATURE_ENABLED_MASK) & known;
}
