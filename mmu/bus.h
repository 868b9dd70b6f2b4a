/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buses: devices inside the kernel that take guest accesses to I/O ports and
 * to guest physical addresses without memory.
 *
 * A device embeds struct kl_bus_dev. Several may share an address: each is
 * asked in the order of registration until one takes the access, which is how
 * a doorbell that listens to one value lives on a register.
 */
#ifndef _KL_MMU_BUS_H
#define _KL_MMU_BUS_H

#include <linux/types.h>

#include "../uapi/object.h"

struct kl_bus_dev;

/**
 * struct kl_bus_ops - what a device on a bus does
 * @read: @len bytes (1, 2, 4 or 8) at @addr into @data
 * @write: @len bytes from @data to @addr
 *
 * @addr is a port or a GPA as on the bus, not an offset. Both are called from
 * the vCPU's thread, may sleep, hold vm->mmu.srcu for reading and may be NULL.
 * They return 0 if the device took the access, -EOPNOTSUPP if it did not.
 */
struct kl_bus_ops {
	int (*read)(struct kl_vcpu *vcpu, struct kl_bus_dev *dev, gpa_t addr, unsigned int len,
		    void *data);
	int (*write)(struct kl_vcpu *vcpu, struct kl_bus_dev *dev, gpa_t addr, unsigned int len,
		     const void *data);
};

/**
 * struct kl_bus_dev - a device on a bus, embedded in the device's own structure
 * @ops: what it does
 */
struct kl_bus_dev {
	const struct kl_bus_ops *ops;
};

int kl_bus_register(struct kl_vm *vm, enum kl_bus bus, gpa_t addr, u64 len,
		    struct kl_bus_dev *dev);
int kl_bus_unregister(struct kl_vm *vm, enum kl_bus bus, struct kl_bus_dev *dev);
int kl_bus_read(struct kl_vcpu *vcpu, enum kl_bus bus, gpa_t addr, unsigned int len, void *data);
int kl_bus_write(struct kl_vcpu *vcpu, enum kl_bus bus, gpa_t addr, unsigned int len,
		 const void *data);
void kl_bus_destroy(struct kl_vm *vm);

#endif /* _KL_MMU_BUS_H */
