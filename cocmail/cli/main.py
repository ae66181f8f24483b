"""What all verbs have in common: how they are found, how they end, how an error is said.

Owns the list of verbs, the options that every one of them takes, and the exit status: 0 done,
1 failed or not sound, 2 wrong use. Refuses to know what a verb does. An error is one line on
stderr and never a traceback, except with ``--debug``; of an error that we did not foresee only
its kind and place are said, because its text can hold a line of mail.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import typer

import cocmail
from cocmail.cli import output
from cocmail.config import ConfigurationError
from cocmail.core.errors import CocmailError

VERBS = (
    "demo",
    "init",
    "check",
    "run",
    "status",
    "case",
    "sanction",
    "enforce",
    "ledger",
    "quarantine",
    "filters",
    "migrate",
)
"""Each is a file of this folder, looked into only when it is wanted."""

DONE, FAILED, WRONG_USE = 0, 1, 2

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration; else $COCMAIL_CONFIG, else /etc/cocmail/cocmail.toml.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Say it in JSON, for programs.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks. They can hold mail.")]

_COMMON: dict[str, tuple[Any, object]] = {
    "config": (ConfigOption, None),
    "as_json": (JsonOption, False),
    "debug": (DebugOption, False),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    call = output.begin()
    # Read before anything else, so that a mistake in the rest of the line is shown in full too.
    call.debug = "--debug" in given
    sys.excepthook = _last_words(call)
    try:
        command = typer.main.get_command(_app(given))
        _loaded()
        ended = command.main(given or ["--help"], prog_name="cocmail", standalone_mode=False)
        # A reader of our output may have gone; better to notice here than while Python ends.
        sys.stdout.flush()
    except typer.TyperException as error:
        return _failed(call, error, error.exit_code, _wrong_use(error))
    except (CocmailError, BaseExceptionGroup) as error:
        lines = _lines(error)
        if not lines:
            raise
        return _failed(call, error, FAILED, *lines)
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    except (typer.Abort, KeyboardInterrupt):
        output.note("cocmail: stopped")
        return FAILED
    if not given:
        return WRONG_USE
    return ended if isinstance(ended, int) else DONE


def _loaded() -> None:
    """What is loaded by now stays to the end: no search for garbage looks through it, nor the last
    one, as the process ends. Called in a process that isn't ours alone, this does nothing."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _app(given: Sequence[str]) -> typer.Typer:
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help="The daemon behind conduct@: cases and decisions by mail, held on every list.",
    )

    @app.callback()
    def common(
        config: ConfigOption = None,
        as_json: JsonOption = False,
        debug: DebugOption = False,
        version: Annotated[bool, typer.Option("--version", is_eager=True)] = False,
    ) -> None:
        _remember(config, as_json, debug)

    if "--version" in given[:1]:
        output.say(f"cocmail {cocmail.__version__}")
        sys.exit(DONE)
    # Any word may be an option's value, so each that could be the verb is looked into.
    for verb in [verb for verb in VERBS if verb in given] or VERBS:
        _add(app, verb)
    return app


def _add(app: typer.Typer, verb: str) -> None:
    name = f"cocmail.cli.{verb}"
    if importlib.util.find_spec(name) is None:
        return
    module = importlib.import_module(name)
    group = getattr(module, "app", None)
    if not isinstance(group, typer.Typer):
        app.command(verb)(_with_common(getattr(module, verb)))
        return
    for command in group.registered_commands:
        if command.callback is not None:
            command.callback = _with_common(command.callback)
    app.add_typer(group, name=verb)


def _with_common(function: Callable[..., Any]) -> Callable[..., Any]:
    """The verb, taking the options that every verb takes, and run to its end if it is async."""
    if hasattr(function, "takes_common"):
        return function
    signature = inspect.signature(function, eval_str=True)
    added = {name: one for name, one in _COMMON.items() if name not in signature.parameters}

    def verb(**values: Any) -> Any:
        _remember(*(values.pop(name) if name in added else None for name in _COMMON))
        result = function(**values)
        return asyncio.run(result) if inspect.iscoroutine(result) else result

    parameters = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for one in (
            *signature.parameters.values(),
            *(
                inspect.Parameter(
                    name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
                )
                for name, (kind, default) in added.items()
            ),
        )
    ]
    verb.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    verb.__annotations__ = {one.name: one.annotation for one in parameters}
    verb.__doc__ = function.__doc__
    verb.__name__ = function.__name__
    verb.takes_common = True  # type: ignore[attr-defined]
    return verb


def _remember(config: Path | None, as_json: bool | None, debug: bool | None) -> None:
    call = output.call()
    call.config = config or call.config
    call.json = bool(as_json) or call.json
    call.debug = bool(debug) or call.debug


# -- how an error is said ---------------------------------------------------------------------


def _failed(call: output.Call, error: BaseException, status: int, *lines: str) -> int:
    if call.debug:
        traceback.print_exception(error)
    for line in lines:
        output.note(line)
    return status


def _wrong_use(error: typer.TyperException) -> str:
    text = error.format_message().rstrip(".")
    return f"cocmail: {text}. `cocmail --help` lists what there is."


def _lines(error: BaseException) -> list[str]:
    """What of an error is ours to say; empty where something in it is not of our kind."""
    lines: list[str] = []
    for one in _leaves(error):
        match one:
            case ConfigurationError():
                lines += one.lines
            case CocmailError():
                lines.append(f"cocmail: {one}")
            case asyncio.CancelledError():
                continue
            case _:
                return []
    return lines


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


_Hook = Callable[[type[BaseException], BaseException, TracebackType | None], Any]


def _last_words(call: output.Call) -> _Hook:
    """For what nobody foresaw: Python calls this and ends with status 1."""

    def say(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        if call.debug:
            traceback.print_exception(kind, error, where)
            return
        for one in _leaves(error):
            frames = traceback.extract_tb(one.__traceback__)
            place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
            output.note(
                f"cocmail: a fault of ours: {type(one).__name__}{place};"
                " run it again with --debug to see where it comes from"
            )

    return say
