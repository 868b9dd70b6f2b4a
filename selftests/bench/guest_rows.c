// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows measured by a guest that reads its own TSC: each operation stands alone
 * between two reads, the cost of the reads themselves is subtracted, and the
 * median of the samples after a warm-up is the figure.
 */
#include "bench.h"

#define WARM	64
#define SAMPLES	1001

#define PORT_USER	0x2f0
#define MSR_TSC_ADJUST	0x3b
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_APIC_BASE	0x1b
#define MSR_X2_EOI	0x80b
#define MSR_X2_SVR	0x80f
#define MSR_X2_SELF_IPI	0x83f
#define MSR_X2_LVTT	0x832
#define VECTOR		0xd0

static uint32_t samples[SAMPLES];
static uint64_t result;
static volatile uint64_t fired;

static uint32_t median(uint32_t *s, unsigned int n)
{
	unsigned int i, j, gap;
	uint32_t v;

	for (gap = n / 2; gap; gap /= 2) {
		for (i = gap; i < n; i++) {
			v = s[i];
			for (j = i; j >= gap && s[j - gap] > v; j -= gap)
				s[j] = s[j - gap];
			s[j] = v;
		}
	}
	return s[n / 2];
}

/* Median ticks of OP over n samples, the empty measurement subtracted. */
#define MEASURE(n, op)							\
do {									\
	unsigned int _i;						\
	uint64_t _t, _empty;						\
									\
	for (_i = 0; _i < (n); _i++) {					\
		_t = g_rdtsc();						\
		samples[_i] = g_rdtsc() - _t;				\
	}								\
	_empty = median(samples, (n));					\
	for (_i = 0; _i < WARM; _i++) {					\
		op;							\
	}								\
	for (_i = 0; _i < (n); _i++) {					\
		_t = g_rdtsc();						\
		op;							\
		samples[_i] = g_rdtsc() - _t;				\
	}								\
	result = median(samples, (n)) - _empty;				\
	g_done();							\
} while (0)

static void g_cpuid_row(void)
{
	uint32_t r[4];

	MEASURE(SAMPLES, g_cpuid(0, 0, r));
}

static void g_vmcall(void)
{
	uint64_t a;

	MEASURE(SAMPLES, ({
		a = 0x7ffffff0;
		asm volatile("vmcall" : "+a"(a) : : "rbx", "rcx", "rdx", "rsi",
			     "memory");
	}));
}

static void g_in_kernel(void)
{
	MEASURE(SAMPLES, g_in8(0x4d0));
}

static void g_out_kernel(void)
{
	MEASURE(SAMPLES, g_out8(0x21, 0xff));
}

static void g_in_user(void)
{
	MEASURE(SAMPLES, g_in8(PORT_USER));
}

static void g_mmio_user(void)
{
	MEASURE(SAMPLES, (void)*(volatile uint32_t *)KL_MMIO);
}

static void g_cr0_wp(void)
{
	uint64_t cr0 = g_cr0();

	MEASURE(SAMPLES, ({
		cr0 ^= 1 << 16;
		asm volatile("mov %0, %%cr0" : : "r"(cr0) : "memory");
	}));
}

static void g_rdmsr_row(void)
{
	MEASURE(SAMPLES, g_rdmsr(MSR_TSC_ADJUST));
}

static void on_vector(struct kl_frame *f)
{
	fired++;
	g_wrmsr(MSR_X2_EOI, 0);
}

static void x2apic(void)
{
	g_wrmsr(MSR_APIC_BASE, g_rdmsr(MSR_APIC_BASE) | 3 << 10);
	g_wrmsr(MSR_X2_SVR, 0x1ff);
	kl_handlers[VECTOR] = on_vector;
}

/*
 * An EOI with an interrupt in service: it is raised and taken outside of the
 * measured part by a handler that does nothing.
 */
static void no_eoi(struct kl_frame *f)
{
	fired++;
}

static void g_eoi(void)
{
	uint64_t t, empty;
	unsigned int i;

	x2apic();
	kl_handlers[VECTOR] = no_eoi;
	for (i = 0; i < SAMPLES; i++) {
		t = g_rdtsc();
		samples[i] = g_rdtsc() - t;
	}
	empty = median(samples, SAMPLES);
	for (i = 0; i < SAMPLES; i++) {
		g_sti();
		g_wrmsr(MSR_X2_SELF_IPI, VECTOR);
		while (fired != i + 1)
			g_pause();
		g_cli();
		t = g_rdtsc();
		g_wrmsr(MSR_X2_EOI, 0);
		samples[i] = g_rdtsc() - t;
	}
	result = median(samples, SAMPLES) - empty;
	g_done();
}

/* The write of the self-IPI register, interrupts off; taken afterwards. */
static void g_self_ipi(void)
{
	uint64_t t, empty;
	unsigned int i;

	x2apic();
	for (i = 0; i < SAMPLES; i++) {
		t = g_rdtsc();
		samples[i] = g_rdtsc() - t;
	}
	empty = median(samples, SAMPLES);
	for (i = 0; i < SAMPLES; i++) {
		t = g_rdtsc();
		g_wrmsr(MSR_X2_SELF_IPI, VECTOR);
		samples[i] = g_rdtsc() - t;
		g_sti();
		while (fired != i + 1)
			g_pause();
		g_cli();
	}
	result = median(samples, SAMPLES) - empty;
	g_done();
}

/* Arm a deadline that has passed, until its interrupt has been handled. */
static void g_tsc_deadline(void)
{
	x2apic();
	g_wrmsr(MSR_X2_LVTT, 2 << 17 | VECTOR);
	g_sti();
	MEASURE(SAMPLES, ({
		uint64_t before = fired;

		g_wrmsr(MSR_TSC_DEADLINE, 1);
		while (fired == before)
			g_pause();
	}));
}

/* First touch of a page; the host has the page already. */
static void g_ept(uint64_t step, unsigned int n)
{
	volatile uint8_t *p = (volatile uint8_t *)KL_MMIO;
	uint64_t t, empty;
	unsigned int i;

	for (i = 0; i < n; i++) {
		t = g_rdtsc();
		samples[i] = g_rdtsc() - t;
	}
	empty = median(samples, n);
	for (i = 0; i < n; i++) {
		t = g_rdtsc();
		(void)p[i * step];
		samples[i] = g_rdtsc() - t;
	}
	result = median(samples, n) - empty;
	g_done();
}

#define PAGES_4K 512
#define PAGES_2M 16

static void g_ept_4k(void)
{
	g_ept(4096 * 32, PAGES_4K / 32);
}

static void g_ept_2m(void)
{
	g_ept(2 << 20, PAGES_2M);
}

/* Run one guest function; its port and MMIO reads are answered with zero. */
static int64_t run(struct kl_vm *vm, void (*fn)(void))
{
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	int r, n;

	kl_long(v, fn);
	for (n = 0; n < 10 * SAMPLES; n++) {
		r = kl_try_run(v);
		if (r == -EINTR)
			continue;
		kl_eq(r, 0);
		if (v->run->exit_reason == KVM_EXIT_MMIO)
			continue;
		if (v->run->exit_reason != KVM_EXIT_IO)
			break;
		if (v->run->io.port == KL_PORT)
			break;
	}
	if (v->run->exit_reason != KVM_EXIT_IO || v->run->io.port != KL_PORT) {
		fprintf(stderr, "kl-bench: guest left with %s\n",
			kl_exit_name(v->run->exit_reason));
		return KL_NO_FIGURE;
	}
	if (kl_report(v)->kind != KL_R_DONE) {
		fprintf(stderr, "kl-bench: guest: vector %llu rip %#llx\n",
			(unsigned long long)kl_report(v)->a[0],
			(unsigned long long)kl_report(v)->a[2]);
		return KL_NO_FIGURE;
	}
	return kl_guest(vm, result);
}

static int64_t plain(void (*fn)(void))
{
	return run(kl_vm_new(), fn);
}

static int64_t irqchip(void (*fn)(void))
{
	return kl_cap(NULL, KVM_CAP_IRQCHIP) ? run(kl_vm_irqchip(), fn) :
					       KL_NO_FIGURE;
}

static int64_t row_cpuid(void) { return plain(g_cpuid_row); }
static int64_t row_vmcall(void) { return plain(g_vmcall); }
static int64_t row_in_kernel(void) { return irqchip(g_in_kernel); }
static int64_t row_out_kernel(void) { return irqchip(g_out_kernel); }
static int64_t row_in_user(void) { return plain(g_in_user); }
static int64_t row_mmio_user(void) { return plain(g_mmio_user); }
static int64_t row_cr0_wp(void) { return plain(g_cr0_wp); }
static int64_t row_rdmsr(void) { return plain(g_rdmsr_row); }

static int64_t apic_row(void (*fn)(void))
{
	return kl_cpu_has(1, 0, KL_ECX, 21) ? irqchip(fn) : KL_NO_FIGURE;
}

static int64_t row_eoi(void) { return apic_row(g_eoi); }
static int64_t row_self_ipi(void) { return apic_row(g_self_ipi); }

static int64_t row_tsc_deadline(void)
{
	struct kvm_cpuid_entry2 *e;

	if (!kl_cap(NULL, KVM_CAP_TSC_DEADLINE_TIMER))
		return KL_NO_FIGURE;
	/* The capability stands for the bit, which the client sets. */
	e = kl_cpuid_find(kl_supported_cpuid(), 1, 0);
	e->ecx |= 1 << 24;
	return apic_row(g_tsc_deadline);
}

/* Memory that the host holds already, in pages of one size. */
static int64_t ept_row(void *mem, size_t size, void (*fn)(void))
{
	struct kl_vm *vm = kl_vm_new();

	kl_slot(vm, 1, 0, KL_MMIO, size, mem);
	return run(vm, fn);
}

static int64_t row_ept_4k(void)
{
	size_t size = PAGES_4K * 4096;
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	kl_check(mem != MAP_FAILED);
	madvise(mem, size, MADV_NOHUGEPAGE);
	memset(mem, 1, size);
	return ept_row(mem, size, g_ept_4k);
}

static int64_t row_ept_2m(void)
{
	size_t size = (size_t)PAGES_2M << 21;
	void *mem = kl_huge(size);

	return mem ? ept_row(mem, size, g_ept_2m) : KL_NO_FIGURE;
}

const struct kl_row kl_guest_rows[] = {
	{ "cpuid", "ticks", row_cpuid },
	{ "vmcall", "ticks", row_vmcall },
	{ "in_kernel", "ticks", row_in_kernel },
	{ "out_kernel", "ticks", row_out_kernel },
	{ "in_user", "ticks", row_in_user },
	{ "mmio_user", "ticks", row_mmio_user },
	{ "cr0_wp", "ticks", row_cr0_wp },
	{ "rdmsr_tsc_adjust", "ticks", row_rdmsr },
	{ "eoi", "ticks", row_eoi },
	{ "self_ipi", "ticks", row_self_ipi },
	{ "tsc_deadline", "ticks", row_tsc_deadline },
	{ "ept_violation_4k", "ticks", row_ept_4k },
	{ "ept_violation_2m", "ticks", row_ept_2m },
	{ NULL, NULL, NULL },
};
