"""gdcm at arm's length: decodes one JPEG frame, standard input to standard output, in a process of its own.

On some damaged streams gdcm ends the whole process, and no caller can catch that. decoders.py runs this
file by its path; it imports nothing of the program, so that it starts quickly.
"""

from __future__ import annotations

import resource
import sys

import gdcm

CPU_SECONDS = 60
"""After which the system ends it, even where whoever started it is gone and waits no more."""
SYNTAXES = {
    "lossless": gdcm.TransferSyntax.JPEGLosslessProcess14,
    "extended": gdcm.TransferSyntax.JPEGExtendedProcess2_4,
}


def decode(stream: bytes, syntax: str, rows: int, columns: int, bits: int) -> bytes:
    """The rows x columns grey values of a JPEG frame: one byte each up to 8 bits, else two, little endian."""
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(stream)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((columns, rows, 1))
    grey = gdcm.PhotometricInterpretation.GetPIType("MONOCHROME2")
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(grey))
    image.SetTransferSyntax(gdcm.TransferSyntax(SYNTAXES[syntax]))
    image.SetPixelFormat(gdcm.PixelFormat(1, 8 if bits <= 8 else 16, bits, bits - 1, 0))
    image.SetDataElement(element)
    return bytes(image.GetBuffer().encode("utf-8", "surrogateescape"))


def main() -> None:
    """Arguments: `lossless` or `extended`, rows, columns, bits."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold the patient's image
    syntax, *numbers = sys.argv[1:]
    rows, columns, bits = map(int, numbers)
    sys.stdout.buffer.write(decode(sys.stdin.buffer.read(), syntax, rows, columns, bits))


if __name__ == "__main__":
    main()
