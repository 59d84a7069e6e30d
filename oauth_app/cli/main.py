"""The command line: one group, and one place where errors become sentences and exit codes."""

import sys
from collections.abc import Sequence

import click

from oauth_app.cli.admins import admins
from oauth_app.cli.database import database
from oauth_app.cli.demo import demo
from oauth_app.cli.doctor import doctor
from oauth_app.cli.events import events
from oauth_app.cli.keys import keys
from oauth_app.cli.ledger import ledger
from oauth_app.cli.openapi import openapi
from oauth_app.cli.partners import partners
from oauth_app.cli.reconcile import reconcile
from oauth_app.cli.sandbox import sandbox
from oauth_app.cli.serve import serve
from oauth_app.cli.worker import worker
from oauth_app.errors import HubError
from oauth_app.services.operators import InvalidEmailError
from oauth_app.services.partner_errors import UnknownPartnerError
from oauth_app.services.webhook_errors import UnknownEndpointError, UnknownEventError

#: Errors that carry no sentence of their own, and the sentence.
SENTENCES: dict[type[HubError], str] = {
    InvalidEmailError: "{} is not an e-mail address",
    UnknownPartnerError: "there is no partner {}; `partners list` shows all",
    UnknownEventError: "there is no event {}; `events tail` shows the latest",
    UnknownEndpointError: "there is no webhook endpoint {} of this partner",
}
COMMANDS = (demo, serve, sandbox, worker, partners, admins, keys, ledger, reconcile, events, database, openapi, doctor)


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`python3 app.py test` runs the tests; what follows goes to pytest.",
)
@click.version_option("0.1.0", prog_name="OhMyGPT Connect")
@click.pass_context
def cli(context: click.Context) -> None:
    """OhMyGPT Connect: Login with OhMyGPT, billing and an AI relay.

    Without a command it starts the demo.
    """
    if context.invoked_subcommand is None:
        context.invoke(demo)


for command in COMMANDS:
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit code: 0 done, 1 not possible, 2 not understood."""
    try:
        cli.main(arguments, prog_name="python3 app.py")
    except HubError as error:
        sentence = SENTENCES.get(type(error), "{}").format(error)
        click.echo(f"Error: {sentence}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
