// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests that can never go on - halted with interrupts off, triple-faulted, sent
 * to where no memory is - end their VM with a reason, for any client; and what
 * the runner `kvmlite` says of each, with tiny PVH kernels made here.
 */
#include <elf.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "test.h"
#include "kvmlite.h"

static volatile uint64_t nmis;

static void on_nmi(struct kl_frame *f)
{
	nmis++;
}

static void guest_halt(void)
{
	kl_handlers[2] = on_nmi;
	g_sync(0);
	for (;;)
		asm volatile("cli; hlt");
}

static void guest_triple(void)
{
	const struct {
		uint8_t limit_and_base[10];
	} none = { { 0 } };

	g_sync(0);
	asm volatile("lidt %0; ud2" : : "m"(none));
}

static void guest_wild(void)
{
	g_sync(0);
	((void (*)(void))(uintptr_t)KL_MMIO)();
}

static void on_signal(int sig)
{
}

static void set_options(struct kl_vm *vm, uint64_t flags)
{
	struct kvmlite_options o = { .flags = flags };

	kl_ok(ioctl(vm->fd, KVMLITE_SET_OPTIONS, &o));
}

static struct kl_vm *vm_with_options(void)
{
	struct kl_vm *vm;

	if (!kl_is_kvmlite())
		kl_skip("%s has no KVMLITE_SET_OPTIONS", kl_dev);
	vm = kl_vm_irqchip();
	set_options(vm, KVMLITE_OPTION_DEAD_HALT);
	return vm;
}

TEST(options)
{
	struct kvmlite_options o = { .flags = ~0ULL };
	struct kl_vm *vm = vm_with_options();
	unsigned int i;

	kl_errno(ioctl(vm->fd, KVMLITE_SET_OPTIONS, &o), EINVAL);
	o.flags = KVMLITE_OPTION_DEAD_HALT << 1;
	kl_errno(ioctl(vm->fd, KVMLITE_SET_OPTIONS, &o), EINVAL);
	for (i = 0; i < 3; i++) {
		memset(&o, 0, sizeof(o));
		o.reserved[i] = 1;
		kl_errno(ioctl(vm->fd, KVMLITE_SET_OPTIONS, &o), EINVAL);
	}
	kl_errno(ioctl(vm->fd, KVMLITE_SET_OPTIONS, NULL), EFAULT);
	kl_errno(ioctl(vm->sys, KVMLITE_SET_OPTIONS, &o), ENOTTY);
	kl_vm_free(vm);
}

/* An NMI of the client's wakes it; when it halts again, that is told again. */
TEST(halt)
{
	struct kl_vm *vm = vm_with_options();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_halt);
	kl_eq(kl_sync(v), 0);
	kl_expect(v, KVM_EXIT_HLT);
	kl_eq(v->run->if_flag, 0);
	kl_eq(kl_guest(vm, nmis), 0);
	kl_ok(ioctl(v->fd, KVM_NMI, 0));
	kl_expect(v, KVM_EXIT_HLT);
	kl_eq(kl_guest(vm, nmis), 1);
	kl_vm_free(vm);
}

/* Without an irqchip each HLT is the client's, whatever IF is. */
TEST(halt_without_irqchip)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_halt);
	kl_eq(kl_sync(v), 0);
	kl_expect(v, KVM_EXIT_HLT);
	kl_expect(v, KVM_EXIT_HLT);
	kl_vm_free(vm);
}

static pthread_t runner;

/* Signal the main thread once its vCPU has met HLT. */
static void *kick_halted(void *arg)
{
	struct kl_vcpu *v = arg;
	uint64_t n;

	do {
		sched_yield();
		kl_check(kl_stat(v->fd, "exit_hlt", &n));
	} while (!n);
	pthread_kill(runner, SIGUSR1);
	return NULL;
}

/* Without the option it sleeps, as with /dev/kvm, and a signal ends that. */
TEST(halt_sleeps)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct kl_vm *vm = vm_with_options();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	pthread_t t;

	set_options(vm, 0);
	sigaction(SIGUSR1, &sa, NULL);
	runner = pthread_self();
	kl_long(v, guest_halt);
	kl_eq(kl_sync(v), 0);
	kl_eq(pthread_create(&t, NULL, kick_halted, v), 0);
	kl_eq(kl_try_run(v), -EINTR);
	pthread_join(t, NULL);
	kl_vm_free(vm);
}

extern const char halt_ap[], halt_ap_end[];

/* The second CPU: says that it runs, and halts with interrupts off. */
asm(".pushsection .rodata\n"
	".code16\n"
	"halt_ap:\n"
	"	cli\n"
	"	incw %cs:0x0f00\n"
	"1:	hlt\n"
	"	jmp 1b\n"
	"halt_ap_end:\n"
	".code64\n"
	".popsection\n");

static void guest_halt_both(void)
{
	volatile uint16_t *seen = (volatile uint16_t *)(KL_REAL + 0x0f00);

	g_apic_write(0xf0, 0x1ff);
	g_apic_write(0x310, 1U << 24);
	g_apic_write(0x300, 0x4500);
	g_apic_write(0x310, 1U << 24);
	g_apic_write(0x300, 0x4608);
	g_sti();
	while (*seen != 1)
		g_pause();
	g_cli();
	g_sync(0);
	for (;;)
		asm volatile("cli; hlt");
}

static volatile int told, stop;

static void *run_second(void *arg)
{
	struct kl_vcpu *v = arg;

	while (!stop) {
		int r = kl_try_run(v);

		kl_check(r == -EINTR || r == -EAGAIN || !r);
		if (r)
			continue;
		kl_eq(v->run->exit_reason, KVM_EXIT_HLT);
		__atomic_add_fetch(&told, 1, __ATOMIC_SEQ_CST);
		pthread_kill(runner, SIGUSR1);
		break;
	}
	return NULL;
}

/* One halted vCPU is no dead end while another runs; the last one's halt is. */
TEST(halt_of_two)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct kl_vm *vm = vm_with_options();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0), *ap = kl_vcpu_new(vm, 1);
	pthread_t t;

	sigaction(SIGUSR1, &sa, NULL);
	runner = pthread_self();
	memcpy(vm->mem + KL_REAL, halt_ap, halt_ap_end - halt_ap);
	kl_eq(pthread_create(&t, NULL, run_second, ap), 0);
	kl_long(v, guest_halt_both);
	kl_eq(kl_sync(v), 0);
	kl_eq(told, 0);
	if (kl_try_run(v)) {
		/* The second one halted last: its thread was told. */
		pthread_join(t, NULL);
		kl_eq(told, 1);
	} else {
		kl_eq(v->run->exit_reason, KVM_EXIT_HLT);
		stop = 1;
		ap->run->immediate_exit = 1;
		pthread_kill(t, SIGUSR1);
		pthread_join(t, NULL);
		kl_eq(told, 0);
	}
	kl_vm_free(vm);
}

TEST(triple_fault)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_triple);
	kl_eq(kl_sync(v), 0);
	kl_expect(v, KVM_EXIT_SHUTDOWN);
	kl_vm_free(vm);
}

/* The client learns where the guest was and what it wanted. */
TEST(jump_to_nothing)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_regs r;

	kl_long(v, guest_wild);
	kl_eq(kl_sync(v), 0);
	kl_expect(v, KVM_EXIT_INTERNAL_ERROR);
	kl_eq(v->run->internal.suberror, KVM_INTERNAL_ERROR_EMULATION);
	kl_get_regs(v, &r);
	kl_eq(r.rip, KL_MMIO);
	if (kl_is_kvmlite()) {
		kl_eq(v->run->internal.ndata, 5);
		kl_eq(v->run->internal.data[0], 48); /* EPT violation */
		kl_eq(v->run->internal.data[2], KL_MMIO);
		kl_eq(v->run->internal.data[4], KL_MMIO);
	}
	kl_vm_free(vm);
}

/* A kernel of a few bytes: ELF headers, the note of its entry, its code. */
struct tiny_kernel {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	struct {
		Elf64_Nhdr nh;
		char name[4];
		uint32_t entry;
	} note;
	uint8_t code[64];
};

#define TINY_GPA 0x100000

static void write_kernel(const char *path, const uint8_t *code, size_t size)
{
	struct tiny_kernel k = {
		.eh = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_phoff = offsetof(struct tiny_kernel, ph),
			.e_ehsize = sizeof(k.eh),
			.e_phentsize = sizeof(k.ph[0]),
			.e_phnum = 2,
		},
		.ph[0] = {
			.p_type = PT_LOAD,
			.p_offset = offsetof(struct tiny_kernel, code),
			.p_paddr = TINY_GPA,
			.p_filesz = sizeof(k.code),
			.p_memsz = sizeof(k.code),
		},
		.ph[1] = {
			.p_type = PT_NOTE,
			.p_offset = offsetof(struct tiny_kernel, note),
			.p_filesz = sizeof(k.note),
			.p_memsz = sizeof(k.note),
		},
		.note = { { 4, 4, 18 /* PHYS32_ENTRY */ }, "Xen", TINY_GPA },
	};
	FILE *f = fopen(path, "w");

	kl_check(f && size <= sizeof(k.code));
	memcpy(k.code, code, size);
	kl_eq(fwrite(&k, sizeof(k), 1, f), 1);
	kl_eq(fclose(f), 0);
}

/* Run a kernel of these bytes: the runner's status, and what it said. */
static int run_kernel(const uint8_t *code, size_t size, const char *cpus,
		      char *said, size_t room)
{
	char path[64];
	size_t len = 0;
	int p[2], status;
	ssize_t n;
	pid_t pid;

	if (access("./kvmlite", X_OK))
		kl_skip("the runner ./kvmlite is not here");
	snprintf(path, sizeof(path), "/tmp/dead_end.%d", getpid());
	write_kernel(path, code, size);
	kl_ok(pipe(p));
	pid = kl_ok(fork());
	if (!pid) {
		dup2(p[1], 1);
		dup2(p[1], 2);
		close(p[0]);
		close(p[1]);
		execl("./kvmlite", "kvmlite", "run", "--dev", kl_dev, "--kernel", path,
		      "--mem", "32M", "--cpus", cpus, NULL);
		_exit(99);
	}
	close(p[1]);
	while (len < room - 1) {
		n = read(p[0], said + len, room - 1 - len);
		if (n <= 0)
			break;
		len += n;
	}
	said[len] = 0;
	close(p[0]);
	kl_eq(waitpid(pid, &status, 0), pid);
	unlink(path);
	kl_check(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void runner_says(const uint8_t *code, size_t size, const char *cpus,
			int want, const char *text)
{
	char said[8192];
	int status = run_kernel(code, size, cpus, said, sizeof(said));

	if (status != want || !strstr(said, text))
		kl_fail("status %d, expected %d and '%s'; it said:\n%s", status,
			want, text, said);
	kl_check(strstr(said, "rip "));
}

#define RUNNER_SAYS(cpus, status, text, ...)				\
	do {								\
		static const uint8_t code[] = { __VA_ARGS__ };		\
									\
		runner_says(code, sizeof(code), cpus, status, text);	\
	} while (0)

/* cli; 1: hlt; jmp 1b */
TEST(runner_halt)
{
	if (!kl_is_kvmlite())
		kl_skip("%s does not tell", kl_dev);
	RUNNER_SAYS("1", 71, "the guest halted with interrupts off at RIP 0x100002",
		    0xfa, 0xf4, 0xeb, 0xfd);
}

/* A second CPU that was never started does not keep the VM alive. */
TEST(runner_halt_smp)
{
	if (!kl_is_kvmlite())
		kl_skip("%s does not tell", kl_dev);
	RUNNER_SAYS("2", 71, "the guest halted with interrupts off at RIP 0x100002",
		    0xfa, 0xf4, 0xeb, 0xfd);
}

/* lidt of six zero bytes in the code's tail; ud2 */
TEST(runner_triple)
{
	RUNNER_SAYS("1", 70, "the guest triple-faulted at RIP 0x100007",
		    0x0f, 0x01, 0x1d, 0x20, 0x00, 0x10, 0x00, 0x0f, 0x0b);
}

/* mov $0x40000000, %eax; jmp *%eax */
TEST(runner_jump)
{
	RUNNER_SAYS("1", 124, kl_is_kvmlite() ?
		    "jumped to where no memory is: RIP 0x40000000, GPA 0x40000000" :
		    "internal error",
		    0xb8, 0x00, 0x00, 0x00, 0x40, 0xff, 0xe0);
}
