// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VM descriptor: a VM's life, its memory, and what concerns all its vCPUs.
 *
 * tour 62: a VM lives as long as a descriptor of it, of a vCPU or of its
 * statistics is open. It is put together by the layers from below to above and
 * taken apart the other way round.
 */
#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kvm.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/processor.h>

#include "../irq/irq.h"
#include "../mmu/mmu.h"
#include "../vmx/host.h"
#include "../vmx/kill.h"
#include "../vmx/vcpu.h"
#include "../vmx/vmxon.h"
#include "internal.h"
#include "kvmlite.h"
#include "object.h"

/* Where the identity map stands unless the client says otherwise (KVM ABI). */
#define KL_DEFAULT_IDENTITY_MAP 0xfffbc000ULL

static atomic_t kl_vm_ids;

static int kl_vm_init_layers(struct kl_vm *vm)
{
	const struct kl_mmu_config cfg = {
		.ept_2m = kl_caps_ept_2m(&kl_caps),
		.ept_1g = kl_caps_ept_1g(&kl_caps),
		.ept_ad = kl_caps_ept_ad(&kl_caps),
		.maxphyaddr = boot_cpu_data.x86_phys_bits,
	};
	int ret;

	ret = kl_vmx_vm_init(vm);
	if (ret)
		return ret;
	ret = kl_mmu_vm_init(vm, &cfg);
	if (ret)
		return ret;
	ret = kl_irq_vm_init(vm);
	if (ret)
		kl_mmu_vm_destroy(vm);
	return ret;
}

static struct kl_vm *kl_vm_create(void)
{
	struct kl_vm *vm = kvzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	int ret = -ENOMEM;

	if (!vm)
		return ERR_PTR(-ENOMEM);
	mutex_init(&vm->lock);
	mutex_init(&vm->death_lock);
	refcount_set(&vm->refs, 1);
	vm->id = atomic_inc_return(&kl_vm_ids);
	vm->mm = current->mm;
	mmgrab(vm->mm);
	vm->coalesced = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vm->coalesced)
		goto out;
	ret = kl_vm_init_layers(vm);
	if (ret)
		goto out;
	/* The caller came through /dev/kvmlite: the module cannot be going. */
	__module_get(THIS_MODULE);
	kl_debugfs_vm_init(vm);
	return vm;

out:
	free_page((unsigned long)vm->coalesced);
	mmdrop(vm->mm);
	kvfree(vm);
	return ERR_PTR(ret);
}

static void kl_vm_destroy(struct kl_vm *vm)
{
	unsigned int i;

	kl_debugfs_vm_exit(vm);
	/* No device raises an interrupt after this; then their targets can go. */
	kl_irq_vm_stop(vm);
	/* Until now Linux may have had vCPUs flushed. */
	kl_mmu_vm_stop(vm);
	for (i = 0; i < vm->nr_vcpus; i++)
		kl_vcpu_destroy(vm->vcpus[i]);
	kl_irq_vm_destroy(vm);
	kl_mmu_vm_destroy(vm);
	kfree(vm->death.text);
	free_page((unsigned long)vm->coalesced);
	mmdrop(vm->mm);
	kvfree(vm);
	module_put(THIS_MODULE);
}

/**
 * kl_vm_get - hold a VM
 * @vm: the VM, held already by the caller's descriptor
 */
void kl_vm_get(struct kl_vm *vm)
{
	refcount_inc(&vm->refs);
}

/**
 * kl_vm_put - let go of a VM; the last one out destroys it
 * @vm: the VM. May sleep.
 */
void kl_vm_put(struct kl_vm *vm)
{
	if (refcount_dec_and_test(&vm->refs))
		kl_vm_destroy(vm);
}

/**
 * kl_vm_set_memory_region - KVM_SET_USER_MEMORY_REGION and its second version
 * @call: data: struct kvm_userspace_memory_region; a size of zero deletes
 *
 * Return: as kl_memslot_set().
 */
static long kl_vm_set_memory_region(struct kl_call *call)
{
	const struct kvm_userspace_memory_region *r = call->data;

	const struct kl_mem_region region = {
		.slot = r->slot,
		.flags = r->flags,
		.gpa = r->guest_phys_addr,
		.size = r->memory_size,
		.hva = r->userspace_addr,
	};

	return kl_memslot_set(call->vm, &region);
}

#ifdef KVM_SET_USER_MEMORY_REGION2
/*
 * The second version begins like the first. What it adds, guest_memfd, is
 * refused together with its flag, and not looked at without.
 */
static_assert(offsetof(struct kvm_userspace_memory_region2, userspace_addr) ==
	      offsetof(struct kvm_userspace_memory_region, userspace_addr));
#endif

/**
 * kl_vm_create_vcpu - KVM_CREATE_VCPU
 * @call: arg: the vCPU's id, which is its APIC id
 *
 * Return: as kl_vcpu_create_fd().
 */
static long kl_vm_create_vcpu(struct kl_call *call)
{
	return kl_vcpu_create_fd(call->vm, call->arg);
}

/**
 * kl_vm_set_tss_addr - KVM_SET_TSS_ADDR
 * @call: arg: GPA of three pages below 4 GB that the client leaves alone
 *
 * Return: 0; -EINVAL if they are not aligned or do not fit.
 */
static long kl_vm_set_tss_addr(struct kl_call *call)
{
	if (!PAGE_ALIGNED(call->arg) || call->arg > BIT_ULL(32) - 3 * PAGE_SIZE)
		return -EINVAL;
	call->vm->vmx.tss_addr = call->arg;
	return 0;
}

/**
 * kl_vm_set_identity_map_addr - KVM_SET_IDENTITY_MAP_ADDR
 * @call: data: GPA (u64) of a page below 4 GB that the client leaves alone;
 *	zero for the default
 *
 * Return: 0; -EINVAL if it is not aligned, too high, or a vCPU exists.
 */
static long kl_vm_set_identity_map_addr(struct kl_call *call)
{
	u64 gpa = *(u64 *)call->data;

	if (!PAGE_ALIGNED(gpa) || gpa > BIT_ULL(32) - PAGE_SIZE)
		return -EINVAL;
	call->vm->vmx.identity_map = gpa ? gpa : KL_DEFAULT_IDENTITY_MAP;
	return 0;
}

/**
 * kl_vm_get_tsc_khz - KVM_GET_TSC_KHZ on a VM
 * @call: nothing
 *
 * Return: frequency of a new vCPU's TSC in kHz.
 */
static long kl_vm_get_tsc_khz(struct kl_call *call)
{
	return kl_host_tsc_khz();
}

/**
 * kl_vm_enable_cap - KVM_ENABLE_CAP on a VM
 * @call: data: struct kvm_enable_cap
 *
 * Return: -EINVAL: nothing here has to be enabled.
 */
static long kl_vm_enable_cap(struct kl_call *call)
{
	return -EINVAL;
}

/**
 * kl_vm_death_reason - KVMLITE_GET_DEATH_REASON
 * @call: data: struct kvmlite_death; flags: zero
 *
 * Works on a dead VM.
 *
 * Return: 0; -EINVAL for unknown flags.
 */
static long kl_vm_death_reason(struct kl_call *call)
{
	struct kvmlite_death *death = call->data;

	if (death->flags)
		return -EINVAL;
	memset(death, 0, sizeof(*death));
	kl_death_get(call->vm, death);
	return 0;
}

/**
 * kl_vm_set_options - KVMLITE_SET_OPTIONS
 * @call: data: struct kvmlite_options
 *
 * Return: 0; -EINVAL for unknown flags or reserved words that are not zero.
 */
static long kl_vm_set_options(struct kl_call *call)
{
	const struct kvmlite_options *options = call->data;

	if ((options->flags & ~(u64)KVMLITE_OPTION_DEAD_HALT) ||
	    memchr_inv(options->reserved, 0, sizeof(options->reserved)))
		return -EINVAL;
	WRITE_ONCE(call->vm->options, options->flags);
	return 0;
}

static const struct kl_ioctl kl_vm_rows[] = {
	KL_IOCTL(KVM_CHECK_EXTENSION, KL_IOC_ON_DEAD, kl_check_extension),
	KL_IOCTL(KVM_CREATE_VCPU, KL_IOC_VM_LOCK, kl_vm_create_vcpu),
	KL_IOCTL(KVM_SET_TSS_ADDR, KL_IOC_VM_LOCK, kl_vm_set_tss_addr),
	KL_IOCTL(KVM_CREATE_IRQCHIP, KL_IOC_VM_LOCK, kl_vm_create_irqchip),
	KL_IOCTL(KVM_CREATE_PIT, KL_IOC_VM_LOCK, kl_vm_create_pit),
	KL_IOCTL(KVM_REINJECT_CONTROL, KL_IOC_VM_LOCK, kl_vm_reinject_control),
	KL_IOCTL(KVM_GET_TSC_KHZ, 0, kl_vm_get_tsc_khz),
	KL_IOCTL(KVM_GET_STATS_FD, KL_IOC_ON_DEAD, kl_vm_stats_fd),
	KL_IOCTL(KVM_SET_IDENTITY_MAP_ADDR, KL_IOC_IN | KL_IOC_NO_VCPUS,
		 kl_vm_set_identity_map_addr),
	KL_IOCTL(KVM_IRQ_LINE, KL_IOC_IN, kl_vm_irq_line),
	KL_IOCTL(KVM_SET_GSI_ROUTING, KL_IOC_VM_LOCK, kl_vm_set_gsi_routing),
	KL_IOCTL(KVM_SET_USER_MEMORY_REGION, KL_IOC_IN, kl_vm_set_memory_region),
	KL_IOCTL(KVM_SIGNAL_MSI, KL_IOC_IN, kl_vm_signal_msi),
	KL_IOCTL(KVMLITE_SET_OPTIONS, KL_IOC_IN, kl_vm_set_options),
	KL_IOCTL(KVM_CREATE_PIT2, KL_IOC_IN | KL_IOC_VM_LOCK, kl_vm_create_pit2),
	KL_IOCTL(KVM_ENABLE_CAP, KL_IOC_IN, kl_vm_enable_cap),
	KL_IOCTL(KVM_SET_PIT2, KL_IOC_IN | KL_IOC_VM_LOCK, kl_vm_set_pit2),
#ifdef KVM_SET_USER_MEMORY_REGION2
	KL_IOCTL(KVM_SET_USER_MEMORY_REGION2, KL_IOC_IN, kl_vm_set_memory_region),
#endif
	KL_IOCTL(KVM_GET_PIT2, KL_IOC_OUT | KL_IOC_VM_LOCK, kl_vm_get_pit2),
	/* Declared as a read, but the client's data goes in. */
	KL_IOCTL(KVM_SET_IRQCHIP, KL_IOC_IN | KL_IOC_VM_LOCK, kl_vm_set_irqchip),
	KL_IOCTL(KVM_IRQ_LINE_STATUS, KL_IOC_IN | KL_IOC_OUT, kl_vm_irq_line_status),
	KL_IOCTL(KVM_GET_IRQCHIP, KL_IOC_IN | KL_IOC_OUT | KL_IOC_VM_LOCK, kl_vm_get_irqchip),
	KL_IOCTL(KVMLITE_GET_DEATH_REASON, KL_IOC_IN | KL_IOC_OUT | KL_IOC_ON_DEAD,
		 kl_vm_death_reason),
};

const struct kl_ioctl_table kl_vm_ioctls = KL_IOCTL_TABLE("VM", kl_vm_rows);

static long kl_vm_ioctl(struct file *file, unsigned int request, unsigned long arg)
{
	struct kl_call call = { .vm = file->private_data, .arg = arg };

	return kl_ioctl(&kl_vm_ioctls, request, &call);
}

static int kl_vm_release(struct inode *inode, struct file *file)
{
	kl_vm_put(file->private_data);
	return 0;
}

static const struct file_operations kl_vm_fops = {
	.owner = THIS_MODULE,
	.release = kl_vm_release,
	.unlocked_ioctl = kl_vm_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/**
 * kl_vm_create_fd - make a VM and a descriptor of it
 *
 * Return: the descriptor, or -errno.
 */
int kl_vm_create_fd(void)
{
	struct kl_vm *vm = kl_vm_create();
	int fd;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	fd = anon_inode_getfd("kvmlite-vm", &kl_vm_fops, vm, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		kl_vm_put(vm);
	return fd;
}
