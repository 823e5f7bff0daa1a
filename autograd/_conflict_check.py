"""Refuses to run where HIPS autograd, whose package has the same name, lies in the same directory.

pip installs both into one directory, without a word. What a user then imports is a mixture: the
`__init__.py` of whichever came last, and submodules of both. So every entrance to Chainrule imports
this module before anything else. Where HIPS autograd merely comes first on the path, the import
fails at the name of this module.
"""

from __future__ import annotations

import os
import sys

HERE = os.path.dirname(__file__)

# Every release of HIPS autograd since 1.2 has a tracer, and no module of ours has that name.
if os.path.exists(os.path.join(HERE, "tracer.py")):
    raise ImportError(
        f"Chainrule and HIPS autograd are both installed in {HERE}, but only one package can be "
        "called autograd. Run `pip uninstall autograd chainrule`, then install the one you want "
        "again; to use both, give each a virtual environment."
    )
if sys.modules["autograd"].__file__ is None:
    raise ImportError(
        f"Chainrule's package in {HERE} has lost its __init__.py, as happens when HIPS autograd "
        "was installed over it and then uninstalled. Run `pip uninstall chainrule`, then install "
        "Chainrule again."
    )
