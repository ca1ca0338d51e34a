"""Evidence beyond the two flows: each file reads one kind of record and tells what it costs, by stage, side and party."""
