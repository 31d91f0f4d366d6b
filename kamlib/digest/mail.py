"""The digest as a mail: plain text, and the same as HTML, with nothing to fetch."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from kamlib.digest.content import WATCHED, Digest
from kamlib.page.fragments import rendered
from kamlib.words import say, spoken


def write_mail(digest: Digest, path: Path) -> Path:
    """Write a digest as a mail that a mailer opens as a draft, and return its path."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = " ".join(digest.title.split())
    message["X-Unsent"] = "1"  # Outlook then opens it to be sent
    message.set_content(mail_text(digest))
    html = rendered(
        "mail.html.j2",
        digest=digest,
        figures=digest.figures(),
        lines=digest.lines(),
        watched=say(WATCHED),
        language=spoken(),
    )
    message.add_alternative(html, subtype="html")
    message.set_boundary("=_kam_digest_=")  # never drawn by lot: the same digest, the same bytes
    path.write_bytes(message.as_bytes())
    return path


def mail_text(digest: Digest) -> str:
    """Return a digest as plain text."""
    parts = [digest.title, digest.whom, ""]
    for one in digest.figures():
        said = "; ".join(text for text in (one["compared"], one["note"]) if text)
        parts.append(f"{one['label']}: {one['value']}{f' ({said})' if said else ''}")
    parts += ["", *(f"- {text}" for text in digest.sentences), "", say("What changed, what to do")]
    for number, line in enumerate(digest.lines(), start=1):
        parts += [
            "",
            f"{number}. {line['changed']}",
            f"   {line['to_do']}",
            f"   {', '.join(text for text in (line['owner'], line['due']) if text)}",
        ]
    if not digest.actions:
        parts.append(say("Nothing needs doing."))
    if digest.watched:
        parts += ["", say(WATCHED), *(f"- {text}" for text in digest.watched)]
    return "\n".join([*parts, "", digest.foot, ""])
