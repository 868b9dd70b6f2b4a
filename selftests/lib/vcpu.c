// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs of the kselftest library: making one, putting it into a mode, running
 * it until it reports or leaves for another reason, reading what it said.
 */
#include "kl.h"

/* A run that needs more exits than this is a test gone wrong. */
#define EXIT_LIMIT 1000000

/**
 * kl_supported_cpuid - what KVM_GET_SUPPORTED_CPUID gives
 *
 * Return: a table that belongs to the library.
 */
struct kvm_cpuid2 *kl_supported_cpuid(void)
{
	static struct kvm_cpuid2 *cpuid;
	int fd;

	if (cpuid)
		return cpuid;
	cpuid = calloc(1, sizeof(*cpuid) +
		       KL_CPUID_MAX * sizeof(cpuid->entries[0]));
	kl_check(cpuid);
	cpuid->nent = KL_CPUID_MAX;
	fd = kl_open();
	kl_ok(ioctl(fd, KVM_GET_SUPPORTED_CPUID, cpuid));
	close(fd);
	return cpuid;
}

struct kvm_cpuid_entry2 *kl_cpuid_find(struct kvm_cpuid2 *cpuid, uint32_t fn,
				       uint32_t index)
{
	unsigned int i;

	for (i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

		if (e->function == fn &&
		    (!(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) ||
		     e->index == index))
			return e;
	}
	return NULL;
}

/**
 * kl_cpu_has - whether the device lets a guest have a CPUID bit
 * @fn: leaf
 * @index: sub-leaf
 * @reg: KL_EAX to KL_EDX
 * @bit: bit number
 *
 * Return: the bit.
 */
bool kl_cpu_has(uint32_t fn, uint32_t index, int reg, int bit)
{
	struct kvm_cpuid_entry2 *e = kl_cpuid_find(kl_supported_cpuid(), fn,
						   index);
	uint32_t v[4];

	if (!e)
		return false;
	v[KL_EAX] = e->eax;
	v[KL_EBX] = e->ebx;
	v[KL_ECX] = e->ecx;
	v[KL_EDX] = e->edx;
	return v[reg] >> bit & 1;
}

/**
 * kl_vcpu_new - make a vCPU that has all the CPUID the device supports
 * @vm: the VM
 * @id: its APIC id
 *
 * Return: the vCPU in its power-on state.
 */
struct kl_vcpu *kl_vcpu_new(struct kl_vm *vm, unsigned int id)
{
	struct kl_vcpu *v = calloc(1, sizeof(*v));

	kl_check(v && vm->nr < KL_MAX_VCPUS);
	v->vm = vm;
	v->id = id;
	v->fd = kl_ok(ioctl(vm->fd, KVM_CREATE_VCPU, id));
	v->run_size = kl_ok(ioctl(vm->sys, KVM_GET_VCPU_MMAP_SIZE, 0));
	v->run = mmap(NULL, v->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      v->fd, 0);
	if (v->run == MAP_FAILED)
		kl_fail("mmap of the vCPU: %s", strerror(errno));
	kl_ok(ioctl(v->fd, KVM_SET_CPUID2, kl_supported_cpuid()));
	vm->vcpu[vm->nr++] = v;
	return v;
}

void kl_get_regs(struct kl_vcpu *vcpu, struct kvm_regs *regs)
{
	kl_ok(ioctl(vcpu->fd, KVM_GET_REGS, regs));
}

void kl_set_regs(struct kl_vcpu *vcpu, const struct kvm_regs *regs)
{
	kl_ok(ioctl(vcpu->fd, KVM_SET_REGS, regs));
}

void kl_get_sregs(struct kl_vcpu *vcpu, struct kvm_sregs *sregs)
{
	kl_ok(ioctl(vcpu->fd, KVM_GET_SREGS, sregs));
}

void kl_set_sregs(struct kl_vcpu *vcpu, const struct kvm_sregs *sregs)
{
	kl_ok(ioctl(vcpu->fd, KVM_SET_SREGS, sregs));
}

static struct kvm_segment segment(uint16_t sel, uint8_t type, bool l, bool db)
{
	struct kvm_segment s = {
		.limit = 0xffffffff,
		.selector = sel,
		.type = type,
		.present = 1,
		.db = db,
		.s = 1,
		.l = l,
		.g = 1,
	};

	return s;
}

static void flat_segments(struct kvm_sregs *s, uint16_t cs, bool l)
{
	s->cs = segment(cs, 0xb, l, !l);
	s->ds = segment(KL_DS, 0x3, false, true);
	s->es = s->ds;
	s->fs = s->ds;
	s->gs = s->ds;
	s->ss = s->ds;
	s->gdt.base = KL_GDT;
	s->gdt.limit = 0x5f;
	s->idt.base = KL_IDT;
	s->idt.limit = 0xfff;
	memset(&s->tr, 0, sizeof(s->tr));
	s->tr.selector = KL_TR;
	s->tr.base = KL_TSS;
	s->tr.limit = 0x67;
	s->tr.type = 0xb;
	s->tr.present = 1;
	memset(&s->ldt, 0, sizeof(s->ldt));
	s->ldt.type = 2;
	s->ldt.unusable = 1;
}

static void start_at(struct kl_vcpu *vcpu, uint64_t rip, uint64_t rsp)
{
	struct kvm_regs r = { .rip = rip, .rsp = rsp, .rflags = 2 };

	kl_set_regs(vcpu, &r);
}

/**
 * kl_long - put a vCPU into 64-bit mode
 * @vcpu: the vCPU
 * @fn: guest function it starts in; it must not return
 */
void kl_long(struct kl_vcpu *vcpu, void (*fn)(void))
{
	struct kvm_sregs s;

	kl_get_sregs(vcpu, &s);
	flat_segments(&s, KL_CS64, true);
	s.cr0 = 0x80010033; /* PG WP NE ET MP PE */
	s.cr3 = KL_PT;
	s.cr4 = 0x620; /* OSXMMEXCPT OSFXSR PAE */
	s.efer = 0x501; /* LMA LME SCE */
	kl_set_sregs(vcpu, &s);
	start_at(vcpu, (uintptr_t)fn,
		 KL_STACKS + (vcpu->id % KL_MAX_VCPUS + 1) * KL_STACK - 8);
}

/**
 * kl_prot32 - put a vCPU into 32-bit protected mode without paging
 * @vcpu: the vCPU
 * @code: where in this program's image it starts
 */
void kl_prot32(struct kl_vcpu *vcpu, const void *code)
{
	struct kvm_sregs s;

	kl_get_sregs(vcpu, &s);
	flat_segments(&s, KL_CS32, false);
	s.cr0 = 0x31; /* NE ET PE */
	s.cr3 = 0;
	s.cr4 = 0;
	s.efer = 0;
	kl_set_sregs(vcpu, &s);
	start_at(vcpu, (uintptr_t)code,
		 KL_STACKS + (vcpu->id % KL_MAX_VCPUS + 1) * KL_STACK - 16);
}

/**
 * kl_real - put a vCPU into real mode at 0:KL_REAL
 * @vcpu: a vCPU in its power-on state
 * @code: 16-bit code, copied there
 * @end: its end
 */
void kl_real(struct kl_vcpu *vcpu, const void *code, const void *end)
{
	struct kvm_sregs s;

	memcpy(vcpu->vm->mem + KL_REAL, code,
	       (const char *)end - (const char *)code);
	kl_get_sregs(vcpu, &s);
	s.cs.selector = 0;
	s.cs.base = 0;
	kl_set_sregs(vcpu, &s);
	start_at(vcpu, KL_REAL, 0x7ff0);
}

/**
 * kl_try_run - one KVM_RUN
 * @vcpu: the vCPU
 *
 * Return: zero or -errno.
 */
int kl_try_run(struct kl_vcpu *vcpu)
{
	int r = ioctl(vcpu->fd, KVM_RUN, 0) ? -errno : 0;

	if (!r && vcpu->run->exit_reason < 64)
		vcpu->exits[vcpu->run->exit_reason]++;
	return r;
}

/**
 * kl_report - what the guest has just said
 * @vcpu: a vCPU for which kl_run() gave KL_REPORT
 *
 * Return: the report in guest memory.
 */
struct kl_report *kl_report(struct kl_vcpu *vcpu)
{
	uint32_t gpa = *(uint32_t *)((char *)vcpu->run +
				     vcpu->run->io.data_offset);

	kl_check(gpa < vcpu->vm->size - sizeof(struct kl_report));
	return kl_hva(vcpu->vm, (void *)(uintptr_t)gpa);
}

static bool is_report(struct kvm_run *run)
{
	return run->exit_reason == KVM_EXIT_IO && run->io.port == KL_PORT &&
	       run->io.direction == KVM_EXIT_IO_OUT && run->io.size == 4 &&
	       run->io.count == 1;
}

/* A guest that found an error ends the test here. */
static void judge(struct kl_vcpu *vcpu)
{
	struct kl_report *r = kl_report(vcpu);

	if (r->kind == KL_R_FAIL)
		kl_fail("guest, line %u: %s (%#llx, %#llx)", r->line,
			(char *)kl_hva(vcpu->vm, r->text),
			(unsigned long long)r->a[0],
			(unsigned long long)r->a[1]);
	if (r->kind == KL_R_TRAP)
		kl_fail("guest: vector %llu, error %#llx, rip %#llx, cr2 %#llx: %s",
			(unsigned long long)r->a[0],
			(unsigned long long)r->a[1],
			(unsigned long long)r->a[2],
			(unsigned long long)r->a[3],
			(char *)kl_hva(vcpu->vm, r->text));
}

/**
 * kl_run - run until the guest reports or leaves for another reason
 * @vcpu: the vCPU
 *
 * Return: KL_REPORT, or the KVM_EXIT_* reason.
 */
int kl_run(struct kl_vcpu *vcpu)
{
	int i, r;

	for (i = 0; i < EXIT_LIMIT; i++) {
		r = kl_try_run(vcpu);
		if (r == -EINTR || r == -EAGAIN)
			continue;
		if (r)
			kl_fail("KVM_RUN: %s", strerror(-r));
		/* CR8 belongs to a client without irqchip: nothing to do. */
		if (vcpu->run->exit_reason == KVM_EXIT_SET_TPR)
			continue;
		if (!is_report(vcpu->run))
			return vcpu->run->exit_reason;
		judge(vcpu);
		return KL_REPORT;
	}
	kl_fail("no end after %d runs", EXIT_LIMIT);
}

const char *kl_exit_name(int reason)
{
	static const char * const names[] = {
		[KVM_EXIT_UNKNOWN] = "UNKNOWN",
		[KVM_EXIT_EXCEPTION] = "EXCEPTION",
		[KVM_EXIT_IO] = "IO",
		[KVM_EXIT_HYPERCALL] = "HYPERCALL",
		[KVM_EXIT_DEBUG] = "DEBUG",
		[KVM_EXIT_HLT] = "HLT",
		[KVM_EXIT_MMIO] = "MMIO",
		[KVM_EXIT_IRQ_WINDOW_OPEN] = "IRQ_WINDOW_OPEN",
		[KVM_EXIT_SHUTDOWN] = "SHUTDOWN",
		[KVM_EXIT_FAIL_ENTRY] = "FAIL_ENTRY",
		[KVM_EXIT_INTR] = "INTR",
		[KVM_EXIT_INTERNAL_ERROR] = "INTERNAL_ERROR",
	};
	static char other[24];

	if (reason == KL_REPORT)
		return "a report";
	if (reason >= 0 &&
	    reason < (int)ARRAY_SIZE(names) && names[reason])
		return names[reason];
	snprintf(other, sizeof(other), "exit %d", reason);
	return other;
}

/* Say what made an exit that was not expected. */
static void unexpected(struct kl_vcpu *vcpu, int got, const char *want)
{
	struct kvm_run *run = vcpu->run;
	struct kvm_regs r;
	struct kvm_sregs s;

	memset(&r, 0, sizeof(r));
	ioctl(vcpu->fd, KVM_GET_REGS, &r);
	ioctl(vcpu->fd, KVM_GET_SREGS, &s);
	printf("# rip %#llx rsp %#llx rax %#llx rflags %#llx\n", r.rip, r.rsp, r.rax,
	       r.rflags);
	printf("# cr0 %#llx cr2 %#llx cr3 %#llx cr4 %#llx efer %#llx\n", s.cr0, s.cr2,
	       s.cr3, s.cr4, s.efer);
	if (got == KVM_EXIT_IO)
		printf("# port %#x dir %u size %u count %u\n", run->io.port,
		       run->io.direction, run->io.size, run->io.count);
	else if (got == KVM_EXIT_MMIO)
		printf("# gpa %#llx len %u write %u\n", run->mmio.phys_addr,
		       run->mmio.len, run->mmio.is_write);
	else if (got == KVM_EXIT_INTERNAL_ERROR)
		printf("# suberror %u data %#llx %#llx\n",
		       run->internal.suberror, run->internal.data[0],
		       run->internal.data[1]);
	else if (got == KVM_EXIT_FAIL_ENTRY)
		printf("# hardware reason %#llx\n",
		       run->fail_entry.hardware_entry_failure_reason);
	else if (got == KL_REPORT)
		printf("# report kind %u line %u stage %#llx\n",
		       kl_report(vcpu)->kind, kl_report(vcpu)->line,
		       (unsigned long long)kl_report(vcpu)->a[0]);
	kl_fail("KVM_RUN gave %s, expected %s", kl_exit_name(got), want);
}

/**
 * kl_expect - run, and leave for this reason
 * @vcpu: the vCPU
 * @reason: KVM_EXIT_*
 */
void kl_expect(struct kl_vcpu *vcpu, int reason)
{
	int got = kl_run(vcpu);

	if (got != reason)
		unexpected(vcpu, got, kl_exit_name(reason));
}

/**
 * kl_sync - run to the guest's next g_sync()
 * @vcpu: the vCPU
 *
 * Return: its stage.
 */
uint64_t kl_sync(struct kl_vcpu *vcpu)
{
	int got = kl_run(vcpu);

	if (got != KL_REPORT || kl_report(vcpu)->kind != KL_R_SYNC)
		unexpected(vcpu, got, "g_sync()");
	return kl_report(vcpu)->a[0];
}

/**
 * kl_done - run to the guest's g_done()
 * @vcpu: the vCPU
 */
void kl_done(struct kl_vcpu *vcpu)
{
	int got = kl_run(vcpu);

	if (got != KL_REPORT || kl_report(vcpu)->kind != KL_R_DONE)
		unexpected(vcpu, got, "g_done()");
}
