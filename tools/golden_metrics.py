#!/usr/bin/env python3
"""Writes tests/golden/metrics.txt: metrics of random classifications, rankings and regressions, from their definitions
in exact fractions.

    python3 tools/golden_metrics.py

Scores are multiples of 1/16, so that some are equal. Numbers are hexadecimal floats. A case is
    classes <n> <C> <k>     then n C scores, n labels, the matrix (C, C), accuracy, top-k, and precision, recall and F1,
                            each micro, macro, weighted and of every class
    auc <n>                 then n scores, n labels, the area
    regression <n>          then n predictions, n targets, mean absolute error, mean squared error, R^2
"""
import os
import random
from fractions import Fraction

rng = random.Random("metrics")


def line(numbers):
    return " ".join(float(x).hex() for x in numbers) + "\n"


def ratio(a, b):
    return Fraction(a, b) if b else Fraction(0)


def classes_case(n, classes, k, used):
    scores = [[Fraction(rng.randrange(-32, 33), 16) for _ in range(classes)] for _ in range(n)]
    labels = [rng.randrange(used) for _ in range(n)]
    for row, label in zip(scores, labels):
        row[label] += Fraction(rng.randrange(0, 40), 16)
    order = [sorted(range(classes), key=lambda c: (-row[c], c)) for row in scores]
    matrix = [[0] * classes for _ in range(classes)]
    for label, best in zip(labels, order):
        matrix[label][best[0]] += 1
    tp = [matrix[c][c] for c in range(classes)]
    support = [sum(matrix[c]) for c in range(classes)]
    predicted = [sum(row[c] for row in matrix) for c in range(classes)]
    accuracy = ratio(sum(tp), n)
    top = ratio(sum(label in best[:k] for label, best in zip(labels, order)), n)
    text = "classes %d %d %d\n" % (n, classes, k)
    text += line(x for row in scores for x in row) + line(labels) + line(x for row in matrix for x in row)
    text += line([accuracy, top])
    present = [c for c in range(classes) if support[c] + predicted[c]]
    for each in ([ratio(tp[c], predicted[c]) for c in range(classes)],
                 [ratio(tp[c], support[c]) for c in range(classes)],
                 [ratio(2 * tp[c], predicted[c] + support[c]) for c in range(classes)]):
        macro = ratio(sum(each[c] for c in present), len(present))
        weighted = ratio(sum(each[c] * support[c] for c in range(classes)), n)
        text += line([accuracy, macro, weighted] + each)
    return text


def auc_case(n, span):
    scores = [Fraction(rng.randrange(span), 16) for _ in range(n)]
    labels = [int(rng.randrange(span) < 16 * s) for s in scores]
    labels[0], labels[1] = 0, 1
    positive = [s for s, y in zip(scores, labels) if y]
    negative = [s for s, y in zip(scores, labels) if not y]
    twice = sum((p > q) * 2 + (p == q) for p in positive for q in negative)
    return "auc %d\n" % n + line(scores) + line(labels) + line([Fraction(twice, 2 * len(positive) * len(negative))])


def regression_case(n, offset):
    targets = [Fraction(rng.randrange(-64, 64), 16) + offset for _ in range(n)]
    predictions = [t + Fraction(rng.randrange(-24, 25), 16) for t in targets]
    d = [p - t for p, t in zip(predictions, targets)]
    mean = sum(targets) / n
    spread = sum((t - mean) ** 2 for t in targets)
    squared = sum(x * x for x in d)
    return "regression %d\n" % n + line(predictions) + line(targets) + line(
        [sum(map(abs, d)) / n, squared / n, 1 - squared / spread])


text = "".join(classes_case(*c) for c in ((1, 2, 1, 2), (12, 3, 2, 3), (30, 4, 2, 3), (40, 10, 5, 10), (25, 2, 1, 2)))
text += "".join(auc_case(*c) for c in ((2, 4), (40, 9), (60, 64), (25, 2)))
text += "".join(regression_case(*c) for c in ((2, 0), (30, 0), (40, 4096)))
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "golden", "metrics.txt")
with open(path, "w", encoding="ascii") as file:
    file.write(text)
print("tests/golden/metrics.txt: %d bytes" % len(text))
