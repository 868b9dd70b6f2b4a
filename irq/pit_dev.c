// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 8254 in a VM: its ports, a host timer for channel 0, its state for the
 * client.
 *
 * A tick that finds the one before still pending is owed to the guest, which
 * counts time by ticks: owed ticks are paid between the regular ones.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "../mmu/bus.h"
#include "../uapi/object.h"
#include "../vmx/host.h"
#include "irq.h"
#include "irqchip.h"
#include "pit.h"

#define PIT_PORT 0x40
#define SPEAKER_PORT 0x61
#define PIT_GSI 0

/* A guest may not make the host's timer fire more often than this. */
#define MIN_PERIOD_NS (200 * NSEC_PER_USEC)

/* Ticks that a guest can be owed: after that, time is lost. */
#define MAX_OWED 64

/**
 * struct kl_pit_dev - the timer of a VM
 * @lock: protects the fields below; outside vm->irq.lock
 * @vm: the VM
 * @pit: registers
 * @flags: KVM_PIT_FLAGS_HPET_LEGACY: channel 0 drives no interrupt
 * @reinject: pay owed ticks
 * @timer: expires when channel 0's output rises
 * @armed: @timer has a purpose
 * @next: when the next regular tick is due, CLOCK_MONOTONIC in ns
 * @period: ns between ticks, 0 for only one
 * @owed: ticks that the guest did not get
 * @extra: @timer expires for an owed tick
 */
struct kl_pit_dev {
	raw_spinlock_t lock; /* taken in hard interrupts */
	struct kl_vm *vm;
	struct kl_pit pit;
	u32 flags;
	bool reinject;
	struct hrtimer timer;
	bool armed;
	s64 next;
	s64 period;
	unsigned int owed;
	bool extra;
};

/* Channel 0 was written: begin anew, or stop. */
static void rearm(struct kl_pit_dev *p)
{
	s64 first = kl_pit_first_irq(&p->pit, &p->period);

	lockdep_assert_held(&p->lock);
	p->owed = 0;
	p->extra = false;
	p->armed = first >= 0 && !(p->flags & KVM_PIT_FLAGS_HPET_LEGACY);
	if (!p->armed) {
		/* If it is expiring now, it will find that it has no purpose. */
		hrtimer_try_to_cancel(&p->timer);
		return;
	}
	if (p->period)
		p->period = max_t(s64, p->period, MIN_PERIOD_NS);
	p->next = p->pit.ch[0].count_load_time + max_t(s64, first, p->period);
	hrtimer_start(&p->timer, ns_to_ktime(p->next), HRTIMER_MODE_ABS_HARD);
}

/* One tick: an edge. */
static void tick(struct kl_pit_dev *p)
{
	int status = -1;

	kl_irq_line(p->vm, PIT_GSI, 1, KL_IRQ_SOURCE_PIT, &status);
	kl_irq_line(p->vm, PIT_GSI, 0, KL_IRQ_SOURCE_PIT, NULL);
	if (status < 0) /* masked: nobody counts */
		p->owed = 0;
	else if (!status && !p->extra)
		p->owed = min(p->owed + 1, MAX_OWED);
	else if (status > 0 && p->extra)
		p->owed--;
}

static enum hrtimer_restart expire(struct hrtimer *timer)
{
	struct kl_pit_dev *p = container_of(timer, struct kl_pit_dev, timer);
	enum hrtimer_restart ret = HRTIMER_NORESTART;
	s64 now, missed;

	raw_spin_lock(&p->lock);
	/* Stopped or started again while this waited for the lock. */
	if (!p->armed || hrtimer_is_queued(timer))
		goto out;
	now = ktime_to_ns(ktime_get());
	tick(p);
	if (!p->period) {
		p->armed = false;
		goto out;
	}
	if (!p->extra) {
		missed = max_t(s64, now - p->next, 0) / p->period;
		p->owed = min_t(s64, p->owed + missed, MAX_OWED);
		p->next += (missed + 1) * p->period;
	}
	p->extra = !p->extra && p->owed && p->reinject && p->period / 2 >= MIN_PERIOD_NS;
	hrtimer_set_expires(timer, ns_to_ktime(p->extra ? p->next - p->period / 2 : p->next));
	ret = HRTIMER_RESTART;
out:
	raw_spin_unlock(&p->lock);
	return ret;
}

static s64 pit_now(void)
{
	return ktime_to_ns(ktime_get());
}

static int pit_read(struct kl_vcpu *vcpu, struct kl_bus_dev *dev, gpa_t addr,
		    unsigned int len, void *data)
{
	struct kl_pit_dev *p = READ_ONCE(vcpu->vm->irq.pit);
	unsigned long flags;
	unsigned int i;
	u8 *byte = data;

	if (!p)
		return -EOPNOTSUPP;
	raw_spin_lock_irqsave(&p->lock, flags);
	for (i = 0; i < len; i++)
		byte[i] = kl_pit_read(&p->pit, addr - PIT_PORT + i, pit_now());
	raw_spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}

static int pit_write(struct kl_vcpu *vcpu, struct kl_bus_dev *dev, gpa_t addr,
		     unsigned int len, const void *data)
{
	struct kl_pit_dev *p = READ_ONCE(vcpu->vm->irq.pit);
	const u8 *byte = data;
	unsigned long flags;
	unsigned int i;

	if (!p)
		return -EOPNOTSUPP;
	raw_spin_lock_irqsave(&p->lock, flags);
	for (i = 0; i < len && addr - PIT_PORT + i <= KL_PIT_CHANNELS; i++)
		if (kl_pit_write(&p->pit, addr - PIT_PORT + i, byte[i], pit_now()))
			rearm(p);
	raw_spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}

static const struct kl_bus_ops pit_ops = {
	.read = pit_read,
	.write = pit_write,
};

/* One for all VMs: the timer is that of the vCPU's VM. */
static struct kl_bus_dev pit_dev = { .ops = &pit_ops };

static int speaker_read(struct kl_vcpu *vcpu, struct kl_bus_dev *dev, gpa_t addr,
			unsigned int len, void *data)
{
	struct kl_pit_dev *p = READ_ONCE(vcpu->vm->irq.pit);
	unsigned long flags;

	if (!p)
		return -EOPNOTSUPP;
	memset(data, 0xff, len);
	raw_spin_lock_irqsave(&p->lock, flags);
	*(u8 *)data = kl_pit_speaker_read(&p->pit, pit_now());
	raw_spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}

static int speaker_write(struct kl_vcpu *vcpu, struct kl_bus_dev *dev, gpa_t addr,
			 unsigned int len, const void *data)
{
	struct kl_pit_dev *p = READ_ONCE(vcpu->vm->irq.pit);
	unsigned long flags;

	if (!p)
		return -EOPNOTSUPP;
	raw_spin_lock_irqsave(&p->lock, flags);
	kl_pit_speaker_write(&p->pit, *(const u8 *)data, pit_now());
	raw_spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}

static const struct kl_bus_ops speaker_ops = {
	.read = speaker_read,
	.write = speaker_write,
};

static struct kl_bus_dev speaker_dev = { .ops = &speaker_ops };

/**
 * kl_pit_create - KVM_CREATE_PIT2
 * @vm: the VM, vm->lock held
 * @config: KVM_PIT_SPEAKER_DUMMY: port 0x61 too, without sound
 *
 * Return: 0; -EEXIST if it is there; -ENOENT without an irqchip in the kernel;
 * -EINVAL for other flags; -ENOMEM.
 */
int kl_pit_create(struct kl_vm *vm, const struct kvm_pit_config *config)
{
	struct kl_pit_dev *p;
	int ret;

	lockdep_assert_held(&vm->lock);
	if (config->flags & ~KVM_PIT_SPEAKER_DUMMY)
		return -EINVAL;
	if (vm->irq.pit)
		return -EEXIST;
	if (!kl_irqchip_in_kernel(vm))
		return -ENOENT;
	p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	if (!p)
		return -ENOMEM;
	raw_spin_lock_init(&p->lock);
	p->vm = vm;
	p->reinject = true;
	kl_pit_init(&p->pit, pit_now());
	kl_host_hrtimer_init(&p->timer, expire, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	ret = kl_bus_register(vm, KL_BUS_PIO, PIT_PORT, KL_PIT_CHANNELS + 1, &pit_dev);
	if (ret)
		goto out;
	if (config->flags & KVM_PIT_SPEAKER_DUMMY) {
		ret = kl_bus_register(vm, KL_BUS_PIO, SPEAKER_PORT, 1, &speaker_dev);
		if (ret)
			goto out_bus;
	}
	/* vCPUs may run already: they see all of it or nothing. */
	smp_store_release(&vm->irq.pit, p);
	return 0;

out_bus:
	/* Should it stay for lack of memory, it takes no access. */
	kl_bus_unregister(vm, KL_BUS_PIO, &pit_dev);
out:
	kfree(p);
	return ret;
}

/**
 * kl_pit_stop - no tick comes after this
 * @vm: the VM, without users
 */
void kl_pit_stop(struct kl_vm *vm)
{
	if (vm->irq.pit)
		hrtimer_cancel(&vm->irq.pit->timer);
}

/**
 * kl_pit_destroy - free the timer
 * @vm: the VM; kl_pit_stop() was done
 */
void kl_pit_destroy(struct kl_vm *vm)
{
	kfree(vm->irq.pit);
	vm->irq.pit = NULL;
}

/**
 * kl_pit_get2 - KVM_GET_PIT2
 * @vm: the VM
 * @state: out; the count of a channel that has none yet is 0
 *
 * Return: 0 or -ENXIO without a timer.
 */
int kl_pit_get2(struct kl_vm *vm, struct kvm_pit_state2 *state)
{
	struct kl_pit_dev *p = READ_ONCE(vm->irq.pit);
	unsigned long flags;
	unsigned int n;

	if (!p)
		return -ENXIO;
	memset(state, 0, sizeof(*state));
	raw_spin_lock_irqsave(&p->lock, flags);
	for (n = 0; n < KL_PIT_CHANNELS; n++) {
		state->channels[n] = p->pit.ch[n];
		if (p->pit.null[n])
			state->channels[n].count = 0;
	}
	state->flags = p->flags;
	if (p->pit.speaker)
		state->flags |= KVM_PIT_FLAGS_SPEAKER_DATA_ON;
	raw_spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}

/**
 * kl_pit_set2 - KVM_SET_PIT2
 * @vm: the VM
 * @state: the state; the counters start again
 *
 * Return: 0; -ENXIO without a timer; -EINVAL for unknown flags.
 */
int kl_pit_set2(struct kl_vm *vm, const struct kvm_pit_state2 *state)
{
	struct kl_pit_dev *p = READ_ONCE(vm->irq.pit);
	unsigned long flags;

	if (!p)
		return -ENXIO;
	if (state->flags & ~(KVM_PIT_FLAGS_HPET_LEGACY | KVM_PIT_FLAGS_SPEAKER_DATA_ON))
		return -EINVAL;
	raw_spin_lock_irqsave(&p->lock, flags);
	p->flags = state->flags & KVM_PIT_FLAGS_HPET_LEGACY;
	kl_pit_set(&p->pit, state, pit_now());
	rearm(p);
	raw_spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}

/**
 * kl_pit_reinject - KVM_REINJECT_CONTROL
 * @vm: the VM
 * @reinject: pay ticks the guest did not get; false: they are lost
 *
 * Return: 0 or -ENXIO without a timer.
 */
int kl_pit_reinject(struct kl_vm *vm, bool reinject)
{
	struct kl_pit_dev *p = READ_ONCE(vm->irq.pit);
	unsigned long flags;

	if (!p)
		return -ENXIO;
	raw_spin_lock_irqsave(&p->lock, flags);
	p->reinject = reinject;
	p->owed = 0;
	raw_spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}
