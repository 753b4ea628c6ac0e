"""The same work by golens, by plain PyTorch and by other tools, measured side by side.

bench_peers.py is the program. Modules here, in the order in which a reader meets them:

  works          the rows of the tables: which work, in which ways
  requests       the inputs of the works
  environments   where the other tools are installed
  machine        what the tables say of the machine, and how busy it is
  processes      persistent workers, and whole processes that are timed
  worker         the worker itself, for every way that is written in Python
  ways           one module a way: the same functions with the same results
  passes         the statistics of a row of logits, as notebooks and as few passes compute them
  answers        results of golens and of the Python ways in one form
  compare        whether two results are the same but for rounding
  measure        rounds of all ways by turns
  store          what was measured so far, in a file
  tables         what was measured as Markdown
"""
