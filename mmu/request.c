// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to vCPUs, kicks, and the moves between vCPU states.
 *
 * The ordering that makes this safe is drawn in request.h.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/rcuwait.h>
#include <linux/smp.h>
#include <trace/events/ipi.h>

#include "request.h"

/* Arriving is all it does: a CPU in guest mode has left it by then. */
static void kl_ack(void *unused)
{
}

/**
 * kl_request - ask something of a vCPU, to be done before its next VM entry
 * @vcpu: the vCPU
 * @req: the request
 *
 * Does not interrupt it: kl_vcpu_kick() does. Callable from hard interrupts.
 */
void kl_request(struct kl_vcpu *vcpu, enum kl_request req)
{
	/* What the request is about must be visible before the bit is. */
	smp_mb__before_atomic();
	set_bit(req, &vcpu->requests);
}

/**
 * kl_vcpu_kick - make a vCPU look at its requests soon
 * @vcpu: the vCPU
 *
 * Interrupts it if it is in guest mode and wakes it if it sleeps. Callable from
 * hard interrupts; does not wait.
 */
void kl_vcpu_kick(struct kl_vcpu *vcpu)
{
	int me, cpu;

	smp_mb(); /* with kl_vcpu_move(): request before state */
	switch (READ_ONCE(vcpu->state)) {
	case KL_VCPU_GUEST:
		me = get_cpu();
		cpu = READ_ONCE(vcpu->cpu);
		/* On this CPU it has left guest mode: we run. */
		if (cpu >= 0 && cpu != me && cpu_online(cpu))
			smp_send_reschedule(cpu);
		put_cpu();
		break;
	case KL_VCPU_BLOCKED:
		rcuwait_wake_up(&vcpu->wait);
		break;
	default:
		break;
	}
}

/**
 * kl_request_and_kick - ask something of a vCPU and make it look soon
 * @vcpu: the vCPU
 * @req: the request
 *
 * Callable from hard interrupts; does not wait.
 */
void kl_request_and_kick(struct kl_vcpu *vcpu, enum kl_request req)
{
	kl_request(vcpu, req);
	kl_vcpu_kick(vcpu);
}

/* Interrupt every CPU on which a vCPU of @vm is in guest mode; wait for all. */
static void kl_wait_out_of_guest(struct kl_vm *vm)
{
	struct kl_vcpu *vcpu;
	unsigned int i;
	int cpu;

	lockdep_assert_irqs_enabled();

	/*
	 * Spins with interrupts on, so two VMs' (or two threads') waits cannot
	 * hold each other up. The lock also keeps preemption off.
	 */
	raw_spin_lock(&vm->mmu.kick_lock);
	cpumask_clear(vm->mmu.kick_mask);
	smp_mb(); /* with kl_vcpu_move(): request before state */
	kl_for_each_vcpu(i, vcpu, vm) {
		if (READ_ONCE(vcpu->state) != KL_VCPU_GUEST)
			continue;
		cpu = READ_ONCE(vcpu->cpu);
		if (cpu >= 0)
			cpumask_set_cpu(cpu, vm->mmu.kick_mask);
	}
	/* Leaves out this CPU, which is not in guest mode. */
	smp_call_function_many(vm->mmu.kick_mask, kl_ack, NULL, true);
	raw_spin_unlock(&vm->mmu.kick_lock);
}

/**
 * kl_request_all - ask something of every vCPU of a VM
 * @vm: the VM
 * @req: the request
 * @wait: wait until each vCPU that was in guest mode has left it. Only with
 *	interrupts on
 *
 * vCPUs in guest mode are interrupted. Sleeping ones are woken, except for
 * %KL_REQ_TLB_FLUSH, which can wait until they wake by themselves.
 */
void kl_request_all(struct kl_vm *vm, enum kl_request req, bool wait)
{
	struct kl_vcpu *vcpu;
	unsigned int i;

	kl_for_each_vcpu(i, vcpu, vm) {
		kl_request(vcpu, req);
		if (!wait)
			kl_vcpu_kick(vcpu);
	}
	if (!wait)
		return;

	kl_wait_out_of_guest(vm);
	if (req == KL_REQ_TLB_FLUSH)
		return;
	kl_for_each_vcpu(i, vcpu, vm)
		kl_vcpu_kick(vcpu);
}

/* The legal moves, see enum kl_vcpu_state. */
static bool kl_vcpu_may_move(enum kl_vcpu_state from, enum kl_vcpu_state to)
{
	if (from == KL_VCPU_HOST)
		return to == KL_VCPU_IDLE || to == KL_VCPU_GUEST || to == KL_VCPU_BLOCKED;
	return to == KL_VCPU_HOST;
}

/**
 * kl_vcpu_move - change the state of a vCPU
 * @vcpu: the vCPU, by its own thread; interrupts off for a move to
 *	%KL_VCPU_GUEST and until VM entry
 * @from: the state it is in
 * @to: the state it shall be in
 *
 * A full barrier after the change, except for one out of %KL_VCPU_GUEST:
 * requests read afterwards include all by those who still saw the old state.
 *
 * Return: 0, or -EINVAL if the move is not legal or @from is not the state, an
 * error in the caller: the state is unchanged, the VM is to be killed.
 */
int kl_vcpu_move(struct kl_vcpu *vcpu, enum kl_vcpu_state from, enum kl_vcpu_state to)
{
	if (READ_ONCE(vcpu->state) != from || !kl_vcpu_may_move(from, to))
		return -EINVAL;
	if (from == KL_VCPU_GUEST) {
		/* No IPI is missed by leaving: a release, for who waits for it. */
		smp_store_release(&vcpu->state, to);
		return 0;
	}
	/* Pairs with smp_mb() in kl_vcpu_kick() and kl_wait_out_of_guest(). */
	smp_store_mb(vcpu->state, (int)to);
	return 0;
}
