"""One module for each way of doing the works. Each has a class Way, made from a model's folder:

  lens(ids)                     statistics of all states at all positions: passes.NAMES, [R,T] or [R,T,K]
  sweep(ids, factor, target)    {"logprob": [1+L]} of the target behind the last token: of the clean
                                run, and with each block's output times the factor
  text(ids, chunk)              passes.Means.result() of a text read in windows
  generate(ids, new)            {"sequence", statistics}: greedy, `new` tokens, the lens of every step
  run(ids, hooked)              one run of the model, copying the output of each block where hooked

What a way lacks it does not have as a method. ids are lists. Model loading is not part of a work.
"""

K = 5  # candidates that are kept of each cell, golens' default
TEXT_K = 1  # of a text, whose means need the likeliest token alone
