"""Order and types of the points of the SunSpec models that a Fronius GEN24 shows.

Source: SunSpec Alliance model definitions 1, 103, 120, 121, 122, 123, 124, 160. Each text lists the points after ID
and L in order; a type stands for all points until the next type. A point that has nothing to say reads as
its type's "not implemented" value: uint16/enum16 0xFFFF, int16 0x8000, sunssf 0x8000, acc32 0, strings NUL.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sim_devices.wire.bank import Cell
from sim_devices.wire.words import text, u32, u64

SIZES = {"u": 1, "s": 1, "e": 1, "b": 1, "sf": 1, "acc32": 2, "b32": 2, "u32": 2, "acc64": 4}
UNIMPLEMENTED = {"u": 0xFFFF, "s": 0x8000, "e": 0xFFFF, "b": 0xFFFF, "sf": 0x8000}

LAYOUTS = {
    1: "str16: Mn Md str8: Opt Vr str16: SN u: DA",
    103: """u: A AphA AphB AphC sf: A_SF u: PPVphAB PPVphBC PPVphCA PhVphA PhVphB PhVphC sf: V_SF s: W sf: W_SF
        u: Hz sf: Hz_SF s: VA sf: VA_SF s: VAr sf: VAr_SF s: PF sf: PF_SF acc32: WH sf: WH_SF u: DCA sf: DCA_SF
        u: DCV sf: DCV_SF s: DCW sf: DCW_SF s: TmpCab TmpSnk TmpTrns TmpOt sf: Tmp_SF e: St StVnd
        b32: Evt1 Evt2 EvtVnd1 EvtVnd2 EvtVnd3 EvtVnd4""",
    120: """e: DERTyp u: WRtg sf: WRtg_SF u: VARtg sf: VARtg_SF s: VArRtgQ1 VArRtgQ2 VArRtgQ3 VArRtgQ4 sf: VArRtg_SF
        u: ARtg sf: ARtg_SF s: PFRtgQ1 PFRtgQ2 PFRtgQ3 PFRtgQ4 sf: PFRtg_SF u: WHRtg sf: WHRtg_SF u: AhrRtg
        sf: AhrRtg_SF u: MaxChaRte sf: MaxChaRte_SF u: MaxDisChaRte sf: MaxDisChaRte_SF s: Pad""",
    121: """u: WMax VRef s: VRefOfs u: VMax VMin VAMax s: VArMaxQ1 VArMaxQ2 VArMaxQ3 VArMaxQ4 u: WGra
        s: PFMinQ1 PFMinQ2 PFMinQ3 PFMinQ4 e: VArAct ClcTotVA u: MaxRmpRte ECPNomHz e: ConnPh
        sf: WMax_SF VRef_SF VRefOfs_SF VMinMax_SF VAMax_SF VArMax_SF WGra_SF PFMin_SF MaxRmpRte_SF ECPNomHz_SF""",
    122: """b: PVConn StorConn ECPConn acc64: ActWh ActVAh ActVArhQ1 ActVArhQ2 ActVArhQ3 ActVArhQ4 s: VArAval
        sf: VArAval_SF u: WAval sf: WAval_SF b32: StSetLimMsk StActCtl str4: TmSrc u32: Tms b: RtSt u: Ris
        sf: Ris_SF""",
    123: """u: Conn_WinTms Conn_RvrtTms e: Conn u: WMaxLimPct WMaxLimPct_WinTms WMaxLimPct_RvrtTms WMaxLimPct_RmpTms
        e: WMaxLim_Ena s: OutPFSet u: OutPFSet_WinTms OutPFSet_RvrtTms OutPFSet_RmpTms e: OutPFSet_Ena
        s: VArWMaxPct VArMaxPct VArAvalPct u: VArPct_WinTms VArPct_RvrtTms VArPct_RmpTms e: VArPct_Mod VArPct_Ena
        sf: WMaxLimPct_SF OutPFSet_SF VArPct_SF""",
    124: """u: WChaMax WChaGra WDisChaGra b: StorCtl_Mod u: VAChaMax MinRsvPct ChaState StorAval InBatV e: ChaSt
        s: OutWRte InWRte u: InOutWRte_WinTms InOutWRte_RvrtTms InOutWRte_RmpTms e: ChaGriSet
        sf: WChaMax_SF WChaDisChaGra_SF VAChaMax_SF MinRsvPct_SF ChaState_SF StorAval_SF InBatV_SF InOutWRte_SF""",
    160: "sf: DCA_SF DCV_SF DCW_SF DCWH_SF b32: Evt u: N TmsPer",
}
MODULE_160 = "u: ID str8: IDStr u: DCA DCV DCW acc32: DCWH u32: Tms s: Tmp e: DCSt b32: DCEvt"

Read = float | str | Callable[[], float]  # what never changes, or how to find it
Reads = dict[str, Read]
Accept = tuple[Callable[[int], None], Callable[[int], bool]]


class Spot(NamedTuple):
    """One point of a model: how it is called, typed and where it starts, in words after ID and L."""

    name: str
    kind: str
    offset: int
    size: int


def spots(layout: str) -> list[Spot]:
    """Spell a layout out."""
    found: list[Spot] = []
    kind, offset = "", 0
    for token in layout.split():
        if token.endswith(":"):
            kind = token[:-1]
            continue
        size = int(kind[3:]) if kind.startswith("str") else SIZES[kind]
        found.append(Spot(token, kind, offset, size))
        offset += size
    return found


def length(layout: str) -> int:
    """Return the words of a layout: the model's L."""
    last = spots(layout)[-1]
    return last.offset + last.size


def cells(address: int, layout: str, reads: Reads, accepts: dict[str, Accept] | None = None) -> list[Cell]:
    """Return cells from `address` on; what `reads` does not name is not implemented."""
    names = {spot.name for spot in spots(layout)}
    unknown = (set(reads) | set(accepts or {})) - names
    assert not unknown, unknown
    return [_cell(address, spot, reads.get(spot.name), (accepts or {}).get(spot.name)) for spot in spots(layout)]


def _cell(address: int, spot: Spot, read: Read | None, accept: Accept | None) -> Cell:
    told = (lambda: _registers(spot, read())) if callable(read) else _registers(spot, read)
    if accept is None:
        return Cell(address + spot.offset, spot.size, told)
    take, allow = accept
    return Cell(address + spot.offset, spot.size, told, lambda new: take(new[0]), lambda new: allow(new[0]))


def _registers(spot: Spot, found: float | str | None) -> bytes:
    if spot.size == 1:
        number = UNIMPLEMENTED[spot.kind] if found is None else round(float(found)) & 0xFFFF
        return number.to_bytes(2, "big")
    if spot.kind.startswith("str"):
        return text(str(found or ""), spot.size)
    number = int(found or 0)
    return u64(number) if spot.size == 4 else u32(number & 0xFFFFFFFF)
