"""The command line: one verb a file; a verb parses, calls and prints, and decides nothing.

A verb's file ``cocmail/cli/VERB.py`` holds either a function named VERB, with Typer's
annotations and a docstring that becomes its help (``async def`` is run for it), or, where it has
verbs of its own, ``app = typer.Typer(help=…)`` with ``@app.command()`` on each. ``--config``,
``--json`` and ``--debug`` are added to every one of them; a verb gets at them, at the settings
and at the store through ``cocmail.cli.output``. It ends by returning (done, 0), by
``raise typer.Exit(1)`` (not sound), or by letting an error of ours through, which ``main`` says
in one line. Called by the ``cocmail`` script and ``python -m cocmail``.
"""

from cocmail.cli.main import main

__all__ = ["main"]
