// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PIC pair and the IOAPIC in a VM: their ports and registers on the buses,
 * their lock, their state for the client.
 *
 * Whatever may change the PIC's output goes through pic_unlock(), which tells
 * the CPUs when it rises.
 */
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/apicdef.h>

#include "../mmu/bus.h"
#include "../mmu/request.h"
#include "../uapi/object.h"
#include "irqchip.h"
#include "lapic.h"

/* KVM_GET_IRQCHIP's union is as large as this, the rest stays zero. */
#define CHIP_STATE_SIZE sizeof_field(struct kvm_irqchip, chip)

static unsigned long pic_lock(struct kl_vm *vm, bool *was)
	__acquires(&vm->irq.lock)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&vm->irq.lock, flags);
	*was = vm->irq.chips->pic.output;
	return flags;
}

/* The master's output is wired to LINT0 of every CPU. */
static void output_rose(struct kl_vm *vm)
{
	struct kl_vcpu *vcpu;
	unsigned int i;

	kl_for_each_vcpu(i, vcpu, vm) {
		if (kl_lapic_takes_pic(vcpu))
			kl_request_and_kick(vcpu, KL_REQ_EVENT);
		else if (kl_lapic_enabled(vcpu))
			kl_lapic_local(vcpu, APIC_LVT0);
	}
}

static void pic_unlock(struct kl_vm *vm, unsigned long flags, bool was)
	__releases(&vm->irq.lock)
{
	if (vm->irq.chips->pic.output && !was)
		output_rose(vm);
	raw_spin_unlock_irqrestore(&vm->irq.lock, flags);
}

static int pic_read(struct kl_vcpu *vcpu, struct kl_bus_dev *dev, gpa_t addr,
		    unsigned int len, void *data)
{
	struct kl_vm *vm = vcpu->vm;
	unsigned long flags;
	unsigned int i;
	u8 *byte = data;
	bool was;

	if (!vm->irq.chips)
		return -EOPNOTSUPP;
	flags = pic_lock(vm, &was);
	/* Wider accesses become one to each port, as on the ISA bus. */
	for (i = 0; i < len; i++)
		byte[i] = kl_pic_read(&vm->irq.chips->pic, addr + i);
	pic_unlock(vm, flags, was);
	return 0;
}

static int pic_write(struct kl_vcpu *vcpu, struct kl_bus_dev *dev, gpa_t addr,
		     unsigned int len, const void *data)
{
	struct kl_vm *vm = vcpu->vm;
	const u8 *byte = data;
	unsigned long flags;
	unsigned int i;
	bool was;

	if (!vm->irq.chips)
		return -EOPNOTSUPP;
	flags = pic_lock(vm, &was);
	for (i = 0; i < len; i++)
		kl_pic_write(&vm->irq.chips->pic, addr + i, byte[i]);
	pic_unlock(vm, flags, was);
	return 0;
}

static const struct kl_bus_ops pic_ops = {
	.read = pic_read,
	.write = pic_write,
};

/* One for all VMs: what it is about is in the VM of the vCPU that asks. */
static struct kl_bus_dev pic_dev = { .ops = &pic_ops };

static int ioapic_read(struct kl_vcpu *vcpu, struct kl_bus_dev *dev, gpa_t addr,
		       unsigned int len, void *data)
{
	struct kl_vm *vm = vcpu->vm;
	unsigned long flags;
	u32 value;

	if (!vm->irq.chips)
		return -EOPNOTSUPP;
	memset(data, 0, len);
	/* Registers are 32 bits, aligned to 16 bytes; the rest reads as zero. */
	raw_spin_lock_irqsave(&vm->irq.lock, flags);
	value = kl_ioapic_read(&vm->irq.chips->ioapic, addr - KL_IOAPIC_BASE);
	raw_spin_unlock_irqrestore(&vm->irq.lock, flags);
	memcpy(data, &value, min_t(size_t, len, sizeof(value)));
	return 0;
}

static int ioapic_write(struct kl_vcpu *vcpu, struct kl_bus_dev *dev, gpa_t addr,
			unsigned int len, const void *data)
{
	struct kl_vm *vm = vcpu->vm;
	unsigned long flags;
	u32 value = 0;

	if (!vm->irq.chips)
		return -EOPNOTSUPP;
	memcpy(&value, data, min_t(size_t, len, sizeof(value)));
	raw_spin_lock_irqsave(&vm->irq.lock, flags);
	kl_ioapic_write(&vm->irq.chips->ioapic, addr - KL_IOAPIC_BASE, value);
	raw_spin_unlock_irqrestore(&vm->irq.lock, flags);
	return 0;
}

static const struct kl_bus_ops ioapic_ops = {
	.read = ioapic_read,
	.write = ioapic_write,
};

static struct kl_bus_dev ioapic_dev = { .ops = &ioapic_ops };

/* The IOAPIC's way to the local APICs. */
static int deliver(void *vm, const struct kl_intr *intr)
{
	return kl_intr_send(vm, NULL, intr);
}

/* Note who holds a line. True if anyone does. */
static bool hold(u8 *held, bool level, u32 source)
{
	if (level)
		*held |= BIT(source);
	else
		*held &= ~BIT(source);
	return *held;
}

/**
 * kl_irqchip_pic_line - change a line of the PIC pair
 * @vm: the VM, its irqchip in the kernel
 * @irq: line 0 to 15
 * @level: what @source wants
 * @source: KL_IRQ_SOURCE_*
 *
 * Return: as kl_pic_line().
 */
int kl_irqchip_pic_line(struct kl_vm *vm, unsigned int irq, bool level, u32 source)
{
	struct kl_chips *chips = vm->irq.chips;
	unsigned long flags;
	bool was;
	int ret;

	if (irq >= KL_PIC_PINS)
		return -1;
	irq = array_index_nospec(irq, KL_PIC_PINS);
	flags = pic_lock(vm, &was);
	ret = kl_pic_line(&chips->pic, irq, hold(&chips->pic_held[irq], level, source));
	pic_unlock(vm, flags, was);
	return ret;
}

/**
 * kl_irqchip_ioapic_line - change a pin of the IOAPIC
 * @vm: the VM, its irqchip in the kernel
 * @pin: 0 to 23
 * @level: what @source wants
 * @source: KL_IRQ_SOURCE_*
 *
 * Return: as kl_ioapic_line().
 */
int kl_irqchip_ioapic_line(struct kl_vm *vm, unsigned int pin, bool level, u32 source)
{
	struct kl_chips *chips = vm->irq.chips;
	unsigned long flags;
	int ret;

	if (pin >= KVM_IOAPIC_NUM_PINS)
		return -1;
	pin = array_index_nospec(pin, KVM_IOAPIC_NUM_PINS);
	raw_spin_lock_irqsave(&vm->irq.lock, flags);
	ret = kl_ioapic_line(&chips->ioapic, pin,
			     hold(&chips->ioapic_held[pin], level, source));
	raw_spin_unlock_irqrestore(&vm->irq.lock, flags);
	return ret;
}

/**
 * kl_irqchip_eoi - a local APIC ended a level-triggered interrupt
 * @vm: the VM
 * @vector: its vector
 */
void kl_irqchip_eoi(struct kl_vm *vm, u8 vector)
{
	unsigned long flags;

	if (!vm->irq.chips)
		return;
	raw_spin_lock_irqsave(&vm->irq.lock, flags);
	kl_ioapic_eoi(&vm->irq.chips->ioapic, vector);
	raw_spin_unlock_irqrestore(&vm->irq.lock, flags);
}

/**
 * kl_irqchip_pic_output - does the PIC pair ask for the CPU?
 * @vm: the VM
 *
 * Return: true if it does; may be stale by the time it is looked at.
 */
bool kl_irqchip_pic_output(struct kl_vm *vm)
{
	return vm->irq.chips && READ_ONCE(vm->irq.chips->pic.output);
}

/**
 * kl_irqchip_pic_ack - interrupt acknowledge cycle
 * @vm: the VM
 *
 * Return: the vector, -1 if the PIC no longer asks.
 */
int kl_irqchip_pic_ack(struct kl_vm *vm)
{
	struct kl_pic *pic = &vm->irq.chips->pic;
	unsigned long flags;
	int vector = -1;

	raw_spin_lock_irqsave(&vm->irq.lock, flags);
	if (pic->output)
		vector = kl_pic_ack(pic);
	raw_spin_unlock_irqrestore(&vm->irq.lock, flags);
	return vector;
}

/**
 * kl_irqchip_in_kernel - does the VM have its interrupt controllers here?
 * @vm: the VM
 *
 * Return: true if it does.
 */
bool kl_irqchip_in_kernel(const struct kl_vm *vm)
{
	return READ_ONCE(vm->irq.chips);
}

static int register_devices(struct kl_vm *vm)
{
	static const u16 ports[] = { 0x20, 0xa0, 0x4d0 };
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		ret = kl_bus_register(vm, KL_BUS_PIO, ports[i], 2, &pic_dev);
		if (ret)
			return ret;
	}
	return kl_bus_register(vm, KL_BUS_MMIO, KL_IOAPIC_BASE, KL_IOAPIC_SIZE, &ioapic_dev);
}

/**
 * kl_irqchip_create - KVM_CREATE_IRQCHIP
 * @vm: the VM, vm->lock held
 *
 * Return: 0; -EEXIST if it is there; -EINVAL once a vCPU exists; -ENOMEM.
 */
int kl_irqchip_create(struct kl_vm *vm)
{
	struct kl_chips *chips;
	int ret;

	lockdep_assert_held(&vm->lock);
	if (vm->irq.chips)
		return -EEXIST;
	if (vm->nr_vcpus)
		return -EINVAL;
	chips = kzalloc(sizeof(*chips), GFP_KERNEL_ACCOUNT);
	if (!chips)
		return -ENOMEM;
	kl_pic_init(&chips->pic);
	kl_ioapic_init(&chips->ioapic, deliver, vm);
	ret = kl_routing_default(vm);
	if (ret)
		goto out;
	ret = register_devices(vm);
	if (ret)
		goto out_bus;
	/* Nobody used the devices so far: there is no vCPU. */
	WRITE_ONCE(vm->irq.chips, chips);
	return 0;

out_bus:
	/* Should one stay for lack of memory, it takes no access. */
	kl_bus_unregister(vm, KL_BUS_PIO, &pic_dev);
	kl_bus_unregister(vm, KL_BUS_MMIO, &ioapic_dev);
out:
	kfree(chips);
	return ret;
}

/**
 * kl_irqchip_destroy - free the controllers
 * @vm: the VM; nothing reaches them any more
 */
void kl_irqchip_destroy(struct kl_vm *vm)
{
	kfree(vm->irq.chips);
	vm->irq.chips = NULL;
}

/**
 * kl_irqchip_get - KVM_GET_IRQCHIP
 * @vm: the VM
 * @chip: in: @chip->chip_id; out: the state
 *
 * Return: 0; -ENXIO without an irqchip in the kernel; -EINVAL for another chip.
 */
int kl_irqchip_get(struct kl_vm *vm, struct kvm_irqchip *chip)
{
	struct kl_chips *chips = vm->irq.chips;
	unsigned long flags;
	int ret = 0;

	if (!chips)
		return -ENXIO;
	memset(&chip->chip, 0, CHIP_STATE_SIZE);
	raw_spin_lock_irqsave(&vm->irq.lock, flags);
	switch (chip->chip_id) {
	case KVM_IRQCHIP_PIC_MASTER:
		chip->chip.pic = chips->pic.chip[0];
		break;
	case KVM_IRQCHIP_PIC_SLAVE:
		chip->chip.pic = chips->pic.chip[1];
		break;
	case KVM_IRQCHIP_IOAPIC:
		kl_ioapic_get(&chips->ioapic, &chip->chip.ioapic);
		break;
	default:
		ret = -EINVAL;
	}
	raw_spin_unlock_irqrestore(&vm->irq.lock, flags);
	return ret;
}

/**
 * kl_irqchip_set - KVM_SET_IRQCHIP
 * @vm: the VM
 * @chip: which and the state
 *
 * Return: 0; -ENXIO without an irqchip in the kernel; -EINVAL for another chip
 * or an IOAPIC at another address.
 */
int kl_irqchip_set(struct kl_vm *vm, const struct kvm_irqchip *chip)
{
	struct kl_chips *chips = vm->irq.chips;
	unsigned long flags;
	int ret = 0;
	bool was;

	if (!chips)
		return -ENXIO;
	flags = pic_lock(vm, &was);
	switch (chip->chip_id) {
	case KVM_IRQCHIP_PIC_MASTER:
	case KVM_IRQCHIP_PIC_SLAVE:
		kl_pic_set(&chips->pic, chip->chip_id, &chip->chip.pic);
		break;
	case KVM_IRQCHIP_IOAPIC:
		ret = kl_ioapic_set(&chips->ioapic, &chip->chip.ioapic);
		break;
	default:
		ret = -EINVAL;
	}
	/* The CPUs may have been set up before or after: tell them in any case. */
	pic_unlock(vm, flags, false);
	return ret;
}
