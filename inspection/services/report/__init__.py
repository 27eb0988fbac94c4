"""The shift report: its facts, its pages, PDF, HTML and workbook, signing and checking."""
