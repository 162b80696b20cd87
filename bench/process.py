"""A server as a process: started, measured from /proc, ended. Linux only."""

import os
import platform
import signal
import socket
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """One server process. Its CPU counts all of its threads, and children that have ended."""

    def __init__(self, command, log, env=None):
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
        """CPU seconds used so far, in steps of a hundredth."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return sum(int(fields[position]) for position in (11, 12, 13, 14)) / TICK

    def memory(self):
        """Resident megabytes: all of it, and the part that is not mapped files."""
        sizes = {}
        with open(f"/proc/{self.pid}/status") as status:
            for line in status:
                name, _, rest = line.partition(":")
                if name in ("VmRSS", "RssAnon"):
                    sizes[name] = int(rest.split()[0]) / 1024
        return {"resident_mb": round(sizes["VmRSS"], 1), "anonymous_mb": round(sizes["RssAnon"], 1)}

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
