"""The folder a user describes: what the assets are, who we are, what was promised and what is assumed."""

from fourwalls.portfolio.described import (
    ASSUMPTIONS,
    DEFAULT_ON_TIME_SHARE,
    GRAINS,
    HOURS_PER,
    LEVEL_STAGES,
    ROLES,
    RULES,
    STAGES,
    TARGETS,
    WORK_CLASSES,
    Funds,
    Portfolio,
    ServiceLevel,
    SignalThresholds,
    Thresholds,
)
from fourwalls.portfolio.reading import portfolio_from, read_portfolio

__all__ = [
    "ASSUMPTIONS",
    "DEFAULT_ON_TIME_SHARE",
    "GRAINS",
    "HOURS_PER",
    "LEVEL_STAGES",
    "ROLES",
    "RULES",
    "STAGES",
    "TARGETS",
    "WORK_CLASSES",
    "Funds",
    "Portfolio",
    "ServiceLevel",
    "SignalThresholds",
    "Thresholds",
    "portfolio_from",
    "read_portfolio",
]
