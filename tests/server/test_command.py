"""`lossflow server` as a command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lossflow.cli import main
from tests.server.editor import COMMAND, DEADLINE, ENVIRONMENT


def message(**fields: object) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **fields}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_without_pygls_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "pygls" or "lossflow.server" in each]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pygls", None)  # what Python does then is what it does without it
    assert main(["server"]) == 2
    captured = capsys.readouterr()
    expected = (
        'error: `lossflow server` needs pygls, which is not installed: install it with `pip install "lossflow[lsp]"`.\n'
    )
    assert (captured.out, captured.err) == ("", expected)


def test_help_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["server", "--help"])
    assert "Language Server Protocol" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [(), ("--stdio",)])
def test_nothing_but_the_protocol_is_on_standard_output(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    says = message(id=1, method="initialize", params={"capabilities": {}, "processId": None, "rootUri": None})
    says += message(id=2, method="shutdown") + message(method="exit")
    done = subprocess.run(
        [*COMMAND, *arguments], input=says, capture_output=True, cwd=tmp_path, env=ENVIRONMENT, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    answers, rest = [], done.stdout
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0])
        answers.append(json.loads(rest[:length]))
        rest = rest[length:]
    assert [each["id"] for each in answers] == [1, 2]
    assert answers[0]["result"]["serverInfo"]["name"] == "lossflow"


def test_what_is_printed_goes_to_the_errors(tmp_path: Path) -> None:
    printing = (
        "import os, lossflow.server.stdio as stdio\n"
        "def start(self, source, to):\n"
        "    print('stray', flush=True)\n"
        "    os.write(1, b'raw')\n"
        "    to.write(b'protocol')\n"
        "    to.flush()\n"
        "stdio.Server.start_io = start\n"
        "stdio.serve()\n"
    )
    command = [sys.executable, "-c", printing]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=ENVIRONMENT, check=True)
    assert (done.stdout, done.stderr) == (b"protocol", b"stray\nraw")


def test_an_analysis_that_is_under_way_does_not_keep_the_process(tmp_path: Path) -> None:
    waiting = (
        "import threading, lossflow.server.language_server as server, lossflow.server.stdio as stdio\n"
        "server.analyse = lambda *given, **more: threading.Event().wait()\n"
        "stdio.serve()\n"
    )
    says = message(id=1, method="initialize", params={"capabilities": {}, "processId": None, "rootUri": None})
    item = {"uri": (tmp_path / "train.py").as_uri(), "languageId": "python", "version": 1, "text": "loss"}
    says += message(method="textDocument/didOpen", params={"textDocument": item})
    says += message(id=2, method="shutdown") + message(method="exit")
    command = [sys.executable, "-c", waiting]
    done = subprocess.run(command, input=says, capture_output=True, cwd=tmp_path, env=ENVIRONMENT, timeout=DEADLINE)
    assert (done.returncode, done.stderr) == (0, b"")
