// SPDX-License-Identifier: GPL-2.0-only
/*
 * Port I/O (SDM, "Exit Qualification for I/O Instructions").
 *
 * tour 46: a device in the kernel takes the access here; if none does, kvm_run
 * tells userspace, and what is left to do for the guest waits in
 * vcpu->complete for the next KVM_RUN.
 */
#include <linux/kvm.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <asm/vmx.h>

#include "../mmu/bus.h"
#include "../mmu/insn/insn.h"
#include "../mmu/mmu.h"
#include "../uapi/trace.h"
#include "exit.h"
#include "guest_mem.h"
#include "guest_state.h"
#include "inject.h"

/* Merge an IN result into RAX as the instruction does. */
static void finish_in(struct kl_vcpu *vcpu, unsigned int size, const void *data)
{
	u64 rax = vcpu->vmx.entry.regs[KL_REG_RAX];

	if (size == 4)
		rax = 0;
	memcpy(&rax, data, size);
	vcpu->vmx.entry.regs[KL_REG_RAX] = rax;
	kl_insn_done(vcpu);
}

static enum kl_result complete_in(struct kl_vcpu *vcpu)
{
	if (kl_rip(vcpu) == vcpu->vmx.pio.rip)
		finish_in(vcpu, vcpu->vmx.pio.size, vcpu->pio_data);
	return KL_RESUME;
}

/* Describe the access in vcpu->vmx.pio to userspace. */
static enum kl_result user_io(struct kl_vcpu *vcpu)
{
	const struct kl_pio *pio = &vcpu->vmx.pio;
	struct kvm_run *run = vcpu->run;

	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = pio->in ? KVM_EXIT_IO_IN : KVM_EXIT_IO_OUT;
	run->io.size = pio->size;
	run->io.port = pio->port;
	run->io.count = pio->count;
	run->io.data_offset = KVM_PIO_PAGE_OFFSET * PAGE_SIZE;
	return KL_USER;
}

static enum kl_result plain_io(struct kl_vcpu *vcpu)
{
	struct kl_pio *pio = &vcpu->vmx.pio;
	u32 data = vcpu->vmx.entry.regs[KL_REG_RAX];

	pio->count = 1;
	if (pio->in) {
		data = 0;
		if (!kl_bus_read(vcpu, KL_BUS_PIO, pio->port, pio->size, &data)) {
			finish_in(vcpu, pio->size, &data);
			return KL_RESUME;
		}
		vcpu->complete = complete_in;
		return user_io(vcpu);
	}
	if (!kl_bus_write(vcpu, KL_BUS_PIO, pio->port, pio->size, &data)) {
		kl_insn_done(vcpu);
		return KL_RESUME;
	}
	/* Nothing is left to do for the guest after an OUT. */
	memcpy(vcpu->pio_data, &data, pio->size);
	kl_insn_done(vcpu);
	return user_io(vcpu);
}

/* Width of the index and count registers, from the instruction information. */
static u64 address_mask(struct kl_vcpu *vcpu)
{
	switch ((vmx_vmread(VMX_INSTRUCTION_INFO) >> 7) & 7) {
	case 0:
		return U16_MAX;
	case 1:
		return U32_MAX;
	default:
		return U64_MAX;
	}
}

/* A register written with an address size of 32 bits is zero-extended. */
static void set_masked(struct kl_vcpu *vcpu, unsigned int reg, u64 value, u64 mask)
{
	u64 old = kl_reg(vcpu, reg);

	if (mask == U16_MAX)
		value = (old & ~mask) | (value & mask);
	else
		value &= mask;
	kl_set_reg(vcpu, reg, value);
}

/*
 * @items of a string instruction are done: move index and count. The
 * instruction is over when the count is used up, else it starts again.
 */
static void advance_string(struct kl_vcpu *vcpu, u32 items)
{
	const struct kl_pio *pio = &vcpu->vmx.pio;
	u64 mask = address_mask(vcpu);
	unsigned int index = pio->in ? KL_REG_RDI : KL_REG_RSI;
	s64 step = (kl_rflags(vcpu) & X86_EFLAGS_DF) ? -(s64)pio->size : pio->size;
	u64 left = 0;

	set_masked(vcpu, index, kl_reg(vcpu, index) + step * items, mask);
	if (kl_qualification(vcpu) & BIT(5)) {
		left = (kl_reg(vcpu, KL_REG_RCX) - items) & mask;
		set_masked(vcpu, KL_REG_RCX, left, mask);
	}
	if (!left)
		kl_insn_done(vcpu);
}

/* Copy between the data page and guest memory. 0, or an exception is queued. */
static int copy_items(struct kl_vcpu *vcpu, bool to_guest)
{
	const struct kl_pio *pio = &vcpu->vmx.pio;
	u32 access = to_guest ? KL_ACCESS_WRITE : KL_ACCESS_READ;
	unsigned int bytes = pio->size * pio->count, done = 0, part;
	struct kl_insn_exc exc;
	gpa_t gpa;
	int ret;

	for (; done < bytes; done += part) {
		u64 gva = pio->linear + done;

		part = min_t(unsigned int, bytes - done, PAGE_SIZE - offset_in_page(gva));
		if (kl_translate(vcpu, gva, access, &gpa, &exc)) {
			kl_raise_exc(vcpu, &exc);
			return -EFAULT;
		}
		if (to_guest)
			ret = kl_gpa_write(vcpu->vm, gpa, vcpu->pio_data + done, part);
		else
			ret = kl_gpa_read(vcpu->vm, gpa, vcpu->pio_data + done, part);
		if (ret)
			return -ENXIO;
	}
	return 0;
}

/* Can the items be written to guest memory? 0, or an exception is queued. */
static int check_items(struct kl_vcpu *vcpu)
{
	const struct kl_pio *pio = &vcpu->vmx.pio;
	u64 last = pio->linear + pio->size * pio->count - 1;
	struct kl_insn_exc exc;
	gpa_t gpa;

	if (!kl_translate(vcpu, pio->linear, KL_ACCESS_WRITE, &gpa, &exc) &&
	    (!((last ^ pio->linear) & PAGE_MASK) ||
	     !kl_translate(vcpu, last, KL_ACCESS_WRITE, &gpa, &exc)))
		return 0;
	kl_raise_exc(vcpu, &exc);
	return -EFAULT;
}

static enum kl_result complete_ins(struct kl_vcpu *vcpu)
{
	int idx, ret;

	if (kl_rip(vcpu) != vcpu->vmx.pio.rip)
		return KL_RESUME;
	idx = kl_mmu_enter(vcpu->vm);
	ret = copy_items(vcpu, true);
	kl_mmu_exit(vcpu->vm, idx);
	if (ret == -ENXIO)
		return kl_internal_error(vcpu, KVM_INTERNAL_ERROR_EMULATION);
	if (!ret)
		advance_string(vcpu, vcpu->vmx.pio.count);
	return KL_RESUME;
}

/* How many items one exit may carry: they must not leave a page of memory. */
static u32 string_batch(struct kl_vcpu *vcpu, u64 left, u64 gva)
{
	unsigned int size = vcpu->vmx.pio.size;
	u32 fit = (PAGE_SIZE - offset_in_page(gva)) / size;

	if (kl_rflags(vcpu) & X86_EFLAGS_DF)
		return 1;
	/* An item across the border goes alone. */
	return min_t(u64, left, max_t(u32, fit, 1));
}

/* The items of the data page against a device in the kernel. */
static bool kernel_string_io(struct kl_vcpu *vcpu)
{
	const struct kl_pio *pio = &vcpu->vmx.pio;
	u8 *data = vcpu->pio_data;
	u32 i;

	for (i = 0; i < pio->count; i++, data += pio->size) {
		int ret = pio->in ?
			kl_bus_read(vcpu, KL_BUS_PIO, pio->port, pio->size, data) :
			kl_bus_write(vcpu, KL_BUS_PIO, pio->port, pio->size, data);

		/* All of a port's items go the same way. */
		if (ret)
			return false;
	}
	return true;
}

static enum kl_result string_io(struct kl_vcpu *vcpu)
{
	struct kl_pio *pio = &vcpu->vmx.pio;
	u64 left = 1;
	int ret;

	pio->linear = vmx_vmread(GUEST_LINEAR_ADDRESS);
	if (kl_qualification(vcpu) & BIT(5))
		left = kl_reg(vcpu, KL_REG_RCX) & address_mask(vcpu);
	if (!left) {
		kl_insn_done(vcpu);
		return KL_RESUME;
	}
	pio->count = string_batch(vcpu, left, pio->linear);

	/* An access that faults must do so before the device is read. */
	ret = pio->in ? check_items(vcpu) : copy_items(vcpu, false);
	if (ret == -ENXIO)
		return kl_internal_error(vcpu, KVM_INTERNAL_ERROR_EMULATION);
	if (ret)
		return KL_RESUME;

	if (kernel_string_io(vcpu)) {
		if (!pio->in) {
			advance_string(vcpu, pio->count);
			return KL_RESUME;
		}
		ret = copy_items(vcpu, true);
		if (ret == -ENXIO)
			return kl_internal_error(vcpu, KVM_INTERNAL_ERROR_EMULATION);
		if (!ret)
			advance_string(vcpu, pio->count);
		return KL_RESUME;
	}
	if (pio->in)
		vcpu->complete = complete_ins;
	else
		advance_string(vcpu, pio->count);
	return user_io(vcpu);
}

/**
 * kl_exit_io - IN, OUT, INS, OUTS
 * @vcpu: the vCPU; memslots and buses readable
 *
 * Return: KL_RESUME if a device in the kernel took it, KL_USER with KVM_EXIT_IO
 * otherwise.
 */
enum kl_result kl_exit_io(struct kl_vcpu *vcpu)
{
	struct kl_pio *pio = &vcpu->vmx.pio;
	u64 qual = kl_qualification(vcpu);

	pio->size = (qual & 7) + 1;
	pio->in = qual & BIT(3);
	pio->string = qual & BIT(4);
	pio->port = qual >> 16;
	pio->rip = kl_rip(vcpu);
	trace_kvmlite_pio(vcpu->id, pio->in, pio->port, pio->size, 1);
	return pio->string ? string_io(vcpu) : plain_io(vcpu);
}
