"""The page: one file, no foreign source, its policy lets only its own script and style run."""

from __future__ import annotations

import base64
import hashlib
import re


def test_the_page_is_whole_in_itself(api) -> None:
    reply = api.get("/")
    assert reply.headers["Content-Type"].startswith("text/html")
    assert not re.search(r'(?:src|href)="(?:https?:)?//', reply.text)
    assert "@import" not in reply.text
    assert not re.search(r"\son\w+=", reply.text)
    assert 'style="' not in reply.text
    for unsafe in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert unsafe not in reply.text


def test_the_policy_names_its_script_and_style_only(api) -> None:
    reply = api.get("/")
    policy = reply.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    for tag in ("script", "style"):
        (body,) = re.findall(rf"<{tag}>(.*?)</{tag}>", reply.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_both_languages_have_every_text(api) -> None:
    text = api.get("/").text
    parts = re.search(r"\n  pt: \{(.*?)\n  \},\n  en: \{(.*?)\n  \},\n", text, re.DOTALL)
    assert parts
    names = [set(re.findall(r"(\w+): [\"\[{]", part)) for part in parts.groups()]
    assert names[0] == names[1]
    used = set(re.findall(r"data-t=\"(\w+)\"", text)) | set(re.findall(r"\bt\(\"(\w+)\"\)", text))
    assert used <= names[0]
