"""What the demo says when everything runs."""

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from oauth_app.settings import Settings

#: The accounts that the sandbox starts with, and what each is good for.
ACCOUNTS = (
    ("alice@example.com", "has money: 3 400 000.00 units, which are 100 CNY"),
    ("bob@example.com", "has none: see how a purchase sends him to a top-up"),
    ("carol@example.com", "has a little, and VIP prices"),
    ("admin@example.com", "operates this hub: /admin"),
)
PASSWORD = "sandbox"  # noqa: S105 - opens nothing but the sandbox on this machine


def show_banner(settings: Settings) -> None:
    """Print the addresses, the accounts, and what to click first."""
    host = settings.hub_host
    hub, sandbox, partner = settings.hub_issuer, f"http://{host}:{settings.sandbox_port}", partner_url(settings)
    console = Console(highlight=False)
    console.print()
    console.print(Panel(_addresses(hub, sandbox, partner), title="OhMyGPT Connect is running", expand=False))
    console.print(_accounts())
    console.print(
        f"\n  [bold]Begin here:[/] open [link={partner}]{partner}[/link] and press [bold]Login with OhMyGPT[/]."
        f"\n  Sign in as alice@example.com, allow the shop to charge you, and buy something."
        f"\n  Then see what was charged, and take the permission back: {hub}/account"
        f"\n\n  Ctrl-C stops everything. The state stays in {settings.hub_instance}; `demo --reset` empties it.\n",
        soft_wrap=True,
    )


def partner_url(settings: Settings) -> str:
    """Return where the example partner answers."""
    return f"http://{settings.hub_host}:{settings.partner_port}"


def _addresses(hub: str, sandbox: str, partner: str) -> Table:
    table = Table.grid(padding=(0, 3))
    table.add_row("Example partner", f"[link={partner}]{partner}[/link]", "a shop that uses the hub")
    table.add_row("Hub", f"[link={hub}]{hub}[/link]", "this product")
    table.add_row("Sandbox", f"[link={sandbox}]{sandbox}[/link]", "in OhMyGPT's place: no real money")
    return table


def _accounts() -> Table:
    table = Table.grid(padding=(0, 3))
    table.add_row(f"\n  [bold]Accounts in the sandbox[/], password for all: [bold]{PASSWORD}[/]")
    accounts = Table.grid(padding=(0, 3))
    for email, note in ACCOUNTS:
        accounts.add_row(f"  {email}", note)
    table.add_row(accounts)
    return table
