# SPDX-License-Identifier: MIT
# initramfs.py: the file system a machine boots from: a cpio archive of the format "newc".

HEADER_FIELDS = 13
FOLDER = 0o040755
PROGRAM = 0o100755
TEXT = 0o100644


def entry(number, name, mode, data):
    # inode, mode, user, group, links, time, size, device x 2, device number x 2, name's size, check
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    assert len(fields) == HEADER_FIELDS
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return padded(head) + padded(data)


def padded(data):
    return data + b"\0" * (-len(data) % 4)


def write_initramfs(path, folders, files):
    """files: name to (mode, bytes). Folders of files must be listed."""
    entries = [(name, FOLDER, b"") for name in folders]
    entries += [(name, mode, data) for name, (mode, data) in files.items()]
    with open(path, "wb") as archive:
        for number, (name, mode, data) in enumerate(entries, start=1):
            archive.write(entry(number, name, mode, data))
        archive.write(entry(0, "TRAILER!!!", 0, b""))
