// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_RUN from outside: immediate_exit, signals, who may call it, and in which
 * order the descriptors of a VM may go away.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "test.h"
#include "kvmlite.h"

static volatile uint64_t got, turns;

static void guest_in(void)
{
	got = g_in32(0x2f0);
	g_sync(1);
	got = *(volatile uint32_t *)KL_MMIO;
	g_sync(2);
	g_done();
}

static void put32(void *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

/* Nothing of the guest runs, but what was pending is finished. */
TEST(immediate_exit)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_regs a, b;

	kl_long(v, guest_in);
	kl_get_regs(v, &a);
	v->run->immediate_exit = 1;
	kl_eq(kl_try_run(v), -EINTR);
	kl_eq(kl_try_run(v), -EINTR);
	kl_eq(v->run->immediate_exit, 1);
	kl_get_regs(v, &b);
	kl_eq(memcmp(&a, &b, sizeof(a)), 0);
	v->run->immediate_exit = 0;
	kl_expect(v, KVM_EXIT_IO);
	put32((char *)v->run + v->run->io.data_offset, 0xabcdef01);
	kl_get_regs(v, &a);
	v->run->immediate_exit = 1;
	kl_eq(kl_try_run(v), -EINTR);
	kl_get_regs(v, &b);
	/* The IN has put its value into RAX and is over. */
	kl_eq((uint32_t)b.rax, 0xabcdef01);
	v->run->immediate_exit = 0;
	kl_eq(kl_sync(v), 1);
	kl_eq(kl_guest(vm, got), 0xabcdef01);
	kl_expect(v, KVM_EXIT_MMIO);
	put32(v->run->mmio.data, 0x55667788);
	v->run->immediate_exit = 1;
	kl_eq(kl_try_run(v), -EINTR);
	v->run->immediate_exit = 0;
	kl_eq(kl_sync(v), 2);
	kl_eq(kl_guest(vm, got), 0x55667788);
	kl_done(v);
	kl_vm_free(vm);
}

TEST(argument)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_errno(ioctl(v->fd, KVM_RUN, 1), EINVAL);
	kl_long(v, guest_in);
	kl_expect(v, KVM_EXIT_IO);
	kl_errno(ioctl(v->fd, KVM_RUN, -1L), EINVAL);
	kl_vm_free(vm);
}

static void on_signal(int sig)
{
}

/* Interrupts on, though none comes: the usual state of a busy guest. */
static void guest_forever(void)
{
	g_sync(0);
	g_sti();
	for (;;)
		turns++;
}

struct kicker {
	pthread_t target;
	volatile uint64_t *turns;
	uint64_t from;
};

/* Send the signal once the guest is seen to make progress. */
static void *kick(void *arg)
{
	struct kicker *k = arg;

	while (*k->turns == k->from)
		sched_yield();
	pthread_kill(k->target, SIGUSR1);
	return NULL;
}

/* A guest that never exits by itself is left when a signal comes. */
TEST(signal_leaves)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kicker k = { .target = pthread_self() };
	pthread_t t;
	int i;

	sigaction(SIGUSR1, &sa, NULL);
	kl_long(v, guest_forever);
	kl_eq(kl_sync(v), 0);
	for (i = 0; i < 3; i++) {
		k.turns = &kl_guest(vm, turns);
		k.from = *k.turns;
		kl_eq(pthread_create(&t, NULL, kick, &k), 0);
		kl_eq(kl_try_run(v), -EINTR);
		kl_eq(v->run->exit_reason, KVM_EXIT_INTR);
		kl_check(*k.turns > k.from);
		pthread_join(t, NULL);
	}
	kl_vm_free(vm);
}

/* A process in KVM_RUN can be killed. */
TEST(sigkill)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v;
	volatile uint64_t *shared;
	pid_t pid;
	int status;

	kl_vm_free(vm);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	kl_check(shared != MAP_FAILED);
	pid = fork();
	if (!pid) {
		vm = kl_vm_new();
		v = kl_vcpu_new(vm, 0);
		kl_slot(vm, 1, 0, KL_MMIO, 4096, (void *)shared);
		kl_long(v, guest_forever);
		kl_sync(v);
		*shared = 1;
		kl_try_run(v);
		_exit(7);
	}
	while (!*shared)
		sched_yield();
	kill(pid, SIGKILL);
	kl_eq(waitpid(pid, &status, 0), pid);
	kl_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(vm_closed_first)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_in);
	close(vm->fd);
	close(vm->sys);
	kl_expect(v, KVM_EXIT_IO);
	put32((char *)v->run + v->run->io.data_offset, 5);
	kl_eq(kl_sync(v), 1);
	/* The mapping outlives its descriptor. */
	close(v->fd);
	kl_eq(v->run->exit_reason, KVM_EXIT_IO);
	munmap(v->run, v->run_size);
}

/* Another address space than the creator's has no business with the VM. */
TEST(child)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_regs r;
	int status;
	pid_t pid;

	kl_long(v, guest_in);
	kl_expect(v, KVM_EXIT_IO);
	pid = fork();
	if (!pid) {
		kl_errno(ioctl(v->fd, KVM_GET_REGS, &r), EIO);
		kl_errno(ioctl(v->fd, KVM_RUN, 0), EIO);
		kl_errno(ioctl(vm->fd, KVM_CREATE_VCPU, 1), EIO);
		_exit(0);
	}
	kl_eq(waitpid(pid, &status, 0), pid);
	kl_eq(status, 0);
	kl_eq(kl_sync(v), 1);
	kl_vm_free(vm);
}

static void *other_ioctls(void *arg)
{
	struct kl_vcpu *v = arg;
	struct kvm_sregs s;
	struct kvm_regs r;
	int i;

	for (i = 0; i < 200; i++) {
		kl_get_regs(v, &r);
		kl_get_sregs(v, &s);
		kl_cap(v->vm, KVM_CAP_USER_MEMORY);
		kl_slot(v->vm, 5, 0, KL_MMIO, 4096, v->vm->mem);
		kl_slot(v->vm, 5, 0, KL_MMIO, 0, v->vm->mem);
	}
	return NULL;
}

static void guest_count(void)
{
	uint64_t i;

	for (i = 0; i < 400; i++)
		g_sync(i);
	g_done();
}

TEST(two_threads)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	pthread_t t;
	int i;

	kl_long(v, guest_count);
	kl_eq(pthread_create(&t, NULL, other_ioctls, v), 0);
	for (i = 0; i < 400; i++)
		kl_eq(kl_sync(v), i);
	pthread_join(t, NULL);
	kl_done(v);
	kl_vm_free(vm);
}
