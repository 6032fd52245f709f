#!/usr/bin/env python3
"""Lays out, field by field, the values that none of the tools encodes as the specifications say.

This is our own reading, in NDR 2.0: weaker than the other vectors, but independent of the
compiler.  Writes by_hand.json beside itself.
"""

import pathlib
import struct

import values


class Stub:
    """Aligned little-endian fields; referent ids as Windows numbers them."""

    def __init__(self):
        self.data = b""
        self.referent = 0x20000

    def align(self, size):
        self.data += b"\0" * (-len(self.data) % size)

    def u16(self, *numbers):
        for number in numbers:
            self.align(2)
            self.data += struct.pack("<H", number)

    def u32(self, *numbers):
        for number in numbers:
            self.align(4)
            self.data += struct.pack("<I", number & 0xFFFFFFFF)

    def pointer(self):
        self.u32(self.referent)
        self.referent += 4

    def orpcthat(self):
        self.u32(0, 0)  # flags, extensions


def mgmt_listening():
    stub = Stub()
    stub.u32(0)  # status
    stub.u32(1)  # the result
    return stub.data


def rem_query_interface_out():
    stub = Stub()
    stub.orpcthat()
    stub.pointer()  # to an array
    stub.u32(2)  # its size
    for result in (0, 0x80004002):
        stub.align(8)  # as the OXID in REMQIRESULT wants
        stub.u32(result)
        stub.align(8)
        stub.u32(0, 5)  # flags, public references
        stub.data += struct.pack("<QQ", values.STD["oxid"], values.STD["oid"]) + values.STD["ipid"].bytes_le
    stub.u32(0)
    return stub.data


def backup_files_out():
    text = [*"a.edb".encode(), 0, 0]
    stub = Stub()
    stub.orpcthat()
    stub.pointer()  # to an array
    stub.u32(len(text))  # its size
    stub.u16(*text)
    stub.u32(len(text))  # *pcwcDBFiles
    stub.u32(0)
    return stub.data


def get_config_entry_array():
    strings = ["http://a", "", "ldap:///b"]
    stub = Stub()
    stub.orpcthat()
    stub.pointer()  # VARIANT is a pointer
    stub.align(8)  # as the widest arm of the union wants
    stub.u32(9, 0)  # clSize, rpcReserved
    stub.u16(0x2008, 0, 0, 0)  # VT_ARRAY | VT_BSTR
    stub.u32(0x2000)  # discriminant: VT_ARRAY
    stub.pointer()  # PSAFEARRAY ...
    stub.pointer()  # ... is a pointer to a pointer
    stub.u32(1)  # size of rgsabound, hoisted
    stub.u16(1, 0x180)  # cDims, fFeatures
    stub.u32(4, 0x80000)  # cbElements, cLocks
    stub.u32(8)  # sfType: SF_BSTR
    stub.u32(len(strings))  # Size
    stub.pointer()  # aBstr
    stub.u32(3, 0)  # rgsabound: cElements, lLbound
    stub.u32(len(strings))  # size of the array of BSTRs
    for _ in strings:
        stub.pointer()
    for text in strings:
        units = text.encode("utf-16-le")
        stub.u32(len(text))  # size of asData, hoisted
        stub.u32(len(units), len(text))  # cBytes, clSize
        stub.data += units
    stub.u32(0)
    return stub.data


def main():
    made = [mgmt_listening, rem_query_interface_out, backup_files_out, get_config_entry_array]
    vectors = [{"name": make.__name__, "encoding": "ndr", "stub": make().hex()} for make in made]
    values.write(pathlib.Path(__file__).with_name("by_hand.json"), "by hand", vectors)
    print(len(vectors), "vectors")


main()
