// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making a VM, ending it, and what its end means for the exit status.
 *
 * tour 72: kl_machine_create() is the life of a VM before its first
 * instruction, in order.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "machine.h"

static int kl_check_caps(struct kl_machine *m, struct kl_err *err)
{
	static const struct {
		unsigned int cap;
		const char *name;
	} needed[] = {
		{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
		{ KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID" },
		{ KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR" },
		{ KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP" },
		{ KVM_CAP_PIT2, "KVM_CAP_PIT2" },
		{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
	};
	unsigned int i;
	int max;

	for (i = 0; i < ARRAY_SIZE(needed); i++)
		if (!kl_api_cap(m->sys_fd, needed[i].cap))
			return kl_err(err, "%s: lacks %s, which this runner needs",
				      m->opt->dev, needed[i].name);
	max = kl_api_cap(m->sys_fd, KVM_CAP_MAX_VCPUS);
	if (max && m->opt->cpus > (unsigned int)max)
		return kl_err(err, "--cpus %u: %s allows %d", m->opt->cpus,
			      m->opt->dev, max);
	return 0;
}

static int kl_load_files(struct kl_machine *m, struct kl_err *err)
{
	const struct kl_options *opt = m->opt;
	struct kl_image kernel = { 0 }, initrd = { 0 };
	int rc;

	rc = kl_image_read(opt->kernel, "--kernel", &kernel, err);
	if (!rc && opt->initrd)
		rc = kl_image_read(opt->initrd, "--initrd", &initrd, err);
	if (!rc)
		rc = kl_mem_alloc(&m->mem, opt->mem, err);
	if (!rc)
		rc = kl_boot_load(&m->mem, &kernel,
				  opt->initrd ? &initrd : NULL, opt->cmdline,
				  opt->cpus, &m->boot, err);
	kl_image_free(&kernel);
	kl_image_free(&initrd);
	return rc;
}

static int kl_create_vcpus(struct kl_machine *m, struct kl_err *err)
{
	unsigned int i;

	for (i = 0; i < m->opt->cpus; i++) {
		m->vcpu[i].m = m;
		if (kl_api_create_vcpu(m->sys_fd, m->vm_fd, i, &m->vcpu[i].k,
				       err))
			return -1;
		m->nr_vcpus++;
		if (kl_vcpu_setup(&m->vcpu[i], err))
			return -1;
	}
	return 0;
}

/**
 * kl_machine_create() - make a VM, ready to run
 * @m: filled in; kl_machine_destroy() it whatever is returned
 * @opt: what the user asked for
 * @err: the reason of a failure
 *
 * The files are read first: a wrong one is found without the device.
 *
 * Return: 0 or -1.
 */
int kl_machine_create(struct kl_machine *m, const struct kl_options *opt,
		      struct kl_err *err)
{
	memset(m, 0, sizeof(*m));
	m->opt = opt;
	m->sys_fd = -1;
	m->vm_fd = -1;
	m->wake_fd = -1;
	m->timer_fd = -1;
	m->signal_fd = -1;
	pthread_mutex_init(&m->lock, NULL);
	pthread_mutex_init(&m->end_lock, NULL);
	if (kl_load_files(m, err))
		return -1;
	m->sys_fd = kl_api_open(opt->dev, err);
	if (m->sys_fd < 0 || kl_check_caps(m, err))
		return -1;
	m->tsc_create = __rdtsc();
	m->vm_fd = kl_api_create_vm(m->sys_fd, opt->dev, err);
	if (m->vm_fd < 0)
		return -1;
	if (kl_api_set_options(m->vm_fd, &m->own, err) ||
	    kl_api_create_irqchip(m->vm_fd, err) ||
	    kl_api_set_routing(m->vm_fd, err) ||
	    kl_mem_register(&m->mem, m->vm_fd, err) ||
	    kl_devices_create(m, err))
		return -1;
	return kl_create_vcpus(m, err);
}

static void kl_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/**
 * kl_machine_destroy() - give everything back
 * @m: a machine whose vCPU threads are not running
 */
void kl_machine_destroy(struct kl_machine *m)
{
	while (m->nr_vcpus)
		kl_api_destroy_vcpu(&m->vcpu[--m->nr_vcpus].k);
	kl_close(&m->vm_fd);
	kl_close(&m->sys_fd);
	kl_close(&m->wake_fd);
	kl_close(&m->timer_fd);
	kl_close(&m->signal_fd);
	kl_mem_free(&m->mem);
	pthread_mutex_destroy(&m->lock);
	pthread_mutex_destroy(&m->end_lock);
}

/**
 * kl_machine_end() - end the run
 * @m: the machine
 * @why: what happened; only the first call counts
 * @status: status that goes with it
 * @fmt: what to tell the user, or NULL
 *
 * Callable from every thread, with or without the device lock.
 */
void kl_machine_end(struct kl_machine *m, enum kl_end_why why, int status,
		    const char *fmt, ...)
{
	const uint64_t one = 1;
	va_list ap;

	pthread_mutex_lock(&m->end_lock);
	if (m->why == KL_END_NONE) {
		m->status = status;
		if (fmt) {
			va_start(ap, fmt);
			vsnprintf(m->reason, sizeof(m->reason), fmt, ap);
			va_end(ap);
		}
		__atomic_store_n(&m->why, why, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&m->end_lock);
	/* An eventfd refuses a write only when it is full: then it wakes too. */
	if (write(m->wake_fd, &one, sizeof(one)) < 0)
		return;
}

/**
 * kl_machine_ended() - has the run ended
 * @m: the machine
 *
 * Return: true from the first kl_machine_end() on.
 */
bool kl_machine_ended(struct kl_machine *m)
{
	return __atomic_load_n(&m->why, __ATOMIC_ACQUIRE) != KL_END_NONE;
}

/**
 * kl_machine_status() - the exit status that an end means
 * @m: a machine that has ended
 *
 * Return: 0 to 255.
 */
int kl_machine_status(const struct kl_machine *m)
{
	switch (m->why) {
	case KL_END_EXIT:
		return m->status;
	case KL_END_POWEROFF:
	case KL_END_USER:
		return m->debug.status;
	case KL_END_RESET:
		return m->debug.said ? m->debug.status : m->opt->reset_status;
	case KL_END_SIGNAL:
		return 128 + m->status;
	case KL_END_TRIPLE:
		return KL_EXIT_TRIPLE;
	case KL_END_HALTED:
		return KL_EXIT_HALTED;
	case KL_END_DIED:
		return KL_EXIT_DIED;
	default:
		return KL_EXIT_RUNNER;
	}
}
