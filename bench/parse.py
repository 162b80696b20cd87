"""How fast and how well PDFs are read, beside pypdf and PyMuPDF on the same files in the same run.

    python bench/parse.py FOLDER [--times 5] [--quality] [--record NAME]

FOLDER holds PDFs; an `expectations.json` two folders up may name passwords. Needs `pip install pypdf pymupdf`
and `cargo build --release -p quarry-parse --example parse_pages`.
"""

import argparse
import collections
import json
import os
import pathlib
import platform
import re
import resource
import subprocess
import sys
import time
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--times", type=int, default=5, help="how often each file is read")
    arguments.add_argument("--quality", action="store_true", help="also compare the words with PyMuPDF's")
    arguments.add_argument("--binary", type=pathlib.Path, help="the example, when it is not where cargo puts it")
    arguments.add_argument("--record", help="keep the result as bench/results/NAME.json")
    arguments.add_argument("--worker", choices=["pypdf"], help=argparse.SUPPRESS)
    options = arguments.parse_args()
    files = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() == ".pdf")
    if options.worker:
        print(json.dumps(pypdf_seconds(files, options.times)))
        return
    binary = options.binary or target() / "release/examples/parse_pages"
    lines = listed(files, passwords(options.folder))
    ours, answers = quarry_seconds(binary, lines, options.times)
    read = {answer["file"]: answer["pages"] for answer in answers if answer.get("pages")}
    theirs = json.loads(
        subprocess.run(
            [sys.executable, __file__, str(options.folder), "--times", str(options.times), "--worker", "pypdf"],
            check=True, capture_output=True, text=True,
        ).stdout
    )
    # Only files that both read, so that neither is fast by giving up.
    both = [name for name in read if name in theirs]
    pages = sum(read[name] for name in both)
    result = {
        "files": len(both),
        "pages": pages,
        "times": options.times,
        "quarry_pages_per_cpu_second": round(pages / sum(ours[name] for name in both), 1),
        "pypdf_pages_per_cpu_second": round(pages / sum(theirs[name] for name in both), 1),
        "hardware": {"machine": platform.machine(), "cores": os.cpu_count(), "load": os.getloadavg()},
    }
    result["ratio"] = round(result["quarry_pages_per_cpu_second"] / result["pypdf_pages_per_cpu_second"], 1)
    if options.quality:
        result["word_f1"] = quality(binary, lines)
    print(json.dumps(result, indent=2))
    if options.record:
        folder = ROOT / "bench/results"
        (folder / f"{options.record}.json").write_text(json.dumps(result, indent=2) + "\n")


def target():
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def passwords(folder):
    expectations = folder.resolve().parent.parent / "expectations.json"
    if not expectations.exists():
        return {}
    found = json.loads(expectations.read_text())
    return {pathlib.Path(path).name: one["password"] for path, one in found.items() if one.get("password")}


def listed(files, words):
    return [f"{path}\t{words[path.name]}" if path.name in words else str(path) for path in files]


def quarry_seconds(binary, lines, times):
    """CPU seconds for each file, in a process of its own: the start of the process counts against us."""
    seconds, answers = {}, []
    for line in lines:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = subprocess.run([binary, "--times", str(times)], input=line + "\n", capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if run.returncode:
            continue
        answers.append(json.loads(run.stdout))
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        seconds[line.split("\t")[0]] = spent / times
    return seconds, answers


def pypdf_seconds(files, times):
    """CPU seconds for each file that pypdf reads, without the start of Python."""
    import logging

    import pypdf

    logging.disable(logging.CRITICAL)
    seconds = {}
    for path in files:
        started = time.process_time()
        try:
            for _ in range(times):
                for page in pypdf.PdfReader(path).pages:
                    page.extract_text()
        except Exception:  # pypdf raises many kinds on broken files; those files are left out
            continue
        seconds[str(path)] = (time.process_time() - started) / times
    return seconds


def quality(binary, lines):
    """Overlap of words with PyMuPDF's, as F1, for each file and on average."""
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    run = subprocess.run([binary, "--text"], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    texts = {answer["file"]: answer.get("text") or "" for answer in map(json.loads, filter(None, run.stdout.split("\n")))}
    scores = {}
    for line in lines:
        path, _, password = line.partition("\t")
        try:
            document = pymupdf.open(path)
            if password:
                document.authenticate(password)
            reference = words("\n".join(page.get_text() for page in document))
        except Exception:  # the reference cannot read it, so it says nothing about it
            continue
        if reference:
            scores[pathlib.Path(path).name] = round(f1(words(texts[path]), reference), 4)
    mean = round(sum(scores.values()) / len(scores), 4) if scores else None
    return {"mean": mean, "files": scores}


def words(text):
    """Words as a reader sees them: without the hyphens of line ends, ligatures taken apart."""
    text = unicodedata.normalize("NFKC", text).replace("\u00ad", "")
    text = re.sub(r"(?<=[a-zäöüß])[-\u2010]\s*\n\s*(?=[a-zäöüß])", "", text)
    # Scripts without spaces are compared letter by letter.
    return collections.Counter(re.findall(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+", text))


def f1(found, wanted):
    shared = sum((found & wanted).values())
    total = sum(found.values()) + sum(wanted.values())
    return 2 * shared / total if total else 1.0


if __name__ == "__main__":
    main()
