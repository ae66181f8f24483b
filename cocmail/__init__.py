"""cocmail: the daemon behind a community's conduct@ address."""

__version__ = "0.1.0"
