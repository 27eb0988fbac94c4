"""The dashboard: the only Streamlit outside `pages/` and `app.py`."""
