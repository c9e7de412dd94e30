"""The command `lemmaflow`: one module a subcommand, whose `run` returns an exit code."""
