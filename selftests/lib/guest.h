/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest side of the kselftest library: what a test's guest functions call.
 * They run in the guest's copy of the test's image, at CPL 0, on an identity
 * map of the first 4 GB; they may call nothing of the C library.
 */
#ifndef _KL_SELFTEST_GUEST_H
#define _KL_SELFTEST_GUEST_H

#include <stdint.h>

/* A 32-bit OUT here whose data is the address of a struct kl_report. */
#define KL_PORT		0x5a0

#define KL_NO_TRAP	0x1ff

enum kl_report_kind {
	KL_R_SYNC = 1,
	KL_R_DONE,
	KL_R_FAIL,
	KL_R_TRAP,
};

/**
 * struct kl_report - what a guest tells the test
 * @kind: enum kl_report_kind
 * @line: where in the test
 * @text: the failed expression
 * @a: values: of SYNC the stage, of FAIL both sides, of TRAP vector, error
 *	code, RIP, CR2
 */
struct kl_report {
	uint32_t kind;
	uint32_t line;
	const char *text;
	uint64_t a[4];
};

/**
 * struct kl_frame - the stack at an exception or interrupt
 * @r: r15 r14 r13 r12 r11 r10 r9 r8 rbp rdi rsi rdx rcx rbx rax
 */
struct kl_frame {
	uint64_t r[15];
	uint64_t vector;
	uint64_t error;
	uint64_t rip;
	uint64_t cs;
	uint64_t rflags;
	uint64_t rsp;
	uint64_t ss;
};

/**
 * struct kl_trap - the last exception met by g_try()
 * @resume: where to go on, zero when no exception is expected
 * @vector: what came, KL_NO_TRAP if nothing did
 * @error: its error code, zero if it has none
 * @cr2: CR2 at that time
 * @dr6: DR6 at that time
 */
struct kl_trap {
	uint64_t resume;
	uint64_t vector;
	uint64_t error;
	uint64_t cr2;
	uint64_t dr6;
};

typedef void (*kl_handler)(struct kl_frame *frame);

extern volatile struct kl_trap kl_trap;
extern kl_handler kl_handlers[256];
extern const unsigned char kl_idt_stubs[];

void g_report(uint32_t kind, uint32_t line, const char *text, uint64_t a,
	      uint64_t b);
void kl_trap_entry(struct kl_frame *frame);

#define g_sync(stage) g_report(KL_R_SYNC, __LINE__, "", (uint64_t)(stage), 0)
#define g_done() g_report(KL_R_DONE, __LINE__, "", 0, 0)

#define g_check(cond)							\
	do {								\
		if (!(cond))						\
			g_report(KL_R_FAIL, __LINE__, #cond, 0, 1);	\
	} while (0)

#define g_eq(x, y)							\
	do {								\
		uint64_t _x = (uint64_t)(x), _y = (uint64_t)(y);	\
									\
		if (_x != _y)						\
			g_report(KL_R_FAIL, __LINE__, #x " == " #y,	\
				 _x, _y);				\
	} while (0)

/*
 * Execute one instruction that may fault; gives the vector or KL_NO_TRAP.
 * The operands are those of asm(): g_try("rdmsr", "=a"(lo), "=d"(hi) : "c"(n)).
 */
#define g_try(insn, ...)						\
({									\
	kl_trap.vector = KL_NO_TRAP;					\
	asm volatile("movq $77f, %[kl_resume]\n\t" insn			\
		     "\n77:\tmovq $0, %[kl_resume]"			\
		     : [kl_resume] "+m"(kl_trap.resume)			\
		     __VA_OPT__(, __VA_ARGS__));			\
	kl_trap.vector;							\
})

static inline void g_out8(uint16_t port, uint8_t v)
{
	asm volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void g_out16(uint16_t port, uint16_t v)
{
	asm volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void g_out32(uint16_t port, uint32_t v)
{
	asm volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint8_t g_in8(uint16_t port)
{
	uint8_t v;

	asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint16_t g_in16(uint16_t port)
{
	uint16_t v;

	asm volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint32_t g_in32(uint16_t port)
{
	uint32_t v;

	asm volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint64_t g_rdtsc(void)
{
	uint32_t lo, hi;

	asm volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline uint64_t g_rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void g_wrmsr(uint32_t msr, uint64_t v)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v),
		     "d"((uint32_t)(v >> 32)) : "memory");
}

/* The same, giving the vector of what they met. */
static inline uint64_t g_rdmsr_safe(uint32_t msr, uint64_t *v)
{
	uint32_t lo = 0, hi = 0;
	uint64_t vec;

	vec = g_try("rdmsr", "+a"(lo), "+d"(hi) : "c"(msr) : "memory");
	*v = (uint64_t)hi << 32 | lo;
	return vec;
}

static inline uint64_t g_wrmsr_safe(uint32_t msr, uint64_t v)
{
	return g_try("wrmsr", "+m"(kl_trap.dr6) : "c"(msr), "a"((uint32_t)v),
		     "d"((uint32_t)(v >> 32)) : "memory");
}

static inline void g_cpuid(uint32_t fn, uint32_t index, uint32_t r[4])
{
	asm volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
		     : "a"(fn), "c"(index) : "memory");
}

#define G_CR(n)								\
static inline uint64_t g_cr##n(void)					\
{									\
	uint64_t v;							\
									\
	asm volatile("mov %%cr" #n ", %0" : "=r"(v) : : "memory");	\
	return v;							\
}									\
									\
static inline uint64_t g_set_cr##n(uint64_t v)				\
{									\
	return g_try("mov %[v], %%cr" #n, "+m"(kl_trap.dr6)		\
		     : [v] "r"(v) : "memory");				\
}

G_CR(0)
G_CR(2)
G_CR(3)
G_CR(4)
G_CR(8)

static inline void g_sti(void)
{
	asm volatile("sti" : : : "memory");
}

static inline void g_cli(void)
{
	asm volatile("cli" : : : "memory");
}

/* Sleep until an interrupt: the shadow of STI lets none in before the HLT. */
static inline void g_sti_hlt(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

static inline void g_pause(void)
{
	asm volatile("pause" : : : "memory");
}

#define G_APIC 0xfee00000UL

static inline uint32_t g_apic_read(uint32_t reg)
{
	return *(volatile uint32_t *)(G_APIC + reg);
}

static inline void g_apic_write(uint32_t reg, uint32_t v)
{
	*(volatile uint32_t *)(G_APIC + reg) = v;
}

#endif /* _KL_SELFTEST_GUEST_H */
