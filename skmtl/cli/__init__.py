"""The command line: ``skmtl compare`` and ``skmtl demo``. Needs the extra ``cli``."""
