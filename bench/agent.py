"""Measures what a run of an agent costs beside its model: two turns, one search, with a scripted model of 0 ms.

    cargo xtask bench agent --record NAME

Quarry and the peer (FastAPI with LlamaIndex's ReAct agent) run over the same documents and the same scripted model
(model.py), one after the other. See README.md for what each number means.
"""

import argparse
import json
import os
import pathlib
import resource
import socket
import sys
import tempfile
import threading
import time

import corpora
from client import Connection, quantile, spread
from process import Process, free_port, hardware
from run import fill, write
from sides import HERE, ROOT, Peer, Quarry

CONNECTIONS = (1, 16, 64)
STREAMS = 1_000


class Model:
    """The scripted model as a process of its own, so that its CPU is nobody's."""

    def __init__(self, scratch):
        self.port = free_port()
        command = [sys.executable, str(HERE / "model.py"), "--port", str(self.port)]
        self.process = Process(command, pathlib.Path(scratch) / "model.log")
        self.url = f"http://127.0.0.1:{self.port}/v1"
        for _ in range(2_000):
            try:
                self.connect().call("GET", "/v1/models")
                return
            except OSError:
                time.sleep(0.005)
        raise SystemExit("the scripted model did not start")

    def connect(self):
        return Connection("127.0.0.1", self.port)

    def latency(self, turns=2_000):
        """What one of its replies takes by itself: it is part of every run's latency, twice."""
        message = {"role": "tool", "content": "x" * 4_000, "tool_call_id": "call_1"}
        body = {"stream": True, "tools": [{}], "messages": [{"role": "user", "content": "q"}, message]}
        request = ("POST", "/v1/chat/completions", json.dumps(body).encode())
        latencies, _ = spread(self.connect, [request] * turns, 1)
        return round(quantile(latencies, 0.5) * 1e3, 3)


class QuarryAgent(Quarry):
    """The default agent, with the scripted model as its only one. Every run is stored, as it is for users."""

    def __init__(self, binary, model):
        super().__init__(binary)
        self.model_url = model.url

    def env(self, data):
        # The scripted model takes whatever comes; a real one would set the pace.
        settings = {"PROVIDER": "openai", "MODEL": "scripted", "BASE_URL": self.model_url, "CONCURRENCY": "4000"}
        return {f"QUARRY__MODELS__CHAT__BENCH__{name}": value for name, value in settings.items()}

    def run(self, question, stream=False):
        body = {"input": question, "stream": stream}
        return "POST", "/v1/agents/default/runs", json.dumps(body).encode()

    def check(self, answer):
        run = json.loads(answer)
        return run["steps"] == 2 and run["text"].endswith("[1]") and len(run["citations"]) == 1


class PeerAgent(Peer):
    """LlamaIndex's ReAct agent over its own retriever."""

    def __init__(self, model):
        super().__init__()
        self.model_url = model.url

    def command(self, data):
        return [*super().command(data), "--model", self.model_url]

    def run(self, question, stream=False):
        return "POST", "/agent", json.dumps({"query": question}).encode()

    def check(self, answer):
        run = json.loads(answer)
        return run["searches"] == 1 and run["answer"].endswith("[1]")


def main():
    options = arguments()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 16_384 if hard == resource.RLIM_INFINITY else min(16_384, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    base, questions = corpora.beir(options.dataset) if options.dataset else corpora.made_up(2_000)
    documents = corpora.grow(base, options.documents)
    with tempfile.TemporaryDirectory(prefix="quarry-bench-", dir=options.scratch) as scratch:
        model = Model(scratch)
        result = {
            "what": "agent runs: two turns, one search, a scripted model of 0 ms",
            "dataset": pathlib.Path(options.dataset).name if options.dataset else "made-up",
            "documents": len(documents),
            "model_p50_ms": model.latency(),
            "hardware": hardware(),
            "versions": {},
            "sides": {},
        }
        sides = [QuarryAgent(options.binary, model)] if "quarry" in options.side else []
        sides += [PeerAgent(model)] if "peer" in options.side else []
        for side in sides:
            result["versions"][side.name] = side.version()
            data = pathlib.Path(scratch) / side.name / "data"
            result["sides"][side.name] = measure(side, data, documents, questions, options)
        model.process.stop()
    result["ratios"] = ratios(result["sides"])
    result["hardware"]["load_after"] = round(os.getloadavg()[0], 2)
    path = write(result, options.record)
    show(result)
    print(f"\nwritten to {path}")


def measure(side, data, documents, questions, options):
    side.start(data)
    try:
        found = {"ingest": fill(side, documents, 200), "memory_before": side.process.memory()}
        limit = options.peer_runs if side.name == "peer" else options.runs
        requests = [side.run(question) for question in (questions * (limit // len(questions) + 1))[:limit]]
        line = side.connect()
        answer = line.send(line.encode(*requests[0]))
        if not side.check(answer):
            raise SystemExit(f"{side.name} did not run as scripted: {answer[:800]!r}")
        spread(side.connect, requests[: max(20, limit // 10)], 1)
        for connections in CONNECTIONS:
            found[f"runs_{connections}"] = load(side, requests, connections)
        found["memory"] = side.process.memory()
        if side.name == "quarry" and options.streams:
            found["streams"] = streams(side, options.streams)
        return found
    finally:
        side.stop()


def load(side, requests, connections):
    cpu = side.process.cpu()
    latencies, wall = spread(side.connect, requests, connections)
    cpu = side.process.cpu() - cpu
    return {
        "connections": connections,
        "runs": len(requests),
        "p50_ms": round(quantile(latencies, 0.50) * 1e3, 3),
        "p99_ms": round(quantile(latencies, 0.99) * 1e3, 3),
        "cpu_ms": round(cpu / len(requests) * 1e3, 3),
        "per_second": round(len(requests) / wall, 1),
        "per_cpu_second": round(len(requests) / max(cpu, 0.01), 1),
    }


def streams(side, count):
    """So many runs whose model says its first words and then nothing, all listened to at once."""
    before = side.process.memory()
    lines, failures, lock = [], [], threading.Lock()

    def listen(number):
        try:
            for _ in range(number):
                line = side.connect()
                line.socket.sendall(line.encode(*side.run("wait for it", stream=True)))
                seen = b""
                while b'"One moment"' not in seen:
                    piece = line.socket.recv(1 << 16)
                    if not piece:
                        raise ConnectionError(f"a stream ended early: {seen[-500:]!r}")
                    seen += piece
                with lock:
                    lines.append(line)
        except (OSError, socket.timeout) as failure:
            failures.append(failure)

    begun = time.perf_counter()
    threads = [threading.Thread(target=listen, args=(count // 20,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened = time.perf_counter() - begun
    if failures:
        raise SystemExit(f"only {len(lines)} streams could be opened: {failures[0]}")
    # What is still being put away from opening them must not count as what they need.
    time.sleep(2.0)
    cpu, then = side.process.cpu(), time.perf_counter()
    time.sleep(5.0)
    idle = (side.process.cpu() - cpu) / (time.perf_counter() - then)
    held = side.process.memory()
    for line in lines:
        line.close()
    return {
        "open": len(lines),
        "opened_s": round(opened, 2),
        "memory": held,
        "kb_a_stream": round((held["resident_mb"] - before["resident_mb"]) * 1024 / len(lines), 1),
        "idle_cpu_share": round(idle, 4),
    }


def ratios(sides):
    ours, peer = sides.get("quarry"), sides.get("peer")
    if not ours or not peer:
        return {}
    found = {"memory": round(peer["memory"]["resident_mb"] / ours["memory"]["resident_mb"], 1)}
    for connections in CONNECTIONS:
        one, two = ours[f"runs_{connections}"], peer[f"runs_{connections}"]
        found[f"runs_per_cpu_second_{connections}"] = round(one["per_cpu_second"] / two["per_cpu_second"], 1)
        found[f"latency_p50_{connections}"] = round(two["p50_ms"] / one["p50_ms"], 1)
    return found


def show(result):
    machine = result["hardware"]
    print(f"\n{result['what']}\n{result['documents']} documents on {machine['cpu']}, {machine['cores']} cores")
    print(f"  a reply of the model takes {result['model_p50_ms']} ms by itself")
    for side, found in result["sides"].items():
        for name, values in found.items():
            print(f"  {side} {name:<14} " + "  ".join(f"{key}={value}" for key, value in values.items()))
    print("  ratios  " + "  ".join(f"{key}={value}" for key, value in result["ratios"].items()))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", help="a folder in the BEIR layout; made-up texts without it")
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--binary", default=str(ROOT / "target/release/quarry"), help="the quarry to measure")
    parser.add_argument("--side", nargs="+", default=["quarry", "peer"], choices=["quarry", "peer"])
    parser.add_argument("--runs", type=int, default=3_000, help="runs a measurement, Quarry")
    parser.add_argument("--peer-runs", type=int, default=200, help="runs a measurement, peer")
    parser.add_argument("--streams", type=int, default=STREAMS, help="streams held open at once; 0 leaves it out")
    parser.add_argument("--record", help="keep the result as bench/results/NAME.json")
    parser.add_argument("--scratch", help="where temporary data folders go")
    options = parser.parse_args()
    if "quarry" in options.side and not pathlib.Path(options.binary).exists():
        sys.exit(f"{options.binary} is not there: `cargo build --release` makes it")
    return options


if __name__ == "__main__":
    main()
