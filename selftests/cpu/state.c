// SPDX-License-Identifier: GPL-2.0-only
/*
 * What belongs to one vCPU stays with it: MSRs, FPU and vector registers, also
 * when one thread runs two VMs in turn; and the host's own are not disturbed.
 */
#include <immintrin.h>

#include "test.h"

#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_FMASK 0xc0000084
#define MSR_FS 0xc0000100
#define MSR_GS 0xc0000101
#define MSR_KGS 0xc0000102
#define MSR_AUX 0xc0000103

/* Differs between the two VMs; set in the guest's copy by the test. */
static uint64_t who;

static const uint32_t msrs[] = {
	MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_FMASK, MSR_FS, MSR_GS, MSR_KGS,
	0x174, 0x175, 0x176, MSR_AUX,
};

#define NR_MSRS ARRAY_SIZE(msrs)

static uint64_t value_of(uint32_t msr)
{
	uint64_t v = 0x7f0000000000ULL + (who << 24) + msr % 251 * 0x1000;

	if (msr == MSR_STAR)
		return (0x1800080000000000ULL >> 8 & 0xffff0000ffff0000ULL) | who;
	if (msr == MSR_FMASK || msr == 0x174 || msr == MSR_AUX)
		return who * 0x100 + msr % 128;
	return v;
}

static void guest_msrs(void)
{
	uint32_t lo, hi, aux;
	unsigned int i, round;

	for (i = 0; i < NR_MSRS; i++)
		g_wrmsr(msrs[i], value_of(msrs[i]));
	for (round = 0; round < 4; round++) {
		g_sync(round);
		for (i = 0; i < NR_MSRS; i++)
			g_eq(g_rdmsr(msrs[i]), value_of(msrs[i]));
		asm volatile("rdtscp" : "=a"(lo), "=d"(hi), "=c"(aux));
		g_eq(aux, (uint32_t)value_of(MSR_AUX));
		asm volatile("swapgs");
		g_eq(g_rdmsr(MSR_GS), value_of(MSR_KGS));
		g_eq(g_rdmsr(MSR_KGS), value_of(MSR_GS));
		asm volatile("swapgs");
	}
	g_done();
}

static __thread uint64_t tls = 0x1234;

TEST(msrs_of_two_vms)
{
	struct kl_vcpu *v[2];
	struct kl_vm *vm[2];
	unsigned int i, round;
	uint32_t aux, aux2;

	if (!kl_cpu_has(0x80000001, 0, KL_EDX, 27))
		kl_skip("no RDTSCP");
	_mm_lfence();
	asm volatile("rdtscp" : "=c"(aux) : : "rax", "rdx");
	for (i = 0; i < 2; i++) {
		vm[i] = kl_vm_new();
		v[i] = kl_vcpu_new(vm[i], 0);
		kl_guest(vm[i], who) = i + 1;
		kl_long(v[i], guest_msrs);
	}
	for (round = 0; round < 4; round++) {
		for (i = 0; i < 2; i++) {
			kl_eq(kl_sync(v[i]), round);
			/* Thread pointer and system calls of the host. */
			kl_eq(tls, 0x1234);
			kl_check(getppid() > 0);
		}
	}
	for (i = 0; i < 2; i++)
		kl_done(v[i]);
	asm volatile("rdtscp" : "=c"(aux2) : : "rax", "rdx");
	/* The same CPU or another, but a CPU of the host. */
	kl_eq(aux2 >> 12, aux >> 12);
	kl_check((aux2 & 0xfff) < sysconf(_SC_NPROCESSORS_CONF));
	for (i = 0; i < 2; i++)
		kl_vm_free(vm[i]);
}

#define ALL_XMM(op)							\
	do {								\
		op(0); op(1); op(2); op(3); op(4); op(5); op(6); op(7);	\
		op(8); op(9); op(10); op(11); op(12); op(13); op(14);	\
		op(15);							\
	} while (0)

static void g_fill_xmm(uint64_t seed)
{
#define FILL(n)								\
	asm volatile("movq %0, %%xmm" #n "; punpcklqdq %%xmm" #n ", %%xmm" #n \
		     : : "r"(seed + (n)))
	ALL_XMM(FILL);
}

static uint64_t check_xmm(uint64_t seed)
{
	uint64_t v, bad = 0;

#define CHECK(n)							\
	do {								\
		asm volatile("movq %%xmm" #n ", %0" : "=r"(v));		\
		bad |= v ^ (seed + (n));				\
	} while (0)
	ALL_XMM(CHECK);
	return bad;
}

static void guest_sse(void)
{
	uint64_t seed = 0x1111000022220000ULL * who;
	uint16_t cw = 0x0c7f + (who << 8 & 0x100), cw2;
	uint32_t mxcsr = 0x1f80 | (uint32_t)who << 13, mxcsr2, r[4];
	unsigned int round;

	g_fill_xmm(seed);
	asm volatile("fldcw %0" : : "m"(cw));
	asm volatile("ldmxcsr %0" : : "m"(mxcsr));
	for (round = 0; round < 4; round++) {
		g_out32(0x2f0, round);
		g_eq(check_xmm(seed), 0);
		asm volatile("fnstcw %0" : "=m"(cw2));
		asm volatile("stmxcsr %0" : "=m"(mxcsr2));
		g_eq(cw2, cw);
		g_eq(mxcsr2, mxcsr);
		g_cpuid(0, 0, r);
		g_eq(check_xmm(seed), 0);
	}
	g_done();
}

/* Host registers over KVM_RUN, checked with nothing compiled in between. */
static uint64_t run_with_xmm(int fd, uint64_t seed)
{
	long r;

	g_fill_xmm(seed);
	asm volatile("syscall" : "=a"(r)
		     : "a"(16L), "D"((long)fd), "S"((long)KVM_RUN), "d"(0L)
		     : "rcx", "r11", "memory");
	return check_xmm(seed) | (uint64_t)(r ? -1 : 0);
}

TEST(sse_of_two_vms_and_host)
{
	struct kl_vcpu *v[2];
	struct kl_vm *vm[2];
	struct kvm_fpu fpu;
	unsigned int i, round;

	for (i = 0; i < 2; i++) {
		vm[i] = kl_vm_new();
		v[i] = kl_vcpu_new(vm[i], 0);
		kl_guest(vm[i], who) = i + 1;
		kl_long(v[i], guest_sse);
	}
	for (round = 0; round < 4; round++) {
		for (i = 0; i < 2; i++) {
			kl_eq(run_with_xmm(v[i]->fd, 0xabcd0000 + round), 0);
			kl_eq(v[i]->run->exit_reason, KVM_EXIT_IO);
			kl_eq(v[i]->run->io.port, 0x2f0);
		}
	}
	for (i = 0; i < 2; i++) {
		uint64_t x;

		kl_ok(ioctl(v[i]->fd, KVM_GET_FPU, &fpu));
		memcpy(&x, fpu.xmm[3], 8);
		kl_eq(x, 0x1111000022220000ULL * (i + 1) + 3);
		kl_eq(fpu.fcw, 0xc7f + ((i + 1) << 8 & 0x100));
		kl_done(v[i]);
		kl_vm_free(vm[i]);
	}
}

static void guest_avx(void)
{
	uint64_t v, want = 0x5151515100000000ULL + who;
	unsigned int round;

	g_set_cr4(g_cr4() | 1 << 18);
	asm volatile("xsetbv" : : "c"(0), "a"(7), "d"(0));
	asm volatile("vmovq %0, %%xmm1; vinsertf128 $1, %%xmm1, %%ymm1, %%ymm9"
		     : : "r"(want));
	for (round = 0; round < 4; round++) {
		g_sync(round);
		asm volatile("vextractf128 $1, %%ymm9, %%xmm2; vmovq %%xmm2, %0"
			     : "=r"(v));
		g_eq(v, want);
	}
	g_done();
}

TEST(avx_of_two_vms)
{
	struct kl_vcpu *v[2];
	struct kl_vm *vm[2];
	unsigned int i, round;

	if (!kl_cpu_has(1, 0, KL_ECX, 28) || !kl_cpu_has(1, 0, KL_ECX, 26))
		kl_skip("no AVX");
	for (i = 0; i < 2; i++) {
		vm[i] = kl_vm_new();
		v[i] = kl_vcpu_new(vm[i], 0);
		kl_guest(vm[i], who) = i + 1;
		kl_long(v[i], guest_avx);
	}
	for (round = 0; round < 4; round++)
		for (i = 0; i < 2; i++)
			kl_eq(kl_sync(v[i]), round);
	for (i = 0; i < 2; i++) {
		kl_done(v[i]);
		kl_vm_free(vm[i]);
	}
}

static uint32_t leaves[4][6];
static uint32_t nr_leaves;

static void guest_cpuid(void)
{
	uint32_t r[4];
	unsigned int i, k;

	for (i = 0; i < nr_leaves; i++) {
		g_cpuid(leaves[i][0], leaves[i][1], r);
		for (k = 0; k < 4; k++)
			g_eq(r[k], leaves[i][2 + k]);
	}
	/* Beyond the last basic leaf: what the last basic leaf says. */
	g_done();
}

/* The guest sees what KVM_SET_CPUID2 said, whatever the CPU is. */
TEST(cpuid)
{
	static const uint32_t want[4][6] = {
		{ 0x0, 0, 0x16, 0x11111111, 0x22222222, 0x33333333 },
		{ 0x2, 0, 0xfeed, 1, 2, 3 },
		{ 0x4, 1, 0x121, 0x1c0003f, 0x3f, 0 },
		{ 0x80000002, 0, 0x2d6d766b, 0x6574696c, 0, 0 },
	};
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_cpuid2 *c;
	unsigned int i;

	c = calloc(1, sizeof(*c) + 6 * sizeof(c->entries[0]));
	kl_check(c);
	for (i = 0; i < 4; i++) {
		struct kvm_cpuid_entry2 *e = &c->entries[c->nent++];

		e->function = want[i][0];
		e->index = want[i][1];
		e->flags = want[i][0] == 4 ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0;
		e->eax = want[i][2];
		e->ebx = want[i][3];
		e->ecx = want[i][4];
		e->edx = want[i][5];
	}
	/* What 64-bit mode needs. */
	c->entries[c->nent] = *kl_cpuid_find(kl_supported_cpuid(), 0x80000001, 0);
	c->nent++;
	c->entries[c->nent] = *kl_cpuid_find(kl_supported_cpuid(), 1, 0);
	c->nent++;
	kl_ok(ioctl(v->fd, KVM_SET_CPUID2, c));
	memcpy(kl_hva(vm, leaves), want, sizeof(want));
	kl_guest(vm, nr_leaves) = 4;
	kl_long(v, guest_cpuid);
	kl_done(v);
	kl_vm_free(vm);
}

static void guest_msr_faults(void)
{
	uint64_t v;

	/* Reserved for software, no CPU has it. */
	g_eq(g_rdmsr_safe(0x40000f00, &v), 13);
	g_eq(g_wrmsr_safe(0x40000f00, 0), 13);
	g_eq(g_rdmsr_safe(0xdeadbeef, &v), 13);
	/* Non-canonical addresses and reserved bits are refused. */
	g_eq(g_wrmsr_safe(MSR_LSTAR, 1UL << 60), 13);
	g_eq(g_wrmsr_safe(MSR_KGS, 1UL << 60), 13);
	g_eq(g_wrmsr_safe(0x277, 0x0202020202020202UL), 13); /* PAT type 2 */
	g_eq(g_wrmsr_safe(0x277, 0x0007040600070406UL), KL_NO_TRAP);
	g_eq(g_rdmsr(0x277), 0x0007040600070406UL);
	/* VMX is not there. */
	g_done();
}

TEST(msr_faults)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_msr_faults);
	kl_done(v);
	kl_vm_free(vm);
}

static uint64_t came_from;

static void guest_syscall(void)
{
	uint64_t rip, r11;

	g_wrmsr(MSR_STAR, 0x001b000800000000ULL);
	asm volatile("lea 2f(%%rip), %%rax; mov %%rax, %%rdx; shr $32, %%rdx\n\t"
		     "mov %2, %%ecx; wrmsr\n\t"
		     "mov $0xc0000084, %%ecx; mov $0x200, %%eax; xor %%edx, %%edx\n\t"
		     "wrmsr\n\t"
		     "lea 1f(%%rip), %%rcx; mov $2, %%r11\n\t"
		     "mov %%rsp, %%r15\n\t"
		     "sysretq\n"
		     "1:	mov %%cs, %%r14\n\t"
		     "syscall\n"
		     "1:	ud2\n"
		     "2:	mov %%rcx, %0; mov %%r11, %1; mov %%r15, %%rsp\n\t"
		     : "=&r"(rip), "=&r"(r11)
		     : "i"(MSR_LSTAR)
		     : "rax", "rcx", "rdx", "r11", "r14", "r15", "memory");
	came_from = rip;
	g_check(rip > 0x400000);
	g_done();
}

/* Down to CPL 3 and up again through SYSRET and SYSCALL. */
TEST(syscall_sysret)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_syscall);
	kl_done(v);
	kl_vm_free(vm);
}
