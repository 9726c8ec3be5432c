"""onnxruntime from Python. Same command line and output as the other engines (see src/lib.rs)."""

import json
import resource
import sys
import time

import numpy
import onnxruntime

model, path, element, *shape = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
values = numpy.fromfile(path, {"u8": numpy.uint8, "f32": numpy.float32}[element]).reshape([int(size) for size in shape])
feed = {session.get_inputs()[0].name: values}
print(json.dumps(session.run(None, feed)[0].ravel().tolist()), flush=True)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        begin = time.perf_counter_ns()
        session.run(None, feed)
        times.append(time.perf_counter_ns() - begin)
    print(json.dumps(times), flush=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
