"""Measures Quarry and the peer on the same texts in the same run, and writes one JSON file.

    cargo xtask bench --dataset path/to/a/beir/folder --record NAME

Without --dataset the texts are made up. See README.md for what each number means.
"""

import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time

import corpora
from client import quantile, spread
from process import hardware
from sides import HERE, ROOT, Peer, Quarry

SIZES = {"base": None, "10k": 10_000, "100k": 100_000}
CONNECTIONS = 8


def main():
    options = arguments()
    documents, questions = corpora.beir(options.dataset) if options.dataset else corpora.made_up(2_000)
    documents = documents[: options.documents]
    result = {
        "dataset": pathlib.Path(options.dataset).name if options.dataset else "made-up",
        "embedder": options.embedder,
        "hardware": hardware(),
        "versions": {},
        "sides": {},
    }
    sides = [Quarry(options.binary, options.embedder)] if "quarry" in options.side else []
    sides += [Peer(options.embedder)] if "peer" in options.side else []
    for side in sides:
        result["versions"][side.name] = side.version()
        measured = result["sides"].setdefault(side.name, {})
        for size in options.size:
            # The peer takes a second a search at 100,000 chunks: nothing is learnt by waiting for it.
            if side.name == "peer" and size == "100k":
                continue
            texts = documents if SIZES[size] is None else corpora.grow(documents, SIZES[size])
            measured[size] = measure(side, texts, questions, options)
    if "quarry" in options.side:
        result["binary_mb"] = round(os.path.getsize(options.binary) / 1e6, 1)
    result["ratios"] = ratios(result["sides"])
    result["hardware"]["load_after"] = round(os.getloadavg()[0], 2)
    path = write(result, options.record)
    show(result)
    print(f"\nwritten to {path}")


def measure(side, documents, questions, options):
    """Everything about one side at one size, from an empty folder on."""
    with tempfile.TemporaryDirectory(prefix="quarry-bench-", dir=options.scratch) as scratch:
        data = pathlib.Path(scratch) / "data"
        found = {"documents": len(documents)}
        single = documents[: options.single]
        found["ingest_single"] = ingest(side, data / "single", single, 1)
        shutil.rmtree(data / "single", ignore_errors=True)

        folder = data / "all"
        side.start(folder)
        time.sleep(1.0)
        found["idle"] = side.process.memory()
        found["ingest_bulk"] = fill(side, documents, options.bulk)
        found["chunks"] = side.chunks()
        limit = options.peer_queries if side.name == "peer" else options.queries
        found.update(searches(side, questions, limit))
        found["memory"] = side.process.memory()
        side.stop()
        if side.name == "quarry":
            found["start_to_first_answer_s"] = restart(side, folder, questions[0])
        return found


def ingest(side, folder, documents, batch):
    side.start(folder)
    found = fill(side, documents, batch)
    side.stop()
    return found


def fill(side, documents, batch):
    """From the first upload until everything can be found."""
    batches = [documents[first : first + batch] for first in range(0, len(documents), batch)]
    requests = [side.upload(rows) for rows in batches]
    cpu, begun = side.process.cpu(), time.perf_counter()
    spread(side.connect, requests, min(4, len(requests)))
    acknowledged = time.perf_counter() - begun
    side.settle()
    wall, cpu = time.perf_counter() - begun, side.process.cpu() - cpu
    chunks = side.chunks()
    return {
        "documents": len(documents),
        "documents_a_call": batch,
        "chunks": chunks,
        "acknowledged_s": round(acknowledged, 3),
        "wall_s": round(wall, 3),
        "cpu_s": round(cpu, 2),
        "documents_per_cpu_s": round(len(documents) / max(cpu, 0.01), 1),
        "chunks_per_cpu_s": round(chunks / max(cpu, 0.01), 1),
    }


def searches(side, questions, limit):
    asked = (questions * (limit // len(questions) + 1))[:limit]
    requests = [side.search(question) for question in asked]
    check(side, requests[0])
    spread(side.connect, requests[: max(50, limit // 10)], 1)
    found = {"search_1": load(side, requests, 1), f"search_{CONNECTIONS}": load(side, requests, CONNECTIONS)}
    if side.name == "quarry":
        plain = [side.search(question, {"ranker": "standardised"}) for question in asked]
        found["search_1_ranker_off"] = load(side, plain, 1)
    return found


def check(side, request):
    """A server that finds nothing is fast; it must find ten passages with their text."""
    line = side.connect()
    hits = side.hits(line.send(line.encode(*request)))
    if len(hits) < 10 or not all(hit.get("text") for hit in hits):
        raise SystemExit(f"{side.name} found {len(hits)} passages with text, expected 10")


def load(side, requests, connections):
    cpu = side.process.cpu()
    latencies, wall = spread(side.connect, requests, connections)
    cpu = side.process.cpu() - cpu
    return {
        "connections": connections,
        "searches": len(requests),
        "p50_ms": round(quantile(latencies, 0.50) * 1e3, 3),
        "p99_ms": round(quantile(latencies, 0.99) * 1e3, 3),
        "cpu_ms": round(cpu / len(requests) * 1e3, 3),
        "per_second": round(len(requests) / wall, 1),
        "per_cpu_second": round(len(requests) / max(cpu, 0.01), 1),
    }


def restart(side, folder, question, times=5):
    """From the start of the process to a found passage; the middle of several starts."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        side.start(folder)
        line = side.connect()
        while not side.hits(line.send(line.encode(*side.search(question)))):
            time.sleep(0.002)
        taken.append(time.perf_counter() - begun)
        side.stop()
    return round(quantile(taken, 0.5), 3)


def ratios(sides):
    """How many times better Quarry was in this run."""
    found = {}
    for size, peer in sides.get("peer", {}).items():
        ours = sides.get("quarry", {}).get(size)
        if not ours:
            continue
        found[size] = {
            "searches_per_cpu_second": round(ours["search_1"]["per_cpu_second"] / peer["search_1"]["per_cpu_second"], 1),
            "latency_p50": round(peer["search_1"]["p50_ms"] / ours["search_1"]["p50_ms"], 1),
            "ingest_single": round(ours["ingest_single"]["documents_per_cpu_s"] / peer["ingest_single"]["documents_per_cpu_s"], 1),
            "ingest_bulk": round(ours["ingest_bulk"]["chunks_per_cpu_s"] / peer["ingest_bulk"]["chunks_per_cpu_s"], 1),
            "memory": round(peer["memory"]["resident_mb"] / ours["memory"]["resident_mb"], 1),
        }
    return found


def write(result, record):
    folder = HERE / "results" if record else HERE / "results/local"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record or time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    return path.relative_to(ROOT)


def show(result):
    hardware = result["hardware"]
    print(f"\n{result['dataset']} on {hardware['cpu']}, {hardware['cores']} cores")
    for side, sizes in result["sides"].items():
        for size, found in sizes.items():
            print(f"  {side} {size}: {found['documents']} documents, {found['chunks']} chunks")
            for name, values in found.items():
                if isinstance(values, dict):
                    print(f"    {name:<20} " + "  ".join(f"{key}={value}" for key, value in values.items()))
                elif name.endswith("_s"):
                    print(f"    {name:<20} {values}")
    for size, values in result["ratios"].items():
        print(f"  ratio {size}: " + "  ".join(f"{key}={value}" for key, value in values.items()))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", help="a folder in the BEIR layout; made-up texts without it")
    parser.add_argument("--binary", default=str(ROOT / "target/release/quarry"), help="the quarry to measure")
    parser.add_argument("--side", nargs="+", default=["quarry", "peer"], choices=["quarry", "peer"])
    parser.add_argument("--size", nargs="+", default=["base", "10k"], choices=list(SIZES))
    parser.add_argument("--documents", type=int, help="only the first so many of the set, for slow embedders")
    parser.add_argument("--queries", type=int, default=4_000, help="searches a measurement, Quarry")
    parser.add_argument("--peer-queries", type=int, default=200, help="searches a measurement, peer")
    parser.add_argument("--single", type=int, default=2_000, help="documents uploaded one a call")
    parser.add_argument("--bulk", type=int, default=200, help="documents a call in bulk")
    parser.add_argument("--embedder", default="static", choices=["static", "minilm"], help="of both sides; see README.md")
    parser.add_argument("--record", help="keep the result as bench/results/NAME.json")
    parser.add_argument("--scratch", help="where temporary data folders go")
    options = parser.parse_args()
    if "quarry" in options.side and not pathlib.Path(options.binary).exists():
        sys.exit(f"{options.binary} is not there: `cargo build --release` makes it")
    return options


if __name__ == "__main__":
    main()
