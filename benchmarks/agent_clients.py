#!/usr/bin/env python3
"""Run the real clients of agents with what `codesearch agents install` writes: does each read it, connect, and obey?

    npm install --prefix CLIENTS @anthropic-ai/claude-code @openai/codex @google/gemini-cli opencode-ai @github/copilot
    python benchmarks/agent_clients.py CLIENTS [CLIENT ...]

No account is needed, and nothing leaves this machine: a model that is a script answers on the loopback interface. It
greps once, calls `search_code` once and ends. Each client has a home folder of its own, with a small indexed project.
Columns:

listed       the client's own command (`mcp list`) names the server after the installation
gone         and no longer after uninstalling
tools        how many tools of the server the client offers to the model; - if it talks to no other model than its own
instructions whether the instructions of the server are in what the model reads
advice       whether the advice of the hook is in what the model reads, after a broad grep; - without hooks
answer       how the client gives the answer of `search_code` to the model: text, or JSON (structured content)
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

GREP = {"command": "grep -rn add .", "description": "Look for add"}
SEARCH = {"question": "add two numbers"}
TOOLS = ("search_code", "find_similar", "get_symbol", "trace", "repo_map")
PROJECT = {
    "sums.py": 'def add(left, right):\n    """Add two numbers."""\n    return left + right\n',
    "report.py": "from sums import add\n\n\ndef report(values):\n    return add(*values)\n",
}
SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Client:
    """How a client is run."""

    name: str
    """As `codesearch agents install` has it."""
    program: str
    listing: tuple[str, ...]
    asking: tuple[str, ...] = ()
    """Arguments that ask one question and end; empty if it talks to no other model than its own."""
    has_hook: bool = False
    shell: str = "Bash"
    """The name of its tool for commands."""


CODEX = (
    "exec --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox --dangerously-bypass-hook-trust "
    "-c model_provider=script -m gpt-5.1-codex find"
)
MCP_LIST = ("mcp", "list")
CLIENTS = (
    Client("claude-code", "claude", MCP_LIST, ("-p", "find add", "--allowedTools", "Bash mcp__codesearch"), True),
    Client("codex", "codex", MCP_LIST, tuple(CODEX.split()), True, "shell_command"),
    Client(
        "gemini", "gemini", MCP_LIST, ("-p", "find add", "--yolo", "-m", "gemini-2.5-pro"), True, "run_shell_command"
    ),
    Client("opencode", "opencode", MCP_LIST, ("run", "-m", "script/script", "find add"), False, "bash"),
    Client("copilot-cli", "copilot", MCP_LIST),
)


# -- the model --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Model:
    """A model that greps, searches and ends, in the protocols of three services; it keeps what it is sent."""

    shell: str = "Bash"
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def call(self, tools: list[str], results: int) -> tuple[str, dict[str, Any]] | None:
        """Return the next call of a tool; None if the model has nothing more to do."""
        search = next((name for name in tools if name.endswith("search_code")), None)
        shell = next((name for name in tools if name in (self.shell, "shell", "exec_command")), None)
        steps = [(shell, self._grep(shell)), (search, SEARCH)]
        known = [(name, given) for name, given in steps if name is not None]
        return known[results] if results < len(known) else None

    @staticmethod
    def _grep(shell: str | None) -> dict[str, Any]:
        if shell == "shell":
            return {"command": ["bash", "-lc", GREP["command"]]}
        return {"cmd": GREP["command"]} if shell == "exec_command" else GREP

    def tools(self) -> set[str]:
        """Return the tools of codesearch that were offered."""
        text = json.dumps([body.get("tools") for _, body in self.requests])
        return {name for name in TOOLS if name in text}

    def read(self) -> str:
        """Return all that the model was sent, as JSON."""
        return json.dumps([body for _, body in self.requests])


def handler(model: Model) -> type[BaseHTTPRequestHandler]:
    """Return what answers the requests of clients."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *arguments: Any) -> None:
            """Print nothing."""

        def do_GET(self) -> None:
            self.send_error(404)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
            model.requests.append((self.path, body))
            if "count_tokens" in self.path:
                self.reply({"input_tokens": 10})
            elif self.path.startswith("/v1/messages"):
                self.events(anthropic(model, body))
            elif "/responses" in self.path:
                self.events(responses(model, body))
            elif "/chat/completions" in self.path:
                self.events(chat(model, body))
            elif "streamGenerateContent" in self.path:
                self.events([("", gemini(model, body))])
            elif "generateContent" in self.path:
                self.reply(gemini(model, body))
            else:
                self.send_error(404)

        def reply(self, value: dict[str, Any]) -> None:
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def events(self, events: list[tuple[str, Any]]) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            for name, value in events:
                data = value if isinstance(value, str) else json.dumps(value)
                self.wfile.write(f"{f'event: {name}{chr(10)}' if name else ''}data: {data}\n\n".encode())
            self.close_connection = True

    return Handler


def anthropic(model: Model, body: dict[str, Any]) -> list[tuple[str, Any]]:
    """Answer a request of Anthropic's Messages API."""
    parts = [part for one in body["messages"] if isinstance(one["content"], list) for part in one["content"]]
    results = sum(part.get("type") == "tool_result" for part in parts)
    call = model.call([tool["name"] for tool in body.get("tools", [])], results)
    base = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": []}
    usage = {"input_tokens": 1, "output_tokens": 1}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**base, "stop_reason": None, "stop_sequence": None, "usage": usage}}
    ]
    if call is None:
        block: dict[str, Any] = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": "done"}
    else:
        block = {"type": "tool_use", "id": f"toolu_{results}", "name": call[0], "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(call[1])}
    reason = "end_turn" if call is None else "tool_use"
    events += [
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]
    return [(one["type"], one) for one in events]


def responses(model: Model, body: dict[str, Any]) -> list[tuple[str, Any]]:
    """Answer a request of OpenAI's Responses API."""
    results = sum(one.get("type") == "function_call_output" for one in body["input"])
    names: dict[str, str | None] = {}
    for tool in body.get("tools", []):
        if tool.get("type") == "namespace":  # the tools of a server
            names.update({one["name"]: str(tool["name"]) for one in tool["tools"]})
        elif "name" in tool:
            names[tool["name"]] = None
    call = model.call([*names], results)
    if call is None:
        content = [{"type": "output_text", "text": "done", "annotations": []}]
        item: dict[str, Any] = {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": content,
        }
    else:
        item = {"type": "function_call", "id": f"f{results}", "call_id": f"c{results}", "name": call[0],
                "arguments": json.dumps(call[1]), "status": "completed"}  # fmt: skip
        if names[call[0]] is not None:
            item["namespace"] = names[call[0]]
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, "input_tokens_details": {"cached_tokens": 0},
             "output_tokens_details": {"reasoning_tokens": 0}}  # fmt: skip
    whole = {"id": f"r{results}", "object": "response", "status": "completed", "output": [item], "usage": usage}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {"id": f"r{results}"}},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return [(one["type"], one) for one in events]


def chat(model: Model, body: dict[str, Any]) -> list[tuple[str, Any]]:
    """Answer a request of OpenAI's Chat Completions API."""
    results = sum(one["role"] == "tool" for one in body["messages"])
    call = model.call([tool["function"]["name"] for tool in body.get("tools", [])], results)
    delta: dict[str, Any] = {"role": "assistant", "content": "done"}
    if call is not None:
        function = {"name": call[0], "arguments": json.dumps(call[1])}
        made = {"index": 0, "id": f"c{results}", "type": "function", "function": function}
        delta = {"role": "assistant", "tool_calls": [made]}
    base = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "script"}
    reason = "stop" if call is None else "tool_calls"
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return [
        ("", {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}),
        ("", {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}], "usage": usage}),
        ("", "[DONE]"),
    ]


def gemini(model: Model, body: dict[str, Any]) -> dict[str, Any]:
    """Answer a request of Gemini's API."""
    parts = [part for one in body.get("contents", []) for part in one.get("parts", [])]
    results = sum("functionResponse" in part for part in parts)
    tools = [one["name"] for tool in body.get("tools", []) for one in tool.get("functionDeclarations", [])]
    call = model.call(tools, results)
    part: dict[str, Any] = {"text": "done"}
    if call is not None:
        part = {"functionCall": {"name": call[0], "args": call[1]}, "thoughtSignature": "c2ln"}
    content = {"role": "model", "parts": [part]}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": usage}


@contextmanager
def serving(model: Model) -> Iterator[str]:
    """Serve a model; yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(model))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


# -- the clients ------------------------------------------------------------------------------------------------------


def main() -> None:
    """Run the clients and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where npm installed them")
    parser.add_argument("clients", nargs="*", metavar="CLIENT")
    parser.add_argument("--keep", type=Path, help="write what each model was sent into this folder")
    given = parser.parse_args()
    columns = ("client", "version", "listed", "gone", "tools", "instructions", "advice", "answer")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for client in CLIENTS:
        if not given.clients or client.name in given.clients:
            with tempfile.TemporaryDirectory(prefix="client-") as folder:
                cells = tried(
                    client,
                    (given.folder / "node_modules" / ".bin" / client.program).absolute(),
                    Path(folder),
                    given.keep,
                )
            print(f"| {client.name} | {' | '.join(cells)} |", flush=True)


def tried(client: Client, program: Path, work: Path, keep: Path | None) -> list[str]:
    """Return the cells of a client's row."""
    model = Model(client.shell)
    home, project = work / "home", work / "project"
    home.mkdir()
    project.mkdir()
    for name, text in PROJECT.items():
        (project / name).write_text(text, "utf-8")
    with serving(model) as url:
        environment = prepared(home, url)

        def run(*command: str) -> str:
            done = subprocess.run(command, cwd=project, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=SECONDS, check=False)  # fmt: skip
            return done.stdout + done.stderr

        def codesearch(*arguments: str) -> str:
            return run(sys.executable, "-m", "codesearch.cli", *arguments)

        run("git", "init", "-q")
        version = re.findall(r"\d+\.\d+\.\d+", run(str(program), "--version"))[-1]
        codesearch("index", "-q")
        codesearch("agents", "install", client.name, *(["--hook"] if client.has_hook else []))
        configured(home, url)
        listed = "codesearch" in run(str(program), *client.listing)
        cells = ["-", "-", "-", "-"]
        if client.asking:
            said = run(str(program), *client.asking)
            cells = observed(client, model)
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{client.name}.json").write_text(json.dumps(model.requests, indent=1), "utf-8")
                (keep / f"{client.name}.txt").write_text(said, "utf-8")
        codesearch("agents", "uninstall", client.name)
        gone = "codesearch" not in run(str(program), *client.listing)
        codesearch("watch", "--stop")
    return [version, *("yes" if one else "NO" for one in (listed, gone)), *cells]


def observed(client: Client, model: Model) -> list[str]:
    """Return what the model was sent: tools, instructions, advice, and the form of the answer."""
    text = model.read()
    answer = "NO"
    if '\\"results\\":' in text or '\\\\\\"results\\\\\\":' in text:
        answer = "JSON"
    elif "sums.py:1-3 function add" in text:
        answer = "text"
    advice = "-" if not client.has_hook else "yes" if "This advice comes once per session" in text else "NO"
    instructions = "yes" if "codesearch finds code in this repository by what it does" in text else "no"
    return [str(len(model.tools())), instructions, advice, answer]


def prepared(home: Path, url: str) -> dict[str, str]:
    """Return the environment of the clients."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TERM", "PYTHONPATH")}
    scripts = str(Path(sys.executable).parent)
    options = {"baseURL": f"{url}/v1", "apiKey": "none"}
    provider = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": {"script": {}}}
    return {
        **kept,
        "PATH": f"{scripts}{os.pathsep}{kept.get('PATH', '')}",
        "HOME": str(home),
        "ANTHROPIC_API_KEY": "none",
        "ANTHROPIC_BASE_URL": url,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "GEMINI_API_KEY": "none",
        "GOOGLE_GEMINI_BASE_URL": url,
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
        "SCRIPT_KEY": "none",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_CONFIG_CONTENT": json.dumps({"provider": {"script": provider}}),
    }


def configured(home: Path, url: str) -> None:
    """Tell Codex and Gemini CLI, beside what was installed, which model to use."""
    codex = home / ".codex" / "config.toml"
    if codex.exists():
        provider = f"""
[model_providers.script]
name = "script"
base_url = "{url}/v1"
env_key = "SCRIPT_KEY"
wire_api = "responses"
"""
        codex.write_text(codex.read_text("utf-8") + provider, "utf-8")
    gemini_settings = home / ".gemini" / "settings.json"
    if gemini_settings.exists():
        value = json.loads(gemini_settings.read_text("utf-8"))
        value["security"] = {"auth": {"selectedType": "gemini-api-key"}}
        gemini_settings.write_text(json.dumps(value, indent=2), "utf-8")


if __name__ == "__main__":
    if shutil.which("node") is None:
        raise SystemExit("the clients need node")
    main()
