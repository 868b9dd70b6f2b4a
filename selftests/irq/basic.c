// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a guest: injected by the client, through the in-kernel PIC,
 * IOAPIC and local APIC, NMIs, the timer, and between two vCPUs.
 */
#include <pthread.h>

#include "test.h"

#define VEC 0x41
#define MSR_APIC_BASE 0x1b
#define MSR_DEADLINE 0x6e0

static volatile uint64_t hits, nmis;

static void on_plain(struct kl_frame *f)
{
	hits++;
}

static void on_apic(struct kl_frame *f)
{
	hits++;
	g_apic_write(0xb0, 0);
}

static void on_pic(struct kl_frame *f)
{
	hits++;
	g_out8(0x20, 0x20);
}

static void on_nmi(struct kl_frame *f)
{
	nmis++;
}

static void guest_window(void)
{
	kl_handlers[VEC] = on_plain;
	g_sync(0);
	g_eq(hits, 0); /* IF is clear */
	g_sync(1);
	g_sti();
	asm volatile("nop; nop");
	g_cli();
	g_sync(2);
	g_eq(hits, 1);
	g_done();
}

/* KVM_INTERRUPT with the window protocol of a client without irqchip. */
TEST(interrupt_by_the_client)
{
	struct kvm_interrupt irq = { .irq = VEC };
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_window);
	kl_eq(kl_sync(v), 0);
	kl_eq(v->run->ready_for_interrupt_injection, 0);
	kl_eq(v->run->if_flag, 0);
	v->run->request_interrupt_window = 1;
	kl_eq(kl_sync(v), 1);
	kl_expect(v, KVM_EXIT_IRQ_WINDOW_OPEN);
	kl_eq(v->run->ready_for_interrupt_injection, 1);
	kl_eq(v->run->if_flag, 1);
	v->run->request_interrupt_window = 0;
	kl_ok(ioctl(v->fd, KVM_INTERRUPT, &irq));
	kl_eq(kl_sync(v), 2);
	kl_eq(kl_guest(vm, hits), 1);
	irq.irq = 256;
	kl_errno(ioctl(v->fd, KVM_INTERRUPT, &irq), EINVAL);
	kl_done(v);
	kl_vm_free(vm);
}

static void apic_on(void)
{
	g_apic_write(0xf0, 0x1ff);
	g_apic_write(0x80, 0);
	kl_handlers[VEC] = on_apic;
}

static void pic_on(void)
{
	g_out8(0x20, 0x11);
	g_out8(0x21, 0x40);
	g_out8(0x21, 4);
	g_out8(0x21, 1);
	g_out8(0xa0, 0x11);
	g_out8(0xa1, 0x48);
	g_out8(0xa1, 2);
	g_out8(0xa1, 1);
	g_out8(0x21, 0xf9); /* pins 1 and 2 */
	g_out8(0xa1, 0xff);
	kl_handlers[0x41] = on_pic;
}

static void guest_pic(void)
{
	apic_on();
	pic_on();
	g_apic_write(0x350, 0x700); /* LINT0: ExtINT */
	g_eq(g_in8(0x21), 0xf9);
	g_sync(1);
	g_sti_hlt();
	g_eq(hits, 1);
	g_sync(2);
	g_sti();
	asm volatile("nop");
	g_cli();
	g_eq(hits, 1);
	/* Masked. */
	g_out8(0x21, 0xff);
	g_sync(3);
	g_sti();
	asm volatile("nop");
	g_cli();
	g_eq(hits, 1);
	g_out8(0x21, 0xf9);
	g_sti();
	asm volatile("nop; nop");
	g_cli();
	g_eq(hits, 2);
	g_done();
}

static void line(struct kl_vm *vm, unsigned int irq, unsigned int level)
{
	struct kvm_irq_level l = { .irq = irq, .level = level };

	kl_ok(ioctl(vm->fd, KVM_IRQ_LINE, &l));
}

TEST(pic)
{
	struct kl_vm *vm = kl_vm_irqchip();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_pic);
	kl_eq(kl_sync(v), 1);
	line(vm, 1, 1);
	kl_eq(kl_sync(v), 2);
	line(vm, 1, 0);
	kl_eq(kl_sync(v), 3);
	line(vm, 1, 1);
	kl_done(v);
	kl_eq(kl_guest(vm, hits), 2);
	kl_vm_free(vm);
}

#define IOAPIC 0xfec00000UL

static void ioapic_write(uint32_t reg, uint32_t v)
{
	*(volatile uint32_t *)IOAPIC = reg;
	*(volatile uint32_t *)(IOAPIC + 0x10) = v;
}

static uint32_t ioapic_read(uint32_t reg)
{
	*(volatile uint32_t *)IOAPIC = reg;
	return *(volatile uint32_t *)(IOAPIC + 0x10);
}

/*
 * A level that stays high interrupts after each EOI, before the interrupted
 * code gets on: the handler masks the pin when it has seen enough.
 */
static void on_ioapic(struct kl_frame *f)
{
	if (++hits == 4)
		ioapic_write(0x10 + 2 * 11, VEC | 1 << 15 | 1 << 16);
	g_apic_write(0xb0, 0);
}

static void guest_ioapic(void)
{
	apic_on();
	/* The lines reach the PIC too: it is to keep still. */
	g_out8(0x21, 0xff);
	g_out8(0xa1, 0xff);
	kl_handlers[VEC] = on_ioapic;
	g_check((ioapic_read(1) >> 16 & 0xff) == 23);
	ioapic_write(0x10 + 2 * 10 + 1, 0);
	ioapic_write(0x10 + 2 * 10, VEC); /* edge */
	ioapic_write(0x10 + 2 * 11 + 1, 0);
	ioapic_write(0x10 + 2 * 11, VEC | 1 << 15); /* level */
	g_sync(1);
	g_sti_hlt();
	g_eq(hits, 1);
	g_sync(2);
	g_sti();
	while (hits < 4)
		g_pause();
	g_cli();
	g_sync(3);
	/* The line is low again: letting the pin through brings nothing. */
	ioapic_write(0x10 + 2 * 11, VEC | 1 << 15);
	g_sti();
	asm volatile("nop; nop");
	g_cli();
	g_eq(hits, 4);
	g_done();
}

TEST(ioapic)
{
	struct kl_vm *vm = kl_vm_irqchip();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_ioapic);
	kl_eq(kl_sync(v), 1);
	line(vm, 10, 1);
	line(vm, 10, 0);
	kl_eq(kl_sync(v), 2);
	line(vm, 11, 1);
	kl_eq(kl_sync(v), 3);
	line(vm, 11, 0);
	kl_done(v);
	kl_vm_free(vm);
}

static void guest_self(void)
{
	apic_on();
	g_eq(g_apic_read(0x20) >> 24, 0);
	g_apic_write(0x300, VEC | 1 << 18); /* to itself */
	g_eq(hits, 0);
	g_eq(g_apic_read(0x200 + 0x10 * (VEC / 32)) >> VEC % 32 & 1, 1);
	g_sti();
	asm volatile("nop");
	g_cli();
	g_eq(hits, 1);
	/* Held back by the task priority, let go by it. */
	g_set_cr8(5);
	g_eq(g_apic_read(0x80), 0x50);
	g_apic_write(0x300, VEC | 1 << 18);
	g_sti();
	asm volatile("nop");
	g_eq(hits, 1);
	g_set_cr8(0);
	asm volatile("nop");
	g_cli();
	g_eq(hits, 2);
	/* One-shot timer. */
	g_apic_write(0x3e0, 0xb);
	g_apic_write(0x320, VEC);
	g_apic_write(0x380, 1000);
	g_sti_hlt();
	g_eq(hits, 3);
	g_eq(g_apic_read(0x390), 0);
	/*
	 * Periodic, every 2 ms: a slow host needs most of a short period for
	 * the interrupt itself, and would never let this code get on.
	 */
	g_apic_write(0x320, VEC | 1 << 17);
	g_apic_write(0x380, 2000000);
	g_sti_hlt();
	g_sti_hlt();
	g_apic_write(0x380, 0);
	g_check(hits >= 5);
	g_done();
}

TEST(lapic)
{
	struct kl_vm *vm = kl_vm_irqchip();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_self);
	kl_done(v);
	kl_vm_free(vm);
}

static void guest_deadline(void)
{
	apic_on();
	g_apic_write(0x320, VEC | 2 << 17);
	g_wrmsr(MSR_DEADLINE, g_rdtsc() + 20000);
	g_check(g_rdmsr(MSR_DEADLINE) != 0);
	g_sti_hlt();
	g_eq(hits, 1);
	g_eq(g_rdmsr(MSR_DEADLINE), 0);
	g_wrmsr(MSR_DEADLINE, 1);
	g_sti();
	while (hits < 2)
		g_pause();
	g_cli();
	g_done();
}

TEST(tsc_deadline)
{
	struct kvm_cpuid_entry2 *e;
	struct kl_vm *vm;
	struct kl_vcpu *v;

	kl_need_cap(NULL, KVM_CAP_TSC_DEADLINE_TIMER);
	e = kl_cpuid_find(kl_supported_cpuid(), 1, 0);
	e->ecx |= 1 << 24;
	vm = kl_vm_irqchip();
	v = kl_vcpu_new(vm, 0);
	kl_long(v, guest_deadline);
	kl_done(v);
	kl_vm_free(vm);
}

static void guest_nmi(void)
{
	kl_handlers[2] = on_nmi;
	g_sync(1);
	asm volatile("nop");
	g_eq(nmis, 1);
	g_sync(2);
	asm volatile("nop");
	g_eq(nmis, 2);
	g_done();
}

TEST(nmi)
{
	struct kl_vm *vm = kl_vm_irqchip();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_need_cap(vm, KVM_CAP_USER_NMI);
	kl_long(v, guest_nmi);
	kl_eq(kl_sync(v), 1);
	kl_ok(ioctl(v->fd, KVM_NMI, 0));
	kl_eq(kl_sync(v), 2);
	kl_eq(kl_guest(vm, nmis), 1);
	kl_ok(ioctl(v->fd, KVM_NMI, 0));
	kl_done(v);
	kl_vm_free(vm);
}

extern const char ap_code[], ap_end[];

/* The second CPU: counts in memory, then halts; started by SIPI at 0x8000. */
asm(".pushsection .rodata\n"
	".code16\n"
	"ap_code:\n"
	"	cli\n"
	"	mov %cs, %ax\n"
	"	mov %ax, 0x7000\n"
	"	incw 0x7002\n"
	"1:	hlt\n"
	"	jmp 1b\n"
	"ap_end:\n"
	".code64\n"
	".popsection\n");

static void guest_sipi(void)
{
	volatile uint16_t *seen = (volatile uint16_t *)0x7002;

	apic_on();
	g_apic_write(0x310, 1U << 24);
	g_apic_write(0x300, 0x4500);
	g_apic_write(0x310, 1U << 24);
	g_apic_write(0x300, 0x4608);
	g_sti();
	while (*seen != 1)
		g_pause();
	/* A second SIPI is ignored by a CPU that runs; INIT starts it over. */
	g_apic_write(0x300, 0x4608);
	g_apic_write(0x300, 0x4500);
	g_apic_write(0x300, 0x4608);
	while (*seen != 2)
		g_pause();
	g_done();
}

static volatile int stop;

static void *run_ap(void *arg)
{
	struct kl_vcpu *v = arg;

	while (!stop) {
		int r = kl_try_run(v);

		kl_check(r == -EINTR || r == -EAGAIN || !r);
	}
	return NULL;
}

static void kicked(int sig)
{
}

TEST(second_cpu)
{
	struct sigaction sa = { .sa_handler = kicked };
	struct kl_vm *vm = kl_vm_irqchip();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0), *ap = kl_vcpu_new(vm, 1);
	struct kvm_mp_state mp;
	pthread_t t;

	kl_need_cap(vm, KVM_CAP_MP_STATE);
	sigaction(SIGUSR1, &sa, NULL);
	memcpy(vm->mem + KL_REAL, ap_code, ap_end - ap_code);
	kl_ok(ioctl(ap->fd, KVM_GET_MP_STATE, &mp));
	kl_eq(mp.mp_state, KVM_MP_STATE_UNINITIALIZED);
	kl_ok(ioctl(v->fd, KVM_GET_MP_STATE, &mp));
	kl_eq(mp.mp_state, KVM_MP_STATE_RUNNABLE);
	kl_eq(pthread_create(&t, NULL, run_ap, ap), 0);
	kl_long(v, guest_sipi);
	kl_done(v);
	kl_eq(*(uint16_t *)(vm->mem + 0x7000), 0x800);
	stop = 1;
	ap->run->immediate_exit = 1;
	pthread_kill(t, SIGUSR1);
	pthread_join(t, NULL);
	kl_vm_free(vm);
}

/* State of the chips goes out and in again unchanged. */
TEST(round_trips)
{
	struct kl_vm *vm = kl_vm_irqchip();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_lapic_state a, b;
	struct kvm_irqchip c, d;
	unsigned int i;

	kl_long(v, guest_pic);
	kl_eq(kl_sync(v), 1);
	for (i = 0; i < 3; i++) {
		memset(&c, 0, sizeof(c));
		memset(&d, 0xff, sizeof(d));
		c.chip_id = i;
		d.chip_id = i;
		kl_ok(ioctl(vm->fd, KVM_GET_IRQCHIP, &c));
		kl_ok(ioctl(vm->fd, KVM_SET_IRQCHIP, &c));
		kl_ok(ioctl(vm->fd, KVM_GET_IRQCHIP, &d));
		if (i == KVM_IRQCHIP_PIC_MASTER) {
			kl_eq(c.chip.pic.imr, 0xf9);
			kl_eq(c.chip.pic.irq_base, 0x40);
		}
		kl_eq(memcmp(&c.chip, &d.chip,
			     i < 2 ? sizeof(c.chip.pic) :
				     sizeof(c.chip.ioapic)), 0);
	}
	c.chip_id = 3;
	kl_errno(ioctl(vm->fd, KVM_GET_IRQCHIP, &c), EINVAL);
	kl_ok(ioctl(v->fd, KVM_GET_LAPIC, &a));
	kl_eq(*(uint32_t *)(a.regs + 0xf0), 0x1ff);
	kl_eq(*(uint32_t *)(a.regs + 0x350), 0x700);
	kl_ok(ioctl(v->fd, KVM_SET_LAPIC, &a));
	kl_ok(ioctl(v->fd, KVM_GET_LAPIC, &b));
	kl_eq(memcmp(&a, &b, sizeof(a)), 0);
	/* A second irqchip, and one after the vCPUs, are refused. */
	kl_errno(ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0), EEXIST);
	kl_vm_free(vm);
	vm = kl_vm_bare();
	kl_vcpu_new(vm, 0);
	kl_errno(ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0), EINVAL);
	kl_vm_free(vm);
}

static void guest_pit(void)
{
	apic_on();
	pic_on();
	g_apic_write(0x350, 0x700);
	kl_handlers[0x40] = on_pic;
	g_out8(0x21, 0xfe); /* pin 0 */
	g_out8(0x43, 0x34); /* channel 0, rate generator */
	g_out8(0x40, 0x00);
	g_out8(0x40, 0x10);
	g_sti_hlt();
	g_sti_hlt();
	g_check(hits >= 2);
	g_done();
}

TEST(pit)
{
	struct kvm_pit_config pc = { .flags = 0 };
	struct kl_vm *vm = kl_vm_irqchip();
	struct kl_vcpu *v;
	struct kvm_pit_state2 s;

	kl_need_cap(vm, KVM_CAP_PIT2);
	kl_ok(ioctl(vm->fd, KVM_CREATE_PIT2, &pc));
	kl_errno(ioctl(vm->fd, KVM_CREATE_PIT2, &pc), EEXIST);
	v = kl_vcpu_new(vm, 0);
	kl_long(v, guest_pit);
	kl_done(v);
	kl_ok(ioctl(vm->fd, KVM_GET_PIT2, &s));
	kl_eq(s.channels[0].count, 0x1000);
	kl_eq(s.channels[0].mode, 2);
	kl_ok(ioctl(vm->fd, KVM_SET_PIT2, &s));
	kl_vm_free(vm);
}
