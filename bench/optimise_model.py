"""Writes what onnxruntime makes of a model once it has optimised it, which is for this processor alone.

usage: optimise_model.py MODEL OPTIMISED
"""

import sys

import onnxruntime


def main():
    model, optimised = sys.argv[1:]
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = optimised
    # It warns that the model is for this processor alone.
    options.log_severity_level = 3
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
