"""What the crash test adds: files whole and hostile, sent again until they are acknowledged, some removed at once."""

import base64
import collections
import random
import threading

import corpora
import files
from client import Refused
from kill import mark

COLLECTIONS = ("default", "papers")


class Files:
    """What is to be added, and what became of it."""

    def __init__(self, options, chance):
        self.waiting = collections.deque(made(options, chance))
        self.known = {file["source"]: file for file in self.waiting}
        self.lock, self.refused, self.room = threading.Lock(), [], 0

    def take(self):
        with self.lock:
            if self.room <= 0 or not self.waiting:
                return None
            self.room -= 1
            return self.waiting.popleft()

    def back(self, file):
        with self.lock:
            self.waiting.appendleft(file)

    def send_all(self, server, stop, seeds):
        threads = [threading.Thread(target=self.send, args=(server, stop, random.Random(seed))) for seed in seeds]
        for thread in threads:
            thread.start()
        return threads

    def send(self, server, stop, chance):
        try:
            line = server.connect()
            while not stop.is_set() and (file := self.take()):
                self.add(line, file)
                if chance.random() < 0.04 and "id" in file:
                    self.remove(line, file)
        except OSError:
            return

    def add(self, line, file):
        row = {"source": file["source"], "name": file["name"]}
        row["content_base64"] = base64.b64encode(file["bytes"]).decode()
        try:
            answer = line.json("POST", "/v1/documents", {"collection": file["collection"], "documents": [row]})
            file["id"] = answer["documents"][0]["id"]
        except Refused as refused:
            file["refused"] = str(refused)
            if file["end"] != "empty":
                self.refused.append(f"{file['source']} was refused: {refused}")
        except OSError:
            # Nobody knows whether it was taken: it is sent again, as a careful client does.
            self.back(file)
            raise

    def remove(self, line, file):
        file["removal"] = "asked"
        line.call("DELETE", f"/v1/documents/{file['id']}")
        file["removal"] = "answered"


def made(options, chance):
    """The files in the order they are sent: most of them whole, some hostile, a few large or empty."""
    texts = corpora.made_up(300, seed=options.seed)[0]
    traps = list(files.hostile(chance).items())
    chance.shuffle(traps)
    whole = options.formats or list(files.MAKERS)
    for number in range(options.files):
        name, collection = f"f{number}", COLLECTIONS[number % 7 == 0]
        file = {"collection": collection, "end": "ready"}
        text = f"{chance.choice(texts)['text']} Its mark is {mark(name)}."
        document = {"id": name, "title": f"Document {name}", "text": text}
        if number % 6 == 1:
            trap, (content, end) = traps[number // 6 % len(traps)]
            file.update(name=f"{name}-{trap}", bytes=content, end=end)
        elif number % 60 == 5:
            file.update(name=f"{name}.txt", bytes=b"", end="empty")
        elif number % 20 == 3:
            pages = [row["text"] for row in chance.choices(texts, k=chance.randint(50, 400))]
            file.update(name=f"{name}.pdf", bytes=files.pdf(document, pages), mark=mark(name))
        else:
            file.update(files.made(document, chance.choice(whole)), mark=mark(name))
        yield {**file, "source": f"files/{file['name']}"}
