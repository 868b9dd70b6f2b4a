#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Boots the emulated host once in Bochs and does one job there.

Runs inside the testbench folder, called by run.sh. Reads RUN/job.json; builds
an initramfs (busybox, init, the payload, the job), a CD image, and the Bochs
configuration; starts Bochs on a terminal of its own; copies the first serial
port (the job's console) to standard output while it runs; takes status, files
and the kernel log of the emulated host from the second one. The exit status is
the job's; 124 after the time limit, 125 when the bench itself failed, 70 when
the emulated host's kernel complained.
"""

import base64
import fcntl
import json
import os
import re
import select
import signal
import subprocess
import sys
import termios
import time
import tty

from initramfs import Cpio

TB = os.path.dirname(os.path.abspath(__file__))
BOOT = "/src/build/boot"

# What the emulated host does without: each line saves boot time, none changes
# what a hypervisor sees. The initcalls load certificates, measure entropy,
# prepare tracing of built-in events and fill parts of /sys nobody reads here.
COMMAND_LINE = (
    "console=ttyS1,115200 quiet nokaslr panic=1 nmi_watchdog=0 nowatchdog "
    "tsc=reliable lsm= rodata=off cryptomgr.notests "
    "initcall_blacklist=load_system_certificate_list,jent_mod_init,"
    "trace_eval_init,init_kprobe_trace,bpf_dummy_struct_ops_init,"
    "slab_sysfs_init,param_sysfs_builtin_init")

BOCHSRC = """\
display_library: term
config_interface: textconfig
memory: guest={mem}, host={mem}
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model={model}, count={cpus}, ips={ips}, reset_on_triple_fault=0
ata0-master: type=cdrom, path={run}/host.iso, status=inserted
boot: cdrom
com1: enabled=1, mode={com1mode}, dev={com1}
com2: enabled=1, mode=file, dev={run}/com2
clock: sync=none, time0=1700000000
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
log: {run}/bochs.log
"""

OOPS = re.compile(
    r"(BUG:|(?<!process: )WARNING:|Oops|Call Trace|general protection|unable to handle|"
    r"Kernel panic|scheduling while atomic|INFO: task .* blocked|rcu.*stall|"
    r"refcount_t|UBSAN|suspicious RCU)")


def fail(text, status=125):
    sys.stdout.flush()
    print(f"kvm-lite: {text}", file=sys.stderr, flush=True)
    sys.exit(status)


def module_files(name):
    """The stock module NAME and what it depends on, in loading order."""
    with open("/kernel-release", encoding="ascii") as f:
        release = f.read().strip()
    shown = subprocess.run(["modprobe", "-S", release, "--show-depends", name],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    paths = [line.split()[1] for line in shown.stdout.decode().splitlines()
             if line.startswith("insmod ")]
    if shown.returncode or not paths and b"builtin" not in shown.stdout:
        fail(f"the stock kernel {release} has no module '{name}'")
    return [slim(path, release) for path in paths]


def slim(path, release):
    """A copy without BTF, debug data and signature: cheaper to load."""
    base = re.sub(r"\.ko(\.\w+)?$", "", os.path.basename(path))
    out = f"{BOOT}/modules-{release}/{base}.ko"
    if not os.path.exists(out):
        os.makedirs(os.path.dirname(out), exist_ok=True)
        tmp = f"{out}.{os.getpid()}"
        tool = {".xz": "xz", ".zst": "zstd", ".gz": "gzip"}.get(os.path.splitext(path)[1])
        with open(tmp, "wb") as f:
            subprocess.run([tool, "-dcq", path] if tool else ["cat", path], stdout=f, check=True)
        # objcopy drops the signature, which stands behind the ELF file.
        subprocess.run(["objcopy", "--strip-debug", "--remove-section=.BTF", tmp], check=True)
        os.rename(tmp, out)
    return out


def make_initramfs(run, job):
    cpio = Cpio(f"{run}/initramfs")
    cpio.skeleton("results", "modules", "payload")
    cpio.file("init", f"{TB}/host-init", 0o755)
    loads = {}
    for name in job["load"] + job["bring"]:
        loads[name] = module_files(name)
        for path in loads[name]:
            cpio.file("modules/" + os.path.basename(path), path, 0o644)
        cpio.text(f"modules/{name}.order", "".join(
            f"/modules/{os.path.basename(p)}\n" for p in loads[name]))
    cpio.text("job/load", "\n".join(job["load"]) + "\n")
    cpio.text("job/cmd", job["cmd"] + "\n", 0o755)
    cpio.tree("payload", f"{run}/payload")
    cpio.close()


def make_iso(run, job):
    cd = f"{run}/cd"
    # isolinux finds its parts in this directory, under lower-case names only.
    os.makedirs(f"{cd}/isolinux", exist_ok=True)
    for name, source in (("isolinux/isolinux.bin", "/usr/lib/ISOLINUX/isolinux.bin"),
                         ("isolinux/ldlinux.c32", "/usr/lib/syslinux/modules/bios/ldlinux.c32"),
                         ("kernel", f"{BOOT}/host.bzimage"), ("initrd", f"{run}/initramfs")):
        os.symlink(source, f"{cd}/{name}")
    # Bochs waits in real time when several CPUs are all halted: minutes for what
    # takes a moment. The kernel's remark on this option is no complaint.
    idle = " idle=poll" if job["cpus"] > 1 else ""
    mitigations = "" if job["mitigations"] else " mitigations=off"
    with open(f"{cd}/isolinux/isolinux.cfg", "w", encoding="ascii") as f:
        f.write("DEFAULT k\nPROMPT 0\nLABEL k\nKERNEL /kernel\nINITRD /initrd\n"
                f"APPEND {COMMAND_LINE}{mitigations}{idle} {job['append']}\n")
    made = subprocess.run(
        ["xorriso", "-as", "mkisofs", "-quiet", "-f", "-o", f"{run}/host.iso",
         "-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", cd],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if made.returncode:
        fail("xorriso failed:\n" + made.stdout.decode(errors="replace")[-2000:])


class Records:
    """Reads the second serial port: kernel log, and marked lines of init."""

    def __init__(self, run):
        self.run = run
        self.path = f"{run}/com2"
        self.offset = 0
        self.partial = b""
        self.status = None
        self.ready = False
        self.panic = False
        self.name = None
        self.chunks = []
        self.log = []

    def poll(self):
        try:
            with open(self.path, "rb") as f:
                f.seek(self.offset)
                data = f.read()
        except OSError:
            return
        self.offset += len(data)
        *lines, self.partial = (self.partial + data).split(b"\n")
        for line in lines:
            self.line(line.rstrip(b"\r").decode(errors="replace"))

    def line(self, text):
        if self.name is not None:
            if text.startswith("KL-END"):
                path = os.path.join(self.run, "results", os.path.basename(self.name))
                try:
                    data = base64.b64decode("".join(self.chunks))
                except ValueError:
                    data = b""
                    self.log.append(f"kvm-lite: the result '{self.name}' came back damaged")
                with open(path, "wb") as f:
                    f.write(data)
                self.name = None
            else:
                self.chunks.append(text)
        elif text.startswith("KL-FILE "):
            self.name, self.chunks = text[8:], []
        elif text.startswith("KL-STATUS "):
            self.status = int(text[10:])
        elif text.startswith("KL-READY"):
            self.ready = True
        elif text:
            self.log.append(text)
            self.panic = self.panic or "Kernel panic" in text

    def complaint(self):
        """The first lines around a complaint of the emulated host's kernel."""
        lines = list(self.log)
        try:
            with open(f"{self.run}/results/dmesg", encoding="utf-8", errors="replace") as f:
                lines = f.read().splitlines() + [l for l in lines if OOPS.search(l)]
        except OSError:
            pass
        for i, line in enumerate(lines):
            if OOPS.search(line):
                return "\n".join(lines[max(0, i - 3):i + 40])
        return None


class Console:
    """The first serial port: a file to follow, or the user's terminal."""

    def __init__(self, run, interactive):
        self.path = f"{run}/com1"
        self.offset = 0
        self.leave = False
        self.escape = False
        self.saved = None
        self.master = None
        self.mode, self.dev = "file", self.path
        if interactive:
            self.master, slave = os.openpty()
            tty.setraw(slave)
            self.slave = slave
            self.mode, self.dev = "term", os.ttyname(slave)
            self.saved = termios.tcgetattr(0)
            tty.setraw(0)
            fcntl.fcntl(self.master, fcntl.F_SETFL, os.O_NONBLOCK)
        else:
            with open(self.path, "wb"):
                pass

    def restore(self):
        if self.saved:
            termios.tcsetattr(0, termios.TCSADRAIN, self.saved)
            self.saved = None

    def poll(self):
        if self.master is None:
            with open(self.path, "rb") as f:
                f.seek(self.offset)
                data = f.read()
            self.offset += len(data)
        else:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                data = b""
        if data:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    def typed(self):
        """Pass keys on; Ctrl-a x leaves, Ctrl-a Ctrl-a types a Ctrl-a."""
        data = os.read(0, 1024)
        out = bytearray()
        for byte in data:
            if self.escape:
                self.escape = False
                if byte in b"xX":
                    self.leave = True
                elif byte == 1:
                    out.append(1)
            elif byte == 1:
                self.escape = True
            else:
                out.append(byte)
        if not data:
            self.leave = True
        if out:
            os.write(self.master, bytes(out))


def start_bochs(run):
    """Bochs wants a terminal for its screen; nobody looks at it."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, b"\x19\x00\x50\x00\0\0\0\0")
    env = dict(os.environ, TERM="vt100")
    # pylint: disable=subprocess-popen-preexec-fn
    bochs = subprocess.Popen(["bochs", "-q", "-f", f"{run}/bochsrc"], stdin=slave,
                             stdout=slave, stderr=slave, env=env, cwd=run,
                             start_new_session=True)
    os.close(slave)
    return bochs, master


def watch(bochs, screen, picture, console, records, job):
    """Copy and wait until the job is done, the host is off or time is up."""
    deadline = time.monotonic() + job["timeout"]
    seen, moved = 0, time.monotonic()
    inputs = [screen] + ([0, console.master] if console.master is not None else [])
    why = None
    while why is None:
        ready, _, _ = select.select(inputs, [], [], 0.1)
        if screen in ready:
            try:
                picture.write(os.read(screen, 65536))
            except OSError:
                inputs.remove(screen)
        if 0 in ready:
            console.typed()
        console.poll()
        records.poll()
        if console.offset + records.offset != seen:
            seen, moved = console.offset + records.offset, time.monotonic()
        if bochs.poll() is not None:
            why = "ended"
        elif records.panic:
            why = "panic"
        elif console.leave:
            why = "left"
        elif time.monotonic() > deadline:
            why = "timeout"
        elif time.monotonic() > moved + job["stall"]:
            why = "stall"
    if bochs.poll() is None:
        if why == "panic":
            time.sleep(1)      # the rest of the panic's text
        os.killpg(bochs.pid, signal.SIGKILL)
        bochs.wait()
    console.poll()
    records.poll()
    return why


def tail(path, count):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-count:])
    except OSError:
        return ""


def verdict(run, why, records, job):
    """Say what went wrong, if anything; return the exit status."""
    complaint = records.complaint()
    if complaint:
        print("\nkvm-lite: the emulated host's kernel complained:\n" + complaint,
              file=sys.stderr, flush=True)
    if why == "left":
        return 0
    if why in ("timeout", "stall"):
        what = (f"did not end within {job['timeout']} s" if why == "timeout" else
                f"has said nothing for {job['stall']} s")
        print(f"\nkvm-lite: the emulated host {what} and was stopped; its last kernel messages:\n" + "\n".join(records.log[-15:]) +
              f"\nthe job's console is {run}/com1".replace("/src/", ""),
              file=sys.stderr, flush=True)
        return 124
    if why == "panic" or records.status is None:
        print("\nkvm-lite: the emulated host ended before the job did; its last kernel messages:\n"
              + "\n".join(records.log[-30:]) + "\nand Bochs's:\n" + tail(f"{run}/bochs.log", 15),
              file=sys.stderr, flush=True)
        return 125
    if complaint and not job["allow_oops"]:
        return 70
    return records.status


def main():
    run = sys.argv[1]
    with open(f"{run}/job.json", encoding="utf-8") as f:
        job = json.load(f)
    os.makedirs(f"{run}/results", exist_ok=True)
    make_initramfs(run, job)
    make_iso(run, job)
    console = Console(run, job["interactive"])
    with open(f"{run}/bochsrc", "w", encoding="ascii") as f:
        f.write(BOCHSRC.format(run=run, com1mode=console.mode, com1=console.dev, **{
            k: job[k] for k in ("mem", "model", "cpus", "ips")}))
    records = Records(run)
    try:
        bochs, screen = start_bochs(run)
        with open(f"{run}/screen", "wb", buffering=0) as picture:
            why = watch(bochs, screen, picture, console, records, job)
    finally:
        console.restore()
    status = verdict(run, why, records, job)
    for name in ("host.iso", "initramfs"):
        os.unlink(f"{run}/{name}")
    sys.exit(status)


main()
