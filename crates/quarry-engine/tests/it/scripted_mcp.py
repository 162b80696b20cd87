"""A scripted MCP server on standard input and output, without dependencies. Used by mcp.rs."""

import json
import os
import subprocess
import sys
import time

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
NAMES = ["echo", "fail", "environment", "long", "die", "sleep", "start", "hidden"]


def call(name, arguments):
    if name == "echo":
        return arguments["text"]
    if name == "environment":
        return json.dumps(dict(os.environ))
    if name == "long":
        return "x" * 100_000
    if name == "die":
        sys.exit(1)
    if name == "sleep":
        time.sleep(3600)
    if name == "start":
        return str(subprocess.Popen(["sleep", "3600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).pid)
    raise ValueError("it went wrong")


def answer(method, params):
    if method == "initialize":
        server = {"name": "scripted", "version": "1"}
        return {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": server}
    if method == "tools/list":
        return {"tools": [{"name": name, "description": "Does " + name, "inputSchema": TEXT} for name in NAMES]}
    try:
        return {"content": [{"type": "text", "text": call(params["name"], params.get("arguments", {}))}]}
    except ValueError as error:
        return {"content": [{"type": "text", "text": str(error)}], "isError": True}


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and "method" in message:
        result = answer(message["method"], message.get("params", {}))
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
