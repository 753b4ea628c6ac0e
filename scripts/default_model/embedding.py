"""Starting values for the token embeddings, from which words occur together.

With a few tokens of training per parameter, most of the 50,257 embeddings
would hardly leave their random start. So they start from the training text's
own statistics: with n(a,b) the number of times b stands within two tokens of
a, the symmetric matrix max(0, log n(a,b) N / (n(a) n(b))) is factorised, and
a word's row of the leading eigenvectors, scaled to the length of a random
embedding and mixed with one so that near-synonyms differ, becomes its
embedding. Words that do not occur keep a random one.
"""

import math
import warnings

import numpy as np
import torch

REACH = 2  # tokens to either side
STD = 0.02
SHARE = 0.75  # of an embedding's squared length that comes from the counts
SMOOTHING = 0.75  # exponent of the context's counts, against an excess of rare pairs


def pairs(stream, vocabulary):
    """Returns the symmetric counts as (pair id = a * vocabulary + b, count)."""
    stream = stream.astype(np.int64)
    keys, counts = [], []
    for distance in range(1, REACH + 1):
        key, count = np.unique(stream[:-distance] * vocabulary + stream[distance:], return_counts=True)
        keys += [key, key % vocabulary * vocabulary + key // vocabulary]
        counts += [count, count]
    keys, inverse = np.unique(np.concatenate(keys), return_inverse=True)
    return keys, np.bincount(inverse, weights=np.concatenate(counts))


def information(keys, counts, vocabulary):
    """Returns the positive pointwise mutual information as a sparse matrix."""
    rows, columns = keys // vocabulary, keys % vocabulary
    sums = np.bincount(rows, weights=counts, minlength=vocabulary)
    smooth = sums**SMOOTHING
    smooth /= smooth.sum()
    value = np.log(counts) - np.log(sums[rows]) - np.log(smooth[columns])
    # The smoothing makes the matrix slightly asymmetric; its mean with its
    # transpose is not, and has the same pattern.
    other = np.log(counts) - np.log(sums[columns]) - np.log(smooth[rows])
    value = np.maximum(0, (value + other) / 2)
    keep = value > 0
    index = torch.from_numpy(np.stack([rows[keep], columns[keep]]))
    entries = torch.from_numpy(value[keep]).float()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sparse matrices are "beta", and unchecked
        matrix = torch.sparse_coo_tensor(index, entries, (vocabulary, vocabulary))
        return matrix.coalesce().to_sparse_csr(), sums > 0


def leading(matrix, width, generator, rounds=4):
    """Returns the width leading eigenvectors and values of a symmetric matrix."""
    basis = torch.randn(matrix.shape[0], width + 32, generator=generator)
    for _ in range(rounds):
        basis = torch.linalg.qr(matrix @ basis).Q
    values, vectors = torch.linalg.eigh(basis.t() @ (matrix @ basis))
    order = values.abs().argsort(descending=True)[:width]
    return basis @ vectors[:, order], values[order]


def initialise(model, stream, seed):
    """Sets the model's token embeddings from the stream of training tokens."""
    weight = model.transformer.wte.weight
    vocabulary, width = weight.shape
    matrix, seen = information(*pairs(stream, vocabulary), vocabulary)
    vectors, values = leading(matrix, width, torch.Generator().manual_seed(seed))
    rows = vectors * values.abs().sqrt().sqrt()
    seen = torch.from_numpy(seen)
    rows = rows - rows[seen].mean(0)
    rows = rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-12) * STD * math.sqrt(width)
    mixed = math.sqrt(SHARE) * rows + math.sqrt(1 - SHARE) * weight.detach()
    with torch.no_grad():
        weight[seen] = mixed[seen]
