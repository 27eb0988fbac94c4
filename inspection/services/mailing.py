"""E-mail out of the house: off until the settings name a server, then by the standard library."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from inspection.config import Settings
from inspection.errors import MailError

TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels along. media_type: "application/pdf"."""

    name: str
    media_type: str
    content: bytes


def mail_is_on(settings: Settings) -> bool:
    """Whether a server, a sender and at least one recipient are set."""
    return bool(settings.mail_host and settings.mail_from and settings.mail_to)


def send_mail(
    settings: Settings, subject: str, text: str, attachments: tuple[Attachment, ...] = ()
) -> tuple[str, ...]:
    """Send one message to everybody in `mail_to`; answers who got it.

    Raises MailError when mail is off, an address is none, or the server does not take the message.
    """
    message = _message(settings, subject, text, attachments)
    try:
        with _server(settings) as server:
            if settings.mail_user:
                server.login(settings.mail_user, settings.mail_password.get_secret_value())
            refused = server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise MailError(
            "mail_server", place=f"{settings.mail_host}:{settings.mail_port}", why=error
        ) from None
    if refused:
        raise MailError("mail_refused", place=settings.mail_host, names=", ".join(sorted(refused)))
    return settings.mail_to


def _message(
    settings: Settings, subject: str, text: str, attachments: tuple[Attachment, ...]
) -> EmailMessage:
    if not mail_is_on(settings):
        raise MailError("mail_off")
    message = EmailMessage()
    try:
        message["From"] = settings.mail_from
        message["To"] = ", ".join(settings.mail_to)
        # A line end in a subject would begin a header of its own.
        message["Subject"] = " ".join(subject.split())
    except ValueError as error:
        raise MailError("mail_address", why=error) from None
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=settings.mail_from.rpartition("@")[2] or None)
    message.set_content(text)
    for one in attachments:
        main, _, sub = one.media_type.partition("/")
        message.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)
    return message


def _server(settings: Settings) -> smtplib.SMTP:
    host, port = settings.mail_host, settings.mail_port
    if settings.mail_security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host=host, port=port, timeout=TIMEOUT_S, context=context)
    server = smtplib.SMTP(host=host, port=port, timeout=TIMEOUT_S)
    if settings.mail_security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server
