"""`rto webhooks`: secrets with which couriers sign the news they push."""

import click

from data.console import Session, emit, fields, note, table
from data.options import JSON
from serving.clock import Clock
from serving.commands.serve_commands import merchant_of
from serving.web.webhook_keys import WebhookKeys


@click.group("webhooks")
def webhooks_group() -> None:
    """Secrets with which couriers sign the news they push. Two may live at once, so that one can be changed for the other."""


@webhooks_group.command("create", epilog="Example: rto webhooks create --merchant asha-fashion --source bluedart")
@click.option("--merchant", required=True, help="Whose news it signs.")
@click.option(
    "--source", default="courier", show_default=True, help="Who tells it; part of the address, and of each event."
)
@JSON
@click.pass_obj
def create_command(session: Session, merchant: str, source: str, as_json: bool) -> None:
    """Make a secret. It is shown this once."""
    merchant_of(session, None, merchant)
    secret_id, secret = WebhookKeys.under(session.home).create(merchant, source, Clock().now())
    address = f"/v1/webhooks/{merchant}/{source}"
    result = {"secret_id": secret_id, "merchant": merchant, "source": source, "address": address, "secret": secret}
    emit(result, as_json, lambda r: fields(list(r.items())))
    note("shown this once: give it to the courier, then revoke the one before")


@webhooks_group.command("list", epilog="Example: rto webhooks list")
@JSON
@click.pass_obj
def list_command(session: Session, as_json: bool) -> None:
    """Every secret by its id; never the secret itself."""
    rows = WebhookKeys.under(session.home).listed()
    names = ("secret_id", "merchant_id", "source", "created_at", "revoked_at")
    emit(rows, as_json, lambda found: table(names, [tuple(row[n] for n in names) for row in found]))


@webhooks_group.command("revoke", epilog="Example: rto webhooks revoke whk_1a2b3c4d")
@click.argument("secret_id")
@JSON
@click.pass_obj
def revoke_command(session: Session, secret_id: str, as_json: bool) -> None:
    """Take a secret back, from the next delivery on."""
    WebhookKeys.under(session.home).revoke(secret_id, Clock().now())
    emit({"revoked": secret_id}, as_json, lambda r: fields(list(r.items())))
