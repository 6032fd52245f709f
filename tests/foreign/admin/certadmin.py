"""ICertAdminD and ICertAdminD2 for impacket's DCOM client, written after [MS-CSRA] 6 (the IDL).

Methods return the return value, and what the server hands out beside it; a fault is `RpcFault`.
"""

import dataclasses
import datetime
import struct

from impacket.dcerpc.v5 import dcomrt
from impacket.dcerpc.v5.dcom.oaut import VARIANT
from impacket.dcerpc.v5.dtypes import DWORD, FILETIME, LONG, LPWSTR, NULL, WSTR
from impacket.dcerpc.v5.icpr import CERTTRANSBLOB
from impacket.dcerpc.v5.ndr import NDRPOINTER, NDRSTRUCT, NDRUniConformantArray
from impacket.uuid import string_to_bin, uuidtup_to_bin

from certrequest import CertRequest, blob, data, wide

CLSID = string_to_bin("d99e6e73-fc88-11d0-b498-00a0c90312f3")
ICERTADMIND = uuidtup_to_bin(("d99e6e71-fc88-11d0-b498-00a0c90312f3", "0.0"))
ICERTADMIND2 = uuidtup_to_bin(("7fe0d935-dda6-443f-85d0-1cfb58fe41dd", "0.0"))

S_FALSE = 1
REQUEST_ID, DISPOSITION, REQUESTER, SUBMITTED = 0x1000, 0x1009, 0x1010, 0x100B
STATUS, MESSAGE, TEMPLATE, SERIAL, COMMON_NAME = 0x1008, 0x100A, 0x2003, 0x2007, 0x2017
EQ, LT, LE, GE, GT = 1, 2, 4, 8, 0x10
UP, DOWN = 1, 2
CRITICAL, DISABLED = 1, 2
BASE, DELTA, REPUBLISH = 1, 2, 0x10
HOLD, RELEASE = 6, 0xFFFFFFFF


class ByteArray(NDRUniConformantArray):
    item = "c"


class BytePointer(NDRPOINTER):
    referent = (("Data", ByteArray),)


class CERTVIEWRESTRICTION(NDRSTRUCT):
    structure = (
        ("ColumnIndex", DWORD),
        ("SeekOperator", LONG),
        ("SortOrder", LONG),
        ("pbValue", BytePointer),
        ("cbValue", DWORD),
    )


class Restrictions(NDRUniConformantArray):
    item = CERTVIEWRESTRICTION


class Columns(NDRUniConformantArray):
    item = "<L"


def method(number, *parameters):
    """A call: pwszAuthority and the other in parameters."""

    class Call(dcomrt.DCOMCALL):
        opnum = number
        structure = (("pwszAuthority", LPWSTR), *parameters)

    return Call


def answer(*parameters):
    """An answer: out parameters and the return value."""

    class Answer(dcomrt.DCOMANSWER):
        structure = (*parameters, ("status", DWORD))

    return Answer


Status = answer()
BlobAnswer = answer(("blob", CERTTRANSBLOB))
LongAnswer = answer(("value", LONG))
DwordAnswer = answer(("value", DWORD))
CountedAnswer = answer(("count", DWORD), ("blob", CERTTRANSBLOB))
ValidityAnswer = answer(("reason", LONG), ("disposition", LONG))
RightsAnswer = answer(("enabled", LONG), ("blob", CERTTRANSBLOB))
VariantAnswer = answer(("variant", VARIANT))

SetExtension = method(3, ("id", DWORD), ("name", LPWSTR), ("type", DWORD), ("flags", DWORD),
                      ("value", CERTTRANSBLOB))
SetAttributes = method(4, ("id", DWORD), ("attributes", LPWSTR))
ResubmitRequest = method(5, ("id", DWORD))
DenyRequest = method(6, ("id", DWORD))
IsValidCertificate = method(7, ("serial", LPWSTR))
PublishCRL = method(8, ("time", FILETIME))
GetCRL = method(9)
RevokeCertificate = method(10, ("serial", LPWSTR), ("reason", DWORD), ("time", FILETIME))
EnumViewColumn = method(11, ("first", DWORD), ("wanted", DWORD))
GetViewDefaultColumnSet = method(12, ("set", DWORD))
EnumAttributesOrExtensions = method(13, ("row", DWORD), ("flags", DWORD), ("last", LPWSTR),
                                    ("wanted", DWORD))
OpenView = method(14, ("ccvr", DWORD), ("acvr", Restrictions), ("ccolOut", DWORD),
                  ("acolOut", Columns), ("ielt", DWORD), ("celt", DWORD))
EnumView = method(15, ("ielt", DWORD), ("celt", DWORD))
CloseView = method(16)
ServerControl = method(17, ("flags", DWORD))
Ping = method(18)
GetServerState = method(19)
ImportCertificate = method(28, ("certificate", CERTTRANSBLOB), ("flags", LONG))
BackupPrepare = method(20, ("grbit", DWORD), ("backup_flags", DWORD), ("annotation", WSTR),
                       ("client", DWORD))
PublishCRLs = method(31, ("time", FILETIME), ("flags", DWORD))
GetCAProperty = method(32, ("id", LONG), ("index", LONG), ("type", LONG))
EnumViewColumnTable = method(35, ("table", DWORD), ("first", DWORD), ("wanted", DWORD))
GetCASecurity = method(36)
SetCASecurity = method(37, ("descriptor", CERTTRANSBLOB))
Ping2 = method(38)
GetArchivedKey = method(39, ("id", DWORD))
GetAuditFilter = method(40)
SetAuditFilter = method(41, ("filter", DWORD))
GetOfficerRights = method(42)
SetOfficerRights = method(43, ("enable", LONG), ("descriptor", CERTTRANSBLOB))
GetConfigEntry = method(44, ("node", LPWSTR), ("entry", WSTR))
SetCAProperty = method(33, ("id", LONG), ("index", LONG), ("type", LONG),
                       ("value", CERTTRANSBLOB))
SetConfigEntry = method(45, ("node", LPWSTR), ("entry", WSTR), ("variant", VARIANT))
GetMyRoles = method(47)
DeleteRow = method(48, ("flags", DWORD), ("time", FILETIME), ("table", DWORD), ("row", DWORD))


def filetime(when):
    """A FILETIME of a time, of a number as it is, or of None."""
    if isinstance(when, datetime.datetime):
        when = int((when.timestamp() + 11_644_473_600) * 10_000_000)
    value = FILETIME()
    value["dwLowDateTime"], value["dwHighDateTime"] = (when or 0) & 0xFFFFFFFF, (when or 0) >> 32
    return value


def restriction(column, operator=0, value=b"", sort=0):
    if isinstance(value, int):
        value = struct.pack("<I", value)
    elif isinstance(value, str):
        value = (value + "\0").encode("utf-16-le")
    restriction = CERTVIEWRESTRICTION()
    restriction["ColumnIndex"], restriction["SeekOperator"] = column, operator
    restriction["SortOrder"] = sort
    restriction["pbValue"] = value or NULL
    restriction["cbValue"] = len(value)
    return restriction


@dataclasses.dataclass
class Page:
    """What OpenView and EnumView hand out: rows as (id, {column: value}), and the end marker."""

    status: int
    rows: list
    total: int | None


def text_at(array, offset):
    units = array[offset:]
    end = next(i for i in range(0, len(units), 2) if units[i:i + 2] == b"\0\0")
    return units[:end].decode("utf-16-le")


def value_of(kind, raw):
    if not raw:
        return None
    if kind == 1:
        return struct.unpack("<I", raw)[0]
    if kind == 2:
        return struct.unpack("<Q", raw)[0]
    return raw if kind == 3 else raw.decode("utf-16-le").rstrip("\0")


def rows_of(status, count, array):
    rows, at, total = [], 0, None
    while at < len(array):
        row_id, columns, size = struct.unpack_from("<3I", array, at)
        assert size % 4 == 0
        if columns == row_id ^ 0xFFFFFFFF:
            assert at + size == len(array), "the marker is the last"
            total = row_id
            break
        values = {}
        for n in range(columns):
            kind, index, offset, length = struct.unpack_from("<4I", array, at + 12 + 16 * n)
            assert offset % 4 == 0 and offset + length <= size
            values[index] = value_of(kind & 0xFF, array[at + offset:at + offset + length])
        rows.append((row_id, values))
        at += size
    assert len(rows) == count
    assert (status == S_FALSE) == (total is not None)
    return Page(status, rows, total)


class CertAdmin(CertRequest):
    """An activated object, called through one of its interfaces."""

    def __init__(self, ca, credentials, iid=ICERTADMIND2, **how):
        super().__init__(ca.host, credentials, iid=iid, clsid=CLSID, **how)
        self.authority = ca.name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, kind, out=Status, authority=..., **parameters):
        call = kind()
        call["pwszAuthority"] = wide(self.authority if authority is ... else authority)
        for name, value in parameters.items():
            call[name] = value
        return out(self.raw(call))

    def status(self, kind, **parameters):
        return self.call(kind, **parameters)["status"]

    def counted(self, kind, **parameters):
        answer = self.call(kind, CountedAnswer, **parameters)
        return answer["status"], answer["count"], data(answer["blob"])

    def set_extension(self, row, oid, value, kind=3, flags=0):
        return self.status(SetExtension, id=row, name=wide(oid), type=kind, flags=flags,
                           value=blob(value))

    def set_attributes(self, row, attributes):
        return self.status(SetAttributes, id=row, attributes=wide(attributes))

    def resubmit(self, row):
        answer = self.call(ResubmitRequest, DwordAnswer, id=row)
        return answer["status"], answer["value"]

    def deny(self, row):
        return self.status(DenyRequest, id=row)

    def is_valid(self, serial):
        answer = self.call(IsValidCertificate, ValidityAnswer, serial=wide(serial))
        return answer["status"], answer["disposition"], answer["reason"]

    def revoke(self, serial, reason, when=None):
        return self.status(RevokeCertificate, serial=wide(serial), reason=reason,
                           time=filetime(when))

    def publish(self, flags, when=None):
        return self.status(PublishCRLs, time=filetime(when), flags=flags)

    def crl(self):
        answer = self.call(GetCRL, BlobAnswer)
        return answer["status"], data(answer["blob"])

    def open_view(self, restrictions, columns, first=1, count=100):
        return rows_of(*self.counted(
            OpenView, ccvr=len(restrictions), acvr=restrictions, ccolOut=len(columns),
            acolOut=columns, ielt=first, celt=count,
        ))

    def enum_view(self, first, count):
        return rows_of(*self.counted(EnumView, ielt=first, celt=count))

    def close_view(self):
        return self.status(CloseView)

    def view(self, restrictions, columns, count=100):
        """All rows of a view, page by page."""
        page = self.open_view(restrictions, columns, count=count)
        rows = page.rows
        while page.total is None:
            assert page.rows
            page = self.enum_view(len(rows) + 1, count)
            rows += page.rows
        assert page.total == len(rows)
        assert self.close_view() == 0
        return rows

    def columns(self, table, first=0, wanted=1000):
        """Status, and of each column: type, id, longest value, name, display name."""
        status, count, array = self.counted(EnumViewColumnTable, table=table, first=first,
                                            wanted=wanted)
        columns = []
        for n in range(count):
            kind, index, longest, name, display = struct.unpack_from("<5I", array, 20 * n)
            columns.append((kind, index, longest, text_at(array, name), text_at(array, display)))
        return status, columns

    def attributes(self, row, last=None, wanted=100):
        status, count, array = self.counted(EnumAttributesOrExtensions, row=row, flags=0,
                                            last=wide(last), wanted=wanted)
        offsets = [struct.unpack_from("<2I", array, 8 * n) for n in range(count)]
        return status, [(text_at(array, name), text_at(array, value)) for name, value in offsets]

    def extensions(self, row, last=None, wanted=100):
        status, count, array = self.counted(EnumAttributesOrExtensions, row=row, flags=1,
                                            last=wide(last), wanted=wanted)
        extensions = {}
        for n in range(count):
            name, flags, length, value = struct.unpack_from("<4I", array, 16 * n)
            extensions[text_at(array, name)] = (flags, array[value:value + length])
        return status, extensions

    def security(self):
        answer = self.call(GetCASecurity, BlobAnswer)
        return answer["status"], data(answer["blob"])

    def set_security(self, descriptor):
        return self.status(SetCASecurity, descriptor=blob(descriptor))

    def roles(self):
        answer = self.call(GetMyRoles, LongAnswer)
        return answer["status"], answer["value"]

    def officer_rights(self):
        answer = self.call(GetOfficerRights, RightsAnswer)
        return answer["status"], answer["enabled"], data(answer["blob"])

    def set_officer_rights(self, enable, descriptor):
        return self.status(SetOfficerRights, enable=enable, descriptor=blob(descriptor))

    def imported(self, certificate, flags=0):
        answer = self.call(ImportCertificate, LongAnswer, certificate=blob(certificate), flags=flags)
        return answer["status"], answer["value"]

    def property(self, number, kind, index=0):
        answer = self.call(GetCAProperty, BlobAnswer, id=number, index=index, type=kind)
        return answer["status"], data(answer["blob"])

    def set_property(self, number, kind, value, index=0):
        return self.status(SetCAProperty, id=number, index=index, type=kind, value=blob(value))

    def templates(self):
        """Names of the templates that the CA issues from, with their OIDs, and the text of it."""
        status, value = self.property(0x1D, 4)
        assert status == 0
        lines = value.decode("utf-16-le").rstrip("\0").split("\n")
        return dict(zip(lines[:-1:2], lines[1::2]))

    def set_templates(self, templates, end="\0"):
        text = "".join(f"{name}\n{oid}\n" for name, oid in templates.items()) + end
        return self.set_property(0x1D, 4, text.encode("utf-16-le"))

    def set_entry(self, name, value, node=""):
        """Sets an entry to a number or text; None takes it away."""
        variant = VARIANT()
        variant["_varUnion"]["tag"] = variant["vt"] = {int: 3, str: 8}.get(type(value), 0)
        if isinstance(value, int):
            variant["_varUnion"]["lVal"] = value
        elif value is not None:
            variant["_varUnion"]["bstrVal"]["asData"] = value
        return self.status(SetConfigEntry, node=wide(node), entry=name + "\0", variant=variant)

    def value(self, name, node="", authority=...):
        """The number or text of an entry that there is."""
        authority = self.authority if authority is ... else authority
        status, variant = self.entry(authority, node, name)
        assert status == 0, f"{name}: 0x{status:08x}"
        union = variant["_varUnion"]
        return union["lVal"] if variant["vt"] == 3 else union["bstrVal"]["asData"]

    def delete(self, table=0, row=0, flags=0, before=None):
        answer = self.call(DeleteRow, LongAnswer, flags=flags, time=filetime(before), table=table,
                           row=row)
        return answer["status"], answer["value"]

    def control(self, flags):
        return self.call(ServerControl, BlobAnswer, flags=flags)["status"]

    def kind_of_entry(self, authority, node, name):
        """Status and type of the VARIANT; impacket cannot read arrays."""
        call = GetConfigEntry()
        call["pwszAuthority"], call["node"] = wide(authority), wide(node)
        call["entry"] = name + "\0"
        stub = self.raw(call)
        return struct.unpack_from("<I", stub, len(stub) - 4)[0], \
            struct.unpack_from("<H", stub, 24)[0]

    def entry(self, authority, node, name):
        """Status, and the VARIANT as impacket has it."""
        answer = self.call(GetConfigEntry, VariantAnswer, authority=authority, node=wide(node),
                           entry=name + "\0")
        return answer["status"], answer["variant"]
