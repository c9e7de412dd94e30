"""One module (or folder) a paper; each offers CLAIMS, in the paper's order."""
