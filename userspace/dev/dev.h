/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device model of the runner sees of the world: an I/O bus that calls
 * it, an interrupt line, a clock with timers, and a way to end the run.
 *
 * All device code runs under the machine's device lock, on whichever vCPU
 * thread made the access or on the main thread.
 */
#ifndef KL_USER_DEV_H
#define KL_USER_DEV_H

#include <stdbool.h>
#include <stdint.h>

#define KL_NS_PER_S 1000000000ull
#define KL_NEVER UINT64_MAX

enum kl_end_why {
	KL_END_NONE,	 /* still running */
	KL_END_EXIT,	 /* debug-exit port */
	KL_END_POWEROFF, /* ACPI S5 */
	KL_END_RESET,	 /* i8042, port 0x92, port 0xcf9 */
	KL_END_TRIPLE,	 /* triple fault */
	KL_END_HALTED,	 /* halted with nothing to wake it */
	KL_END_DIED,	 /* the hypervisor gave the VM up */
	KL_END_USER,	 /* Ctrl-a x */
	KL_END_SIGNAL,	 /* SIGINT, SIGTERM, ... */
	KL_END_RUNNER,	 /* the runner failed */
};

#define KL_MAX_TIMERS 8

/**
 * struct kl_timer - a moment at which a device wants to be called
 * @deadline_ns: on the environment's clock; KL_NEVER while idle
 * @fn: called once when the moment has come
 * @opaque: its argument
 */
struct kl_timer {
	uint64_t deadline_ns;
	void (*fn)(void *opaque);
	void *opaque;
};

/**
 * struct kl_env - the world outside the devices
 * @opaque: first argument of the functions
 * @irq: move an interrupt line
 * @end: end the run; the first call wins
 * @now_ns: monotonic clock in nanoseconds
 * @milestone: the guest reached a milestone
 * @alarm: call kl_timers_run() at this moment or before
 * @timers: registered timers
 * @nr_timers: how many
 */
struct kl_env {
	void *opaque;
	void (*irq)(void *opaque, unsigned int gsi, bool level);
	void (*end)(void *opaque, enum kl_end_why why, int status);
	uint64_t (*now_ns)(void *opaque);
	void (*milestone)(void *opaque, unsigned int value);
	void (*alarm)(void *opaque, uint64_t deadline_ns);
	struct kl_timer *timers[KL_MAX_TIMERS];
	unsigned int nr_timers;
};

int kl_timer_add(struct kl_env *env, struct kl_timer *timer,
		 void (*fn)(void *opaque), void *opaque);
void kl_timer_arm(struct kl_env *env, struct kl_timer *timer,
		  uint64_t deadline_ns);
uint64_t kl_timers_run(struct kl_env *env);

/**
 * struct kl_ports - a range of I/O ports and who answers
 * @name: for the log
 * @first: first port
 * @count: number of ports
 * @width: widest access in bytes the device takes; wider ones are split
 * @in: read @size bytes at @port
 * @out: write the low @size bytes of @value to @port
 * @opaque: first argument of both
 */
struct kl_ports {
	const char *name;
	uint16_t first;
	uint16_t count;
	uint8_t width;
	uint32_t (*in)(void *opaque, uint16_t port, unsigned int size);
	void (*out)(void *opaque, uint16_t port, unsigned int size,
		    uint32_t value);
	void *opaque;
};

#define KL_MAX_PORTS 16
#define KL_LOG_LIMIT 64

/**
 * struct kl_bus - the I/O port bus
 * @ports: who answers where
 * @nr: how many ranges
 * @verbose: say on stderr which accesses nobody answers
 * @logged: lines said so far, KL_LOG_LIMIT at most
 */
struct kl_bus {
	struct kl_ports ports[KL_MAX_PORTS];
	unsigned int nr;
	bool verbose;
	unsigned int logged;
};

int kl_bus_add(struct kl_bus *bus, const struct kl_ports *ports);
uint32_t kl_bus_in(struct kl_bus *bus, uint16_t port, unsigned int size);
void kl_bus_out(struct kl_bus *bus, uint16_t port, unsigned int size,
		uint32_t value);
void kl_bus_unclaimed(struct kl_bus *bus, const char *what, uint64_t addr,
		      unsigned int size, bool write, uint64_t value);

#endif /* KL_USER_DEV_H */
