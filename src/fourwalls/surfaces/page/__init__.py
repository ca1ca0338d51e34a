"""The one page: a diagnosis as HTML that prints on one sheet, and as JSON for programs."""
