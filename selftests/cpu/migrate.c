// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU whose thread moves between host CPUs, between two runs and in the
 * middle of one: the guest must find all of its state where it left it.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

#include "test.h"

#define MOVES 24

#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_KERNEL_GS_BASE 0xc0000102

#define STAR 0x0023001000000000ULL
#define LSTAR 0xffffffff81234560ULL
#define GS 0xffff888012345000ULL
#define CR2 0x00007f1234567000ULL

static volatile uint64_t turns, stop;
static uint64_t last_tsc;

/* Keep a pattern in registers that only this CPU's hardware holds. */
static void hold_registers(void)
{
	const uint64_t in[2] = {
		0x0123456789abcdefULL, 0xfedcba9876543210ULL
	};
	uint64_t out[2];
	uint64_t left = 200, r14 = 0x1414141414141414ULL;

	asm volatile("mov %[r14], %%r14\n\t"
		     "movdqu %[in], %%xmm13\n"
		     "1:	pause\n\t"
		     "dec %[left]\n\t"
		     "jnz 1b\n\t"
		     "movdqu %%xmm13, %[out]\n\t"
		     "mov %%r14, %[r14]"
		     : [left] "+r"(left), [r14] "+r"(r14), [out] "=m"(out)
		     : [in] "m"(in) : "r14", "xmm13", "cc");
	g_eq(out[0], in[0]);
	g_eq(out[1], in[1]);
	g_eq(r14, 0x1414141414141414ULL);
}

static void set_state(void)
{
	g_wrmsr(MSR_STAR, STAR);
	g_wrmsr(MSR_LSTAR, LSTAR);
	g_wrmsr(MSR_KERNEL_GS_BASE, GS);
	g_set_cr2(CR2);
	asm volatile("mov %0, %%dr0" : : "r"(CR2));
	last_tsc = g_rdtsc();
}

static void check_state(void)
{
	uint64_t tsc = g_rdtsc(), dr0;

	g_check(tsc > last_tsc);
	last_tsc = tsc;
	g_eq(g_rdmsr(MSR_STAR), STAR);
	g_eq(g_rdmsr(MSR_LSTAR), LSTAR);
	g_eq(g_rdmsr(MSR_KERNEL_GS_BASE), GS);
	g_eq(g_cr2(), CR2);
	asm volatile("mov %%dr0, %0" : "=r"(dr0));
	g_eq(dr0, CR2);
	hold_registers();
}

static void guest_steps(void)
{
	uint64_t i;

	set_state();
	for (i = 0; i < MOVES; i++) {
		g_sync(i);
		check_state();
	}
	g_done();
}

static void guest_busy(void)
{
	set_state();
	g_sync(0);
	g_sti();
	while (!stop) {
		check_state();
		turns++;
	}
	g_cli();
	check_state();
	g_done();
}

static void move(pid_t tid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	kl_ok(sched_setaffinity(tid, sizeof(set), &set));
}

/* The first two CPUs this process may use. */
static void two_cpus(int cpu[2])
{
	cpu_set_t set;
	int i, n = 0;

	kl_ok(sched_getaffinity(0, sizeof(set), &set));
	for (i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &set))
			cpu[n++] = i;
	if (n < 2)
		kl_skip("needs two CPUs, there is one");
}

TEST(between_runs)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	int cpu[2], i;

	two_cpus(cpu);
	kl_long(v, guest_steps);
	for (i = 0; i < MOVES; i++) {
		move(0, cpu[i % 2]);
		kl_eq(kl_sync(v), i);
	}
	kl_done(v);
	kl_vm_free(vm);
}

struct mover {
	pid_t tid;
	int cpu[2];
	volatile uint64_t *turns, *stop;
};

/* Each move waits until the guest got on after the one before. */
static void *move_often(void *arg)
{
	struct mover *m = arg;
	uint64_t seen;
	int i;

	for (i = 0; i < MOVES; i++) {
		move(m->tid, m->cpu[i % 2]);
		seen = *m->turns;
		while (*m->turns == seen)
			sched_yield();
	}
	*m->stop = 1;
	return NULL;
}

TEST(while_it_runs)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct mover m = { .tid = syscall(SYS_gettid) };
	pthread_t t;

	two_cpus(m.cpu);
	m.turns = &kl_guest(vm, turns);
	m.stop = &kl_guest(vm, stop);
	kl_long(v, guest_busy);
	kl_eq(kl_sync(v), 0);
	kl_eq(pthread_create(&t, NULL, move_often, &m), 0);
	kl_done(v);
	pthread_join(t, NULL);
	kl_vm_free(vm);
}

/* Two vCPUs change places. */
TEST(two_change_places)
{
	struct kl_vm *a = kl_vm_new(), *b = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(a, 0), *w = kl_vcpu_new(b, 0);
	int cpu[2], i;

	two_cpus(cpu);
	kl_long(v, guest_steps);
	kl_long(w, guest_steps);
	for (i = 0; i < MOVES; i++) {
		move(0, cpu[i % 2]);
		kl_eq(kl_sync(v), i);
		move(0, cpu[(i + 1) % 2]);
		kl_eq(kl_sync(w), i);
	}
	kl_done(v);
	kl_done(w);
	kl_vm_free(a);
	kl_vm_free(b);
}
