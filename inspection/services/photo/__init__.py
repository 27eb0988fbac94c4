"""The way of one photo: from its file to a judged and logged inspection, and to a decision."""
