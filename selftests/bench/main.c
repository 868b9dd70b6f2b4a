// SPDX-License-Identifier: GPL-2.0-only
/*
 * kl-bench: what exits and ioctls cost, in ticks of the TSC.
 *
 *   kl-bench [--dev PATH] [--json] [--row NAME]...
 *
 * tour 82: the same program measures /dev/kvmlite and /dev/kvm, row by row.
 * A row that the device cannot do is left out. Each row runs in a process of its own, so a
 * device that fails one row still gets the others.
 */
#include <sys/wait.h>

#include "bench.h"

#define ROW_SECONDS 60

#define JSON_ROW "%s\n{ \"name\": \"%s\", \"unit\": \"%s\", \"value\": %lld }"

/* Fork, measure, and hand the figure back through a pipe. */
static int64_t isolated(const struct kl_row *row)
{
	int64_t value = KL_NO_FIGURE;
	int p[2], status;
	pid_t pid;

	if (pipe(p))
		return KL_NO_FIGURE;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return KL_NO_FIGURE;
	if (!pid) {
		/* Diagnostics must not stand among the figures. */
		dup2(2, 1);
		alarm(ROW_SECONDS);
		value = row->measure();
		if (write(p[1], &value, sizeof(value)) != sizeof(value))
			_exit(1);
		_exit(0);
	}
	close(p[1]);
	if (read(p[0], &value, sizeof(value)) != sizeof(value))
		value = KL_NO_FIGURE;
	close(p[0]);
	if (waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
		fprintf(stderr, "kl-bench: %s: signal %d\n", row->name,
			WTERMSIG(status));
	return value;
}

static bool wanted(const char *name, int argc, char **argv)
{
	bool any = false;
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--row"))
			continue;
		any = true;
		if (!strcmp(argv[i + 1], name))
			return true;
	}
	return !any;
}

static bool known(const char *name)
{
	const struct kl_row *r;

	for (r = kl_guest_rows; r->name; r++)
		if (!strcmp(r->name, name))
			return true;
	for (r = kl_host_rows; r->name; r++)
		if (!strcmp(r->name, name))
			return true;
	return false;
}

static int check_options(int argc, char **argv, bool *json)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json")) {
			*json = true;
		} else if (!strcmp(argv[i], "--row") && i + 1 < argc) {
			if (!known(argv[++i])) {
				fprintf(stderr, "kl-bench: no row '%s'\n",
					argv[i]);
				return 2;
			}
		} else {
			fprintf(stderr,
				"usage: kl-bench [--dev PATH] [--json] [--row NAME]...\n");
			return 2;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct kl_row *tables[] = { kl_guest_rows, kl_host_rows };
	const struct kl_row *r;
	unsigned int t, n = 0;
	bool json = false;
	int64_t v;

	kl_init(&argc, argv);
	if (check_options(argc, argv, &json))
		return 2;
	close(kl_open());
	if (json)
		printf("[");
	for (t = 0; t < 2; t++) {
		for (r = tables[t]; r->name; r++) {
			if (!wanted(r->name, argc, argv))
				continue;
			v = isolated(r);
			if (v == KL_NO_FIGURE)
				continue;
			if (json)
				printf(JSON_ROW, n ? "," : "", r->name, r->unit,
				       (long long)v);
			else
				printf("%s %s %lld\n", r->name, r->unit,
				       (long long)v);
			n++;
		}
	}
	if (json)
		printf("\n]\n");
	return n ? 0 : 1;
}
