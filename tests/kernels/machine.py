# SPDX-License-Identifier: MIT
# machine.py: an emulated machine that boots a kernel and powers itself off, or is switched off.
import subprocess
import tempfile
import time

CPUS = "2"
MEMORY = "2G"
POLL_SECONDS = 0.1
KILL_SECONDS = 5  # for an emulator to end by itself, once it was told to

# Emulation in software alone: the same everywhere, also where the machine is itself a virtual one.
EMULATORS = {
    # "max" has what current CPUs have, so signal frames and saved registers have their real sizes.
    "x86_64": ["qemu-system-x86_64", "-machine", "pc", "-cpu", "max"],
    # pauth-impdef: with the architected cipher for signed pointers a boot takes 12 s, not 4.
    "aarch64": ["qemu-system-aarch64", "-machine", "virt", "-cpu", "max,pauth-impdef=on"],
}
CONSOLES = {"x86_64": "ttyS0", "aarch64": "ttyAMA0"}


class Run:
    """One boot: how long it took, and whether the machine powered itself off."""

    def __init__(self, text, boot_seconds, seconds, ended):
        self.text = text
        self.boot_seconds = boot_seconds
        self.seconds = seconds
        self.ended = ended  # "" when it powered itself off, else what happened


def emulator_of(architecture):
    return EMULATORS[architecture][0]


def boot(architecture, kernel, initramfs, log, limit):
    """Runs the machine for at most so many seconds; its serial line goes to the file log."""
    command = EMULATORS[architecture] + [
        "-accel", "tcg,thread=multi", "-smp", CPUS, "-m", MEMORY, "-nodefaults", "-no-user-config",
        "-display", "none", "-no-reboot",
        "-chardev", "file,id=console,path=" + str(log).replace(",", ",,"),
        "-serial", "chardev:console", "-kernel", str(kernel), "-initrd", str(initramfs),
        "-append", f"console={CONSOLES[architecture]} quiet panic=-1 oops=panic rdinit=/init"]
    # timeout outlives this process if need be, so that no emulator is left running in any case.
    # It stays in this process's group, so that whoever ends the group ends the emulator, too.
    command = ["timeout", "--foreground", f"--kill-after={KILL_SECONDS}", str(limit)] + command
    log.write_text("")
    start = time.monotonic()
    boot_seconds = None
    with tempfile.TemporaryFile("w+", errors="replace") as messages:
        emulator = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=messages,
                                    stderr=messages)
        try:
            while emulator.poll() is None:
                if boot_seconds is None and "\nKBOOT " in log.read_text(errors="replace"):
                    boot_seconds = time.monotonic() - start
                time.sleep(POLL_SECONDS)
        finally:
            stop(emulator)
        messages.seek(0)
        complaint = messages.read().strip()
    seconds = time.monotonic() - start
    text = log.read_text(errors="replace")
    if emulator.returncode in (124, 137):
        ended = f"not off within {limit} s"
    elif emulator.returncode != 0:
        ended = f"the emulator ended with {emulator.returncode}: {complaint or 'no message'}"
    else:
        ended = ""
    return Run(text, boot_seconds, seconds, ended)


def stop(emulator):
    if emulator.poll() is None:
        emulator.terminate()
        try:
            emulator.wait(2 * KILL_SECONDS)
        except subprocess.TimeoutExpired:
            emulator.kill()
            emulator.wait()
