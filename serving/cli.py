"""`rto`: one command line, assembled from each room's commands, each loaded only when it is called."""

from serving.interrupted import SENTENCE, STOPPED  # isort: skip  # before all that takes time to load
import atexit
import gc
import signal
import sys
from importlib import import_module
from typing import Any

import click

from data.console import Session
from data.errors import Exit, RtoError
from data.keeping.server import keep_on_server
from serving.settings import settings, silence_telemetry

COMMANDS = {
    "import": "data.commands:import_command",
    "simulate": "data.world.command:simulate_command",
    "check": "data.commands:check_command",
    "features": "features.commands:features_group",
    "state": "serving.commands.state_commands:state_group",
    "train": "training.commands:train_command",
    "tune": "training.tune_command:tune_command",
    "calibrate": "training.calibrate_command:calibrate_command",
    "runs": "training.commands:runs_command",
    "evaluate": "training.commands:evaluate_command",
    "monitor": "training.monitor_command:monitor_command",
    "backtest": "training.backtest_commands:backtest_command",
    "promote": "training.commands:promote_command",
    "rollback": "training.commands:rollback_command",
    "serve": "serving.commands.serve_commands:serve_command",
    "score": "serving.commands.score_commands:score_command",
    "report": "serving.commands.report_commands:report_command",
    "policy": "serving.commands.policy_commands:policy_group",
    "experiment": "serving.commands.experiment_commands:experiment_group",
    "queue": "serving.commands.queue_commands:queue_command",
    "contacts": "serving.commands.contacts_command:contacts_command",
    "replay": "serving.commands.replay_commands:replay_command",
    "rules": "serving.commands.rules_commands:rules_group",
    "lists": "serving.commands.rules_commands:lists_group",
    "shadow": "serving.commands.shadow_commands:shadow_group",
    "keys": "serving.commands.serve_commands:keys_group",
    "webhooks": "serving.commands.webhook_commands:webhooks_group",
    "pool": "serving.commands.pool_commands:pool_group",
    "erase": "serving.commands.erase_command:erase_command",
    "retention": "serving.commands.retention_command:retention_command",
    "backup": "serving.commands.backup_commands:backup_command",
    "restore": "serving.commands.backup_commands:restore_command",
    "doctor": "serving.commands.score_commands:doctor_command",
    "demo": "serving.demo:demo_command",
}


class Rooms(click.Group):
    """Commands by name, imported when asked for: `rto --help` must not load a tracker and a compiler."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUMMARIES[name]) for name in COMMANDS])


SUMMARIES = {
    "import": "bring a shop's order history in, through a mapping",
    "simulate": "make a made-up market with known truth",
    "check": "run the numbered checks on the history",
    "features": "list every feature; explain one for one order",
    "state": "rebuild the online state; verify it, and what decisions saw",
    "train": "train a calibrated model and judge it on the future",
    "tune": "search for a plan that trains a better model",
    "calibrate": "refresh a model's calibrator on the newest weeks, without retraining",
    "runs": "list the training runs",
    "evaluate": "judge a run again on a span of its future",
    "monitor": "watch a served model: drift, promises, first attempts, calibration",
    "backtest": "train at several moments of the past and judge each on what followed",
    "promote": "publish a run's model to the service",
    "rollback": "go back to the model served before",
    "serve": "start the scoring service",
    "score": "score the orders of a file, as the service would",
    "report": "write a merchant's report",
    "policy": "a merchant's costs, effects, rules and caps: draft, explain, simulate, publish",
    "experiment": "whether a policy saves money, against its random holdout",
    "queue": "whom to call or message today, the largest expected saving first",
    "contacts": "take in what came of the contacts of a queue",
    "replay": "make the decisions of a day again, and compare",
    "rules": "check a policy's rules, and try them on past orders",
    "lists": "import allow and block lists",
    "shadow": "compare a challenger with the champion on real decisions",
    "keys": "create, list and revoke merchant keys",
    "webhooks": "create, list and revoke secrets that couriers sign with",
    "pool": "what the merchants of a pool share",
    "erase": "forget a person: orders, decisions, lists, state, and the space on disk",
    "retention": "fold old orders into an opening balance, delete old decisions",
    "backup": "copy pools and merchant keys, beside a running service",
    "restore": "bring a backup back, every file checked",
    "doctor": "check this installation and say what to do",
    "demo": "the main job on a made-up market, start to finish",
}


@click.command(cls=Rooms, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def rto(ctx: click.Context) -> None:
    """Return-to-origin risk: from order history to a calibrated probability and the action worth most money.

    \b
    Example:
      rto import orders.csv --mapping amazon-in && rto train && rto promote challenger && rto serve
    """
    found = settings()
    keep_on_server(found.database_url)
    ctx.obj = Session(found.home, found.mlruns)


def main(arguments: list[str] | None = None) -> Any:
    """Run a command; a refusal prints its message and exits by its kind, only a bug shows a traceback."""
    silence_telemetry()
    atexit.register(gc.freeze)  # a process that ends need not hunt for rings in what it holds: a second for an import
    try:
        code = rto.main(arguments, prog_name="rto", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else Exit.DONE)
    except RtoError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.USAGE)
    except (click.Abort, KeyboardInterrupt):
        print(SENTENCE, file=sys.stderr)
        sys.exit(STOPPED)
    finally:
        if arguments is None:  # the process ends: a further Ctrl-C has nothing left to stop
            signal.signal(signal.SIGINT, signal.SIG_IGN)
