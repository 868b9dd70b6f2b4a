// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's architectural state on its way to and from the client.
 *
 * What the values mean is the business of vmx/; here stand the shapes that the
 * ABI gives them.
 */
#include <linux/kvm.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/uaccess.h>

#include "../vmx/cpuid.h"
#include "../vmx/guest_state.h"
#include "../vmx/host.h"
#include "../vmx/msr.h"
#include "internal.h"
#include "object.h"

/* Entries that one KVM_GET_MSRS or KVM_SET_MSRS may have. */
#define KL_MAX_MSR_ENTRIES 256

/**
 * kl_vcpu_get_regs - KVM_GET_REGS
 * @call: data: struct kvm_regs, out
 *
 * Return: 0.
 */
long kl_vcpu_get_regs(struct kl_call *call)
{
	kl_get_regs(call->vcpu, call->data);
	return 0;
}

/**
 * kl_vcpu_set_regs - KVM_SET_REGS
 * @call: data: struct kvm_regs, in
 *
 * Return: 0 or what kl_set_regs() refuses.
 */
long kl_vcpu_set_regs(struct kl_call *call)
{
	return kl_set_regs(call->vcpu, call->data);
}

/**
 * kl_vcpu_get_sregs - KVM_GET_SREGS
 * @call: data: struct kvm_sregs, out
 *
 * Return: 0.
 */
long kl_vcpu_get_sregs(struct kl_call *call)
{
	kl_get_sregs(call->vcpu, call->data);
	return 0;
}

/**
 * kl_vcpu_set_sregs - KVM_SET_SREGS
 * @call: data: struct kvm_sregs, in
 *
 * Return: 0; -EINVAL for registers that no instruction could have set.
 */
long kl_vcpu_set_sregs(struct kl_call *call)
{
	return kl_set_sregs(call->vcpu, call->data);
}

/**
 * kl_vcpu_get_fpu - KVM_GET_FPU
 * @call: data: struct kvm_fpu, out
 *
 * Return: 0 or -ENOMEM.
 */
long kl_vcpu_get_fpu(struct kl_call *call)
{
	return kl_host_fpu_get(&call->vcpu->vmx.fpu, call->data);
}

/**
 * kl_vcpu_set_fpu - KVM_SET_FPU
 * @call: data: struct kvm_fpu, in
 *
 * Return: 0; -EINVAL for reserved bits in MXCSR; -ENOMEM.
 */
long kl_vcpu_set_fpu(struct kl_call *call)
{
	return kl_host_fpu_set(&call->vcpu->vmx.fpu, call->data);
}

/**
 * kl_vcpu_get_xsave - KVM_GET_XSAVE and KVM_GET_XSAVE2
 * @call: data: struct kvm_xsave, out: an XSAVE image in the standard format
 *
 * Return: 0.
 */
long kl_vcpu_get_xsave(struct kl_call *call)
{
	struct kl_vcpu *vcpu = call->vcpu;

	kl_host_xsave_get(&vcpu->vmx.fpu, call->data, sizeof(struct kvm_xsave),
			  vcpu->vmx.cpuid.features.xcr0_supported, vcpu->vmx.pkru);
	return 0;
}

/**
 * kl_vcpu_set_xsave - KVM_SET_XSAVE
 * @call: data: struct kvm_xsave, in: an XSAVE image in the standard format
 *
 * Return: 0; -EINVAL for components, MXCSR bits or a format that no guest has.
 */
long kl_vcpu_set_xsave(struct kl_call *call)
{
	struct kl_vcpu *vcpu = call->vcpu;

	return kl_host_xsave_set(&vcpu->vmx.fpu, call->data, kl_cpuid_xcr0(), &vcpu->vmx.pkru);
}

/**
 * kl_vcpu_get_xcrs - KVM_GET_XCRS
 * @call: data: struct kvm_xcrs, out
 *
 * Return: 0; -EINVAL if the host has no XSAVE.
 */
long kl_vcpu_get_xcrs(struct kl_call *call)
{
	struct kvm_xcrs *xcrs = call->data;

	if (!kl_cpuid_xcr0())
		return -EINVAL;
	xcrs->nr_xcrs = 1;
	xcrs->xcrs[0].value = call->vcpu->vmx.xcr0;
	return 0;
}

/**
 * kl_vcpu_set_xcrs - KVM_SET_XCRS
 * @call: data: struct kvm_xcrs, in; registers other than XCR0 are not looked at
 *
 * Return: 0; -EINVAL for unknown flags, too many registers, a value of XCR0 that
 * XSETBV would refuse, or if the host has no XSAVE.
 */
long kl_vcpu_set_xcrs(struct kl_call *call)
{
	const struct kvm_xcrs *xcrs = call->data;
	struct kl_vcpu *vcpu = call->vcpu;
	u32 i;

	if (!kl_cpuid_xcr0() || xcrs->flags || xcrs->nr_xcrs > KVM_MAX_XCRS)
		return -EINVAL;
	for (i = 0; i < xcrs->nr_xcrs; i++) {
		if (xcrs->xcrs[i].xcr)
			continue;
		if (!kl_cpuid_xcr0_valid(vcpu, xcrs->xcrs[i].value))
			return -EINVAL;
		vcpu->vmx.xcr0 = xcrs->xcrs[i].value;
		kl_cpuid_track_xstate(vcpu, vcpu->vmx.xcr0, 0);
		break;
	}
	return 0;
}

/* The client's array of MSRs, copied; its length in *@nr. */
static struct kvm_msr_entry *kl_msrs_read(struct kvm_msrs __user *user, u32 *nr)
{
	struct kvm_msrs head;

	if (copy_from_user(&head, user, sizeof(head)))
		return ERR_PTR(-EFAULT);
	if (head.nmsrs > KL_MAX_MSR_ENTRIES)
		return ERR_PTR(-E2BIG);
	*nr = head.nmsrs;
	if (!head.nmsrs)
		return NULL;
	return vmemdup_user(user->entries, array_size(head.nmsrs, sizeof(struct kvm_msr_entry)));
}

/**
 * kl_vcpu_get_msrs - KVM_GET_MSRS on a vCPU
 * @call: arg: struct kvm_msrs: in: numbers, out: values
 *
 * Return: how many entries from the first on were read: less than all if one is
 * not there; -E2BIG for more than %KL_MAX_MSR_ENTRIES; -EFAULT; -ENOMEM.
 */
long kl_vcpu_get_msrs(struct kl_call *call)
{
	struct kvm_msrs __user *user = call->user;
	struct kvm_msr_entry *msrs;
	u32 nr = 0, i;
	long ret;

	msrs = kl_msrs_read(user, &nr);
	if (IS_ERR(msrs))
		return PTR_ERR(msrs);
	for (i = 0; i < nr; i++)
		if (kl_msr_get(call->vcpu, msrs[i].index, &msrs[i].data, true))
			break;
	ret = i;
	if (nr && copy_to_user(user->entries, msrs, array_size(nr, sizeof(*msrs))))
		ret = -EFAULT;
	kvfree(msrs);
	return ret;
}

/**
 * kl_vcpu_set_msrs - KVM_SET_MSRS on a vCPU
 * @call: arg: struct kvm_msrs
 *
 * Return: how many entries from the first on were written: less than all if one
 * is not there or its value is refused; -E2BIG for more than
 * %KL_MAX_MSR_ENTRIES; -EFAULT; -ENOMEM.
 */
long kl_vcpu_set_msrs(struct kl_call *call)
{
	struct kvm_msr_entry *msrs;
	u32 nr = 0, i;

	msrs = kl_msrs_read(call->user, &nr);
	if (IS_ERR(msrs))
		return PTR_ERR(msrs);
	for (i = 0; i < nr; i++)
		if (kl_msr_set(call->vcpu, msrs[i].index, msrs[i].data, true))
			break;
	kvfree(msrs);
	return i;
}

/**
 * kl_vcpu_get_cpuid2 - KVM_GET_CPUID2
 * @call: arg: struct kvm_cpuid2: in: room, out: the table
 *
 * Return: as kl_cpuid_get().
 */
long kl_vcpu_get_cpuid2(struct kl_call *call)
{
	return kl_cpuid_get(call->vcpu, call->user);
}

/**
 * kl_vcpu_set_cpuid2 - KVM_SET_CPUID2
 * @call: arg: struct kvm_cpuid2
 *
 * Return: as kl_cpuid_set().
 */
long kl_vcpu_set_cpuid2(struct kl_call *call)
{
	long ret = kl_cpuid_set(call->vcpu, call->user);

	/* The CR4 bits that the guest may change by itself follow the table. */
	if (!ret)
		kl_update_owned_bits(call->vcpu);
	return ret;
}
