"""What every answer of the screen server forbids a browser to do."""

from collections.abc import Mapping
from types import MappingProxyType

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src {connect}; "
    "font-src 'none'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)
_NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_ALWAYS: Mapping[str, str] = MappingProxyType({
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": (
        "microphone=(self), autoplay=(self), fullscreen=(self), screen-wake-lock=(self), camera=(), geolocation=(), "
        "display-capture=(), payment=(), usb=(), serial=(), midi=(), hid=(), accelerometer=(), "
        "gyroscope=(), magnetometer=(), browsing-topics=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Server": "visavis",
})  # fmt: skip


def security(host: str) -> dict[str, str]:
    """The headers for an answer; `host` as it was asked for and found known, empty for an answer that is no page.

    A WebSocket is named beside 'self': not every browser takes it to be of the same origin.
    """
    connect = f"'self' ws://{host} wss://{host}"
    policy = _POLICY.format(connect=connect) if host else _NOTHING
    return {**_ALWAYS, "Content-Security-Policy": policy}
