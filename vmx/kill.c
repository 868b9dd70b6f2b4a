// SPDX-License-Identifier: GPL-2.0-only
/*
 * Giving a VM up: a guest that meets what this module cannot go on from loses
 * its VM, and the client learns why. The first reason wins; the host never
 * notices.
 */
#define pr_fmt(fmt) "kvmlite: " fmt

#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/stdarg.h>
#include <linux/string.h>

#include "../mmu/request.h"
#include "../uapi/kvmlite.h"
#include "../uapi/object.h"
#include "kill.h"

/* May take the place of the reason @vm has? Called with death_lock held. */
static bool kl_death_first(struct kl_vm *vm, u32 cause)
{
	/* A refused entry is not the end: the client may mend the state. */
	return vm->death.cause == KVMLITE_DEATH_NONE ||
	       (vm->death.cause == KVMLITE_DEATH_ENTRY && cause == KVMLITE_DEATH_ENTRY);
}

/* Called with death_lock held; takes over @text, which may be NULL. */
static void kl_death_set(struct kl_vm *vm, u32 cause, u32 vcpu_id, u64 hw_reason, char *text)
{
	kfree(vm->death.text);
	vm->death.cause = cause;
	vm->death.vcpu_id = vcpu_id;
	vm->death.hw_reason = hw_reason;
	vm->death.text = text;
}

static __printf(4, 0)
void kl_kill_va(struct kl_vm *vm, u32 vcpu_id, u64 hw_reason, const char *fmt, va_list args)
{
	char *text = kvasprintf(GFP_KERNEL, fmt, args);
	bool first;

	mutex_lock(&vm->death_lock);
	first = !vm->dead;
	if (first) {
		kl_death_set(vm, KVMLITE_DEATH_KILLED, vcpu_id, hw_reason, text);
		/* Pairs with the plain reads of dead: the reason comes first. */
		smp_store_release(&vm->dead, true);
	}
	mutex_unlock(&vm->death_lock);

	if (!first) {
		kfree(text);
		return;
	}
	pr_warn_ratelimited("VM %u killed: %s\n", vm->id, text ? text : "(no memory for a reason)");
	kl_request_all(vm, KL_REQ_DEAD, false);
}

/**
 * kl_kill - give a VM up
 * @vm: the VM
 * @fmt: the reason in words, without a newline
 *
 * Every later ioctl on the VM returns -EIO, but for KVMLITE_GET_DEATH_REASON;
 * vCPUs leave KVM_RUN. May sleep.
 */
void kl_kill(struct kl_vm *vm, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	kl_kill_va(vm, ~0, 0, fmt, args);
	va_end(args);
}

/**
 * kl_kill_vcpu - give a VM up for what one vCPU met
 * @vcpu: that vCPU
 * @hw_reason: the exit-reason field
 * @fmt: the reason in words, without a newline
 *
 * As kl_kill(). May sleep.
 */
void kl_kill_vcpu(struct kl_vcpu *vcpu, u64 hw_reason, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	kl_kill_va(vcpu->vm, vcpu->id, hw_reason, fmt, args);
	va_end(args);
}

/**
 * kl_death_entry - keep the report of a refused VM entry
 * @vcpu: the vCPU that was refused
 * @hw_reason: exit reason with bit 31, or VM-instruction error
 * @text: one line for each rule broken; copied
 *
 * The VM stays alive: KVM_RUN returns KVM_EXIT_FAIL_ENTRY, and the client may
 * mend the state. The last report stands until the VM dies. May sleep.
 */
void kl_death_entry(struct kl_vcpu *vcpu, u64 hw_reason, const char *text)
{
	struct kl_vm *vm = vcpu->vm;
	char *copy = kstrndup(text, KVMLITE_DEATH_TEXT - 1, GFP_KERNEL);

	mutex_lock(&vm->death_lock);
	if (kl_death_first(vm, KVMLITE_DEATH_ENTRY)) {
		kl_death_set(vm, KVMLITE_DEATH_ENTRY, vcpu->id, hw_reason, copy);
		copy = NULL;
	}
	mutex_unlock(&vm->death_lock);
	kfree(copy);
}

/**
 * kl_death_get - why did it die?
 * @vm: the VM, dead or not
 * @out: filled but for @flags; the text ends with NUL
 */
void kl_death_get(struct kl_vm *vm, struct kvmlite_death *out)
{
	mutex_lock(&vm->death_lock);
	out->cause = vm->death.cause;
	out->vcpu_id = vm->death.cause ? vm->death.vcpu_id : ~0;
	out->hw_reason = vm->death.hw_reason;
	strscpy(out->text, vm->death.text ? vm->death.text : "", sizeof(out->text));
	mutex_unlock(&vm->death_lock);
}
