// SPDX-License-Identifier: GPL-2.0-only
/* The board: which devices a machine has, and how they reach the world. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "machine.h"

#define KL_FLUSH_NS 5000000ull /* an unfinished line is shown after this */

static void kl_env_irq(void *opaque, unsigned int gsi, bool level)
{
	struct kl_machine *m = opaque;

	if (kl_api_irq_line(m->vm_fd, gsi, level) < 0)
		kl_machine_end(m, KL_END_DIED, 0, "KVM_IRQ_LINE %u: %s", gsi,
			       strerror(errno));
}

static void kl_env_end(void *opaque, enum kl_end_why why, int status)
{
	kl_machine_end(opaque, why, status, NULL);
}

static uint64_t kl_env_now(void *opaque)
{
	struct timespec ts;

	(void)opaque;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * KL_NS_PER_S + ts.tv_nsec;
}

static void kl_env_milestone(void *opaque, unsigned int value)
{
	struct kl_machine *m = opaque;

	if (value == 1 && !m->tsc_init)
		m->tsc_init = __rdtsc();
}

/* Set the timerfd if this moment is earlier than what it is set to. */
static void kl_env_alarm(void *opaque, uint64_t deadline_ns)
{
	struct kl_machine *m = opaque;
	struct itimerspec its = {
		.it_value = {
			.tv_sec = deadline_ns / KL_NS_PER_S,
			.tv_nsec = deadline_ns % KL_NS_PER_S,
		},
	};

	if (deadline_ns >= m->alarm_ns)
		return;
	m->alarm_ns = deadline_ns;
	timerfd_settime(m->timer_fd, TFD_TIMER_ABSTIME, &its, NULL);
}

/**
 * kl_devices_tick() - the timerfd has fired
 * @m: the machine; the caller holds its device lock
 */
void kl_devices_tick(struct kl_machine *m)
{
	uint64_t count, next;

	if (read(m->timer_fd, &count, sizeof(count)) < 0)
		return;
	m->alarm_ns = KL_NEVER;
	next = kl_timers_run(&m->env);
	if (next != KL_NEVER)
		kl_env_alarm(m, next);
}

static void kl_on_flush(void *opaque)
{
	struct kl_machine *m = opaque;

	kl_console_flush(&m->console);
}

static void kl_on_tx(void *opaque, uint8_t byte)
{
	struct kl_machine *m = opaque;

	if (kl_console_put(&m->console, byte))
		kl_timer_arm(&m->env, &m->flush,
			     kl_env_now(m) + KL_FLUSH_NS);
}

/**
 * kl_devices_feed() - give waiting input to the UART as far as it has room
 * @m: the machine; the caller holds its device lock
 */
void kl_devices_feed(struct kl_machine *m)
{
	const uint64_t one = 1;

	if (m->in_at == m->in_len)
		return;
	while (m->in_at < m->in_len && kl_serial_room(&m->serial))
		kl_serial_receive(&m->serial, m->in[m->in_at++]);
	if (m->in_at < m->in_len)
		return;
	m->in_at = 0;
	m->in_len = 0;
	if (write(m->wake_fd, &one, sizeof(one)) < 0)
		return; /* full: the main loop wakes anyway */
}

/**
 * kl_devices_create() - make the board
 * @m: the machine; its VM exists and its RAM is known
 * @err: the reason of a failure
 *
 * Return: 0 or -1.
 */
int kl_devices_create(struct kl_machine *m, struct kl_err *err)
{
	struct kl_env *env = &m->env;

	*env = (struct kl_env){
		.opaque = m,
		.irq = kl_env_irq,
		.end = kl_env_end,
		.now_ns = kl_env_now,
		.milestone = kl_env_milestone,
		.alarm = kl_env_alarm,
	};
	m->bus.verbose = m->opt->verbose;
	m->alarm_ns = KL_NEVER;
	m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m->timer_fd = timerfd_create(CLOCK_MONOTONIC,
				     TFD_CLOEXEC | TFD_NONBLOCK);
	if (m->wake_fd < 0 || m->timer_fd < 0)
		return kl_err(err, "cannot create an event descriptor: %s",
			      strerror(errno));
	kl_serial_init(&m->serial, env, kl_on_tx, m);
	kl_rtc_init(&m->rtc, env,
		    m->opt->rtc_fixed ? m->opt->rtc_base : (int64_t)time(NULL),
		    m->mem.low, m->mem.size - m->mem.low);
	if (kl_serial_attach(&m->serial, &m->bus) ||
	    kl_rtc_attach(&m->rtc, &m->bus) ||
	    kl_i8042_attach(&m->i8042, env, &m->bus) ||
	    kl_reset_attach(env, &m->bus) ||
	    kl_acpi_pm_attach(&m->pm, env, &m->bus) ||
	    kl_debug_attach(&m->debug, env, &m->bus) ||
	    kl_timer_add(env, &m->flush, kl_on_flush, m))
		return kl_err(err, "the I/O bus has no room for the devices");
	return 0;
}
