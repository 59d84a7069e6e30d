"""Ports: taken or free."""

import socket

from oauth_app.errors import HubError


class PortTakenError(HubError):
    """Another program listens there; the text names the port and the setting that changes it."""


def check_port_is_free(host: str, port: int, *, setting: str) -> None:
    """Refuse a port that cannot be listened on.

    Raises:
        PortTakenError: it cannot.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: connections of an earlier run that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            msg = f"port {port} on {host} cannot be used ({error.strerror}); set {setting} to another one"
            raise PortTakenError(msg) from None
