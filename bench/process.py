"""A server as a process: started, measured from /proc, ended. Linux only."""

import os
import platform
import signal
import socket
import subprocess
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stat(pid):
    """The fields of /proc/PID/stat behind the name, which can hold anything; none when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def children(pid):
    """The children of a process, as each of its threads lists those that it started."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, ProcessLookupError):
        return []
    found = []
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                found.extend(int(child) for child in file.read().split())
        except (FileNotFoundError, ProcessLookupError):
            # A thread that has just ended; another one lists its children from now on.
            continue
    return found


def tree(root):
    """A process and all that descend from it, the process first."""
    found = [root]
    for pid in found:
        found.extend(children(pid))
    return found


def command_of(pid):
    """The words a process was started with; none when it is gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode("utf-8", "replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def resident_kb(pid):
    """All resident memory, and the part that is not mapped files; nothing when the process is gone."""
    sizes = {}
    try:
        with open(f"/proc/{pid}/status") as status:
            for line in status:
                name, _, rest = line.partition(":")
                if name in ("VmRSS", "RssAnon"):
                    sizes[name] = int(rest.split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0
    return sizes.get("VmRSS", 0), sizes.get("RssAnon", 0)


class Process:
    """One server process with its children. CPU counts all threads of all of them, and children that have ended."""

    def __init__(self, command, log, env=None):
        if not os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
            raise SystemExit("this kernel does not tell the children of a process (CONFIG_PROC_CHILDREN)")
        self.log = open(log, "ab")
        self.started = time.perf_counter()
        self.child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env={**os.environ, **(env or {})}
        )

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def cpu(self):
        """CPU seconds used so far, in steps of a hundredth.

        What a child used passes to its parent when the parent learns of its end. Where that happens between two
        looks it would count twice or not at all, so the look is repeated until nobody came or went meanwhile.
        """
        while True:
            before = tree(self.pid)
            ticks = 0
            for pid in before:
                fields = stat(pid)
                if fields:
                    # User and system time, its own and that of children whose end it knows of.
                    ticks += sum(int(fields[position]) for position in (11, 12, 13, 14))
            if tree(self.pid) == before:
                return ticks / TICK

    def memory(self):
        """Resident megabytes of the server alone: all of it, and the part that is not mapped files."""
        resident, anonymous = resident_kb(self.pid)
        return {"resident_mb": round(resident / 1024, 1), "anonymous_mb": round(anonymous / 1024, 1)}

    def memory_of_all(self):
        """Resident megabytes of the server and its children. Pages that they share count for each."""
        return round(sum(resident_kb(pid)[0] for pid in tree(self.pid)) / 1024, 1)

    def workers(self):
        """The children that parse, by process id."""
        return [pid for pid in tree(self.pid)[1:] if "parse-worker" in command_of(pid)]

    def stop(self, deadline=30):
        if self.alive():
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(deadline)
            except subprocess.TimeoutExpired:
                self.kill()
        self.log.close()

    def kill(self):
        self.child.kill()
        self.child.wait()


class Peak:
    """The most memory that a process and its children had together, looked at ten times a second."""

    def __init__(self, process, every=0.1):
        self.process, self.every, self.most_mb, self.children = process, every, 0.0, 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def watch(self):
        while not self.ended.wait(self.every):
            self.most_mb = max(self.most_mb, self.process.memory_of_all())
            self.children = max(self.children, len(tree(self.process.pid)) - 1)


def hardware():
    """The line that makes a number comparable."""
    model = platform.processor() or platform.machine()
    with open("/proc/cpuinfo") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo") as lines:
        memory = int(lines.readline().split()[1]) // (1024 * 1024)
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": memory,
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
    }
