"""`python -m cocmail`: the same as the ``cocmail`` script. Owns nothing else."""

import sys

from cocmail.cli import main

if __name__ == "__main__":
    sys.exit(main())
