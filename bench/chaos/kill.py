"""Ends the server with SIGKILL at a random instant of ingestion, again and again, and counts what is missing.

    cargo xtask chaos texts --times 50

Every round uploads documents over several connections until the kill, starts the server on the same folder, waits
until nothing is on its way, and then checks that
- every document that was ever acknowledged is there, ready, exactly once, and is found by a word only it has;
- a document sent again because its answer never came is there once;
- `quarry index verify` finds the index and the database equal.
The first failure ends the run with exit code 1 and keeps the data folder.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import corpora
from client import Refused
from sides import ROOT, Quarry


class Uploads:
    """Threads that send documents until the server is gone, and what it acknowledged."""

    def __init__(self, server, round_number, texts, batch, seed):
        self.server, self.round, self.texts, self.batch = server, round_number, texts, batch
        self.acknowledged, self.unanswered, self.stop = {}, [], threading.Event()
        self.lock, self.refused = threading.Lock(), []
        self.threads = [threading.Thread(target=self.send, args=(n, random.Random(seed + n))) for n in range(4)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def join(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def send(self, thread, chance):
        number = 0
        try:
            line = self.server.connect()
            while not self.stop.is_set():
                rows = [self.document(thread, number + offset, chance) for offset in range(chance.randint(1, self.batch))]
                number += len(rows)
                self.upload(line, rows)
        except Refused as refused:
            self.refused.append(str(refused))
        except OSError:
            return

    def upload(self, line, rows):
        request = line.encode(*self.server.upload(rows))
        try:
            answer = json.loads(line.send(request))
        except OSError:
            with self.lock:
                self.unanswered.append(rows)
            raise
        with self.lock:
            for row, document in zip(rows, answer["documents"], strict=True):
                self.acknowledged[row["id"]] = document["id"]

    def document(self, thread, number, chance):
        name = f"r{self.round}t{thread}n{number}"
        text = chance.choice(self.texts)["text"]
        return {"id": name, "title": f"Document {name}", "text": f"{text}\n\nIts mark is {mark(name)}."}


def mark(name):
    """A word that only this document has; letters only, so that no analyzer splits it."""
    digits = str.maketrans("0123456789", "bcdfghjklm")
    return "zq" + name.translate(digits)


def everything(line):
    """All documents, page by page."""
    found, cursor = [], ""
    while True:
        page = line.json("GET", f"/v1/documents?limit=200{cursor}")
        found.extend(page["items"])
        if not page.get("next_cursor"):
            return found
        cursor = f"&cursor={page['next_cursor']}"


def check(server, acknowledged, chance):
    """What is wrong, as sentences."""
    line, problems = server.connect(), []
    documents = everything(line)
    by_source = {}
    for document in documents:
        by_source.setdefault(document["source"], []).append(document)
    doubled = [source for source, rows in by_source.items() if len(rows) > 1]
    problems += [f"{source} is there {len(by_source[source])} times" for source in doubled]
    for source, identity in acknowledged.items():
        rows = by_source.get(source)
        if not rows:
            problems.append(f"{source} was acknowledged and is gone")
        elif rows[0]["id"] != identity:
            problems.append(f"{source} was acknowledged as {identity} and is {rows[0]['id']}")
        elif rows[0]["status"] != "ready":
            problems.append(f"{source} is {rows[0]['status']}")
    for source in chance.sample(sorted(by_source), min(100, len(by_source))):
        request = {"query": mark(source), "mode": "lexical", "k": 5}
        hits = line.json("POST", "/v1/search", request)["hits"]
        holding = [hit for hit in hits if mark(source) in hit["text"]]
        if len(holding) != 1:
            problems.append(f"the word of {source} is found {len(holding)} times")
    return problems


def verify(binary, data):
    """`quarry index verify` on the folder, with the server down."""
    command = [str(binary), "index", "verify", "--data", str(data), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    return [] if done.returncode == 0 else [f"index verify failed: {done.stdout.strip()} {done.stderr.strip()}"]


def one_round(server, data, number, options, known, texts):
    chance = random.Random(options.seed * 1_000 + number)
    server.start(data)
    # What was in the air at the last kill is sent again, as a careful client does.
    again, line = known.pop("unanswered", []), server.connect()
    for rows in again:
        answer = line.json("POST", "/v1/documents", json.loads(server.upload(rows)[2]))
        known["acknowledged"].update({row["id"]: document["id"] for row, document in zip(rows, answer["documents"], strict=True)})
    uploads = Uploads(server, number, texts, options.batch, chance.randrange(1 << 30))
    uploads.start()
    time.sleep(chance.uniform(0.05, options.longest))
    server.process.kill()
    uploads.join()
    known["acknowledged"].update(uploads.acknowledged)
    known["unanswered"] = uploads.unanswered
    if uploads.refused:
        return [f"an upload was refused: {uploads.refused[0]}"]
    begun = time.perf_counter()
    server.start(data)
    server.settle(120)
    known["recovery"].append(time.perf_counter() - begun)
    problems = check(server, known["acknowledged"], chance)
    server.stop()
    return problems + verify(options.binary, data)


def main():
    options = arguments()
    texts = corpora.beir(options.dataset)[0] if options.dataset else corpora.made_up(500)[0]
    data = pathlib.Path(tempfile.mkdtemp(prefix="quarry-chaos-", dir=options.scratch)) / "data"
    known = {"acknowledged": {}, "recovery": []}
    server = Quarry(options.binary)
    for number in range(options.times):
        problems = one_round(server, data, number, options, known, texts)
        count = len(known["acknowledged"])
        print(f"kill {number + 1:>3}: {count} documents acknowledged so far, back in {known['recovery'][-1]:.2f} s" if not problems
              else f"kill {number + 1:>3}: {len(problems)} problems", flush=True)
        if problems:
            print("\n".join(problems[:20]), f"\nthe folder is kept: {data}", file=sys.stderr)
            sys.exit(1)
    print(f"{options.times} kills, {len(known['acknowledged'])} documents acknowledged, none lost, none doubled, index clean")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50, help="how many kills")
    parser.add_argument("--longest", type=float, default=2.5, help="seconds before a kill, at most")
    parser.add_argument("--batch", type=int, default=12, help="documents a call, at most")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000, help="for the same instants again")
    parser.add_argument("--dataset", help="a folder in the BEIR layout; made-up texts without it")
    parser.add_argument("--binary", default=str(ROOT / "target/release/quarry"))
    parser.add_argument("--scratch", help="where the data folder goes")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    return options


if __name__ == "__main__":
    main()
