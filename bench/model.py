"""A chat model of 0 ms: speaks OpenAI's dialect and answers by a script, so that a run costs only what runs it.

    python bench/model.py --port 9000

The first turn calls the tool `search` with the question, the second answers: natively where the request offers tools,
as ReAct text where its prompt tells how; where neither is so, it answers at once. A question that begins with "wait" gets its first words and then nothing, for as long as
the client stays. One process, one thread, HTTP by hand: about 10,000 replies a second.
"""

import argparse
import asyncio
import gc
import json

ANSWER = "The documents say so. [1]"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\n%s\r\n\r\n"
LAST = b"0\r\n\r\n"


def usage():
    return {"prompt_tokens": 400, "completion_tokens": 20, "total_tokens": 420}


def event(choices, used=None):
    chunk = {"id": "m", "object": "chat.completion.chunk", "created": 0, "model": "scripted", "choices": choices}
    data = b"data: " + json.dumps({**chunk, "usage": used}).encode() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


def delta(content, reason=None):
    return event([{"index": 0, "delta": content, "finish_reason": reason}])


def streamed(contents, reason):
    """A whole reply as chunks of one body."""
    done = b"data: [DONE]\n\n"
    pieces = [delta({"role": "assistant", **content}) for content in contents]
    pieces += [delta({}, reason), event([], usage()), b"%x\r\n%s\r\n" % (len(done), done), LAST]
    return HEAD % (b"text/event-stream", b"transfer-encoding: chunked") + b"".join(pieces)


def plain(message, reason):
    body = json.dumps(
        {
            "id": "m",
            "object": "chat.completion",
            "created": 0,
            "model": "scripted",
            "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}],
            "usage": usage(),
        }
    ).encode()
    return HEAD % (b"application/json", b"content-length: %d" % len(body)) + body


def words(text, size=6):
    return [{"content": text[start : start + size]} for start in range(0, len(text), size)]


def text_of(content):
    """A message's text: some clients send a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def question_of(messages):
    asked = [text_of(message.get("content")) for message in messages if message["role"] == "user"]
    return asked[-1] if asked else ""


class Script:
    """What is said to a request. The answer's bytes are made once."""

    def __init__(self):
        self.answers = {
            (True, True): streamed(words(ANSWER), "stop"),
            (True, False): plain({"content": ANSWER}, "stop"),
        }
        react = f"Thought: I can answer without using any more tools.\nAnswer: {ANSWER}"
        self.answers[False, True] = streamed(words(react), "stop")
        self.answers[False, False] = plain({"content": react}, "stop")

    def reply(self, request):
        """The bytes of the reply, and whether it ever ends."""
        messages, stream = request["messages"], bool(request.get("stream"))
        native = bool(request.get("tools"))
        if native:
            searched = messages[-1]["role"] == "tool"
        elif not any("Action Input" in text_of(one.get("content")) for one in messages):
            native = searched = True
        else:
            searched = any("Observation:" in text_of(one.get("content")) for one in messages[1:])
        if searched:
            return self.answers[native, stream], True
        question = question_of(messages)
        if question.startswith("wait"):
            begun = delta({"role": "assistant", "content": "One moment"})
            return HEAD % (b"text/event-stream", b"transfer-encoding: chunked") + begun, False
        arguments = json.dumps({"query": question[:200]})
        if not native:
            text = f"Thought: I need to look it up.\nAction: search\nAction Input: {arguments}"
            return (streamed(words(text), "stop") if stream else plain({"content": text}, "stop")), True
        call = {"id": "call_1", "type": "function", "function": {"name": "search", "arguments": arguments}}
        if stream:
            return streamed([{"tool_calls": [{"index": 0, **call}]}], "tool_calls"), True
        return plain({"content": None, "tool_calls": [call]}, "tool_calls"), True


class Line(asyncio.Protocol):
    """One connection, kept alive."""

    def __init__(self, script):
        self.script, self.buffer = script, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while True:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self.buffer[:end].lower()
            length = 0
            at = head.find(b"\r\ncontent-length:")
            if at >= 0:
                length = int(head[at + 17 :].split(b"\r\n", 1)[0])
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            if head.startswith(b"get"):
                self.transport.write(HEAD % (b"application/json", b"content-length: 2") + b"{}")
                continue
            reply, ends = self.script.reply(json.loads(body))
            self.transport.write(reply)
            if not ends:
                return


async def serve(port):
    script = Script()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Line(script), "127.0.0.1", port, backlog=4096)
    # Nothing here makes circles; a collection would show as a slow reply.
    gc.freeze()
    gc.disable()
    async with server:
        await server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
