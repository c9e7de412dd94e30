"""The command `lemmaflow`: one module a subcommand, each a function of the parsed arguments that returns an exit code."""
