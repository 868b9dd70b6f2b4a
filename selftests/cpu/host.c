// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host does behind a VM's back: it sleeps, and its CPUs come and go.
 * The module leaves VMX operation and enters it again; a guest notices nothing.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "test.h"

#define SLEEPS 1
#define PLUGS 4
#define CPU1 "/sys/devices/system/cpu/cpu1/online"

static volatile uint64_t turns, stop;

static void guest_count(void)
{
	uint64_t i;

	g_wrmsr(0xc0000082, 0xffffffff81234560ULL);
	for (i = 0; ; i++) {
		g_eq(g_rdmsr(0xc0000082), 0xffffffff81234560ULL);
		g_sync(i);
	}
}

static int try_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), n = -1;

	if (fd >= 0) {
		n = write(fd, text, strlen(text));
		close(fd);
	}
	return n == (int)strlen(text) ? 0 : -1;
}

/*
 * The kernel's own test mode goes through all of hibernation down to the last
 * CPU with interrupts off, waits, and comes back.
 */
TEST(host_sleeps)
{
	struct kl_vm *vm;
	struct kl_vcpu *v;
	unsigned int i;

	if (try_write("/sys/power/pm_test", "core") ||
	    try_write("/sys/power/disk", "shutdown"))
		kl_skip("this kernel has no test mode for sleep");
	vm = kl_vm_new();
	v = kl_vcpu_new(vm, 0);
	kl_long(v, guest_count);
	kl_eq(kl_sync(v), 0);
	for (i = 1; i <= SLEEPS; i++) {
		kl_ok(try_write("/sys/power/state", "disk"));
		kl_eq(kl_sync(v), i);
	}
	kl_ok(try_write("/sys/power/pm_test", "none"));
	kl_vm_free(vm);
	/* VMXON was done again: a new VM works as well. */
	vm = kl_vm_new();
	v = kl_vcpu_new(vm, 0);
	kl_long(v, guest_count);
	kl_eq(kl_sync(v), 0);
	kl_vm_free(vm);
}

static void guest_busy(void)
{
	g_sync(0);
	g_sti();
	while (!stop)
		turns++;
	g_done();
}

/* Each step waits until the guest got on after the one before. */
static void *plug(void *arg)
{
	struct kl_vm *vm = arg;
	volatile uint64_t *t = &kl_guest(vm, turns);
	uint64_t seen;
	unsigned int i;

	for (i = 0; i < 2 * PLUGS; i++) {
		kl_ok(try_write(CPU1, i & 1 ? "1" : "0"));
		seen = *t;
		while (*t == seen)
			sched_yield();
	}
	kl_guest(vm, stop) = 1;
	return NULL;
}

TEST(cpu_hotplug)
{
	struct kl_vm *vm;
	struct kl_vcpu *v;
	pthread_t t;

	if (access(CPU1, W_OK))
		kl_skip("needs a second CPU that can be switched off");
	vm = kl_vm_new();
	v = kl_vcpu_new(vm, 0);
	kl_long(v, guest_busy);
	kl_eq(kl_sync(v), 0);
	kl_eq(pthread_create(&t, NULL, plug, vm), 0);
	kl_done(v);
	pthread_join(t, NULL);
	kl_vm_free(vm);
}
