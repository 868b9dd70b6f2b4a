/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asking something of a running vCPU: requests, kicks and its states.
 *
 * tour 21: no request to a vCPU is lost, because both sides write before they read.
 *
 * Two threads meet on two words:
 *
 *   the vCPU, interrupts off            whoever asks
 *   -------------------------           ----------------------------
 *   state = GUEST                       set bit in requests
 *   full barrier                        full barrier
 *   any request? then do not enter      state == GUEST? then send IPI
 *   VM entry
 *
 * At least one sees the other: either the request is found before entry, or the
 * IPI is sent; it cannot be lost, as interrupts stay off until VM entry and a
 * pending one causes an exit at once.
 * The same holds for KL_VCPU_BLOCKED, with a wake-up in place of the IPI.
 */
#ifndef _KL_MMU_REQUEST_H
#define _KL_MMU_REQUEST_H

#include <linux/types.h>

#include "../uapi/object.h"

void kl_request(struct kl_vcpu *vcpu, enum kl_request req);
void kl_request_and_kick(struct kl_vcpu *vcpu, enum kl_request req);
void kl_request_all(struct kl_vm *vm, enum kl_request req, bool wait);
void kl_vcpu_kick(struct kl_vcpu *vcpu);
int kl_vcpu_move(struct kl_vcpu *vcpu, enum kl_vcpu_state from, enum kl_vcpu_state to);

/**
 * kl_request_pending - is anything asked of a vCPU
 * @vcpu: the vCPU
 *
 * No barrier of its own: before VM entry kl_vcpu_move() to KL_VCPU_GUEST has
 * given it.
 *
 * Return: true if a request is set.
 */
static inline bool kl_request_pending(struct kl_vcpu *vcpu)
{
	return READ_ONCE(vcpu->requests);
}

/**
 * kl_request_check - take one request
 * @vcpu: the vCPU, by its own thread
 * @req: the request
 *
 * What the asker wrote before kl_request() is visible after this returned true,
 * and what it writes for the next request is not missed: the bit is cleared
 * before the caller acts.
 *
 * Return: true if it was set; it no longer is.
 */
static inline bool kl_request_check(struct kl_vcpu *vcpu, enum kl_request req)
{
	if (!test_bit(req, &vcpu->requests))
		return false;
	clear_bit(req, &vcpu->requests);
	smp_mb__after_atomic(); /* pairs with the one in kl_request() */
	return true;
}

#endif /* _KL_MMU_REQUEST_H */
