// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC's timer on a host timer: one-shot and periodic on a bus clock
 * of 1 GHz, which is the frequency /dev/kvm's users know, and TSC deadline.
 *
 * tour 38: the expiry runs in a hard interrupt: it sets the IRR and wakes or
 * kicks the vCPU, no more.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <asm/apicdef.h>
#include <asm/msr.h>

#include "../uapi/object.h"
#include "../vmx/host.h"
#include "lapic.h"

/* A guest may not make the host's timer fire more often than this. */
#define MIN_PERIOD_NS (200 * NSEC_PER_USEC)

/* A deadline that the host's timer met early is waited for again, this at least. */
#define MIN_RETRY_NS (2 * NSEC_PER_USEC)

static u32 timer_mode(const struct kl_lapic *lapic)
{
	return kl_apic_get(&lapic->a, APIC_LVTT) & KL_LVT_TIMER_MODE;
}

/**
 * kl_lapic_timer_in_deadline - is the timer in TSC-deadline mode?
 * @lapic: the APIC
 *
 * Return: true if it is.
 */
bool kl_lapic_timer_in_deadline(const struct kl_lapic *lapic)
{
	return timer_mode(lapic) == KL_LVT_DEADLINE;
}

/* Time in ns from now until the deadline, 0 if it has passed. */
static s64 deadline_ns(const struct kl_lapic *lapic, u64 deadline)
{
	u64 now = rdtsc() + READ_ONCE(lapic->vcpu->irq.tsc_offset);

	/* Far deadlines and a TSC that wraps: unsigned, as the CPU compares. */
	if (deadline <= now)
		return 0;
	return kl_apic_tsc_to_ns(min_t(u64, deadline - now, S64_MAX), kl_host_tsc_khz());
}

static u64 period_ns(const struct kl_lapic *lapic)
{
	u64 ns = kl_apic_count_to_ns(kl_apic_get(&lapic->a, APIC_TMICT),
				     kl_apic_get(&lapic->a, APIC_TDCR));

	return max_t(u64, ns, MIN_PERIOD_NS);
}

static enum hrtimer_restart expire(struct hrtimer *timer)
{
	struct kl_lapic *lapic = container_of(timer, struct kl_lapic, timer);
	u64 deadline = READ_ONCE(lapic->deadline);
	s64 left;

	if (deadline) {
		/* The TSC is what counts; the two clocks may differ a little. */
		left = deadline_ns(lapic, deadline);
		if (left) {
			hrtimer_forward_now(timer, max_t(s64, left, MIN_RETRY_NS));
			return HRTIMER_RESTART;
		}
		WRITE_ONCE(lapic->deadline, 0);
		kl_lapic_local(lapic->vcpu, APIC_LVTT);
		return HRTIMER_NORESTART;
	}
	kl_lapic_local(lapic->vcpu, APIC_LVTT);
	if (timer_mode(lapic) != KL_LVT_PERIODIC) {
		WRITE_ONCE(lapic->running, false);
		return HRTIMER_NORESTART;
	}
	hrtimer_forward_now(timer, ns_to_ktime(period_ns(lapic)));
	WRITE_ONCE(lapic->expires, hrtimer_get_expires(timer));
	return HRTIMER_RESTART;
}

/**
 * kl_lapic_timer_init - prepare the timer of a new APIC
 * @lapic: the APIC
 */
void kl_lapic_timer_init(struct kl_lapic *lapic)
{
	kl_host_hrtimer_init(&lapic->timer, expire, CLOCK_MONOTONIC,
			     HRTIMER_MODE_ABS_PINNED_HARD);
}

/**
 * kl_lapic_timer_stop - disarm the timer, whatever its mode
 * @lapic: the APIC
 *
 * Context: the vCPU's thread; interrupts may be off. Waits for an expiry that
 * is running on another CPU.
 */
void kl_lapic_timer_stop(struct kl_lapic *lapic)
{
	hrtimer_cancel(&lapic->timer);
	lapic->running = false;
	lapic->deadline = 0;
}

/* Count down for @ns, from now on. */
static void start(struct kl_lapic *lapic, u64 ns)
{
	lapic->expires = ktime_add_ns(ktime_get(), ns);
	lapic->running = true;
	hrtimer_start(&lapic->timer, lapic->expires, HRTIMER_MODE_ABS_PINNED_HARD);
}

/**
 * kl_lapic_timer_count - the initial count was written: start or stop
 * @lapic: the APIC
 * @count: the count, 0 stops; without effect in TSC-deadline mode
 */
void kl_lapic_timer_count(struct kl_lapic *lapic, u32 count)
{
	if (kl_lapic_timer_in_deadline(lapic))
		return;
	kl_lapic_timer_stop(lapic);
	kl_apic_set(&lapic->a, APIC_TMICT, count);
	if (!count)
		return;
	if (timer_mode(lapic) == KL_LVT_PERIODIC)
		start(lapic, period_ns(lapic));
	else
		start(lapic, kl_apic_count_to_ns(count, kl_apic_get(&lapic->a, APIC_TDCR)));
}

/**
 * kl_lapic_timer_current - the current count
 * @lapic: the APIC
 *
 * Return: the count, 0 if the timer does not run.
 */
u32 kl_lapic_timer_current(const struct kl_lapic *lapic)
{
	s64 left;
	u32 count;

	if (!READ_ONCE(lapic->running))
		return 0;
	left = ktime_to_ns(ktime_sub(READ_ONCE(lapic->expires), ktime_get()));
	count = kl_apic_ns_to_count(left, kl_apic_get(&lapic->a, APIC_TDCR));
	/* A period below the host's minimum is stretched. */
	return min(count, kl_apic_get(&lapic->a, APIC_TMICT));
}

/**
 * kl_lapic_timer_divide - the divide configuration is written: the count that is
 *	left goes on at the new pace
 * @lapic: the APIC
 * @divide: the new value
 */
void kl_lapic_timer_divide(struct kl_lapic *lapic, u32 divide)
{
	u32 left;

	if (kl_lapic_timer_in_deadline(lapic) || !READ_ONCE(lapic->running)) {
		kl_apic_set(&lapic->a, APIC_TDCR, divide & 0xb);
		return;
	}
	left = kl_lapic_timer_current(lapic);
	kl_lapic_timer_stop(lapic);
	kl_apic_set(&lapic->a, APIC_TDCR, divide & 0xb);
	start(lapic, kl_apic_count_to_ns(left, divide));
}

/**
 * kl_lapic_timer_resume - go on from the current count in the register page, as
 *	KVM_SET_LAPIC left it
 * @lapic: the APIC, its timer stopped. A deadline comes by its MSR
 */
void kl_lapic_timer_resume(struct kl_lapic *lapic)
{
	u32 left = kl_apic_get(&lapic->a, APIC_TMCCT);

	kl_apic_set(&lapic->a, APIC_TMCCT, 0);
	if (kl_lapic_timer_in_deadline(lapic) || !kl_apic_get(&lapic->a, APIC_TMICT))
		return;
	/* One-shot and at zero: it has fired. */
	if (!left && timer_mode(lapic) != KL_LVT_PERIODIC)
		return;
	left = min(left, kl_apic_get(&lapic->a, APIC_TMICT));
	start(lapic, kl_apic_count_to_ns(left, kl_apic_get(&lapic->a, APIC_TDCR)));
}

/**
 * kl_lapic_timer_deadline - IA32_TSC_DEADLINE is written
 * @lapic: the APIC
 * @deadline: guest TSC, 0 disarms; without effect in the other modes
 */
void kl_lapic_timer_deadline(struct kl_lapic *lapic, u64 deadline)
{
	s64 left;

	if (!kl_lapic_timer_in_deadline(lapic))
		return;
	hrtimer_cancel(&lapic->timer);
	lapic->deadline = 0;
	if (!deadline)
		return;
	left = deadline_ns(lapic, deadline);
	if (!left) {
		kl_lapic_local(lapic->vcpu, APIC_LVTT);
		return;
	}
	WRITE_ONCE(lapic->deadline, deadline);
	hrtimer_start(&lapic->timer, ktime_add_ns(ktime_get(), left),
		      HRTIMER_MODE_ABS_PINNED_HARD);
}
