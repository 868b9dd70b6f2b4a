// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the VMX capability MSRs of this machine, as the module read them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvmlite.h"

int main(void)
{
	struct kvmlite_vmx_caps caps = { 0 };
	int fd = open("/dev/kvmlite", O_RDWR | O_CLOEXEC);
	unsigned int i;

	if (fd < 0) {
		perror("/dev/kvmlite");
		return 1;
	}
	if (ioctl(fd, KVMLITE_GET_VMX_CAPS, &caps) < 0) {
		perror("KVMLITE_GET_VMX_CAPS");
		return 1;
	}
	for (i = 0; i < caps.nr; i++)
		printf("%#x %016llx\n", caps.msr[i].index,
		       (unsigned long long)caps.msr[i].value);
	close(fd);
	return 0;
}
