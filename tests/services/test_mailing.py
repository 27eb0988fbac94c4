import smtplib

import pytest

from inspection.config import Settings
from inspection.errors import MailError
from inspection.services import mailing
from inspection.services.effective_settings import effective_settings
from inspection.services.mailing import Attachment, send_mail

ON = {
    "mail_host": "mail.plant.example",
    "mail_from": "line@plant.example",
    "mail_to": ("lead@plant.example", "quality@plant.example"),
}


class FakeServer:
    """Takes messages instead of a mail server; remembers them and what was asked of it."""

    def __init__(self, host, port, timeout, context=None):
        self.asked, self.sent = [f"{type(self).__name__} {host}:{port}"], []
        FakeServer.last = self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def starttls(self, context):
        self.asked.append("starttls")

    def login(self, user, password):
        self.asked.append(f"login {user} {password}")

    def send_message(self, message):
        self.sent.append(message)
        return {}


class FakeServerOverTls(FakeServer):
    pass


@pytest.fixture(autouse=True)
def no_real_server(monkeypatch):
    monkeypatch.setattr(smtplib, "SMTP", FakeServer)
    monkeypatch.setattr(smtplib, "SMTP_SSL", FakeServerOverTls)


def test_mail_is_off_until_a_server_is_set():
    with pytest.raises(MailError, match="mail is off; set mail_host"):
        send_mail(Settings(), "교대 보고서", "…")


def test_a_report_travels_as_attachment_to_everybody_named():
    pdf = Attachment("교대보고서.pdf", "application/pdf", b"%PDF-1.7")
    assert send_mail(Settings(**ON), "교대 보고서", "본문", (pdf,)) == ON["mail_to"]
    (message,) = FakeServer.last.sent
    assert message["To"] == "lead@plant.example, quality@plant.example"
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "교대보고서.pdf"
    assert attached.get_content() == b"%PDF-1.7"
    assert FakeServer.last.asked == ["FakeServer mail.plant.example:587", "starttls"]


def test_a_login_and_tls_are_used_where_they_are_set():
    settings = Settings(
        **ON, mail_security="tls", mail_port=465, mail_user="line", mail_password="geheim"
    )
    send_mail(settings, "s", "t")
    assert FakeServer.last.asked == [
        "FakeServerOverTls mail.plant.example:465",
        "login line geheim",
    ]


def test_a_subject_of_two_lines_begins_no_header_of_its_own():
    send_mail(Settings(**ON), "shift\r\nBcc: thief@elsewhere.example", "t")
    (message,) = FakeServer.last.sent
    assert message["Bcc"] is None
    assert message["Subject"] == "shift Bcc: thief@elsewhere.example"


def test_a_server_that_does_not_answer_is_named(monkeypatch):
    def refuse(**_):
        raise ConnectionRefusedError("connection refused")

    monkeypatch.setattr(mailing.smtplib, "SMTP", refuse)
    with pytest.raises(MailError, match=r"mail\.plant\.example:587 did not take the message"):
        send_mail(Settings(**ON), "s", "t")


def test_the_settings_page_never_shows_the_mail_password():
    settings = Settings(**ON, mail_password="geheim")
    shown = {one.name: one.value for one in effective_settings(settings, {})}
    assert shown["mail_password"] == "…"
    assert "geheim" not in repr(settings)
