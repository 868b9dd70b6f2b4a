// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vCPU descriptor: a vCPU's life, the pages it shares with the client, and
 * KVM_RUN.
 *
 * tour 64: a vCPU is made by the layers from below to above, then published in
 * vm->vcpus, from where it never goes away before its VM does.
 */
#include <linux/anon_inodes.h>
#include <linux/compat.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/kvm.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../irq/irq.h"
#include "../mmu/mmu.h"
#include "../vmx/host.h"
#include "../vmx/run.h"
#include "../vmx/vcpu.h"
#include "internal.h"
#include "object.h"

/* Parts of a million by which a requested TSC frequency may miss the host's. */
#define KL_TSC_TOLERANCE_PPM 250

/**
 * kl_vcpu_ioctl_run - KVM_RUN
 * @call: arg: zero
 *
 * Return: as kl_vcpu_run().
 */
static long kl_vcpu_ioctl_run(struct kl_call *call)
{
	struct kl_vcpu *vcpu = call->vcpu;
	long ret;

	WRITE_ONCE(vcpu->tid, current->pid);
	if (likely(!vcpu->sigmask_on))
		return kl_vcpu_run(vcpu);
	/*
	 * With real_blocked filled in, the kernel knows that a signal let in
	 * for KVM_RUN alone is one that the client will fetch itself, and
	 * neither drops it nor lets it kill.
	 */
	sigprocmask(SIG_SETMASK, &vcpu->sigmask, &current->real_blocked);
	ret = kl_vcpu_run(vcpu);
	sigprocmask(SIG_SETMASK, &current->real_blocked, NULL);
	sigemptyset(&current->real_blocked);
	return ret;
}

static int kl_sigmask_read(sigset_t *set, struct kvm_signal_mask __user *user, u32 len)
{
	if (in_compat_syscall()) {
		if (len != sizeof(compat_sigset_t))
			return -EINVAL;
		return get_compat_sigset(set, (const compat_sigset_t __user *)user->sigset);
	}
	if (len != sizeof(*set))
		return -EINVAL;
	return copy_from_user(set, user->sigset, sizeof(*set)) ? -EFAULT : 0;
}

/**
 * kl_vcpu_set_signal_mask - KVM_SET_SIGNAL_MASK
 * @call: arg: struct kvm_signal_mask: signals blocked during KVM_RUN; NULL for
 *	those that the thread blocks anyway
 *
 * Return: 0; -EINVAL for a set of another size than the kernel's; -EFAULT.
 */
static long kl_vcpu_set_signal_mask(struct kl_call *call)
{
	struct kvm_signal_mask __user *user = call->user;
	struct kl_vcpu *vcpu = call->vcpu;
	sigset_t set;
	u32 len;
	int ret;

	if (!user) {
		vcpu->sigmask_on = false;
		return 0;
	}
	if (get_user(len, &user->len))
		return -EFAULT;
	ret = kl_sigmask_read(&set, user, len);
	if (ret)
		return ret;
	sigdelsetmask(&set, sigmask(SIGKILL) | sigmask(SIGSTOP));
	vcpu->sigmask = set;
	vcpu->sigmask_on = true;
	return 0;
}

/**
 * kl_vcpu_nmi - KVM_NMI
 * @call: nothing
 *
 * Return: 0.
 */
static long kl_vcpu_nmi(struct kl_call *call)
{
	kl_irq_queue_nmi(call->vcpu);
	return 0;
}

/**
 * kl_vcpu_interrupt - KVM_INTERRUPT
 * @call: data: struct kvm_interrupt: the vector
 *
 * Return: 0; -EINVAL for a vector above 255; -ENXIO if the interrupt controller
 * is in the kernel; -EEXIST if one is waiting already.
 */
static long kl_vcpu_interrupt(struct kl_call *call)
{
	const struct kvm_interrupt *irq = call->data;

	if (irq->irq >= KVM_NR_INTERRUPTS)
		return -EINVAL;
	if (kl_irqchip_in_kernel(call->vm))
		return -ENXIO;
	return kl_irq_interrupt(call->vcpu, irq->irq);
}

/**
 * kl_vcpu_get_lapic - KVM_GET_LAPIC
 * @call: data: struct kvm_lapic_state, out
 *
 * Return: 0; -EINVAL if the local APIC is not in the kernel.
 */
static long kl_vcpu_get_lapic(struct kl_call *call)
{
	if (!kl_irqchip_in_kernel(call->vm))
		return -EINVAL;
	return kl_lapic_get_state(call->vcpu, call->data);
}

/**
 * kl_vcpu_set_lapic - KVM_SET_LAPIC
 * @call: data: struct kvm_lapic_state, in
 *
 * Return: 0; -EINVAL if the local APIC is not in the kernel, or for registers
 * that it refuses.
 */
static long kl_vcpu_set_lapic(struct kl_call *call)
{
	if (!kl_irqchip_in_kernel(call->vm))
		return -EINVAL;
	return kl_lapic_set_state(call->vcpu, call->data);
}

/**
 * kl_vcpu_get_mp_state - KVM_GET_MP_STATE
 * @call: data: struct kvm_mp_state, out
 *
 * Return: 0.
 */
static long kl_vcpu_get_mp_state(struct kl_call *call)
{
	struct kvm_mp_state *state = call->data;

	state->mp_state = call->vcpu->mp_state;
	return 0;
}

/**
 * kl_vcpu_set_mp_state - KVM_SET_MP_STATE
 * @call: data: struct kvm_mp_state, in
 *
 * Return: 0; -EINVAL for an unknown state, or for one other than runnable if the
 * local APIC, which would end it, is not in the kernel.
 */
static long kl_vcpu_set_mp_state(struct kl_call *call)
{
	const struct kvm_mp_state *state = call->data;

	switch (state->mp_state) {
	case KVM_MP_STATE_RUNNABLE:
		break;
	case KVM_MP_STATE_UNINITIALIZED:
	case KVM_MP_STATE_INIT_RECEIVED:
	case KVM_MP_STATE_HALTED:
		if (!kl_irqchip_in_kernel(call->vm))
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	call->vcpu->mp_state = state->mp_state;
	return 0;
}

/**
 * kl_vcpu_get_tsc_khz - KVM_GET_TSC_KHZ
 * @call: nothing
 *
 * Return: frequency of the vCPU's TSC in kHz: the host's.
 */
static long kl_vcpu_get_tsc_khz(struct kl_call *call)
{
	return kl_host_tsc_khz();
}

/**
 * kl_vcpu_set_tsc_khz - KVM_SET_TSC_KHZ
 * @call: arg: kHz, zero for the host's frequency
 *
 * Return: 0 if it is the host's, near enough; -EINVAL for another.
 */
static long kl_vcpu_set_tsc_khz(struct kl_call *call)
{
	u64 host = kl_host_tsc_khz();
	u64 slack = host * KL_TSC_TOLERANCE_PPM / 1000000;

	if (call->arg && (call->arg < host - slack || call->arg > host + slack))
		return -EINVAL;
	return 0;
}

static const struct kl_ioctl kl_vcpu_rows[] = {
	KL_IOCTL(KVM_RUN, KL_IOC_MUTEX | KL_IOC_ARG_ZERO, kl_vcpu_ioctl_run),
	KL_IOCTL(KVM_NMI, KL_IOC_MUTEX, kl_vcpu_nmi),
	KL_IOCTL(KVM_SET_TSC_KHZ, KL_IOC_MUTEX, kl_vcpu_set_tsc_khz),
	KL_IOCTL(KVM_GET_TSC_KHZ, 0, kl_vcpu_get_tsc_khz),
	KL_IOCTL(KVM_GET_STATS_FD, KL_IOC_ON_DEAD, kl_vcpu_stats_fd),
	KL_IOCTL(KVM_INTERRUPT, KL_IOC_IN | KL_IOC_MUTEX, kl_vcpu_interrupt),
	KL_IOCTL(KVM_SET_SIGNAL_MASK, KL_IOC_MUTEX, kl_vcpu_set_signal_mask),
	KL_IOCTL(KVM_SET_MP_STATE, KL_IOC_IN | KL_IOC_MUTEX, kl_vcpu_set_mp_state),
	KL_IOCTL(KVM_SET_MSRS, KL_IOC_LOADED, kl_vcpu_set_msrs),
	KL_IOCTL(KVM_SET_CPUID2, KL_IOC_LOADED, kl_vcpu_set_cpuid2),
	KL_IOCTL(KVM_SET_REGS, KL_IOC_IN | KL_IOC_LOADED, kl_vcpu_set_regs),
	KL_IOCTL(KVM_SET_SREGS, KL_IOC_IN | KL_IOC_LOADED, kl_vcpu_set_sregs),
	KL_IOCTL(KVM_SET_XCRS, KL_IOC_IN | KL_IOC_MUTEX, kl_vcpu_set_xcrs),
	KL_IOCTL(KVM_SET_FPU, KL_IOC_IN | KL_IOC_MUTEX, kl_vcpu_set_fpu),
	KL_IOCTL(KVM_SET_LAPIC, KL_IOC_IN | KL_IOC_LOADED, kl_vcpu_set_lapic),
	KL_IOCTL(KVM_SET_XSAVE, KL_IOC_IN | KL_IOC_MUTEX, kl_vcpu_set_xsave),
	KL_IOCTL(KVM_GET_MP_STATE, KL_IOC_OUT | KL_IOC_MUTEX, kl_vcpu_get_mp_state),
	KL_IOCTL(KVM_GET_REGS, KL_IOC_OUT | KL_IOC_LOADED, kl_vcpu_get_regs),
	KL_IOCTL(KVM_GET_SREGS, KL_IOC_OUT | KL_IOC_LOADED, kl_vcpu_get_sregs),
	KL_IOCTL(KVM_GET_XCRS, KL_IOC_OUT | KL_IOC_MUTEX, kl_vcpu_get_xcrs),
	KL_IOCTL(KVM_GET_FPU, KL_IOC_OUT | KL_IOC_MUTEX, kl_vcpu_get_fpu),
	KL_IOCTL(KVM_GET_LAPIC, KL_IOC_OUT | KL_IOC_LOADED, kl_vcpu_get_lapic),
	KL_IOCTL(KVM_GET_XSAVE, KL_IOC_OUT | KL_IOC_MUTEX, kl_vcpu_get_xsave),
	KL_IOCTL(KVM_GET_XSAVE2, KL_IOC_OUT | KL_IOC_MUTEX, kl_vcpu_get_xsave),
	KL_IOCTL(KVM_GET_MSRS, KL_IOC_LOADED, kl_vcpu_get_msrs),
	KL_IOCTL(KVM_GET_CPUID2, KL_IOC_MUTEX, kl_vcpu_get_cpuid2),
};

const struct kl_ioctl_table kl_vcpu_ioctls = KL_IOCTL_TABLE("vCPU", kl_vcpu_rows);

static long kl_vcpu_ioctl(struct file *file, unsigned int request, unsigned long arg)
{
	struct kl_vcpu *vcpu = file->private_data;
	struct kl_call call = { .vm = vcpu->vm, .vcpu = vcpu, .arg = arg };

	return kl_ioctl(&kl_vcpu_ioctls, request, &call);
}

static int kl_vcpu_release(struct inode *inode, struct file *file)
{
	struct kl_vcpu *vcpu = file->private_data;

	kl_vm_put(vcpu->vm);
	return 0;
}

static vm_fault_t kl_vcpu_fault(struct vm_fault *vmf)
{
	struct kl_vcpu *vcpu = vmf->vma->vm_file->private_data;
	void *page;

	switch (vmf->pgoff) {
	case 0:
		page = vcpu->run;
		break;
	case KVM_PIO_PAGE_OFFSET:
		page = vcpu->pio_data;
		break;
	case KVM_COALESCED_MMIO_PAGE_OFFSET:
		page = vcpu->vm->coalesced;
		break;
	default:
		return VM_FAULT_SIGBUS;
	}
	vmf->page = virt_to_page(page);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct kl_vcpu_vm_ops = {
	.fault = kl_vcpu_fault,
};

static int kl_vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &kl_vcpu_vm_ops;
	return 0;
}

static const struct file_operations kl_vcpu_fops = {
	.owner = THIS_MODULE,
	.release = kl_vcpu_release,
	.unlocked_ioctl = kl_vcpu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = kl_vcpu_mmap,
	.llseek = noop_llseek,
};

static int kl_vcpu_init_layers(struct kl_vcpu *vcpu)
{
	int ret;

	ret = kl_mmu_vcpu_init(vcpu);
	if (ret)
		return ret;
	ret = kl_irq_vcpu_init(vcpu);
	if (ret)
		goto out_mmu;
	/* SDM, "MP Initialization": all but the bootstrap processor wait. */
	vcpu->mp_state = vcpu->id && kl_irqchip_in_kernel(vcpu->vm) ?
			 KVM_MP_STATE_UNINITIALIZED : KVM_MP_STATE_RUNNABLE;
	ret = kl_vmx_vcpu_init(vcpu);
	if (ret)
		goto out_irq;
	return 0;

out_irq:
	kl_irq_vcpu_destroy(vcpu);
out_mmu:
	kl_mmu_vcpu_destroy(vcpu);
	return ret;
}

static void kl_vcpu_free(struct kl_vcpu *vcpu)
{
	free_page((unsigned long)vcpu->run);
	free_page((unsigned long)vcpu->pio_data);
	kvfree(vcpu);
}

static struct kl_vcpu *kl_vcpu_create(struct kl_vm *vm, u32 id)
{
	struct kl_vcpu *vcpu = kvzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);
	int ret = -ENOMEM;

	BUILD_BUG_ON(sizeof(struct kvm_run) > PAGE_SIZE);
	if (!vcpu)
		return ERR_PTR(-ENOMEM);
	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->index = vm->nr_vcpus;
	vcpu->cpu = -1;
	vcpu->state = KL_VCPU_IDLE;
	mutex_init(&vcpu->mutex);
	rcuwait_init(&vcpu->wait);
	vcpu->run = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	vcpu->pio_data = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (vcpu->run && vcpu->pio_data)
		ret = kl_vcpu_init_layers(vcpu);
	if (ret) {
		kl_vcpu_free(vcpu);
		return ERR_PTR(ret);
	}
	return vcpu;
}

/**
 * kl_vcpu_destroy - take a vCPU apart
 * @vcpu: the vCPU; no descriptor of it or of its VM is open any more
 */
void kl_vcpu_destroy(struct kl_vcpu *vcpu)
{
	kl_vmx_vcpu_destroy(vcpu);
	kl_irq_vcpu_destroy(vcpu);
	kl_mmu_vcpu_destroy(vcpu);
	kl_vcpu_free(vcpu);
}

static bool kl_vcpu_exists(struct kl_vm *vm, u32 id)
{
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i]->id == id)
			return true;
	return false;
}

/* Make it visible: from here on interrupts may be sent to it. */
static void kl_vcpu_publish(struct kl_vcpu *vcpu)
{
	struct kl_vm *vm = vcpu->vm;

	kl_vm_get(vm);
	vm->vcpus[vcpu->index] = vcpu;
	/* Pairs with kl_nr_vcpus(). */
	smp_store_release(&vm->nr_vcpus, vcpu->index + 1);
	kl_debugfs_vcpu_init(vcpu);
}

/**
 * kl_vcpu_create_fd - make a vCPU and a descriptor of it
 * @vm: its VM, vm->lock held
 * @id: APIC id, below %KL_MAX_VCPU_ID
 *
 * Return: the descriptor; -EINVAL for an id out of range or one vCPU too many;
 * -EEXIST if the id is taken; -ENOMEM; -EMFILE.
 */
long kl_vcpu_create_fd(struct kl_vm *vm, unsigned long id)
{
	struct kl_vcpu *vcpu;
	struct file *file;
	int fd;

	if (id >= KL_MAX_VCPU_ID || vm->nr_vcpus >= KL_MAX_VCPUS)
		return -EINVAL;
	if (kl_vcpu_exists(vm, id))
		return -EEXIST;
	vcpu = kl_vcpu_create(vm, id);
	if (IS_ERR(vcpu))
		return PTR_ERR(vcpu);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto out_vcpu;
	file = anon_inode_getfile("kvmlite-vcpu", &kl_vcpu_fops, vcpu, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		fd = PTR_ERR(file);
		goto out_vcpu;
	}
	kl_vcpu_publish(vcpu);
	fd_install(fd, file);
	return fd;

out_vcpu:
	kl_vcpu_destroy(vcpu);
	return fd;
}
