"""Where pools are kept: in files, or on a server. Said once, by whoever starts a process, from its settings."""

_url: list[str] = []


def keep_on_server(url: str | None) -> None:
    """From now on pools are kept on this PostgreSQL server (a libpq URL); None: in SQLite files."""
    _url[:] = [url] if url else []


def server_url() -> str | None:
    """The server that keeps the pools; None: files do."""
    return _url[0] if _url else None
