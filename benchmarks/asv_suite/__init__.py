"""What asv runs at every commit: no peers, only skmtl against its own past."""
