"""What every page is made of: cached questions, words, links, tables, viewer, chart frame."""
