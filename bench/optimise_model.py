"""Writes the model that onnxruntime has optimized for this processor.

usage: optimise_model.py MODEL OPTIMISED
"""

import sys

import onnxruntime


def main():
    model, optimised = sys.argv[1:]
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = optimised
    # It warns that the model is only for this processor.
    options.log_severity_level = 3
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
