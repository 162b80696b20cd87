"""Kills the server and its parsers while files of many formats are added, again and again, and counts at the end.

    cargo xtask chaos --rounds 200 --files 500
    cargo xtask chaos --rounds 6 --files 60           # the short form, for tests

Every round adds some more of the files over several connections and kills with SIGKILL at a random instant: the
server (now and then while it starts), one of the processes that parse for it, or both. Nothing is waited for between
rounds, so that kills hit whatever is at hand. Some files are made to break readers, some are removed right after they
were taken. Then everything may come to an end, and
- every file that was acknowledged is there exactly once, and is ready, or failed with a reason and one dead letter;
- nothing is queued or running any more, and what was removed is gone;
- after one retry of all dead letters, every whole file is ready and found by a word only it has, in it alone, and
  every file without text has failed again;
- no parser outlives its server by more than it may take;
- `quarry index verify` finds index and database equal in every collection.
The exit code is 1 when one of this is not so; the data folder is kept then.
"""

import argparse
import collections
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import files
from kill import verify
from process import Process, free_port, command_of
from sending import COLLECTIONS, Files
from settled import Settled
from sides import ROOT, Quarry

# A parser that nobody listens to any more ends by itself: at once, or when its time for the document is over.
PARSE_SECONDS = 5


class CagedQuarry(Quarry):
    """With short limits on parsing, where the binary has them."""

    def __init__(self, binary):
        super().__init__(binary)
        asked = subprocess.run([self.binary, "parse-worker", "--help"], capture_output=True)
        self.caged = asked.returncode == 0

    def env(self, data):
        limits = {"CPU_SECONDS": PARSE_SECONDS, "WALL_SECONDS": 4 * PARSE_SECONDS}
        return {f"QUARRY__PARSE__{name}": str(value) for name, value in limits.items()} if self.caged else {}

    def start_blindly(self, data):
        """Starts it without waiting until it answers."""
        self.port = free_port()
        data.mkdir(parents=True, exist_ok=True)
        self.process = Process(self.command(data), data.parent / f"{self.name}.log", self.env(data))


class Storm:
    """The rounds."""

    def __init__(self, options, data):
        self.options, self.data = options, data
        self.chance = random.Random(options.seed)
        self.server = CagedQuarry(options.binary)
        self.files = Files(options, self.chance)
        self.kills, self.parsers, self.up = collections.Counter(), [], False

    def run(self):
        for number in range(self.options.rounds):
            left = self.options.rounds - number
            self.files.room = round(len(self.files.waiting) / left * self.chance.uniform(0.5, 1.6)) + 1
            self.round()
            if number % 20 == 19 or left == 1:
                print(f"kill {number + 1:>3}: {len(self.files.waiting)} files still to be sent", flush=True)

    def round(self):
        if not self.up and self.chance.random() < 0.1:
            self.server.start_blindly(self.data)
            time.sleep(self.chance.uniform(0, 0.15))
            return self.end("server while it started")
        if not self.up:
            self.server.start(self.data)
            self.prepare()
            self.up = True
        stop = threading.Event()
        threads = self.files.send_all(self.server, stop, [self.chance.random() for _ in range(3)])
        time.sleep(self.chance.uniform(0.02, self.options.longest))
        what = self.chance.choices(("server", "parser", "both"), (50, 35, 15))[0]
        if what != "server" and not self.end_parser():
            what = "server, as no parser was there"
        if what == "parser":
            self.kills[what] += 1
        else:
            self.end(what)
        stop.set()
        for thread in threads:
            thread.join()
        self.check_alive()

    def prepare(self):
        """The second collection, once."""
        line = self.server.connect()
        names = [item["name"] for item in line.json("GET", "/v1/collections")["items"]]
        for name in set(COLLECTIONS[1:]) - set(names):
            line.call("POST", "/v1/collections", {"name": name})

    def check_alive(self):
        if self.up and not self.server.process.alive():
            raise SystemExit(f"the server ended by itself; see {self.server.process.log.name}")

    def end_parser(self):
        """Kills a parser; where there is none yet, one may come within a moment."""
        until = time.perf_counter() + 0.3
        while self.server.caged and time.perf_counter() < until:
            if workers := self.server.process.workers():
                return killed(self.chance.choice(workers))
            time.sleep(0.005)
        return False

    def end(self, what):
        workers = self.server.process.workers()
        self.server.process.kill()
        self.server.process.log.close()
        self.parsers += [(pid, time.perf_counter()) for pid in workers]
        self.kills[what] += 1
        self.up = False

    def orphans(self):
        """Parsers of servers that are gone and that have had more time than any document gets."""
        while True:
            alive = [(pid, since) for pid, since in self.parsers if "parse-worker" in command_of(pid)]
            late = [pid for pid, since in alive if time.perf_counter() - since > 4 * PARSE_SECONDS + 10]
            if late or not alive:
                return [f"{len(late)} parsers outlive their server: {late[:5]}"] if late else []
            time.sleep(0.2)

    def finish(self):
        """Lets everything come to an end and gives what is wrong, as sentences."""
        if not self.up:
            self.server.start(self.data)
            self.prepare()
        self.files.room = len(self.files.waiting)
        for thread in self.files.send_all(self.server, threading.Event(), [1, 2, 3]):
            thread.join()
        if self.files.waiting:
            return [f"{len(self.files.waiting)} files could not be sent with nobody killing"]
        settled = Settled(self.server, self.files.known, COLLECTIONS)
        problems = self.files.refused + settled.wait(300) + settled.check()
        self.before = settled.dead_by_code()
        self.innocent = settled.innocent()
        settled.retry_all()
        problems += settled.wait(300) + settled.check() + settled.check_ends()
        self.after, self.ready = settled.dead_by_code(), settled.ready()
        self.server.stop()
        return problems + verify(self.options.binary, self.data) + self.orphans()

    def summary(self):
        known = self.files.known.values()
        removed = sum("removal" in file for file in known)
        refused = sum("refused" in file for file in known)
        ways = ", ".join(f"{count} of the {what}" for what, count in self.kills.most_common())
        print(f"{sum(self.kills.values())} kills ({ways}) while {len(known)} files were added")
        print(f"  refused for being empty: {refused}; removed while at work: {removed}; ready at the end: {self.ready}")
        print(f"  dead before the retry: {listed(self.before)}; of these whole: {listed(self.innocent)}")
        print(f"  dead after it: {listed(self.after)}")


def killed(pid):
    return subprocess.run(["kill", "-KILL", str(pid)], stderr=subprocess.DEVNULL).returncode == 0


def listed(codes):
    return ", ".join(f"{code} {count}" for code, count in sorted(codes.items())) or "none"


def main():
    options = arguments()
    data = pathlib.Path(tempfile.mkdtemp(prefix="quarry-chaos-", dir=options.scratch)) / "data"
    storm, begun = Storm(options, data), time.perf_counter()
    storm.run()
    problems = storm.finish()
    if problems:
        print("\n".join(problems[:30]), f"\n{len(problems)} problems; the folder is kept: {data}", file=sys.stderr)
        sys.exit(1)
    storm.summary()
    print(f"nothing lost, nothing doubled, nothing stuck, index clean; {time.perf_counter() - begun:.0f} s")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200, help="how many kills")
    parser.add_argument("--files", type=int, default=500, help="how many files are added meanwhile")
    parser.add_argument("--longest", type=float, default=1.2, help="seconds before a kill, at most")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000, help="for the same files and instants")
    parser.add_argument("--formats", nargs="+", choices=list(files.MAKERS), help="of the whole files; all when not said")
    parser.add_argument("--binary", default=str(ROOT / "target/release/quarry"))
    parser.add_argument("--scratch", help="where the data folder goes")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    return options


if __name__ == "__main__":
    main()
