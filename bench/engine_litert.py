"""LiteRT from Python, as the tutorial's function runs its model. Same command line and output as the other engines (see src/lib.rs)."""

import json
import resource
import sys
import time

import numpy
from ai_edge_litert.interpreter import Interpreter

model, path, element, *shape = sys.argv[1:]
interpreter = Interpreter(model_path=model, num_threads=1)
interpreter.allocate_tensors()
inputs, outputs = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
values = numpy.fromfile(path, {"u8": numpy.uint8, "f32": numpy.float32}[element]).reshape([int(size) for size in shape])


def answer():
    interpreter.set_tensor(inputs, values)
    interpreter.invoke()
    return interpreter.get_tensor(outputs)


print(json.dumps(answer().ravel().tolist()), flush=True)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        begin = time.perf_counter_ns()
        answer()
        times.append(time.perf_counter_ns() - begin)
    print(json.dumps(times), flush=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
