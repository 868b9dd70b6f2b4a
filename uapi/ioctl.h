/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One dispatcher for the ioctls of every file descriptor.
 *
 * tour 61: an ioctl is a row of a table: its full request number, what has to
 * hold before its handler runs, and the handler. Copying, locking and checking
 * happen in one place, ioctl.c, so no handler can forget them.
 */
#ifndef _KL_UAPI_IOCTL_H
#define _KL_UAPI_IOCTL_H

#include <linux/kernel.h>
#include <linux/bits.h>
#include <linux/types.h>

struct kl_vcpu;
struct kl_vm;

/* Copy _IOC_SIZE bytes from the client before, to the client after the call. */
#define KL_IOC_IN	BIT(0)
#define KL_IOC_OUT	BIT(1)
/* Hold vcpu->mutex. */
#define KL_IOC_MUTEX	BIT(2)
/* Hold vcpu->mutex and have the vCPU loaded on this CPU. */
#define KL_IOC_LOADED	(KL_IOC_MUTEX | BIT(3))
/* Hold vm->lock. */
#define KL_IOC_VM_LOCK	BIT(4)
/* Hold vm->lock, and refuse with -EINVAL once the VM has a vCPU. */
#define KL_IOC_NO_VCPUS	(KL_IOC_VM_LOCK | BIT(5))
/* Allowed on a dead VM; all others return -EIO. */
#define KL_IOC_ON_DEAD	BIT(6)
/* The argument is reserved: refuse with -EINVAL if it is not zero. */
#define KL_IOC_ARG_ZERO	BIT(7)

/**
 * struct kl_call - one ioctl under way
 * @vm: the VM; NULL on /dev/kvmlite
 * @vcpu: the vCPU; NULL on other descriptors
 * @data: copy of the client's structure if the row has KL_IOC_IN or
 *	KL_IOC_OUT; zeroed if it has only the latter
 * @arg: the argument as the client passed it
 * @user: the same as a pointer
 */
struct kl_call {
	struct kl_vm *vm;
	struct kl_vcpu *vcpu;
	void *data;
	unsigned long arg;
	void __user *user;
};

typedef long (*kl_ioctl_fn)(struct kl_call *call);

/**
 * struct kl_ioctl - one row
 * @request: the full request number: direction, size, type and number
 * @flags: KL_IOC_*
 * @name: as <linux/kvm.h> spells it
 * @fn: returns what the ioctl returns, negative errno or not
 */
struct kl_ioctl {
	u32 request;
	u32 flags;
	const char *name;
	kl_ioctl_fn fn;
};

#define KL_IOCTL(name_, flags_, fn_)					\
	{ .request = (name_), .flags = (flags_), .name = #name_, .fn = (fn_) }

/**
 * struct kl_ioctl_table - the ioctls of one kind of descriptor
 * @name: of the kind, for messages
 * @nr: number of rows
 * @rows: sorted by request number
 */
struct kl_ioctl_table {
	const char *name;
	unsigned int nr;
	const struct kl_ioctl *rows;
};

#define KL_IOCTL_TABLE(name_, rows_)					\
	{ .name = (name_), .nr = ARRAY_SIZE(rows_), .rows = (rows_) }

extern const struct kl_ioctl_table kl_dev_ioctls;
extern const struct kl_ioctl_table kl_vm_ioctls;
extern const struct kl_ioctl_table kl_vcpu_ioctls;

bool kl_ioctl_check(const struct kl_ioctl_table *table);
long kl_ioctl(const struct kl_ioctl_table *table, unsigned int request, struct kl_call *call);

#endif /* _KL_UAPI_IOCTL_H */
