"""An `Attribution` → colours, a strip, figures, table rows, words and files. No torch, no streamlit."""
