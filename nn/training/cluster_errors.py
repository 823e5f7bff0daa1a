"""What is said when a cluster does not give what it holds, as when its client has been closed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["ClusterLost", "telling_of_the_cluster"]


class ClusterLost(RuntimeError):
    """A cluster does not give what it holds, or does not compute any more."""


@contextmanager
def telling_of_the_cluster() -> Iterator[None]:
    """Around what Dask computes: an error of the cluster is said with what to do about it, and
    those of what is computed go up as they are."""
    try:
        yield
    except Exception as error:
        if _is_of_the_cluster(error):
            raise ClusterLost(
                f"the workers do not compute any more ({error!r:.200}): is the Client still "
                "open? What they had in memory by persist() is gone with it; hand over arrays "
                "that can be made anew, or call persist() again while a Client is open, and go on "
                "from a checkpoint (resume=True), if it was a training"
            ) from error
        raise


def _is_of_the_cluster(error: Exception) -> bool:
    """Whether it is no error of what is computed."""
    home = type(error).__module__.partition(".")[0]
    return home == "distributed" or str(error).startswith("Missing dependency")
