// SPDX-License-Identifier: GPL-2.0-only
/* The command line of the runner, and its manual. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

static const char kl_help[] =
"NAME\n"
"  kvmlite - run a virtual machine on the kvm-lite module\n"
"\n"
"SYNOPSIS\n"
"  kvmlite run --kernel FILE [OPTION]...\n"
"  kvmlite info [--dev PATH]\n"
"\n"
"COMMANDS\n"
"  run    boot a kernel; its serial console is this terminal\n"
"  info   show what VT-x of this machine gives, and which control is missing\n"
"         for which feature\n"
"\n"
"OPTIONS\n"
"  -k, --kernel FILE     bzImage (64-bit boot protocol) or ELF with a PVH note\n"
"  -i, --initrd FILE     initial RAM disk\n"
"  -c, --cmdline STRING  kernel command line; replaces the default:\n"
"                        " KL_DEFAULT_CMDLINE "\n"
"  -m, --mem SIZE        guest memory with suffix K, M or G (default 256M)\n"
"  -n, --cpus N          virtual CPUs (default 1, at most 64)\n"
"      --dev PATH        hypervisor device (default " KL_DEFAULT_DEV ";\n"
"                        /dev/kvm works too)\n"
"      --stats           print a table of figures at the end, on stderr\n"
"      --stats-json FILE write the same figures as JSON\n"
"      --rtc-base SECS   the guest's clock begins there (seconds since 1970)\n"
"      --reset-status N  exit status when the guest resets without having set\n"
"                        one at port 0xf6 (default 0)\n"
"  -v, --verbose         say which ports and addresses no device answers\n"
"  -h, --help            this text\n"
"      --version         the version\n"
"\n"
"KEYS (when standard input is a terminal)\n"
"  Ctrl-a x              end the run\n"
"  Ctrl-a h              show these keys\n"
"  Ctrl-a Ctrl-a         send Ctrl-a to the guest\n"
"  Every other key goes to the guest, Ctrl-c too.\n"
"\n"
"PORTS A GUEST MAY USE (one byte each)\n"
"  0xf4  out v: end the run with exit status v\n"
"  0xf5  out 1: init is reached; the time goes into the figures\n"
"  0xf6  out v: exit status of a later power off or reset (default 0)\n"
"\n"
"EXIT STATUS\n"
"  0-255 what the guest said at port 0xf4 or 0xf6; 0 if it said nothing and\n"
"        powered off, reset, or Ctrl-a x ended it\n"
"  2     the command line is wrong\n"
"  70    the guest triple-faulted\n"
"  71    the guest halted with interrupts off\n"
"  124   the hypervisor gave the VM up; the reason is on stderr\n"
"  125   the runner could not do its work\n"
"  128+N signal N ended the run\n"
"\n"
"EXAMPLES\n"
"  kvmlite run --kernel /boot/vmlinuz --initrd initramfs.cpio.gz --stats\n"
"  kvmlite run -k vmlinux -m 1G -n 2 -c 'console=ttyS0 quiet panic=-1'\n";

enum {
	KL_OPT_DEV = 256,
	KL_OPT_STATS,
	KL_OPT_STATS_JSON,
	KL_OPT_RTC_BASE,
	KL_OPT_RESET_STATUS,
	KL_OPT_VERSION,
};

static const char kl_short[] = ":k:i:c:m:n:vh";

static const struct option kl_long[] = {
	{ "kernel", required_argument, NULL, 'k' },
	{ "initrd", required_argument, NULL, 'i' },
	{ "cmdline", required_argument, NULL, 'c' },
	{ "mem", required_argument, NULL, 'm' },
	{ "cpus", required_argument, NULL, 'n' },
	{ "dev", required_argument, NULL, KL_OPT_DEV },
	{ "stats", no_argument, NULL, KL_OPT_STATS },
	{ "stats-json", required_argument, NULL, KL_OPT_STATS_JSON },
	{ "rtc-base", required_argument, NULL, KL_OPT_RTC_BASE },
	{ "reset-status", required_argument, NULL, KL_OPT_RESET_STATUS },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, KL_OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

/**
 * kl_help_text() - the manual
 *
 * Return: the text that --help prints.
 */
const char *kl_help_text(void)
{
	return kl_help;
}

/**
 * kl_size_parse() - read a size with its unit
 * @text: decimal digits and one of K, M, G (or lower case)
 * @bytes: filled in
 *
 * Return: 0, or -1 if @text is no such size or does not fit 64 bits.
 */
int kl_size_parse(const char *text, uint64_t *bytes)
{
	unsigned long long n;
	unsigned int shift;
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno)
		return -1;
	switch (*end) {
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'm':
	case 'M':
		shift = 20;
		break;
	case 'g':
	case 'G':
		shift = 30;
		break;
	default:
		return -1;
	}
	if (end[1] || n > UINT64_MAX >> shift)
		return -1;
	*bytes = n << shift;
	return 0;
}

/* A whole number from @min to @max. */
static int kl_number(const char *option, const char *text, long long min,
		     long long max, long long *value, struct kl_err *err)
{
	char *end;

	errno = 0;
	*value = strtoll(text, &end, 0);
	if (errno || end == text || *end || *value < min || *value > max)
		return kl_err(err, "%s %s: must be a number from %lld to %lld",
			      option, text, min, max);
	return 0;
}

static int kl_mem_option(struct kl_options *opt, const char *text,
			 struct kl_err *err)
{
	if (kl_size_parse(text, &opt->mem))
		return kl_err(err, "--mem %s: not a size; say for example 512M or 2G",
			      text);
	if (opt->mem < 4ull << 20)
		return kl_err(err, "--mem %s: too small, 4M is the least",
			      text);
	if (opt->mem & 4095)
		return kl_err(err, "--mem %s: not a multiple of 4K", text);
	if (opt->mem > 1ull << 40)
		return kl_err(err, "--mem %s: too large, 1024G is the most",
			      text);
	return 0;
}

static int kl_option(int c, const char *arg, struct kl_options *opt,
		     struct kl_err *err)
{
	long long n;

	switch (c) {
	case 'k':
		opt->kernel = arg;
		return 0;
	case 'i':
		opt->initrd = arg;
		return 0;
	case 'c':
		opt->cmdline = arg;
		return 0;
	case 'm':
		return kl_mem_option(opt, arg, err);
	case 'n':
		if (kl_number("--cpus", arg, 1, KL_MAX_CPUS, &n, err))
			return -1;
		opt->cpus = n;
		return 0;
	case 'v':
		opt->verbose = true;
		return 0;
	case KL_OPT_DEV:
		opt->dev = arg;
		return 0;
	case KL_OPT_STATS:
		opt->stats = true;
		return 0;
	case KL_OPT_STATS_JSON:
		opt->stats_json = arg;
		return 0;
	case KL_OPT_RTC_BASE:
		/* 1900 to 9999: what the clock's registers can say */
		if (kl_number("--rtc-base", arg, -2208988800ll, 253402300799ll,
			      &n, err))
			return -1;
		opt->rtc_base = n;
		opt->rtc_fixed = true;
		return 0;
	case KL_OPT_RESET_STATUS:
		if (kl_number("--reset-status", arg, 0, 255, &n, err))
			return -1;
		opt->reset_status = n;
		return 0;
	case 'h':
		opt->command = KL_CMD_HELP;
		return 0;
	default:
		opt->command = KL_CMD_VERSION;
		return 0;
	}
}

static int kl_command(int *argc, char ***argv, struct kl_options *opt,
		      struct kl_err *err)
{
	const char *word = *argc > 1 ? (*argv)[1] : NULL;

	if (!word)
		return kl_err(err, "say what to do: run or info (kvmlite --help shows all)");
	if (word[0] == '-')
		return 0; /* only --help and --version stand alone */
	if (!strcmp(word, "run"))
		opt->command = KL_CMD_RUN;
	else if (!strcmp(word, "info"))
		opt->command = KL_CMD_INFO;
	else if (!strcmp(word, "help"))
		opt->command = KL_CMD_HELP;
	else
		return kl_err(err, "unknown command '%s': there are run and info",
			      word);
	(*argc)--;
	(*argv)++;
	return 1;
}

/**
 * kl_options_parse() - read the command line
 * @argc: number of words
 * @argv: the words; may be reordered
 * @opt: filled in, defaults first; points into @argv
 * @err: what is wrong
 *
 * Return: 0 or -1.
 */
int kl_options_parse(int argc, char **argv, struct kl_options *opt,
		     struct kl_err *err)
{
	int c, named;

	*opt = (struct kl_options){
		.command = KL_CMD_RUN,
		.cmdline = KL_DEFAULT_CMDLINE,
		.dev = KL_DEFAULT_DEV,
		.mem = KL_DEFAULT_MEM,
		.cpus = 1,
	};
	named = kl_command(&argc, &argv, opt, err);
	if (named < 0)
		return -1;
	opterr = 0;
	optind = 0; /* glibc: begin anew, whatever was parsed before */
	while ((c = getopt_long(argc, argv, kl_short, kl_long, NULL)) != -1) {
		if (c == ':')
			return kl_err(err, "%s needs a value",
				      argv[optind - 1]);
		if (c == '?')
			return kl_err(err, "unknown option '%s' (kvmlite --help shows all)",
				      argv[optind - 1]);
		if (kl_option(c, optarg, opt, err))
			return -1;
		if (opt->command >= KL_CMD_HELP)
			return 0;
	}
	if (opt->command >= KL_CMD_HELP)
		return 0;
	if (!named)
		return kl_err(err, "say what to do first: kvmlite run ... or kvmlite info");
	if (optind < argc)
		return kl_err(err, "'%s' is no option; the kernel is named by --kernel",
			      argv[optind]);
	if (opt->command == KL_CMD_RUN && !opt->kernel)
		return kl_err(err, "run needs --kernel FILE");
	return 0;
}
