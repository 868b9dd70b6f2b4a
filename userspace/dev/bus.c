// SPDX-License-Identifier: GPL-2.0-only
/* The I/O port bus and the devices' timers: see dev.h. */
#include <stdio.h>

#include "dev.h"

/**
 * kl_timer_add() - register a timer, idle
 * @env: where
 * @timer: the timer; stays registered as long as @env lives
 * @fn: called when its moment has come
 * @opaque: argument of @fn
 *
 * Return: 0, or -1 if there is no room.
 */
int kl_timer_add(struct kl_env *env, struct kl_timer *timer,
		 void (*fn)(void *opaque), void *opaque)
{
	if (env->nr_timers == KL_MAX_TIMERS)
		return -1;
	timer->deadline_ns = KL_NEVER;
	timer->fn = fn;
	timer->opaque = opaque;
	env->timers[env->nr_timers++] = timer;
	return 0;
}

/**
 * kl_timer_arm() - set the moment of a timer
 * @env: the environment it is registered in
 * @timer: the timer
 * @deadline_ns: the moment, KL_NEVER to stop it
 */
void kl_timer_arm(struct kl_env *env, struct kl_timer *timer,
		  uint64_t deadline_ns)
{
	timer->deadline_ns = deadline_ns;
	if (deadline_ns != KL_NEVER)
		env->alarm(env->opaque, deadline_ns);
}

/**
 * kl_timers_run() - call every timer whose moment has come, once
 * @env: the environment
 *
 * Return: the earliest moment that is still to come, KL_NEVER if none.
 */
uint64_t kl_timers_run(struct kl_env *env)
{
	uint64_t now = env->now_ns(env->opaque), next = KL_NEVER;
	unsigned int i;

	for (i = 0; i < env->nr_timers; i++) {
		struct kl_timer *t = env->timers[i];

		if (t->deadline_ns <= now) {
			t->deadline_ns = KL_NEVER;
			t->fn(t->opaque);
		}
	}
	for (i = 0; i < env->nr_timers; i++)
		if (env->timers[i]->deadline_ns < next)
			next = env->timers[i]->deadline_ns;
	return next;
}

/**
 * kl_bus_add() - let a device answer a range of ports
 * @bus: the bus
 * @ports: the range; copied
 *
 * Return: 0, or -1 if there is no room.
 */
int kl_bus_add(struct kl_bus *bus, const struct kl_ports *ports)
{
	if (bus->nr == KL_MAX_PORTS)
		return -1;
	bus->ports[bus->nr++] = *ports;
	return 0;
}

/* The range that holds @port. Only the first byte of an access decides. */
static const struct kl_ports *kl_bus_find(const struct kl_bus *bus,
					  uint16_t port)
{
	unsigned int i;

	for (i = 0; i < bus->nr; i++)
		if (port >= bus->ports[i].first &&
		    port - bus->ports[i].first < bus->ports[i].count)
			return &bus->ports[i];
	return NULL;
}

/**
 * kl_bus_unclaimed() - note an access that nobody answers
 * @bus: the bus, whose log is bounded
 * @what: "port" or "MMIO"
 * @addr: port number or guest-physical address
 * @size: bytes
 * @write: a write, of @value
 * @value: what was written
 */
void kl_bus_unclaimed(struct kl_bus *bus, const char *what, uint64_t addr,
		      unsigned int size, bool write, uint64_t value)
{
	if (!bus->verbose || bus->logged >= KL_LOG_LIMIT)
		return;
	bus->logged++;
	if (write)
		fprintf(stderr, "kvmlite: %s %#llx: nobody takes a write of %u bytes: %#llx\r\n",
			what, (unsigned long long)addr, size,
			(unsigned long long)value);
	else
		fprintf(stderr, "kvmlite: %s %#llx: nobody answers a read of %u bytes\r\n",
			what, (unsigned long long)addr, size);
	if (bus->logged == KL_LOG_LIMIT)
		fputs("kvmlite: more such accesses are not reported\r\n",
		      stderr);
}

/**
 * kl_bus_in() - a guest reads a port
 * @bus: the bus
 * @port: the port
 * @size: 1, 2 or 4 bytes
 *
 * Return: the value; bytes that nobody answers are 0xff.
 */
uint32_t kl_bus_in(struct kl_bus *bus, uint16_t port, unsigned int size)
{
	const struct kl_ports *p = kl_bus_find(bus, port);
	uint32_t ones = size == 4 ? ~0u : (1u << (8 * size)) - 1;
	uint32_t value = 0, byte;
	unsigned int i;

	if (!p) {
		kl_bus_unclaimed(bus, "port", port, size, false, 0);
		return ones;
	}
	if (size <= p->width && port - p->first + size <= p->count)
		return p->in(p->opaque, port, size) & ones;
	for (i = 0; i < size; i++) {
		byte = 0xff;
		if (port - p->first + i < p->count)
			byte = p->in(p->opaque, port + i, 1) & 0xff;
		value |= byte << (8 * i);
	}
	return value;
}

/**
 * kl_bus_out() - a guest writes a port
 * @bus: the bus
 * @port: the port
 * @size: 1, 2 or 4 bytes
 * @value: the value in its low bytes
 */
void kl_bus_out(struct kl_bus *bus, uint16_t port, unsigned int size,
		uint32_t value)
{
	const struct kl_ports *p = kl_bus_find(bus, port);
	unsigned int i;

	if (!p) {
		kl_bus_unclaimed(bus, "port", port, size, true, value);
		return;
	}
	if (size <= p->width && port - p->first + size <= p->count) {
		p->out(p->opaque, port, size, value);
		return;
	}
	for (i = 0; i < size && port - p->first + i < p->count; i++)
		p->out(p->opaque, port + i, 1, value >> (8 * i) & 0xff);
}
