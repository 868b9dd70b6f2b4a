// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvmlite info: where the VMX capability MSRs come from (the module if it is
 * loaded, else /dev/cpu/0/msr), and what stands in the way if nowhere.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../uapi/kvmlite.h"
#include "machine.h"
#include "vmx_info.h"

#define KL_MSR_DEV "/dev/cpu/0/msr"
#define KL_MSR_FEATURE_CONTROL 0x3a
#define KL_MSR_VMX_BASIC 0x480
#define KL_FC_LOCKED 1
#define KL_FC_VMX_OUTSIDE_SMX 4
#define KL_1C_VMX BIT(5)

static uint64_t kl_from_module(void *ctx, uint32_t msr)
{
	const struct kvmlite_vmx_caps *caps = ctx;
	unsigned int i;

	for (i = 0; i < caps->nr && i < KVMLITE_MAX_VMX_MSRS; i++)
		if (caps->msr[i].index == msr)
			return caps->msr[i].value;
	return 0;
}

static uint64_t kl_from_msr_dev(void *ctx, uint32_t msr)
{
	const int *fd = ctx;
	uint64_t value;

	return pread(*fd, &value, sizeof(value), msr) == sizeof(value) ?
	       value : 0;
}

static bool kl_info_module(const char *dev)
{
	struct kvmlite_vmx_caps caps = { 0 };
	int fd = open(dev, O_RDWR | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return false;
	rc = ioctl(fd, KVMLITE_GET_VMX_CAPS, &caps);
	close(fd);
	if (rc < 0)
		return false;
	printf("source: the module, through %s\n", dev);
	kl_vmx_info_print(kl_from_module, &caps);
	return true;
}

static void kl_say_firmware(int fd)
{
	uint64_t fc = kl_from_msr_dev(&fd, KL_MSR_FEATURE_CONTROL);

	if (!(fc & KL_FC_LOCKED))
		puts("IA32_FEATURE_CONTROL: not locked; the module may enable VMX");
	else if (fc & KL_FC_VMX_OUTSIDE_SMX)
		puts("IA32_FEATURE_CONTROL: locked with VMX enabled");
	else
		puts("IA32_FEATURE_CONTROL: the firmware locked VMX off: enable VT-x in its setup");
}

/**
 * kl_info() - show what VT-x of this machine gives
 * @dev: the hypervisor device to ask first
 *
 * Return: exit status of the runner.
 */
int kl_info(const char *dev)
{
	unsigned int a, b, c = 0, d;
	int fd;

	if (kl_info_module(dev))
		return 0;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & KL_1C_VMX)) {
		fputs("kvmlite: this CPU has no VT-x (CPUID.1:ECX bit 5 is clear)\n",
		      stderr);
		return KL_EXIT_RUNNER;
	}
	fd = open(KL_MSR_DEV, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr,
			"kvmlite: neither %s nor %s can be read (%s): load the module, or %s\n",
			dev, KL_MSR_DEV, strerror(errno), errno == ENOENT ?
			"sudo modprobe msr" : "run as root");
		return KL_EXIT_RUNNER;
	}
	if (!kl_from_msr_dev(&fd, KL_MSR_VMX_BASIC)) {
		close(fd);
		fprintf(stderr, "kvmlite: %s: IA32_VMX_BASIC cannot be read\n",
			KL_MSR_DEV);
		return KL_EXIT_RUNNER;
	}
	printf("source: %s\n", KL_MSR_DEV);
	kl_say_firmware(fd);
	kl_vmx_info_print(kl_from_msr_dev, &fd);
	close(fd);
	return 0;
}
