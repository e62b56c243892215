"""Options that commands of every room share."""

import click

POOL = click.option("--pool", help="Which pool; not needed where there is only one.")
JSON = click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout.")
