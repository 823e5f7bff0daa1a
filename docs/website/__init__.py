"""The documentation site: what is staged, generated and checked. `docs/make_site.py` builds it."""

__all__: list[str] = []
