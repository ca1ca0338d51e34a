"""What follows for people: the next pilot, a plan for 30 days, the asset's role, and the four mistakes to keep clear of."""

from fourwalls.planning.advice import Known, advised
from fourwalls.planning.roles import Sales

__all__ = ["Known", "Sales", "advised"]
