/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A running VM: kernel objects, guest RAM, vCPU threads, devices, and the one
 * way it ends.
 */
#ifndef KL_USER_MACHINE_H
#define KL_USER_MACHINE_H

#include <pthread.h>

#include "boot/boot.h"
#include "dev/platform.h"
#include "dev/rtc.h"
#include "dev/serial16550.h"
#include "libkvmlite/api.h"
#include "libkvmlite/memory.h"
#include "libkvmlite/stats.h"
#include "options.h"
#include "terminal.h"

#define KL_NR_USER_EXITS 64
#define KL_INPUT_BUF 256

struct kl_machine;

/**
 * struct kl_vcpu - one vCPU and its thread
 * @k: the kernel's side
 * @m: its machine
 * @thread: the thread that runs it
 * @started: @thread exists
 * @exits: exits to the runner, by struct kvm_run's exit_reason
 */
struct kl_vcpu {
	struct kl_vcpu_fd k;
	struct kl_machine *m;
	pthread_t thread;
	bool started;
	uint64_t exits[KL_NR_USER_EXITS];
};

/**
 * struct kl_machine - a VM
 * @opt: what the user asked for
 * @sys_fd: system descriptor
 * @vm_fd: VM descriptor
 * @wake_fd: eventfd that wakes the main loop: the run ended, or input has room
 * @timer_fd: timerfd of the devices' next moment
 * @signal_fd: signalfd of the signals that end the run
 * @own: the device is kvmlite
 * @mem: guest RAM
 * @boot: what was loaded
 * @nr_vcpus: valid entries of @vcpu
 * @vcpu: the vCPUs
 * @lock: the device lock: everything from here to @in_len
 * @bus: I/O ports
 * @env: what devices see of this machine
 * @serial: COM1
 * @rtc: CMOS clock
 * @i8042: keyboard controller
 * @pm: ACPI registers
 * @debug: debug ports
 * @console: output on its way
 * @flush: timer that flushes an unfinished line
 * @alarm_ns: what @timer_fd is set to
 * @in: input that the UART had no room for
 * @in_at: next byte of @in
 * @in_len: bytes of @in, from its beginning
 * @end_lock: @why, @status and @reason
 * @why: how the run ended; read without the lock as "has it ended"
 * @status: status that the guest or a signal gave
 * @reason: what to tell the user, may be empty
 * @tsc_create: TSC before KVM_CREATE_VM
 * @tsc_init: TSC when the guest said it reached init, 0 if it never did
 */
struct kl_machine {
	const struct kl_options *opt;
	int sys_fd, vm_fd, wake_fd, timer_fd, signal_fd;
	bool own;
	struct kl_mem mem;
	struct kl_boot boot;
	unsigned int nr_vcpus;
	struct kl_vcpu vcpu[KL_MAX_CPUS];

	pthread_mutex_t lock;
	struct kl_bus bus;
	struct kl_env env;
	struct kl_serial serial;
	struct kl_rtc rtc;
	struct kl_i8042 i8042;
	struct kl_acpi_pm pm;
	struct kl_debug debug;
	struct kl_console console;
	struct kl_timer flush;
	uint64_t alarm_ns;
	uint8_t in[KL_INPUT_BUF];
	size_t in_at, in_len;

	pthread_mutex_t end_lock;
	enum kl_end_why why;
	int status;
	char reason[5120];

	uint64_t tsc_create, tsc_init;
};

/* machine.c */
int kl_machine_create(struct kl_machine *m, const struct kl_options *opt,
		      struct kl_err *err);
void kl_machine_destroy(struct kl_machine *m);
__printf(4, 5)
void kl_machine_end(struct kl_machine *m, enum kl_end_why why, int status,
		    const char *fmt, ...);
bool kl_machine_ended(struct kl_machine *m);
int kl_machine_status(const struct kl_machine *m);

/* devices.c */
int kl_devices_create(struct kl_machine *m, struct kl_err *err);
void kl_devices_feed(struct kl_machine *m);
void kl_devices_tick(struct kl_machine *m);

/* vcpu.c */
int kl_vcpu_setup(struct kl_vcpu *vcpu, struct kl_err *err);
int kl_vcpus_start(struct kl_machine *m, struct kl_err *err);
void kl_vcpus_stop(struct kl_machine *m);
const char *kl_user_exit_name(unsigned int reason);

/* console.c */
void kl_main_loop(struct kl_machine *m);

/* report.c */
void kl_report_print(const struct kl_machine *m, const struct kl_stats *stats);
int kl_report_json(const struct kl_machine *m, const struct kl_stats *stats,
		   const char *path, struct kl_err *err);

/* info.c */
int kl_info(const char *dev);

#endif /* KL_USER_MACHINE_H */
