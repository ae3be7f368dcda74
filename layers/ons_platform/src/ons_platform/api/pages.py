"""GET / and GET /openapi.json: the page people open and the contract machines read."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from ons_platform.api.http import Request, Response
from ons_platform.api.services import Services

_NO_FRAMES = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def content_policy(page: str) -> str:
    """What a page without scripts may load: its own inline styles and nothing else."""
    return f"default-src 'none'; style-src {_hashes(page, 'style')}; {_NO_FRAMES}"


def page(_: Request, __: Services, ___: Mapping[str, str]) -> Response:
    """GET /: one self-contained page; its policy lets only its own script and style run."""
    text, policy = _page()
    headers = {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
    }
    return Response(200, text, "text/html; charset=utf-8", headers)


def openapi_document(_: Request, __: Services, ___: Mapping[str, str]) -> Response:
    """GET /openapi.json: the OpenAPI 3.0.3 document."""
    return Response.of_json(openapi())


@lru_cache(maxsize=1)
def openapi() -> dict[str, Any]:
    """The document as shipped (`openapi.yaml`)."""
    text = files("ons_platform.api").joinpath("openapi.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(json.dumps(yaml.safe_load(text)))
    return document


@lru_cache(maxsize=1)
def _page() -> tuple[str, str]:
    text = files("ons_platform.api").joinpath("page.html").read_text(encoding="utf-8")
    scripts, styles = _hashes(text, "script"), _hashes(text, "style")
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; img-src data:; "
        f"connect-src 'self'; {_NO_FRAMES}"
    )
    return text, policy


def _hashes(text: str, tag: str) -> str:
    """Content-Security-Policy sources of the inline elements of that name."""
    bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    digests = (hashlib.sha256(body.encode("utf-8")).digest() for body in bodies)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
