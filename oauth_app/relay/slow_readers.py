"""Whoever takes nothing of an answer: the call, its money and OhMyGPT's connection would wait for ever."""

import asyncio
import socket
import sys


def give_up_on_readers(transport: asyncio.Transport, after_s: float) -> None:
    """Let the kernel break off a connection whose other side has taken nothing for so long.

    Only the kernel knows whether a reader moves, and it also sees to what still waits when the last call is over
    (tcp(7), ``TCP_USER_TIMEOUT``; a window that stays closed counts, too). Other systems than Linux have none:
    there a reader is waited for.
    """
    line = transport.get_extra_info("socket")
    if sys.platform == "linux" and line is not None and line.family in {socket.AF_INET, socket.AF_INET6}:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(after_s * 1000))
