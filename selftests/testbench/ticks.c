// SPDX-License-Identifier: GPL-2.0-only
/*
 * ticks CMD ARG...: run a command, print the time-stamp counter's ticks that it
 * took. On the bench a tick is an instruction. The exit status is the command's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

int main(int argc, char **argv)
{
	unsigned long long start, end;
	int status;
	pid_t pid;

	if (argc < 2) {
		fputs("usage: ticks CMD ARG...\n", stderr);
		return 2;
	}
	start = __rdtsc();
	pid = fork();
	if (pid < 0) {
		perror("ticks: fork");
		return 2;
	}
	if (!pid) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0)
		return 2;
	end = __rdtsc();
	printf("%llu\n", end - start);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
