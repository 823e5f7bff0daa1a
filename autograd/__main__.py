"""`python -m autograd`: see autograd.cli.main."""

import os
import sys

# Python looks for modules in the current folder first, where a user may have an nn.py of his own.
if sys.path and sys.path[0] in ("", os.getcwd()):
    first = os.path.realpath(sys.path[0] or os.getcwd())
    if first != os.path.dirname(os.path.dirname(os.path.realpath(__file__))):
        del sys.path[0]

from autograd.cli.main import main

if __name__ == "__main__":
    sys.exit(main(prog="python -m autograd"))
