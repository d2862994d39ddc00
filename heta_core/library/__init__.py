"""Finished analyses kept in one local SQLite file. No torch, no streamlit; the engine knows nothing of it."""
