from __future__ import annotations

from ons_local.mailbox import Mailbox


def test_messages_outlive_the_process(tmp_path):
    mailbox = Mailbox(tmp_path / "mailbox.db")
    first = mailbox.send("review", "um")
    second = mailbox.send("notices", "dois", "assunto")
    mailbox.close()
    again = Mailbox(tmp_path / "mailbox.db")
    assert again.counts() == {"notices": 1, "review": 1}
    assert [message["id"] for message in again.newest()] == [second, first]
    assert [message["id"] for message in again.newest(limit=1)] == [second]
    assert again.newest()[0]["subject"] == "assunto"
    again.close()
