// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest side of the kselftest library: reports, exception and interrupt
 * entry. All of it runs inside the guest only.
 */
#include "guest.h"

volatile struct kl_trap kl_trap;
kl_handler kl_handlers[256];

/*
 * 256 stubs of 16 bytes: those of exceptions with an error code find it on
 * the stack, the others put a zero there.
 */
asm(".pushsection .text\n"
	".balign 16\n"
	".global kl_idt_stubs\n"
	"kl_idt_stubs:\n"
	"vec = 0\n"
	".rept 256\n"
	".balign 16\n"
	".if !((vec == 8) | ((vec >= 10) & (vec <= 14)) | (vec == 17) | (vec == 21))\n"
	"	pushq $0\n"
	".endif\n"
	"	pushq $vec\n"
	"	jmp kl_trap_asm\n"
	"vec = vec + 1\n"
	".endr\n"
	"kl_trap_asm:\n"
	"	push %rax; push %rbx; push %rcx; push %rdx; push %rsi; push %rdi\n"
	"	push %rbp; push %r8; push %r9; push %r10; push %r11; push %r12\n"
	"	push %r13; push %r14; push %r15\n"
	"	mov %rsp, %rdi\n"
	"	mov %rsp, %rbp\n"
	"	and $-16, %rsp\n"
	"	cld\n"
	"	call kl_trap_entry\n"
	"	mov %rbp, %rsp\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %r11; pop %r10; pop %r9\n"
	"	pop %r8; pop %rbp; pop %rdi; pop %rsi; pop %rdx; pop %rcx; pop %rbx\n"
	"	pop %rax\n"
	"	add $16, %rsp\n"
	"	iretq\n"
	".popsection\n");

static void out_report(struct kl_report *r)
{
	asm volatile("outl %%eax, %%dx"
		     : : "a"((uint32_t)(uintptr_t)r), "d"(KL_PORT) : "memory");
}

/**
 * g_report - tell the test something, by one OUT
 * @kind: enum kl_report_kind
 * @line: line of the test
 * @text: what it is about
 * @a: first value
 * @b: second value
 *
 * Returns when the test runs the vCPU again.
 */
void g_report(uint32_t kind, uint32_t line, const char *text, uint64_t a,
	      uint64_t b)
{
	struct kl_report r;

	r.kind = kind;
	r.line = line;
	r.text = text;
	r.a[0] = a;
	r.a[1] = b;
	r.a[2] = 0;
	r.a[3] = 0;
	out_report(&r);
}

/**
 * kl_trap_entry - C part of every exception and interrupt of the guest
 * @f: registers at that time; what is changed in it is what is resumed
 *
 * A handler of the test comes first, then an exception expected by g_try();
 * anything else is reported and ends the test.
 */
void kl_trap_entry(struct kl_frame *f)
{
	struct kl_report r;
	uint64_t cr2, dr6;

	if (kl_handlers[f->vector & 0xff]) {
		kl_handlers[f->vector & 0xff](f);
		return;
	}
	asm volatile("mov %%cr2, %0" : "=r"(cr2));
	asm volatile("mov %%dr6, %0" : "=r"(dr6));
	if (f->vector < 32 && kl_trap.resume) {
		kl_trap.vector = f->vector;
		kl_trap.error = f->error;
		kl_trap.cr2 = cr2;
		kl_trap.dr6 = dr6;
		f->rip = kl_trap.resume;
		kl_trap.resume = 0;
		return;
	}
	r.kind = KL_R_TRAP;
	r.line = 0;
	r.text = "exception or interrupt that nothing expects";
	r.a[0] = f->vector;
	r.a[1] = f->error;
	r.a[2] = f->rip;
	r.a[3] = cr2;
	for (;;)
		out_report(&r);
}
