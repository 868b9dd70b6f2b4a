// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU: its first state, its thread, and what the runner does about each
 * exit.
 *
 * tour 70: kl_vcpu_loop() is a hypervisor seen from userspace: run, look why it
 * came back, do that, run again.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cpuid.h"
#include "machine.h"

#define KL_MSR_MISC_ENABLE 0x1a0
#define KL_MSR_MTRR_DEF_TYPE 0x2ff
#define KL_MISC_FAST_STRING 1
#define KL_MTRR_ENABLED_WB 0x806 /* enabled, default type write-back */
#define KL_LVT_LINT0 0x350
#define KL_LVT_LINT1 0x360
#define KL_LVT_EXTINT 0x700
#define KL_LVT_NMI 0x400

#define KL_KICK SIGUSR1

/**
 * kl_user_exit_name() - the name of an exit to userspace
 * @reason: KVM_EXIT_*
 *
 * Return: a lower-case word.
 */
const char *kl_user_exit_name(unsigned int reason)
{
	static const char *const name[KL_NR_USER_EXITS] = {
		[KVM_EXIT_UNKNOWN] = "unknown",
		[KVM_EXIT_IO] = "io",
		[KVM_EXIT_DEBUG] = "debug",
		[KVM_EXIT_HLT] = "hlt",
		[KVM_EXIT_MMIO] = "mmio",
		[KVM_EXIT_SHUTDOWN] = "shutdown",
		[KVM_EXIT_FAIL_ENTRY] = "fail_entry",
		[KVM_EXIT_INTR] = "intr",
		[KVM_EXIT_INTERNAL_ERROR] = "internal_error",
		[KVM_EXIT_SYSTEM_EVENT] = "system_event",
	};

	if (reason >= KL_NR_USER_EXITS || !name[reason])
		return "other";
	return name[reason];
}

static int kl_vcpu_cpuid(struct kl_vcpu *vcpu, struct kl_err *err)
{
	int khz = ioctl(vcpu->k.fd, KVM_GET_TSC_KHZ, 0ul);
	struct kl_cpuid cpuid;

	if (kl_api_supported_cpuid(vcpu->m->sys_fd, &cpuid, err))
		return -1;
	kl_cpuid_for_vcpu(&cpuid, vcpu->k.id, vcpu->m->opt->cpus,
			  khz > 0 ? khz : 0,
			  kl_api_cap(vcpu->m->sys_fd,
				     KVM_CAP_TSC_DEADLINE_TIMER));
	if (ioctl(vcpu->k.fd, KVM_SET_CPUID2, &cpuid.head) < 0)
		return kl_err(err, "vCPU %u: KVM_SET_CPUID2: %s", vcpu->k.id,
			      strerror(errno));
	return 0;
}

/* What a BIOS does to LINT0 and LINT1; a device without it has it done. */
static void kl_vcpu_lapic(struct kl_vcpu *vcpu)
{
	const uint32_t extint = KL_LVT_EXTINT, nmi = KL_LVT_NMI;
	struct kvm_lapic_state lapic;

	if (ioctl(vcpu->k.fd, KVM_GET_LAPIC, &lapic) < 0)
		return;
	if (!vcpu->k.id)
		memcpy(lapic.regs + KL_LVT_LINT0, &extint, sizeof(extint));
	memcpy(lapic.regs + KL_LVT_LINT1, &nmi, sizeof(nmi));
	ioctl(vcpu->k.fd, KVM_SET_LAPIC, &lapic);
}

/* The first vCPU starts at the kernel's entry; the others wait for a SIPI. */
static int kl_vcpu_boot_state(struct kl_vcpu *vcpu, struct kl_err *err)
{
	const struct kl_boot *boot = &vcpu->m->boot;
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	if (ioctl(vcpu->k.fd, KVM_GET_SREGS, &sregs) < 0)
		return kl_err(err, "KVM_GET_SREGS: %s", strerror(errno));
	kl_boot_sregs(boot->protocol, &sregs);
	if (ioctl(vcpu->k.fd, KVM_SET_SREGS, &sregs) < 0)
		return kl_err(err, "KVM_SET_SREGS: %s", strerror(errno));
	kl_boot_regs(boot, &regs);
	if (ioctl(vcpu->k.fd, KVM_SET_REGS, &regs) < 0)
		return kl_err(err, "KVM_SET_REGS: %s", strerror(errno));
	return 0;
}

/**
 * kl_vcpu_setup() - put a new vCPU into its first state
 * @vcpu: the vCPU; its machine's guest is loaded
 * @err: the reason of a failure
 *
 * Return: 0 or -1.
 */
int kl_vcpu_setup(struct kl_vcpu *vcpu, struct kl_err *err)
{
	if (kl_vcpu_cpuid(vcpu, err))
		return -1;
	/* Linux is content without either: a refusal is no reason to stop. */
	kl_api_set_msr(vcpu->k.fd, KL_MSR_MISC_ENABLE, KL_MISC_FAST_STRING);
	kl_api_set_msr(vcpu->k.fd, KL_MSR_MTRR_DEF_TYPE, KL_MTRR_ENABLED_WB);
	kl_vcpu_lapic(vcpu);
	if (vcpu->k.id)
		return 0;
	return kl_vcpu_boot_state(vcpu, err);
}

static void kl_exit_io(struct kl_vcpu *vcpu)
{
	struct kl_machine *m = vcpu->m;
	struct kvm_run *run = vcpu->k.run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	unsigned int size = run->io.size, i;
	uint32_t value;

	pthread_mutex_lock(&m->lock);
	for (i = 0; i < run->io.count; i++, data += size) {
		if (run->io.direction == KVM_EXIT_IO_OUT) {
			value = 0;
			memcpy(&value, data, size);
			kl_bus_out(&m->bus, run->io.port, size, value);
		} else {
			value = kl_bus_in(&m->bus, run->io.port, size);
			memcpy(data, &value, size);
		}
	}
	kl_devices_feed(m);
	pthread_mutex_unlock(&m->lock);
}

static void kl_exit_mmio(struct kl_vcpu *vcpu)
{
	struct kl_machine *m = vcpu->m;
	struct kvm_run *run = vcpu->k.run;
	uint64_t value = 0;

	if (run->mmio.is_write)
		memcpy(&value, run->mmio.data, run->mmio.len > 8 ? 8 : run->mmio.len);
	pthread_mutex_lock(&m->lock);
	kl_bus_unclaimed(&m->bus, "MMIO", run->mmio.phys_addr, run->mmio.len,
			 run->mmio.is_write, value);
	pthread_mutex_unlock(&m->lock);
	if (!run->mmio.is_write)
		memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
}

/* Registers as text, for a message about a guest that cannot go on. */
static void kl_vcpu_dump(struct kl_vcpu *vcpu, char *text, size_t size)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	text[0] = '\0';
	if (ioctl(vcpu->k.fd, KVM_GET_REGS, &r) < 0 ||
	    ioctl(vcpu->k.fd, KVM_GET_SREGS, &s) < 0)
		return;
	snprintf(text, size,
		 "  rip %016llx  rflags %08llx  cs %04x base %llx  ss %04x\n"
		 "  rax %016llx  rbx %016llx  rcx %016llx  rdx %016llx\n"
		 "  rsi %016llx  rdi %016llx  rsp %016llx  rbp %016llx\n"
		 "  r8  %016llx  r9  %016llx  r10 %016llx  r11 %016llx\n"
		 "  r12 %016llx  r13 %016llx  r14 %016llx  r15 %016llx\n"
		 "  cr0 %llx  cr2 %llx  cr3 %llx  cr4 %llx  efer %llx\n"
		 "  gdt %llx limit %x  idt %llx limit %x",
		 r.rip, r.rflags, s.cs.selector, s.cs.base, s.ss.selector,
		 r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rsp, r.rbp,
		 r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15,
		 s.cr0, s.cr2, s.cr3, s.cr4, s.efer,
		 s.gdt.base, s.gdt.limit, s.idt.base, s.idt.limit);
}

/* The VM is beyond help: @what, then why, then where. */
static void kl_died(struct kl_vcpu *vcpu, const char *what)
{
	char death[4096] = "", regs[1024];
	size_t len;

	kl_api_death_reason(vcpu->m->vm_fd, death, sizeof(death));
	len = strlen(death);
	while (len && death[len - 1] == '\n')
		death[--len] = '\0';
	kl_vcpu_dump(vcpu, regs, sizeof(regs));
	kl_machine_end(vcpu->m, KL_END_DIED, 0, "vCPU %u: %s%s%s%s%s",
		       vcpu->k.id, what, *death ? "\n" : "", death,
		       *regs ? "\n" : "", regs);
}

/* Words of the data of kvmlite's internal errors. */
enum {
	KL_DATA_REASON,
	KL_DATA_QUALIFICATION,
	KL_DATA_RIP,
	KL_DATA_CPU,
	KL_DATA_GPA,
};

#define KL_EXIT_REASON_EPT_VIOLATION 48

/* What kvmlite's internal error means for the guest; false if unknown. */
static bool kl_explain_internal(const struct kvm_run *run, char *text,
				size_t size)
{
	const __u64 *data = run->internal.data;

	if (run->internal.ndata <= KL_DATA_CPU)
		return false;
	if (run->internal.suberror == KVM_INTERNAL_ERROR_DELIVERY_EV)
		snprintf(text, size,
			 "no memory at the guest's IDT, GDT, TSS or stack, needed for an event at RIP %#llx",
			 data[KL_DATA_RIP]);
	else if (run->internal.ndata > KL_DATA_GPA &&
		 data[KL_DATA_REASON] == KL_EXIT_REASON_EPT_VIOLATION)
		snprintf(text, size,
			 "the guest jumped to where no memory is: RIP %#llx, GPA %#llx",
			 data[KL_DATA_RIP], data[KL_DATA_GPA]);
	else if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION)
		snprintf(text, size,
			 "the instruction at RIP %#llx could not be emulated (exit reason %llu)",
			 data[KL_DATA_RIP], data[KL_DATA_REASON]);
	else
		return false;
	return true;
}

static void kl_exit_internal(struct kl_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->k.run;
	unsigned int i, n = run->internal.ndata;
	char what[512];
	int len;

	if (n > ARRAY_SIZE(run->internal.data))
		n = 0;
	if (vcpu->m->own && kl_explain_internal(run, what, sizeof(what))) {
		kl_died(vcpu, what);
		return;
	}
	len = snprintf(what, sizeof(what), "internal error %u%s:",
		       run->internal.suberror, run->internal.suberror ==
		       KVM_INTERNAL_ERROR_EMULATION ?
		       " (an instruction could not be emulated)" : "");
	for (i = 0; i < n && len < (int)sizeof(what) - 20; i++)
		len += snprintf(what + len, sizeof(what) - len, " %llx",
				(unsigned long long)run->internal.data[i]);
	kl_died(vcpu, what);
}

/* End for a guest that is alive but can never go on: @what, and where. */
static void kl_dead_end(struct kl_vcpu *vcpu, enum kl_end_why why,
			const char *what)
{
	char regs[1024], at[32] = "";
	struct kvm_regs r;

	if (!ioctl(vcpu->k.fd, KVM_GET_REGS, &r))
		snprintf(at, sizeof(at), " at RIP %#llx", r.rip);
	kl_vcpu_dump(vcpu, regs, sizeof(regs));
	kl_machine_end(vcpu->m, why, 0, "vCPU %u: the guest %s%s%s%s",
		       vcpu->k.id, what, at, *regs ? "\n" : "", regs);
}

static void kl_exit_fail_entry(struct kl_vcpu *vcpu)
{
	char what[128];

	snprintf(what, sizeof(what),
		 "the CPU refused to enter the guest: hardware reason %#llx",
		 (unsigned long long)
		 vcpu->k.run->fail_entry.hardware_entry_failure_reason);
	kl_died(vcpu, what);
}

static void kl_exit_system_event(struct kl_vcpu *vcpu)
{
	bool reset = vcpu->k.run->system_event.type == KVM_SYSTEM_EVENT_RESET;

	kl_machine_end(vcpu->m, reset ? KL_END_RESET : KL_END_POWEROFF, 0,
		       NULL);
}

static void kl_exit_other(struct kl_vcpu *vcpu)
{
	char what[128];

	snprintf(what, sizeof(what), "exit reason %u, which this runner does not know",
		 vcpu->k.run->exit_reason);
	kl_died(vcpu, what);
}

/* Do what an exit asks for. */
static void kl_vcpu_exit(struct kl_vcpu *vcpu)
{
	switch (vcpu->k.run->exit_reason) {
	case KVM_EXIT_IO:
		kl_exit_io(vcpu);
		break;
	case KVM_EXIT_MMIO:
		kl_exit_mmio(vcpu);
		break;
	case KVM_EXIT_INTR:
		break;
	case KVM_EXIT_HLT:
		kl_dead_end(vcpu, KL_END_HALTED,
			    "halted with interrupts off");
		break;
	case KVM_EXIT_SHUTDOWN:
		kl_dead_end(vcpu, KL_END_TRIPLE, "triple-faulted");
		break;
	case KVM_EXIT_FAIL_ENTRY:
		kl_exit_fail_entry(vcpu);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		kl_exit_internal(vcpu);
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		kl_exit_system_event(vcpu);
		break;
	default:
		kl_exit_other(vcpu);
		break;
	}
}

static void *kl_vcpu_loop(void *opaque)
{
	struct kl_vcpu *vcpu = opaque;
	struct kvm_run *run = vcpu->k.run;
	char what[128];

	while (!kl_machine_ended(vcpu->m)) {
		if (ioctl(vcpu->k.fd, KVM_RUN, 0ul) < 0) {
			/* EAGAIN: an AP was woken but has no SIPI yet */
			if (errno == EINTR || errno == EAGAIN)
				continue;
			snprintf(what, sizeof(what), "KVM_RUN: %s",
				 strerror(errno));
			kl_died(vcpu, what);
			break;
		}
		if (run->exit_reason < KL_NR_USER_EXITS)
			vcpu->exits[run->exit_reason]++;
		kl_vcpu_exit(vcpu);
	}
	return NULL;
}

static void kl_on_kick(int sig)
{
	(void)sig; /* its only purpose is to interrupt KVM_RUN */
}

/**
 * kl_vcpus_start() - start the vCPU threads
 * @m: the machine
 * @err: the reason of a failure
 *
 * Return: 0, or -1; then kl_vcpus_stop() stops those that run.
 */
int kl_vcpus_start(struct kl_machine *m, struct kl_err *err)
{
	struct sigaction sa = { .sa_handler = kl_on_kick };
	unsigned int i;
	int rc;

	sigaction(KL_KICK, &sa, NULL);
	for (i = 0; i < m->nr_vcpus; i++) {
		rc = pthread_create(&m->vcpu[i].thread, NULL, kl_vcpu_loop,
				    &m->vcpu[i]);
		if (rc)
			return kl_err(err, "cannot start the thread of vCPU %u: %s",
				      i, strerror(rc));
		m->vcpu[i].started = true;
	}
	return 0;
}

/**
 * kl_vcpus_stop() - stop the vCPU threads and wait for them
 * @m: a machine that has ended
 *
 * A thread may be anywhere: before its look at kl_machine_ended(), which stops
 * it; between that look and KVM_RUN, where immediate_exit makes KVM_RUN return
 * at once; or inside, where the signal makes it return.
 */
void kl_vcpus_stop(struct kl_machine *m)
{
	unsigned int i;

	for (i = 0; i < m->nr_vcpus; i++) {
		if (!m->vcpu[i].started)
			continue;
		__atomic_store_n(&m->vcpu[i].k.run->immediate_exit, 1,
				 __ATOMIC_SEQ_CST);
		pthread_kill(m->vcpu[i].thread, KL_KICK);
		pthread_join(m->vcpu[i].thread, NULL);
		m->vcpu[i].started = false;
	}
}
