// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host side of the kselftest library: devices, VMs, memory and vCPUs.
 * Every failure here ends the test (the harness runs each in its own process),
 * so that a test reads as what it tests.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>

#include "kl.h"
#include "kvmlite.h"

#define KSFT_FAIL_CODE 1
#define KSFT_SKIP_CODE 4

const char *kl_dev = "/dev/kvmlite";

/**
 * kl_init - take the library's options out of the command line
 * @argc: argument count, lowered by what was taken
 * @argv: arguments
 *
 * The device is --dev PATH, else $KL_DEV, else /dev/kvmlite.
 */
void kl_init(int *argc, char **argv)
{
	int i, n = 1;

	if (getenv("KL_DEV"))
		kl_dev = getenv("KL_DEV");
	for (i = 1; i < *argc; i++) {
		if (!strcmp(argv[i], "--dev") && i + 1 < *argc)
			kl_dev = argv[++i];
		else if (!strncmp(argv[i], "--dev=", 6))
			kl_dev = argv[i] + 6;
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	*argc = n;
	setvbuf(stdout, NULL, _IOLBF, 0);
}

void kl_die(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	_exit(KSFT_FAIL_CODE);
}

void kl_skip(const char *fmt, ...)
{
	va_list ap;

	printf("# skipped: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	_exit(KSFT_SKIP_CODE);
}

/**
 * kl_open - open the device under test
 *
 * Return: the descriptor.
 */
int kl_open(void)
{
	int fd = open(kl_dev, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		kl_fail("%s: %s", kl_dev, strerror(errno));
	return fd;
}

/**
 * kl_is_kvmlite - whether the device has kvm-lite's own ioctls
 *
 * Return: true on kvm-lite, false on another provider of the /dev/kvm ABI.
 */
bool kl_is_kvmlite(void)
{
	int fd = kl_open();
	int r = ioctl(fd, KVMLITE_GET_VERSION, 0);

	close(fd);
	return r >= 1;
}

/**
 * kl_cap - value of a capability
 * @vm: VM to ask, NULL for the device
 * @cap: KVM_CAP_*
 *
 * Return: what KVM_CHECK_EXTENSION gave, zero if it has not.
 */
int kl_cap(struct kl_vm *vm, int cap)
{
	int fd = vm ? vm->fd : kl_open();
	int r = ioctl(fd, KVM_CHECK_EXTENSION, cap);

	if (!vm)
		close(fd);
	return r < 0 ? 0 : r;
}

void kl_need(struct kl_vm *vm, int cap, const char *name)
{
	if (!kl_cap(vm, cap))
		kl_skip("%s has no %s", kl_dev, name);
}

/**
 * kl_vm_bare - make a VM without memory
 *
 * Return: the VM.
 */
struct kl_vm *kl_vm_bare(void)
{
	struct kl_vm *vm = calloc(1, sizeof(*vm));
	int tries = 5;

	kl_check(vm);
	vm->sys = kl_open();
	do {
		vm->fd = ioctl(vm->sys, KVM_CREATE_VM, 0);
	} while (vm->fd < 0 && errno == EINTR && tries--);
	if (vm->fd < 0)
		kl_fail("KVM_CREATE_VM: %s", strerror(errno));
	return vm;
}

/* A descriptor table entry of a flat segment. */
static uint64_t flat(unsigned int type, bool l, bool db, unsigned int dpl)
{
	/* present, code or data, 4 GB in pages, base 0 */
	return 0x008f90000000ffffULL | (uint64_t)type << 40 |
	       (uint64_t)dpl << 45 | (uint64_t)l << 53 | (uint64_t)db << 54;
}

static void put_gdt(struct kl_vm *vm)
{
	uint64_t *gdt = (uint64_t *)(vm->mem + KL_GDT);

	gdt[KL_CS64 / 8] = flat(0xb, true, false, 0);
	gdt[KL_DS / 8] = flat(0x3, false, true, 0);
	gdt[3] = flat(0xb, false, true, 3);
	gdt[KL_USER_DS / 8] = flat(0x3, false, true, 3);
	gdt[KL_USER_CS / 8] = flat(0xb, true, false, 3);
	/* 64-bit TSS, busy, base KL_TSS, limit 0x67 */
	gdt[KL_TR / 8] = 0x00008b0000000067ULL | KL_TSS << 16;
	gdt[KL_TR / 8 + 1] = 0;
	gdt[KL_CS32 / 8] = flat(0xb, false, true, 0);
}

static void put_idt(struct kl_vm *vm)
{
	uint64_t *idt = (uint64_t *)(vm->mem + KL_IDT);
	unsigned int i;

	for (i = 0; i < 256; i++) {
		uint64_t stub = (uintptr_t)kl_idt_stubs + 16 * i;

		idt[2 * i] = (stub & 0xffff) | KL_CS64 << 16 |
			     0x8eULL << 40 | (stub >> 16 & 0xffff) << 48;
		idt[2 * i + 1] = stub >> 32;
	}
	/* RSP0 of the TSS: the top of a stack that no vCPU starts on. */
	*(uint64_t *)(vm->mem + KL_TSS + 4) =
		KL_STACKS + (KL_MAX_VCPUS + 1) * KL_STACK;
}

/* Identity map of 4 GB by 2 MB pages, for every privilege level. */
static void put_page_tables(struct kl_vm *vm)
{
	uint64_t *pt = (uint64_t *)(vm->mem + KL_PT);
	unsigned int i;

	pt[0] = (KL_PT + 0x1000) | 7;
	for (i = 0; i < 4; i++)
		pt[512 + i] = (KL_PT + 0x2000 + i * 0x1000) | 7;
	for (i = 0; i < 4 * 512; i++)
		pt[1024 + i] = (uint64_t)i << 21 | 0x87;
}

/**
 * kl_vm_new - make a VM with 16 MB of memory and this program's image in it
 *
 * Return: the VM, without a vCPU.
 */
struct kl_vm *kl_vm_new(void)
{
	struct kl_vm *vm = kl_vm_bare();
	uintptr_t start = (uintptr_t)__executable_start & ~0xfffUL;
	uint8_t *p;

	kl_check(start >= KL_SCRATCH + 0x300000 && (uintptr_t)_end <= KL_BIG);
	vm->size = KL_MEM;
	/* 2 MB aligned, so that the host may back it with huge pages. */
	p = mmap(NULL, KL_MEM + 0x200000, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	kl_check(p != MAP_FAILED);
	vm->mem = (uint8_t *)(((uintptr_t)p + 0x1fffff) & ~0x1fffffUL);
	munmap(p, vm->mem - p);
	munmap(vm->mem + KL_MEM, p + 0x200000 - vm->mem);
	madvise(vm->mem, KL_MEM, MADV_NOHUGEPAGE);
	memcpy(vm->mem + start, (void *)start, (uintptr_t)_end - start);
	put_gdt(vm);
	put_idt(vm);
	put_page_tables(vm);
	kl_slot(vm, 0, 0, 0, KL_MEM, vm->mem);
	return vm;
}

/**
 * kl_vm_irqchip - make a VM as kl_vm_new() does, with the in-kernel irqchip
 *
 * Return: the VM. Skips the test if the device has no irqchip.
 */
struct kl_vm *kl_vm_irqchip(void)
{
	struct kl_vm *vm = kl_vm_new();

	kl_need_cap(vm, KVM_CAP_IRQCHIP);
	kl_ok(ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0));
	return vm;
}

void kl_vm_free(struct kl_vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->nr; i++) {
		if (vm->vcpu[i]->run)
			munmap(vm->vcpu[i]->run, vm->vcpu[i]->run_size);
		close(vm->vcpu[i]->fd);
		free(vm->vcpu[i]);
	}
	close(vm->fd);
	close(vm->sys);
	if (vm->mem)
		munmap(vm->mem, vm->size);
	free(vm);
}

int kl_try_slot(struct kl_vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa,
		uint64_t size, void *hva)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r) ? -errno : 0;
}

void kl_slot(struct kl_vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa,
	     uint64_t size, void *hva)
{
	int r = kl_try_slot(vm, slot, flags, gpa, size, hva);

	if (r)
		kl_fail("memslot %u at %#llx, %#llx bytes: %s", slot,
			(unsigned long long)gpa, (unsigned long long)size,
			strerror(-r));
}

/**
 * kl_hva - where the test sees a guest object
 * @vm: the VM
 * @guest: GPA, which is the GVA and, for objects of this image, the link
 *	address
 *
 * Return: HVA.
 */
void *kl_hva(struct kl_vm *vm, const volatile void *guest)
{
	kl_check((uintptr_t)guest < vm->size);
	return vm->mem + (uintptr_t)guest;
}

/**
 * kl_stat - value of one counter of a stats descriptor
 * @fd: VM or vCPU descriptor
 * @name: name of the counter
 * @value: where its first value goes
 *
 * Return: false if there is no stats descriptor or no such counter.
 */
bool kl_stat(int fd, const char *name, uint64_t *value)
{
	struct kvm_stats_header h;
	struct kvm_stats_desc *d;
	bool found = false;
	unsigned int i;
	size_t size;
	char *raw;
	int sfd;

	sfd = ioctl(fd, KVM_GET_STATS_FD, NULL);
	if (sfd < 0)
		return false;
	kl_check(pread(sfd, &h, sizeof(h), 0) == sizeof(h));
	kl_check(h.name_size >= 16 && h.name_size <= 256 && h.num_desc < 4096);
	size = sizeof(*d) + h.name_size;
	raw = malloc(size * h.num_desc);
	kl_check(raw);
	kl_check(pread(sfd, raw, size * h.num_desc, h.desc_offset) ==
		 (ssize_t)(size * h.num_desc));
	for (i = 0; i < h.num_desc && !found; i++) {
		d = (struct kvm_stats_desc *)(raw + i * size);
		if (strncmp((char *)(d + 1), name, h.name_size))
			continue;
		kl_check(pread(sfd, value, 8, h.data_offset + d->offset) == 8);
		found = true;
	}
	free(raw);
	close(sfd);
	return found;
}
