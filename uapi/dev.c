// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module load and unload, the node /dev/kvmlite and its ioctls.
 *
 * tour 60: everything starts at kl_init(): VMX on, facts worked out, node made;
 * and a client at kl_dev_ioctl(), with KVM_CREATE_VM.
 */
#define pr_fmt(fmt) "kvmlite: " fmt

#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/kvm.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../vmx/caps.h"
#include "../vmx/cpuid.h"
#include "../vmx/msr.h"
#include "../vmx/vcpu.h"
#include "../vmx/vmxon.h"
#include "internal.h"
#include "kvmlite.h"
#include "object.h"

static char *node = "kvmlite";
module_param(node, charp, 0444);
MODULE_PARM_DESC(node, "device node: \"kvmlite\", or \"kvm\" to stand in for /dev/kvm");

/**
 * kl_dev_api_version - KVM_GET_API_VERSION
 * @call: arg: zero
 *
 * Return: 12.
 */
static long kl_dev_api_version(struct kl_call *call)
{
	return KVM_API_VERSION;
}

/**
 * kl_dev_create_vm - KVM_CREATE_VM
 * @call: arg: machine type, zero is the only one
 *
 * Return: a VM's descriptor; -EINVAL for another type; -ENOMEM; -EMFILE.
 */
static long kl_dev_create_vm(struct kl_call *call)
{
	if (call->arg)
		return -EINVAL;
	return kl_vm_create_fd();
}

/**
 * kl_dev_mmap_size - KVM_GET_VCPU_MMAP_SIZE
 * @call: arg: zero
 *
 * Return: bytes that a client maps of a vCPU's descriptor.
 */
static long kl_dev_mmap_size(struct kl_call *call)
{
	return KL_VCPU_MMAP_PAGES * PAGE_SIZE;
}

/**
 * kl_dev_supported_cpuid - KVM_GET_SUPPORTED_CPUID
 * @call: arg: struct kvm_cpuid2: in: room, out: the table
 *
 * Return: as kl_cpuid_get_supported().
 */
static long kl_dev_supported_cpuid(struct kl_call *call)
{
	return kl_cpuid_get_supported(call->user);
}

/**
 * kl_dev_msr_index_list - KVM_GET_MSR_INDEX_LIST
 * @call: arg: struct kvm_msr_list: in: room, out: MSRs that a vCPU's state has
 *
 * Return: 0; -E2BIG if there is too little room, nmsrs then says how much is
 * needed; -EFAULT.
 */
static long kl_dev_msr_index_list(struct kl_call *call)
{
	struct kvm_msr_list __user *user = call->user;
	unsigned int nr;
	const u32 *list = kl_msr_index_list(&nr);
	u32 room;

	if (get_user(room, &user->nmsrs) || put_user(nr, &user->nmsrs))
		return -EFAULT;
	if (room < nr)
		return -E2BIG;
	if (copy_to_user(user->indices, list, array_size(nr, sizeof(*list))))
		return -EFAULT;
	return 0;
}

/**
 * kl_dev_version - KVMLITE_GET_VERSION
 * @call: arg: zero
 *
 * Return: %KVMLITE_VERSION.
 */
static long kl_dev_version(struct kl_call *call)
{
	return KVMLITE_VERSION;
}

/**
 * kl_dev_vmx_caps - KVMLITE_GET_VMX_CAPS
 * @call: data: struct kvmlite_vmx_caps; flags: zero
 *
 * Return: 0; -EINVAL for unknown flags.
 */
static long kl_dev_vmx_caps(struct kl_call *call)
{
	struct kvmlite_vmx_caps *caps = call->data;
	unsigned int i;
	u64 value;
	u32 msr;

	if (caps->flags)
		return -EINVAL;
	memset(caps, 0, sizeof(*caps));
	for (i = 0; kl_caps_msr_name(i, &msr); i++) {
		/* An MSR that the CPU lacks reads as zero: none is zero itself. */
		if (!kl_caps_get(&kl_caps, msr, &value) || !value)
			continue;
		if (caps->nr == KVMLITE_MAX_VMX_MSRS)
			break;
		caps->msr[caps->nr].index = msr;
		caps->msr[caps->nr].value = value;
		caps->nr++;
	}
	return 0;
}

static const struct kl_ioctl kl_dev_rows[] = {
	KL_IOCTL(KVM_GET_API_VERSION, KL_IOC_ARG_ZERO, kl_dev_api_version),
	KL_IOCTL(KVM_CREATE_VM, 0, kl_dev_create_vm),
	KL_IOCTL(KVM_CHECK_EXTENSION, 0, kl_check_extension),
	KL_IOCTL(KVM_GET_VCPU_MMAP_SIZE, KL_IOC_ARG_ZERO, kl_dev_mmap_size),
	KL_IOCTL(KVMLITE_GET_VERSION, KL_IOC_ARG_ZERO, kl_dev_version),
	KL_IOCTL(KVM_GET_MSR_INDEX_LIST, 0, kl_dev_msr_index_list),
	KL_IOCTL(KVM_GET_SUPPORTED_CPUID, 0, kl_dev_supported_cpuid),
	KL_IOCTL(KVMLITE_GET_VMX_CAPS, KL_IOC_IN | KL_IOC_OUT, kl_dev_vmx_caps),
};

const struct kl_ioctl_table kl_dev_ioctls = KL_IOCTL_TABLE("system", kl_dev_rows);

static long kl_dev_ioctl(struct file *file, unsigned int request, unsigned long arg)
{
	struct kl_call call = { .arg = arg };

	return kl_ioctl(&kl_dev_ioctls, request, &call);
}

static const struct file_operations kl_dev_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = kl_dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice kl_dev = {
	.fops = &kl_dev_fops,
};

static int kl_dev_choose(void)
{
	if (!strcmp(node, "kvmlite")) {
		kl_dev.minor = MISC_DYNAMIC_MINOR;
		kl_dev.name = "kvmlite";
		return 0;
	}
	if (!strcmp(node, "kvm")) {
		kl_dev.minor = KVM_MINOR;
		kl_dev.name = "kvm";
		return 0;
	}
	pr_err("parameter node=%s: it must be \"kvmlite\" or \"kvm\"\n", node);
	return -EINVAL;
}

static int kl_dev_register(void)
{
	int ret = misc_register(&kl_dev);

	if (ret == -EBUSY)
		pr_err("/dev/%s is taken: unload kvm_intel and kvm first, or load with node=kvmlite\n",
		       kl_dev.name);
	else if (ret)
		pr_err("cannot register /dev/%s: %d\n", kl_dev.name, ret);
	return ret;
}

static int __init kl_init(void)
{
	int ret;

	if (!kl_ioctl_check(&kl_dev_ioctls) || !kl_ioctl_check(&kl_vm_ioctls) ||
	    !kl_ioctl_check(&kl_vcpu_ioctls) || !kl_caps_table_ok())
		return -EINVAL;
	ret = kl_dev_choose();
	if (ret)
		return ret;
	ret = kl_vmx_init();
	if (ret)
		return ret;
	ret = kl_vmx_setup();
	if (ret)
		goto out_vmx;
	kl_debugfs_init();
	ret = kl_dev_register();
	if (ret)
		goto out_setup;
	return 0;

out_setup:
	kl_debugfs_exit();
	kl_vmx_teardown();
out_vmx:
	kl_vmx_exit();
	return ret;
}

static void __exit kl_exit(void)
{
	misc_deregister(&kl_dev);
	kl_debugfs_exit();
	kl_vmx_teardown();
	kl_vmx_exit();
}

module_init(kl_init);
module_exit(kl_exit);
MODULE_DESCRIPTION("A small hypervisor for Intel VT-x with the ABI of /dev/kvm");
MODULE_AUTHOR("The kvm-lite authors");
MODULE_LICENSE("GPL");
