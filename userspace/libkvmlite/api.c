// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctl ABI of <linux/kvm.h>, one function for one step of making a VM.
 *
 * tour 71: the whole kernel interface a VM needs is about a dozen ioctls; here
 * each stands once, with what to do when it fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../uapi/kvmlite.h"
#include "api.h"

/* Four pages below 4G minus 16M that no RAM and no device of ours uses. */
#define KL_IDENTITY_GPA 0xfeffc000ull
#define KL_TSS_GPA 0xfeffd000ul

#define KL_NR_PINS 24

/**
 * kl_api_open() - open a hypervisor device and check its ABI
 * @dev: path of the device
 * @err: the reason of a failure
 *
 * Return: the system descriptor, or -1.
 */
int kl_api_open(const char *dev, struct kl_err *err)
{
	int fd = open(dev, O_RDWR | O_CLOEXEC);
	int version;

	if (fd < 0) {
		switch (errno) {
		case ENOENT:
		case ENXIO:
		case ENODEV:
			return kl_err(err, "%s: %s: is the module loaded? (%s)",
				      dev, strerror(errno),
				      strcmp(dev, "/dev/kvm") ?
				      "sudo insmod build/kvmlite.ko" :
				      "sudo modprobe kvm_intel");
		case EACCES:
		case EPERM:
			return kl_err(err,
				"%s: %s: run as root, or give your user the device (sudo chown $USER %s)",
				      dev, strerror(errno), dev);
		case EBUSY:
			return kl_err(err, "%s: %s: another hypervisor holds VT-x",
				      dev, strerror(errno));
		default:
			return kl_err(err, "%s: %s", dev, strerror(errno));
		}
	}
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION) {
		if (version < 0)
			kl_err(err, "%s: not a hypervisor device (KVM_GET_API_VERSION: %s)",
			       dev, strerror(errno));
		else
			kl_err(err, "%s: ABI version %d, this runner speaks %d",
			       dev, version, KVM_API_VERSION);
		close(fd);
		return -1;
	}
	return fd;
}

/**
 * kl_api_cap() - ask for one capability
 * @fd: system or VM descriptor
 * @cap: KVM_CAP_*
 *
 * Return: the capability's value, 0 if there is none.
 */
int kl_api_cap(int fd, unsigned int cap)
{
	int value = ioctl(fd, KVM_CHECK_EXTENSION, (unsigned long)cap);

	return value < 0 ? 0 : value;
}

/**
 * kl_api_create_vm() - make a VM
 * @sys_fd: system descriptor
 * @dev: its path, for the message
 * @err: the reason of a failure
 *
 * Return: the VM's descriptor, or -1.
 */
int kl_api_create_vm(int sys_fd, const char *dev, struct kl_err *err)
{
	int fd;

	do {
		fd = ioctl(sys_fd, KVM_CREATE_VM, 0ul);
	} while (fd < 0 && errno == EINTR);
	if (fd >= 0)
		return fd;
	if (errno == EBUSY)
		return kl_err(err,
			"%s: cannot create a VM: VT-x is busy: another hypervisor holds it (lsmod | grep kvm)",
			      dev);
	return kl_err(err, "%s: cannot create a VM: %s", dev, strerror(errno));
}

/**
 * kl_api_set_options() - ask to be told of a guest that halts for good
 * @vm_fd: VM descriptor
 * @own: out: the device is kvmlite, whose exits say more than those of others
 * @err: the reason of a failure
 *
 * Another device has no such options; there the guest stays halted.
 *
 * Return: 0 or -1.
 */
int kl_api_set_options(int vm_fd, bool *own, struct kl_err *err)
{
	struct kvmlite_options options = { .flags = KVMLITE_OPTION_DEAD_HALT };

	*own = !ioctl(vm_fd, KVMLITE_SET_OPTIONS, &options);
	if (*own || errno == ENOTTY)
		return 0;
	return kl_err(err, "KVMLITE_SET_OPTIONS: %s", strerror(errno));
}

/**
 * kl_api_create_irqchip() - make the interrupt controllers and the PIT
 * @vm_fd: a VM without vCPUs
 * @err: the reason of a failure
 *
 * Also names the pages a CPU without unrestricted guest needs for real mode.
 *
 * Return: 0 or -1.
 */
int kl_api_create_irqchip(int vm_fd, struct kl_err *err)
{
	__u64 identity = KL_IDENTITY_GPA;
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };

	if (ioctl(vm_fd, KVM_SET_TSS_ADDR, KL_TSS_GPA) < 0)
		return kl_err(err, "KVM_SET_TSS_ADDR %#lx: %s", KL_TSS_GPA,
			      strerror(errno));
	if (ioctl(vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) < 0)
		return kl_err(err, "KVM_SET_IDENTITY_MAP_ADDR %#llx: %s",
			      KL_IDENTITY_GPA, strerror(errno));
	if (ioctl(vm_fd, KVM_CREATE_IRQCHIP, 0ul) < 0)
		return kl_err(err,
			"cannot create the interrupt controllers (KVM_CREATE_IRQCHIP): %s",
			      strerror(errno));
	if (ioctl(vm_fd, KVM_CREATE_PIT2, &pit) < 0)
		return kl_err(err, "cannot create the timer (KVM_CREATE_PIT2): %s",
			      strerror(errno));
	return 0;
}

static void kl_route_add(struct kvm_irq_routing *table, unsigned int gsi,
			 unsigned int chip, unsigned int pin)
{
	struct kvm_irq_routing_entry *e = &table->entries[table->nr++];

	e->gsi = gsi;
	e->type = KVM_IRQ_ROUTING_IRQCHIP;
	e->u.irqchip.irqchip = chip;
	e->u.irqchip.pin = pin;
}

/**
 * kl_api_set_routing() - wire the GSIs as a PC does
 * @vm_fd: a VM with interrupt controllers
 * @err: the reason of a failure
 *
 * GSI n is pin n of the IOAPIC, below 16 of the PICs too, but the timer's
 * GSI 0 is pin 2 of the IOAPIC: the MADT tells the guest (boot/acpi.c). A
 * device without KVM_CAP_IRQ_ROUTING is left with what it has.
 *
 * Return: 0 or -1.
 */
int kl_api_set_routing(int vm_fd, struct kl_err *err)
{
	struct kvm_irq_routing *table;
	unsigned int gsi;
	int rc;

	if (!kl_api_cap(vm_fd, KVM_CAP_IRQ_ROUTING))
		return 0;
	table = calloc(1, sizeof(*table) +
		       2 * KL_NR_PINS * sizeof(table->entries[0]));
	if (!table)
		return kl_err(err, "out of memory");
	for (gsi = 0; gsi < 16; gsi++)
		if (gsi != 2)
			kl_route_add(table, gsi, gsi < 8 ?
				     KVM_IRQCHIP_PIC_MASTER :
				     KVM_IRQCHIP_PIC_SLAVE, gsi & 7);
	for (gsi = 0; gsi < KL_NR_PINS; gsi++)
		if (gsi != 2)
			kl_route_add(table, gsi, KVM_IRQCHIP_IOAPIC,
				     gsi ? gsi : 2);
	rc = ioctl(vm_fd, KVM_SET_GSI_ROUTING, table);
	if (rc < 0)
		kl_err(err, "KVM_SET_GSI_ROUTING: %s", strerror(errno));
	free(table);
	return rc < 0 ? -1 : 0;
}

/**
 * kl_api_irq_line() - move one interrupt line
 * @vm_fd: a VM with interrupt controllers
 * @gsi: the line
 * @level: its new level
 *
 * Return: 0, or -1 with errno set.
 */
int kl_api_irq_line(int vm_fd, unsigned int gsi, bool level)
{
	struct kvm_irq_level line = { .irq = gsi, .level = level };

	return ioctl(vm_fd, KVM_IRQ_LINE, &line);
}

/**
 * kl_api_create_vcpu() - make a vCPU and map its shared pages
 * @sys_fd: system descriptor
 * @vm_fd: VM descriptor
 * @id: number of the vCPU and its APIC ID
 * @vcpu: filled in
 * @err: the reason of a failure
 *
 * Return: 0 or -1; after -1 nothing is left open.
 */
int kl_api_create_vcpu(int sys_fd, int vm_fd, unsigned int id,
		       struct kl_vcpu_fd *vcpu, struct kl_err *err)
{
	int size = ioctl(sys_fd, KVM_GET_VCPU_MMAP_SIZE, 0ul);
	void *run;

	if (size < (int)sizeof(struct kvm_run))
		return kl_err(err, "KVM_GET_VCPU_MMAP_SIZE gave %d", size);
	vcpu->fd = ioctl(vm_fd, KVM_CREATE_VCPU, (unsigned long)id);
	if (vcpu->fd < 0)
		return kl_err(err, "cannot create vCPU %u: %s", id,
			      strerror(errno));
	run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (run == MAP_FAILED) {
		kl_err(err, "cannot map vCPU %u: %s", id, strerror(errno));
		close(vcpu->fd);
		return -1;
	}
	vcpu->id = id;
	vcpu->run = run;
	vcpu->run_size = size;
	return 0;
}

/**
 * kl_api_destroy_vcpu() - unmap and close a vCPU
 * @vcpu: what kl_api_create_vcpu() filled in
 */
void kl_api_destroy_vcpu(struct kl_vcpu_fd *vcpu)
{
	munmap(vcpu->run, vcpu->run_size);
	close(vcpu->fd);
}

/**
 * kl_api_supported_cpuid() - read the CPUID table a guest may be given
 * @sys_fd: system descriptor
 * @cpuid: filled in
 * @err: the reason of a failure
 *
 * Return: 0 or -1.
 */
int kl_api_supported_cpuid(int sys_fd, struct kl_cpuid *cpuid,
			   struct kl_err *err)
{
	memset(cpuid, 0, sizeof(*cpuid));
	cpuid->head.nent = KL_MAX_CPUID;
	if (ioctl(sys_fd, KVM_GET_SUPPORTED_CPUID, &cpuid->head) < 0)
		return kl_err(err, "KVM_GET_SUPPORTED_CPUID: %s",
			      strerror(errno));
	return 0;
}

/**
 * kl_api_set_msr() - write one MSR of a vCPU
 * @vcpu_fd: the vCPU
 * @index: MSR number
 * @value: its value
 *
 * Return: 0, or -1 if the hypervisor refuses the MSR or the value.
 */
int kl_api_set_msr(int vcpu_fd, uint32_t index, uint64_t value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = {
		.head.nmsrs = 1,
		.entry = { .index = index, .data = value },
	};

	return ioctl(vcpu_fd, KVM_SET_MSRS, &msrs) == 1 ? 0 : -1;
}

/**
 * kl_api_death_reason() - ask why a VM died
 * @vm_fd: VM descriptor
 * @text: filled with one or more lines
 * @size: bytes at @text
 *
 * Return: 0 if the device gave a reason, -1 if it has none (a device other
 * than kvmlite never has).
 */
int kl_api_death_reason(int vm_fd, char *text, size_t size)
{
	struct kvmlite_death death = { 0 };

	if (ioctl(vm_fd, KVMLITE_GET_DEATH_REASON, &death) < 0 ||
	    death.cause == KVMLITE_DEATH_NONE)
		return -1;
	death.text[sizeof(death.text) - 1] = '\0';
	snprintf(text, size, "%s", death.text);
	return 0;
}
