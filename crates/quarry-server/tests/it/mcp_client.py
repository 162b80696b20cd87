"""Lists and calls every tool with the official MCP client. Used by mcp.rs: `mcp_client.py http URL KEY`, or
`mcp_client.py stdio PORT`, which bridges the client's pair of streams to a port."""

import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

BRIDGE = """
import socket, sys, threading
link = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def up():
    for line in sys.stdin.buffer:
        link.sendall(line)
    link.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while piece := link.recv(65536):
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
"""


def plain(value, *names):
    """A field under its name in either version of the client."""
    return next(getattr(value, name) for name in names if hasattr(value, name))


async def use(read, write):
    async with ClientSession(read, write) as session:
        started = await session.initialize()
        tools = (await session.list_tools()).tools
        said = {"server": plain(started, "server_info", "serverInfo").name, "tools": [tool.name for tool in tools]}
        listed = await session.call_tool("list_documents", {})
        structured = plain(listed, "structured_content", "structuredContent")
        document = structured["items"][0]["id"]
        calls = {
            "search": {"query": "what raises the sea"},
            "read_document": {"document_id": document},
            "list_documents": {},
            "ask": {"question": "What raises the sea twice a day?"},
            "wrong": {"query": "sea", "collection": "nothing"},
        }
        for name, arguments in calls.items():
            result = await session.call_tool("search" if name == "wrong" else name, arguments)
            failed = plain(result, "is_error", "isError")
            said[name] = {"text": result.content[0].text, "failed": bool(failed)}
        print(json.dumps(said))


async def main():
    if sys.argv[1] == "stdio":
        program = StdioServerParameters(command=sys.executable, args=["-c", BRIDGE, sys.argv[2]])
        async with stdio_client(program) as (read, write):
            await use(read, write)
        return
    headers = {"Authorization": "Bearer " + sys.argv[3]}
    try:
        from mcp.client.streamable_http import streamablehttp_client

        opened = streamablehttp_client(sys.argv[2], headers=headers)
    except ImportError:
        import inspect

        from mcp.client.streamable_http import streamable_http_client

        if "headers" in inspect.signature(streamable_http_client).parameters:
            opened = streamable_http_client(sys.argv[2], headers=headers)
        else:
            from mcp.shared._httpx_utils import create_mcp_http_client

            opened = streamable_http_client(sys.argv[2], http_client=create_mcp_http_client(headers=headers))
    async with opened as streams:
        await use(streams[0], streams[1])


asyncio.run(main())
