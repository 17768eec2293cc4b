"""enbloc plans the en bloc resection of spine tumours."""

__version__ = "0.1.0"
