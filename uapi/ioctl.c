// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dispatch of ioctls: find the row, check, copy in, lock, call, copy out.
 *
 * Nothing here is known about any one ioctl.
 */
#include <linux/ioctl.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../mmu/request.h"
#include "../vmx/vcpu.h"
#include "internal.h"
#include "ioctl.h"
#include "object.h"

/* Structures up to this size are copied to the stack: all but a few. */
#define KL_IOCTL_STACK 320

/**
 * kl_ioctl_check - is a table fit to be searched?
 * @table: the table
 *
 * Return: true if its rows are sorted and unique; else it says which is not.
 */
bool kl_ioctl_check(const struct kl_ioctl_table *table)
{
	const struct kl_ioctl *row = table->rows;
	unsigned int i;

	for (i = 1; i < table->nr; i++) {
		if (row[i - 1].request < row[i].request)
			continue;
		pr_err("%s ioctls: %s (%#x) stands after %s (%#x)\n", table->name,
		       row[i].name, row[i].request, row[i - 1].name, row[i - 1].request);
		return false;
	}
	return true;
}

static const struct kl_ioctl *kl_ioctl_find(const struct kl_ioctl_table *table,
					    unsigned int request)
{
	unsigned int lo = 0, hi = table->nr;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (table->rows[mid].request == request)
			return &table->rows[mid];
		if (table->rows[mid].request < request)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* Everything that has to hold, with the locks taken. */
static long kl_ioctl_allowed(const struct kl_ioctl *row, struct kl_call *call)
{
	if (!call->vm)
		return 0;
	if (READ_ONCE(call->vm->dead) && !(row->flags & KL_IOC_ON_DEAD))
		return -EIO;
	if ((row->flags & KL_IOC_NO_VCPUS) == KL_IOC_NO_VCPUS && call->vm->nr_vcpus)
		return -EINVAL;
	return 0;
}

static long kl_ioctl_locked(const struct kl_ioctl *row, struct kl_call *call)
{
	bool load = (row->flags & KL_IOC_LOADED) == KL_IOC_LOADED;
	long ret;

	if ((row->flags & KL_IOC_VM_LOCK) && mutex_lock_killable(&call->vm->lock))
		return -EINTR;
	if ((row->flags & KL_IOC_MUTEX) && mutex_lock_killable(&call->vcpu->mutex)) {
		ret = -EINTR;
		goto unlock_vm;
	}
	ret = kl_ioctl_allowed(row, call);
	if (ret)
		goto unlock;
	if (load)
		kl_vcpu_load(call->vcpu);
	ret = row->fn(call);
	if (load) {
		kl_vcpu_put(call->vcpu);
		/* New registers may have made an event deliverable. */
		kl_request(call->vcpu, KL_REQ_EVENT);
	}
unlock:
	if (row->flags & KL_IOC_MUTEX)
		mutex_unlock(&call->vcpu->mutex);
unlock_vm:
	if (row->flags & KL_IOC_VM_LOCK)
		mutex_unlock(&call->vm->lock);
	return ret;
}

static long kl_ioctl_copy(const struct kl_ioctl *row, struct kl_call *call, void *data)
{
	size_t size = _IOC_SIZE(row->request);
	long ret;

	call->data = data;
	if (!(row->flags & KL_IOC_IN))
		memset(data, 0, size);
	else if (copy_from_user(data, call->user, size))
		return -EFAULT;
	ret = kl_ioctl_locked(row, call);
	if (ret >= 0 && (row->flags & KL_IOC_OUT) && copy_to_user(call->user, data, size))
		return -EFAULT;
	return ret;
}

/* Kept out of kl_ioctl(), so that KVM_RUN pays for no buffer. */
static noinline long kl_ioctl_copy_small(const struct kl_ioctl *row, struct kl_call *call)
{
	u64 data[KL_IOCTL_STACK / sizeof(u64)];

	return kl_ioctl_copy(row, call, data);
}

static noinline long kl_ioctl_copy_large(const struct kl_ioctl *row, struct kl_call *call)
{
	void *data = kvzalloc(_IOC_SIZE(row->request), GFP_KERNEL_ACCOUNT);
	long ret;

	if (!data)
		return -ENOMEM;
	ret = kl_ioctl_copy(row, call, data);
	kvfree(data);
	return ret;
}

/**
 * kl_ioctl - handle an ioctl
 * @table: rows of this kind of descriptor
 * @request: the full request number
 * @call: @vm, @vcpu and @arg filled in
 *
 * Return: what the handler returned; -ENOTTY for a request not in @table; -EIO if
 * the caller's address space is not the VM's, or the VM is dead; -EINVAL if a
 * reserved argument is set or the VM already has a vCPU; -EINTR if a fatal
 * signal came while waiting for a lock; -EFAULT; -ENOMEM.
 */
long kl_ioctl(const struct kl_ioctl_table *table, unsigned int request, struct kl_call *call)
{
	const struct kl_ioctl *row;

	if (call->vm && unlikely(call->vm->mm != current->mm))
		return -EIO;
	row = kl_ioctl_find(table, request);
	if (!row)
		return -ENOTTY;
	if ((row->flags & KL_IOC_ARG_ZERO) && call->arg)
		return -EINVAL;
	call->user = (void __user *)call->arg;
	if (!(row->flags & (KL_IOC_IN | KL_IOC_OUT)))
		return kl_ioctl_locked(row, call);
	if (_IOC_SIZE(request) <= KL_IOCTL_STACK)
		return kl_ioctl_copy_small(row, call);
	return kl_ioctl_copy_large(row, call);
}
