# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The largest inputs that are read. They are checked by the header of a file, before its content takes memory.

``docs/reliability.md`` shows this table with the reasons; a test compares them.
"""

PICTURE_BYTES = 2**29
"""Size of a compressed picture file [bytes]."""
PICTURE_PIXELS = 178_956_970
"""Width times height of a picture; Pillow's own limit against decompression bombs."""
PICTURE_SIDE = 65_535
"""Width and height of a picture [pixels]; the largest that a JPEG can name."""
PICTURE_DECODED_BYTES = 2**30
"""Size of a picture's pixels once they are decoded [bytes]."""
DENSE_PICTURE_PIXELS = 16_000_000
"""Pictures with more pixels must not be emptier than the next limit."""
PIXELS_PER_BYTE = 10_000
"""Pixels that one byte of a large picture's file may stand for."""
JPEG_SCANS = 100
"""Scans of a progressive JPEG."""
JPEG_SCAN_PIXELS = 2_000_000_000
"""Scans times pixels of a JPEG: what its decoder has to go through."""
MESSAGE_PIXELS = 40_000_000
"""Width times height of a compressed picture in a ROS message; 8K cameras have 35 million."""
DECODE_SECONDS = 1
"""How long the node waits for the decoder of one compressed picture [s]."""
HEADER_SEGMENTS = 4_096
"""Segments of a JPEG before its first scan."""
PNG_CHUNKS = 131_072
"""Chunks of a PNG."""

BAG_BLOCK_BYTES = 1 << 28
"""Largest compressed block of a recording, unpacked [bytes]: 256 MiB; recorders write blocks of 1 MB."""

BAG_MESSAGE_BYTES = 1 << 28
"""Largest message that a recorder compressed by itself, unpacked [bytes]: 256 MiB."""

BAG_UNPACKED_BYTES = 1 << 36
"""Largest file of a recording that was compressed as a whole, unpacked [bytes]: 64 GiB."""

BAG_METADATA_BYTES = 1 << 20
"""Largest metadata.yaml of a recording that is looked at [bytes]: 1 MiB, about 4,000 files."""

YAML_NESTING = 50
"""Deepest nesting of YAML that is not our own."""

LABEL_FILE_BYTES = 1 << 26
"""Largest labels.csv [bytes]: 64 MiB, more than a million labels."""

UPLOAD_BYTES = 2**25
"""Largest photo that is dropped onto the page of cac_ros.teach [bytes]: 32 MiB."""

KEY_BYTES = 65_536
"""Size of a file with a private key [bytes]."""
MODEL_BYTES = 2**31
"""Size of a model file [bytes]: half a billion weights in float32."""
MODEL_HEADER_BYTES = 2**24
"""Size of the description inside a model file [bytes]."""
NAME_BYTES = 255
"""Length of the name of a class or a model [bytes of UTF-8]; a folder's name can be no longer."""
CLASSES = 10_000
"""Known classes of a model."""
NETWORK_SIDE = 2_048
"""Side of a network's square input [pixels]."""
