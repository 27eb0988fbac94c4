"""Whether a photo is framed as an earlier one was, and what of it is ignored therefore."""
