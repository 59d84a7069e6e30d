"""The user's OhMyGPT token never reaches a caller, not even in an answer that quotes it."""


class Redactor:
    """Blots one secret out of passing bytes, keeping their length, so that Content-Length stays true."""

    def __init__(self, secret: str | None) -> None:
        self._secret = (secret or "").encode()
        self._blot = b"*" * len(self._secret)
        self._kept = b""

    def clean_whole(self, content: bytes) -> bytes:
        """Return content that is complete in itself, such as a header, without the secret."""
        return content.replace(self._secret, self._blot) if self._secret else content

    def clean(self, chunk: bytes) -> bytes:
        """Return what can be passed on; an end that may be the secret's beginning waits for the next chunk."""
        if not self._secret:
            return chunk
        content = self._kept + chunk if self._kept else chunk
        clean = content.replace(self._secret, self._blot) if self._secret in content else content
        self._kept = self._beginning_at_end(clean)
        return clean[: len(clean) - len(self._kept)] if self._kept else clean

    def rest(self) -> bytes:
        """Return what was waiting when the last chunk has passed."""
        kept, self._kept = self._kept, b""
        return kept

    def _beginning_at_end(self, content: bytes) -> bytes:
        tail = content[1 - len(self._secret) :]
        at = tail.find(self._secret[0])
        while at >= 0 and not self._secret.startswith(tail[at:]):
            at = tail.find(self._secret[0], at + 1)
        return tail[at:] if at >= 0 else b""
