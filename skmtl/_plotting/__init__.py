"""Displays: what was fitted, compared or missing, as matplotlib figures. Exported by ``skmtl.inspection``."""
