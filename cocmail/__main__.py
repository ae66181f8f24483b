"""`python -m cocmail`, and the ``cocmail`` script: the command line, loaded without a pause.

Owns only how it is loaded: nothing of that is garbage, and to look through it again and again
would take a fifth of the time until a verb begins. Refuses to know any verb.
"""

import gc
import sys


def main() -> int:
    """Run one verb; the exit status."""
    gc.disable()  # until cli.main has loaded the verb
    from cocmail.cli import main

    return main()


if __name__ == "__main__":
    sys.exit(main())
