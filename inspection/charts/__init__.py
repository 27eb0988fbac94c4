"""Every plotly figure of the product, in one look.

A figure is made from a documented DataFrame and from words: `labels` maps the keys named in each
docstring to words in the reader's language, units included ("mm² per body"); codes found in the
data (vehicle models, defect types, run rules) are looked up there too and shown as they are when
no word is given. An optional "title" stands above the figure.
"""
