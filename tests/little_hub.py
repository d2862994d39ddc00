"""A model hub on this machine's own loopback: as much of the real one's interface as a download uses."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

TOKEN = "hf_" + "x" * 30  # of one who accepted the licence
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def serving(repos: dict[str, Path]) -> Iterator[tuple[str, list[str]]]:
    """Its address and the paths that are asked of it, growing.

    A repo named "…/gated" is for those with the token, "…/closed" for nobody, and "…/broken" is what it says.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(urlsplit(self.path).path)
            is_known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            self.answer(*response(asked[-1], repos, is_known=is_known))

        do_HEAD = do_GET  # noqa: N815 - the name is the protocol's

        def answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def response(path: str, repos: dict[str, Path], *, is_known: bool = False) -> tuple[int, bytes, dict[str, str]]:
    """Status, content and headers."""
    parts = path.strip("/").split("/")
    is_api = parts[:2] == ["api", "models"]
    owner, name, *rest = parts[2:] if is_api else parts
    if name == "broken":
        return 500, b"{}", {}
    if name == "closed":
        return 403, b"{}", {}
    if name == "gated" and not is_known:
        return 403, b"{}", {"X-Error-Code": "GatedRepo"}
    folder = repos.get(f"{owner}/{name}")
    if folder is None:
        return 404, b"{}", {"X-Error-Code": "RepoNotFound"}
    if is_api:
        answer = tree(folder) if rest[:1] == ["tree"] else about(f"{owner}/{name}", folder)
        return 200, json.dumps(answer).encode(), {}
    content = (folder / rest[-1]).read_bytes()
    return 200, content, {"ETag": f'"{etag(content)}"', "X-Repo-Commit": COMMIT}


def about(repo: str, folder: Path) -> dict[str, object]:
    config = folder / "config.json"
    return {
        "id": repo,
        "sha": COMMIT,
        "gated": False,
        "siblings": [{"rfilename": p.name, "size": p.stat().st_size} for p in sorted(folder.iterdir())],
        "cardData": {"license": "mit"},
        "config": {"model_type": json.loads(config.read_text()).get("model_type")} if config.is_file() else {},
        "tags": [],
        "downloads": 0,
    }


def tree(folder: Path) -> list[dict[str, object]]:
    return [
        {"type": "file", "path": p.name, "size": p.stat().st_size, "oid": etag(p.read_bytes())}
        for p in sorted(folder.iterdir())
    ]


def etag(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()
