"""Hostile images: the real function answers each with the right status, in bounded time and memory.

Each is sent to a new bootstrap over the Runtime API, so its peak memory is that image's. The function is the one that is packaged for
AWS. The images are written here byte by byte, because no library creates them.

usage: hostile_images.py --deployer target/debug/deployer
"""

import argparse
import base64
import http.server
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import threading
import time
import zipfile
import zlib

from repository import REPOSITORY

# The default memory of a function, and the limit of a request to Lambda.
MEMORY_MB, BODY = 1024, 6_291_456
# Lambda's limit, with room for a debug build on a busy machine.
PATIENCE_S = 60


def png(width, height, depth, color, rows, extra=b"", interlace=0):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for row in rows) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def png_of(width, height, depth, color):
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    row = b"\0" + bytes((width * bits + 7) // 8)
    palette = b""
    if color == 3:
        data = bytes(range(48))
        palette = struct.pack(">I", len(data)) + b"PLTE" + data + struct.pack(">I", zlib.crc32(b"PLTE" + data))
    return png(width, height, depth, color, (row for _ in range(height)), palette)


def png_chunk(kind, head, size):
    """A 1x1 image with a compressed chunk of that many zeros."""
    data = head + zlib.compress(bytes(size), 9)
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return png(1, 1, 8, 0, [b"\0\0"], chunk)


def jpeg(width, height, progressive, scans=1, components=3):
    """All zeros: a Huffman table whose only code, 0, means no difference, and one such bit per block."""
    def segment(marker, data):
        return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data

    parts = [b"\xff\xd8", segment(0xDB, b"\0" + b"\x01" * 64)]
    frame = struct.pack(">BHHB", 8, height, width, components)
    frame += b"".join(bytes([number + 1, 0x11, 0]) for number in range(components))
    parts.append(segment(0xC2 if progressive else 0xC0, frame))
    one_code = bytes([1] + [0] * 15)
    # DC: category 0. AC: end of block, or in a progressive scan a run of 2^14 blocks that end.
    parts.append(segment(0xC4, b"\x00" + one_code + b"\x00"))
    parts.append(segment(0xC4, b"\x10" + one_code + (b"\xe0" if progressive else b"\x00")))
    blocks = ((width + 7) // 8) * ((height + 7) // 8)
    every = b"".join(bytes([number + 1, 0x00]) for number in range(components))
    first = b"\x00\x00\x00" if progressive else b"\x00\x3f\x00"
    parts.append(segment(0xDA, bytes([components]) + every + first))
    bits = blocks * components * (1 if progressive else 2)
    parts.append(bytes(bits // 8) + (b"\x7f" if bits % 8 else b""))
    for number in range(scans - 1):
        # One band of one component; each code 0 is followed by 14 bits that count further blocks.
        parts.append(segment(0xDA, bytes([1, number % components + 1, 0x00, 1, 63, 0])))
        runs = -(-blocks // 16_384)
        parts.append(bytes((runs * 15 + 7) // 8))
    return b"".join(parts) + b"\xff\xd9"


def gif(screen, frame, frames=1):
    out = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes(6)
    # Clear, one pixel, end: codes of three bits.
    image = b"\x2c" + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\x02\x02\x44\x01\x00"
    return out + image * frames + b"\x3b"


def bmp(width, height, bits, compression=0, data=b""):
    table = bytes(4 * 256) if bits == 8 else b""
    offset = 54 + len(table)
    head = b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset)
    return head + struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(data), 0, 0, 0, 0) + table + data


def bmp_rle(width, height):
    """Runs of 255 pixels, row by row."""
    row = b"\xff\x00" * (width // 255) + (bytes([width % 255, 0]) if width % 255 else b"") + b"\x00\x00"
    return bmp(width, height, 8, 1, row * height + b"\x00\x01")


def bmp_deltas(width, height):
    """Each delta moves on by 255 rows and columns."""
    return bmp(width, height, 8, 1, b"\x00\x02\xff\xff" * (height // 255 + 1) + b"\x00\x01")


def jpeg_restarts(width, height):
    """A restart interval of one MCU, and markers that never fit."""
    data = jpeg(width, height, False)
    scan = data.index(b"\xff\xda")
    interval = b"\xff\xdd" + struct.pack(">HH", 4, 1)
    return data[:scan] + interval + data[scan : scan + 14] + b"\x00\xff\xd3" * 200_000 + b"\xff\xd9"


def jpeg_sampled(width, height):
    """The last two of three components are four times as fine as the first."""
    data = jpeg(width, height, True)
    frame = data.index(b"\xff\xc2") + 10
    return data[:frame] + b"\x01\x11\x00\x02\x22\x00\x03\x22\x00" + data[frame + 9 :]


def webp_animation(width, height):
    """A frame whose header says another size than its data."""
    vp8l = b"VP8L" + struct.pack("<I", 8) + b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(3)
    frame = bytes(6) + b"\xff\xff\xff\x00\x00\x00" + bytes(4) + vp8l
    canvas = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + canvas + b"ANIM" + struct.pack("<I", 6) + bytes(6)
    body += b"ANMF" + struct.pack("<I", len(frame)) + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp(width, height):
    """An extended header without an image."""
    canvas = struct.pack("<I", (width - 1) & 0xFFFFFF)[:3] + struct.pack("<I", (height - 1) & 0xFFFFFF)[:3]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


# Images, and the statuses that are right.
IMAGES = {
    "1 x 1, PNG": (lambda: png_of(1, 1, 8, 0), [200]),
    "12,000 x 1, PNG": (lambda: png_of(12_000, 1, 8, 0), [200]),
    "1 x 12,000, PNG": (lambda: png_of(1, 12_000, 8, 0), [200]),
    "100,000 x 1, PNG": (lambda: png_of(100_000, 1, 8, 0), [413]),
    "1 x 100,000, PNG": (lambda: png_of(1, 100_000, 8, 0), [413]),
    "50,000 x 50,000, PNG": (lambda: png_of(50_000, 50_000, 1, 0), [413]),
    "12,000 x 3,333, PNG, 8 bits grey": (lambda: png_of(12_000, 3_333, 8, 0), [200]),
    "12,000 x 3,333, PNG, 8 bits RGB": (lambda: png_of(12_000, 3_333, 8, 2), [200]),
    "12,000 x 3,333, PNG, 16 bits RGBA": (lambda: png_of(12_000, 3_333, 16, 6), [200]),
    "12,000 x 3,333, PNG, 16 bits grey": (lambda: png_of(12_000, 3_333, 16, 0), [200]),
    "12,000 x 3,334, PNG": (lambda: png_of(12_000, 3_334, 8, 0), [413]),
    "12,000 x 3,333, PNG, palette of 4 bits": (lambda: png_of(12_000, 3_333, 4, 3), [200]),
    "1 x 1, PNG, 512 MB in a text": (lambda: png_chunk(b"zTXt", b"k\0\0", 512 << 20), [200, 400, 413]),
    "1 x 1, PNG, 512 MB in a profile": (lambda: png_chunk(b"iCCP", b"k\0\0", 512 << 20), [200, 400, 413]),
    "12,000 x 3,333, JPEG": (lambda: jpeg(12_000, 3_333, False), [200]),
    "12,000 x 3,333, progressive JPEG": (lambda: jpeg(12_000, 3_333, True), [200]),
    "12,000 x 3,333, progressive JPEG, four components": (lambda: jpeg(12_000, 3_333, True, components=4), [200]),
    "12,000 x 3,333, progressive JPEG, two components finer than the first": (lambda: jpeg_sampled(12_000, 3_333), [200]),
    "12,000 x 3,333, JPEG, restart markers that never fit": (lambda: jpeg_restarts(12_000, 3_333), [200, 400]),
    "65,500 x 65,500, JPEG": (lambda: jpeg(8, 8, False).replace(struct.pack(">HH", 8, 8), struct.pack(">HH", 65_500, 65_500), 1), [413]),
    "64 x 64, progressive JPEG, 5,000 scans": (lambda: jpeg(64, 64, True, 5_000), [200, 400, 422]),
    "12,000 x 3,333, progressive JPEG, 2,000 scans": (lambda: jpeg(12_000, 3_333, True, 2_000), [200, 400, 422]),
    "GIF, a screen of 65,535 x 65,535": (lambda: gif((65_535, 65_535), (1, 1)), [413]),
    "GIF, a frame beyond its screen": (lambda: gif((1, 1), (65_535, 65_535)), [400, 413, 422]),
    "GIF, 100,000 frames": (lambda: gif((1, 1), (1, 1), 100_000), [200]),
    "BMP, 12,000 x 3,333, no pixels": (lambda: bmp(12_000, 3_333, 24), [400]),
    "BMP, 12,000 x 3,333, run lengths": (lambda: bmp_rle(12_000, 3_333), [200]),
    "BMP, 12,000 x 3,333, deltas": (lambda: bmp_deltas(12_000, 3_333), [200, 400]),
    "BMP, a height that is negative": (lambda: bmp(1, -(2**31), 24), [400, 413]),
    "BMP, 2^31 - 1 wide": (lambda: bmp(2**31 - 1, 1, 24), [400, 413]),
    "WebP, a canvas of 16,777,216 x 1, no image": (lambda: webp(1 << 24, 1), [400, 413]),
    "WebP, an animation of 12,000 x 3,333": (lambda: webp_animation(12_000, 3_333), [200, 400]),
    "WebP, an animation of 64 x 64": (lambda: webp_animation(64, 64), [200, 400]),
    "not an image, 4.5 MB": (lambda: bytes(4_500_000), [400]),
}


class Runtime:
    """The Runtime API for one bootstrap: delivers one event, and records its answer."""

    def __init__(self, event):
        self.answer = threading.Event()
        self.body = None
        runtime = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                if runtime.answer.is_set():
                    time.sleep(600)
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "hostile")
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 1000 * PATIENCE_S))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:f")
                self.send_header("Content-Length", str(len(event)))
                self.end_headers()
                runtime.began = time.monotonic()
                self.wfile.write(event)

            def do_POST(self):
                runtime.body = self.rfile.read(int(self.headers["Content-Length"]))
                runtime.took = time.monotonic() - runtime.began
                runtime.answer.set()
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        # A killed bootstrap leaves its connection open.
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def ask(bootstrap, package, image):
    """Status, seconds, peak memory in MB, and body for one image; the status is None without an answer."""
    body = base64.b64encode(image).decode()
    event = {"headers": {"Content-Type": "image/png"}, "body": body, "isBase64Encoded": True, "httpMethod": "POST"}
    runtime = Runtime(json.dumps(event).encode())
    environment = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server.server_address[1]}", "LAMBDA_TASK_ROOT": str(package),
        "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
        "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_LOG_STREAM_NAME": "s", "AWS_LAMBDA_LOG_GROUP_NAME": "g",
    }
    process = subprocess.Popen([bootstrap], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        answered = runtime.answer.wait(PATIENCE_S)
        status = (pathlib.Path("/proc") / str(process.pid) / "status").read_text()
        peak = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
        if not answered:
            return None, PATIENCE_S, peak[0] / 1024 if peak else 0, b""
        return json.loads(runtime.body).get("statusCode"), runtime.took, peak[0] / 1024 if peak else 0, runtime.body
    finally:
        process.kill()
        process.wait()
        runtime.server.shutdown()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deployer", type=pathlib.Path, required=True)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    failed, worst = 0, (0, "")
    with tempfile.TemporaryDirectory() as temporary:
        package = pathlib.Path(temporary)
        made = [arguments.deployer.resolve(), "package", "--out", package / "function.zip"]
        subprocess.run(made, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
        with zipfile.ZipFile(package / "function.zip") as archive:
            archive.extractall(package)
        bootstrap = str(package / "bootstrap")
        os.chmod(bootstrap, 0o755)
        for name, (make, right) in IMAGES.items():
            if arguments.only not in name:
                continue
            image = make()
            if len(image) * 4 / 3 > BODY:
                raise SystemExit(f"{name}: {len(image)} bytes do not fit into a request")
            status, seconds, peak, body = ask(bootstrap, package, image)
            good = status in right and peak < MEMORY_MB
            failed += not good
            worst = max(worst, (peak, name))
            print(f"  {'ok  ' if good else 'FAILED'} {name}: {len(image)} bytes, {status}, {seconds:.1f} s, {peak:.0f} MB", flush=True)
            if not good:
                print(f"         {body[:300]}, expected {right} within {MEMORY_MB} MB", flush=True)
    print(f"{len(IMAGES) - failed} of {len(IMAGES)} images answered correctly; peak memory {worst[0]:.0f} MB, for {worst[1]}", flush=True)
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
