"""Everything of Streamlit that more than one page uses."""
