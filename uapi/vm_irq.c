// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests on the VM descriptor that concern interrupts: the controllers, the
 * timer, lines, messages and routing.
 */
#include <linux/kvm.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/uaccess.h>

#include "../irq/irq.h"
#include "internal.h"
#include "object.h"

/**
 * kl_vm_create_irqchip - KVM_CREATE_IRQCHIP
 * @call: arg: not looked at: clients pass anything
 *
 * Return: 0; -EEXIST if it is there; -EINVAL once a vCPU exists; -ENOMEM.
 */
long kl_vm_create_irqchip(struct kl_call *call)
{
	return kl_irqchip_create(call->vm);
}

/**
 * kl_vm_create_pit - KVM_CREATE_PIT
 * @call: nothing
 *
 * Return: as kl_vm_create_pit2().
 */
long kl_vm_create_pit(struct kl_call *call)
{
	static const struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };

	return kl_pit_create(call->vm, &config);
}

/**
 * kl_vm_create_pit2 - KVM_CREATE_PIT2
 * @call: data: struct kvm_pit_config
 *
 * Return: 0; -EEXIST if it is there; -ENOENT without KVM_CREATE_IRQCHIP; -EINVAL
 * for unknown flags; -ENOMEM.
 */
long kl_vm_create_pit2(struct kl_call *call)
{
	return kl_pit_create(call->vm, call->data);
}

/**
 * kl_vm_irq_line - KVM_IRQ_LINE
 * @call: data: struct kvm_irq_level: GSI and level
 *
 * Return: 0; -ENXIO without an interrupt controller in the kernel.
 */
long kl_vm_irq_line(struct kl_call *call)
{
	const struct kvm_irq_level *line = call->data;
	int status;

	if (!kl_irqchip_in_kernel(call->vm))
		return -ENXIO;
	return kl_irq_line(call->vm, line->irq, !!line->level, KL_IRQ_SOURCE_USER, &status);
}

/**
 * kl_vm_irq_line_status - KVM_IRQ_LINE_STATUS
 * @call: data: struct kvm_irq_level: in: GSI and level; out: status: what became
 *	of the interrupt: 0 merged with one before, above 0 delivered, below 0
 *	masked
 *
 * Return: as kl_vm_irq_line().
 */
long kl_vm_irq_line_status(struct kl_call *call)
{
	struct kvm_irq_level *line = call->data;
	int status = 0;
	long ret;

	if (!kl_irqchip_in_kernel(call->vm))
		return -ENXIO;
	ret = kl_irq_line(call->vm, line->irq, !!line->level, KL_IRQ_SOURCE_USER, &status);
	line->status = status;
	return ret;
}

/**
 * kl_vm_get_irqchip - KVM_GET_IRQCHIP
 * @call: data: struct kvm_irqchip: in: which chip; out: its state
 *
 * Return: 0; -EINVAL for another chip; -ENXIO without KVM_CREATE_IRQCHIP.
 */
long kl_vm_get_irqchip(struct kl_call *call)
{
	if (!kl_irqchip_in_kernel(call->vm))
		return -ENXIO;
	return kl_irqchip_get(call->vm, call->data);
}

/**
 * kl_vm_set_irqchip - KVM_SET_IRQCHIP
 * @call: data: struct kvm_irqchip: which chip and its state
 *
 * Return: as kl_vm_get_irqchip().
 */
long kl_vm_set_irqchip(struct kl_call *call)
{
	if (!kl_irqchip_in_kernel(call->vm))
		return -ENXIO;
	return kl_irqchip_set(call->vm, call->data);
}

/**
 * kl_vm_get_pit2 - KVM_GET_PIT2
 * @call: data: struct kvm_pit_state2, out
 *
 * Return: 0; -ENXIO without KVM_CREATE_PIT2.
 */
long kl_vm_get_pit2(struct kl_call *call)
{
	if (!call->vm->irq.pit)
		return -ENXIO;
	return kl_pit_get2(call->vm, call->data);
}

/**
 * kl_vm_set_pit2 - KVM_SET_PIT2
 * @call: data: struct kvm_pit_state2
 *
 * Return: 0; -EINVAL for a state it cannot be in; -ENXIO without KVM_CREATE_PIT2.
 */
long kl_vm_set_pit2(struct kl_call *call)
{
	if (!call->vm->irq.pit)
		return -ENXIO;
	return kl_pit_set2(call->vm, call->data);
}

/**
 * kl_vm_reinject_control - KVM_REINJECT_CONTROL
 * @call: arg: struct kvm_reinject_control: pit_reinject: make up for ticks that
 *	the guest missed
 *
 * Return: 0; -ENXIO without KVM_CREATE_PIT2; -EFAULT.
 */
long kl_vm_reinject_control(struct kl_call *call)
{
	struct kvm_reinject_control control;

	if (copy_from_user(&control, call->user, sizeof(control)))
		return -EFAULT;
	if (!call->vm->irq.pit)
		return -ENXIO;
	return kl_pit_reinject(call->vm, control.pit_reinject);
}

/**
 * kl_vm_signal_msi - KVM_SIGNAL_MSI
 * @call: data: struct kvm_msi: address and data as a device would write them
 *
 * Return: above 0 if delivered, 0 if the guest blocks it; -EINVAL for unknown
 * flags; -ENXIO without an interrupt controller in the kernel.
 */
long kl_vm_signal_msi(struct kl_call *call)
{
	const struct kvm_msi *msi = call->data;

	if (!kl_irqchip_in_kernel(call->vm))
		return -ENXIO;
	if (msi->flags)
		return -EINVAL;
	return kl_irq_msi(call->vm, msi);
}

/**
 * kl_vm_set_gsi_routing - KVM_SET_GSI_ROUTING
 * @call: arg: struct kvm_irq_routing: replaces the whole table
 *
 * Return: 0; -EINVAL for unknown flags, types or pins, or too many entries;
 * -ENXIO without an interrupt controller in the kernel; -EFAULT; -ENOMEM.
 */
long kl_vm_set_gsi_routing(struct kl_call *call)
{
	struct kvm_irq_routing __user *user = call->user;
	struct kvm_irq_routing_entry *entries = NULL;
	struct kvm_irq_routing head;
	long ret;

	if (copy_from_user(&head, user, sizeof(head)))
		return -EFAULT;
	if (!kl_irqchip_in_kernel(call->vm))
		return -ENXIO;
	if (head.nr > KL_MAX_IRQ_ROUTES || head.flags)
		return -EINVAL;
	if (head.nr) {
		entries = vmemdup_user(user->entries, array_size(head.nr, sizeof(*entries)));
		if (IS_ERR(entries))
			return PTR_ERR(entries);
	}
	ret = kl_routing_set(call->vm, entries, head.nr);
	kvfree(entries);
	return ret;
}
