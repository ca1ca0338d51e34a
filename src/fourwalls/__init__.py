"""fourwalls: operate it better in-house, or orchestrate it across partners?"""

__version__ = "0.1.0"
