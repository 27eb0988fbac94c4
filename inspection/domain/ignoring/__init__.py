"""Parts of a station's photos in which no mark is judged: badges, handles, gaps, tape."""
