"""What must be so once everything has come to an end: asked of the server, answered as sentences."""

import collections
import time

from client import Refused

OPEN = ("pending", "processing", "indexing")


def pages(line, path):
    """All items of a list, page by page."""
    found, cursor = [], ""
    mark = "&" if "?" in path else "?"
    while True:
        page = line.json("GET", f"{path}{mark}limit=200{cursor}")
        found.extend(page["items"])
        if not page.get("next_cursor"):
            return found
        cursor = f"&cursor={page['next_cursor']}"


class Settled:
    """The documents of some collections and the jobs behind them, beside the files that were sent."""

    def __init__(self, server, files, collections):
        self.server, self.files, self.collections = server, files, collections
        self.documents, self.dead = [], []

    def wait(self, deadline):
        """Until nothing is on its way; then looks at everything."""
        line, end = self.server.connect(), time.perf_counter() + deadline
        while True:
            self.documents = [
                document for name in self.collections for document in pages(line, f"/v1/documents?collection={name}")
            ]
            waiting = [document for document in self.documents if document["status"] in OPEN]
            if not waiting:
                break
            if time.perf_counter() > end:
                return [f"{one['source']} is still {one['status']} after {deadline} s: {one.get('ingestion')}" for one in waiting]
            time.sleep(0.25)
        self.dead = self.dead_letters(line)
        return []

    def dead_letters(self, line):
        try:
            return pages(line, "/v1/jobs/dead")
        except Refused:
            # Before dead letters had a list of their own.
            return pages(line, "/v1/jobs?status=dead")

    def check(self):
        """Each file once, ready or failed with a reason; nothing left in the queue; what was removed is gone."""
        line, problems, by_source = self.server.connect(), [], collections.defaultdict(list)
        for document in self.documents:
            by_source[document["source"]].append(document)
        for source, rows in by_source.items():
            if len(rows) > 1:
                problems.append(f"{source} is there {len(rows)} times")
        for source, file in self.files.items():
            rows = by_source.get(source, [])
            if file.get("removal"):
                if file["removal"] == "answered" and rows:
                    problems.append(f"{source} was removed and is {rows[0]['status']}")
            elif "id" in file:
                problems += self.one(source, file, rows)
        for status in ("queued", "running"):
            left = pages(line, f"/v1/jobs?status={status}")
            problems += [f"the job {job['id']} is {status} though nothing is on its way" for job in left]
        return problems

    def one(self, source, file, rows):
        if not rows:
            return [f"{source} was acknowledged and is gone"]
        document = rows[0]
        if document["id"] != file["id"]:
            return [f"{source} was acknowledged as {file['id']} and is {document['id']}"]
        if document["status"] != "failed":
            return []
        problems = [] if document.get("error") else [f"{source} failed without a reason"]
        if document["id"] not in {job["document_id"] for job in self.dead}:
            problems.append(f"{source} failed and has no dead letter")
        return problems

    def check_ends(self):
        """Whole files are ready and found, files without text have failed, each with one dead letter."""
        line, problems = self.server.connect(), []
        letters = collections.Counter(job["document_id"] for job in self.dead)
        for document in self.documents:
            file, status, source = self.files[document["source"]], document["status"], document["source"]
            if file["end"] == "ready" and status != "ready":
                problems.append(f"{source} is whole and {status}: {document.get('error')}")
            if file["end"] == "refused" and status != "failed":
                problems.append(f"{source} holds no text and is {status}")
            wanted = 1 if status == "failed" else 0
            if letters[document["id"]] != wanted:
                problems.append(f"{source} is {status} and has {letters[document['id']]} dead letters")
            if file["end"] == "ready" and status == "ready":
                problems += self.found(line, file, document)
        return problems

    def found(self, line, file, document):
        request = {"collection": file["collection"], "query": file["mark"], "mode": "lexical", "k": 10}
        hits = line.json("POST", "/v1/search", request)["hits"]
        holding = {hit["document_id"] for hit in hits if file["mark"] in hit["text"]}
        if holding != {document["id"]}:
            return [f"the word of {file['source']} is found in {len(holding)} documents"]
        return []

    def retry_all(self):
        line = self.server.connect()
        try:
            line.call("POST", "/v1/jobs/dead/retry", {})
        except Refused:
            for job in self.dead:
                line.call("POST", f"/v1/jobs/{job['id']}/retry", {})

    def dead_by_code(self):
        return collections.Counter(job.get("code") or "no code" for job in self.dead)

    def innocent(self):
        """Codes of the dead letters of files that are whole."""
        whole = {file["id"] for file in self.files.values() if file["end"] == "ready" and "id" in file}
        return collections.Counter(job.get("code") or "no code" for job in self.dead if job["document_id"] in whole)

    def ready(self):
        return sum(document["status"] == "ready" for document in self.documents)
