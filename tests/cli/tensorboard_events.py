# SPDX-License-Identifier: MIT
"""Scalars of TensorBoard's event files, without TensorBoard."""
import struct


def varint(data, place):
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def fields(data):
    """A protobuf message as {number: [values]}; counted values are bytes."""
    found, place = {}, 0
    while place < len(data):
        key, place = varint(data, place)
        if key & 7 == 0:
            value, place = varint(data, place)
        else:
            count = {1: 8, 5: 4}.get(key & 7)
            if count is None:
                count, place = varint(data, place)
            value, place = data[place:place + count], place + count
        found.setdefault(key >> 3, []).append(value)
    return found


def events(directory):
    """A record that a killed process has not completed is the last one of its file."""
    for path in sorted(directory.glob("events.out.tfevents.*")):
        data, place = path.read_bytes(), 0
        while place + 16 <= len(data):
            (length,) = struct.unpack_from("<Q", data, place)
            if place + 16 + length > len(data):
                break
            yield fields(data[place + 12:place + 12 + length])
            place += 16 + length


def read(directory):
    """{tag: [(step, bytes of the value), …]} in the order of the steps. A session start discards events from its step on; then a
    tag has one value for each step, or the run wrote it twice."""
    found = {}
    for event in events(directory):
        step = event.get(2, [0])[0]
        if any(fields(session).get(1) == [1] for session in event.get(7, [])):
            for points in found.values():
                points[:] = [point for point in points if point[0] < step]
        for summary in event.get(5, []):
            for value in map(fields, fields(summary).get(1, [])):
                tag = value[1][0].decode()
                if "per_second" not in tag and tag != "keras" and 8 in value:  # the graph has the learning rate of its start
                    found.setdefault(tag, []).append((step, value[8][0]))
    return {tag: sorted(points) for tag, points in found.items() if points}
