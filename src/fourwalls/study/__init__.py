"""The Python API: a study is a portfolio folder being looked at."""

from fourwalls.study.asking import Study, open  # noqa: A004 - fw.open reads as what it does

__all__ = ["Study", "open"]
