"""Order and types of the points of the SunSpec models that the simulated products show.

Source: SunSpec Alliance model definitions, by their numbers. Each text lists the points after ID
and L in order; a type stands for all points until the next type. A point that has nothing to say reads as
its type's "not implemented" value: uint16/enum16 0xFFFF, int16 0x8000, sunssf 0x8000, uint32/bitfield32 0xFFFFFFFF,
int32 0x80000000, acc32 0, strings NUL.
"""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import NamedTuple

from sim_devices.wire.bank import Cell
from sim_devices.wire.words import f32, text, u16, u32, u64

SIZES = {"u": 1, "s": 1, "e": 1, "b": 1, "sf": 1, "acc32": 2, "b32": 2, "u32": 2, "s32": 2, "f": 2, "acc64": 4}
UNIMPLEMENTED = {"u": 0xFFFF, "s": 0x8000, "e": 0xFFFF, "b": 0xFFFF, "sf": 0x8000}
UNIMPLEMENTED_TWO = {"b32": 0xFFFFFFFF, "u32": 0xFFFFFFFF, "s32": 0x80000000, "acc32": 0}

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
    203: """s: A AphA AphB AphC sf: A_SF s: PhV PhVphA PhVphB PhVphC PPV PhVphAB PhVphBC PhVphCA sf: V_SF s: Hz
        sf: Hz_SF s: W WphA WphB WphC sf: W_SF s: VA VAphA VAphB VAphC sf: VA_SF s: VAR VARphA VARphB VARphC sf:
        VAR_SF s: PF PFphA PFphB PFphC sf: PF_SF acc32: TotWhExp TotWhExpPhA TotWhExpPhB TotWhExpPhC TotWhImp
        TotWhImpPhA TotWhImpPhB TotWhImpPhC sf: TotWh_SF acc32: TotVAhExp TotVAhExpPhA TotVAhExpPhB TotVAhExpPhC
        TotVAhImp TotVAhImpPhA TotVAhImpPhB TotVAhImpPhC sf: TotVAh_SF acc32: TotVArhImpQ1 TotVArhImpQ1PhA
        TotVArhImpQ1PhB TotVArhImpQ1PhC TotVArhImpQ2 TotVArhImpQ2PhA TotVArhImpQ2PhB TotVArhImpQ2PhC TotVArhExpQ3
        TotVArhExpQ3PhA TotVArhExpQ3PhB TotVArhExpQ3PhC TotVArhExpQ4 TotVArhExpQ4PhA TotVArhExpQ4PhB
        TotVArhExpQ4PhC sf: TotVArh_SF b32: Evt""",
    213: """f: A AphA AphB AphC PhV PhVphA PhVphB PhVphC PPV PPVphAB PPVphBC PPVphCA Hz W WphA WphB WphC VA VAphA
        VAphB VAphC VAR VARphA VARphB VARphC PF PFphA PFphB PFphC TotWhExp TotWhExpPhA TotWhExpPhB TotWhExpPhC
        TotWhImp TotWhImpPhA TotWhImpPhB TotWhImpPhC TotVAhExp TotVAhExpPhA TotVAhExpPhB TotVAhExpPhC TotVAhImp
        TotVAhImpPhA TotVAhImpPhB TotVAhImpPhC TotVArhImpQ1 TotVArhImpQ1phA TotVArhImpQ1phB TotVArhImpQ1phC
        TotVArhImpQ2 TotVArhImpQ2phA TotVArhImpQ2phB TotVArhImpQ2phC TotVArhExpQ3 TotVArhExpQ3phA TotVArhExpQ3phB
        TotVArhExpQ3phC TotVArhExpQ4 TotVArhExpQ4phA TotVArhExpQ4phB TotVArhExpQ4phC b32: Evt""",
    701: """e: ACType St InvSt ConnSt b32: Alrm DERMode s: W VA Var PF A u: LLV LNV u32: Hz acc64: TotWhInj
        TotWhAbs TotVarhInj TotVarhAbs s: TmpAmb TmpCab TmpSnk TmpTrns TmpSw TmpOt WL1 VAL1 VarL1 PFL1 AL1 u:
        VL1L2 VL1 acc64: TotWhInjL1 TotWhAbsL1 TotVarhInjL1 TotVarhAbsL1 s: WL2 VAL2 VarL2 PFL2 AL2 u: VL2L3 VL2
        acc64: TotWhInjL2 TotWhAbsL2 TotVarhInjL2 TotVarhAbsL2 s: WL3 VAL3 VarL3 PFL3 AL3 u: VL3L1 VL3 acc64:
        TotWhInjL3 TotWhAbsL3 TotVarhInjL3 TotVarhAbsL3 u: ThrotPct b32: ThrotSrc sf: A_SF V_SF Hz_SF W_SF PF_SF
        VA_SF Var_SF TotWh_SF TotVarh_SF Tmp_SF str32: MnAlrmInfo""",
    702: """u: WMaxRtg WOvrExtRtg WOvrExtRtgPF WUndExtRtg WUndExtRtgPF VAMaxRtg VarMaxInjRtg VarMaxAbsRtg
        WChaRteMaxRtg WDisChaRteMaxRtg VAChaRteMaxRtg VADisChaRteMaxRtg VNomRtg VMaxRtg VMinRtg AMaxRtg
        PFOvrExtRtg PFUndExtRtg ReactSusceptRtg e: NorOpCatRtg AbnOpCatRtg b32: CtrlModes b: IntIslandCatRtg u:
        WMax WMaxOvrExt WOvrExtPF WMaxUndExt WUndExtPF VAMax VarMaxInj VarMaxAbs WChaRteMax WDisChaRteMax
        VAChaRteMax VADisChaRteMax VNom VMax VMin AMax PFOvrExt PFUndExt b: IntIslandCat sf: W_SF PF_SF VA_SF
        Var_SF V_SF A_SF S_SF""",
    703: """e: ES u: ESVHi ESVLo u32: ESHzHi ESHzLo ESDlyTms ESRndTms ESRmpTms ESDlyRemTms sf: V_SF Hz_SF""",
    704: """e: PFWInjEna PFWInjEnaRvrt u32: PFWInjRvrtTms PFWInjRvrtRem e: PFWAbsEna PFWAbsEnaRvrt u32:
        PFWAbsRvrtTms PFWAbsRvrtRem e: WMaxLimPctEna u: WMaxLimPct WMaxLimPctRvrt e: WMaxLimPctEnaRvrt u32:
        WMaxLimPctRvrtTms WMaxLimPctRvrtRem e: WSetEna WSetMod s32: WSet WSetRvrt s: WSetPct WSetPctRvrt e:
        WSetEnaRvrt u32: WSetRvrtTms WSetRvrtRem e: VarSetEna VarSetMod VarSetPri s32: VarSet VarSetRvrt s:
        VarSetPct VarSetPctRvrt e: VarSetEnaRvrt u32: VarSetRvrtTms VarSetRvrtRem u: WRmp e: WRmpRef u: VarRmp e:
        AntiIslEna sf: PF_SF WMaxLimPct_SF WSet_SF WSetPct_SF VarSet_SF VarSetPct_SF""",
    705: """e: Ena u: AdptCrvReq e: AdptCrvRslt u: NPt NCrv u32: RvrtTms RvrtRem u: RvrtCrv sf: V_SF DeptRef_SF
        RspTms_SF""",
    706: """e: Ena u: AdptCrvReq e: AdptCrvRslt u: NPt NCrv u32: RvrtTms RvrtRem u: RvrtCrv sf: V_SF DeptRef_SF
        RspTms_SF""",
    707: "e: Ena u: AdptCrvReq e: AdptCrvRslt u: NPt NCrvSet sf: V_SF Tms_SF",
    708: "e: Ena u: AdptCrvReq e: AdptCrvRslt u: NPt NCrvSet sf: V_SF Tms_SF",
    709: "e: Ena u: AdptCrvReq e: AdptCrvRslt u: NPt NCrvSet sf: Hz_SF Tms_SF",
    710: "e: Ena u: AdptCrvReq e: AdptCrvRslt u: NPt NCrvSet sf: Hz_SF Tms_SF",
    711: "e: Ena u: AdptCtlReq e: AdptCtlRslt u: NCtl u32: RvrtTms RvrtRem u: RvrtCtl sf: Db_SF K_SF RspTms_SF",
    712: "e: Ena u: AdptCrvReq e: AdptCrvRslt u: NPt NCrv u32: RvrtTms RvrtRem u: RvrtCrv sf: W_SF DeptRef_SF",
    714: "b32: PrtAlrms u: NPrt s: DCA DCW acc64: DCWhInj DCWhAbs sf: DCA_SF DCV_SF DCW_SF DCWH_SF Tmp_SF",
    713: "u: WHRtg WHAvail SoC SoH e: Sta sf: WH_SF Pct_SF",
    802: """u: AHRtg WHRtg WChaRteMax WDisChaRteMax DisChaRte SoCMax SoCMin SocRsvMax SoCRsvMin SoC DoD SoH u32:
        NCyc e: ChaSt LocRemCtl u: Hb CtrlHb AlmRst e: Typ State StateVnd u32: WarrDt b32: Evt1 Evt2 EvtVnd1
        EvtVnd2 u: V VMax VMin CellVMax CellVMaxStr CellVMaxMod CellVMin CellVMinStr CellVMinMod CellVAvg s: A u:
        AChaMax ADisChaMax s: W e: ReqInvState s: ReqW e: SetOp SetInvState sf: AHRtg_SF WHRtg_SF WChaDisChaMax_SF
        DisChaRte_SF SoC_SF DoD_SF SoH_SF V_SF CellV_SF A_SF AMax_SF W_SF""",
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


# Groups behind a model's points: of curves one without points to tell, of 714 one port, its names told apart by Prt.
CLOSING = {
    704: "u: PF1 e: Ext1 u: PF2 e: Ext2 u: PF3 e: Ext3 u: PF4 e: Ext4",
    705: "u: ActPt e: DeptRef Pri u: VRef VRefAuto e: VRefAutoEna u: VRefAutoTms u32: RspTms e: ReadOnly",
    706: "u: ActPt e: DeptRef u32: RspTms e: ReadOnly",
    707: "e: ReadOnly u: MustTrip MayTrip MomCess",
    708: "e: ReadOnly u: MustTrip MayTrip MomCess",
    709: "e: ReadOnly u: MustTrip MayTrip MomCess",
    710: "e: ReadOnly u: MustTrip MayTrip MomCess",
    711: "u32: DbOf DbUf u: KOf KUf u32: RspTms s: PMin e: ReadOnly",
    712: "u: ActPt e: DeptRef Pri ReadOnly",
    714: """e: PrtTyp u: ID str8: IDStr s: PrtDCA u: PrtDCV s: PrtDCW acc64: PrtDCWhInj PrtDCWhAbs s: Tmp e: DCSta
        b32: DCAlrm""",
}


def chain(base: int, models: list[tuple[int, Reads, dict[str, Accept]]]) -> list[Cell]:
    """Return a whole map: its mark, the models one after the other, its end."""
    found, at = [Cell(base, 2, text("SunS", 2))], base + 2
    for model, reads, accepts in models:
        layout = f"{LAYOUTS[model]} {CLOSING.get(model, '')}"
        found += [Cell(at, 2, u16(model) + u16(length(layout))), *cells(at + 2, layout, reads, accepts)]
        at += 2 + length(layout)
    return [*found, Cell(at, 2, u16(0xFFFF) + u16(0))]


def _cell(address: int, spot: Spot, read: Read | None, accept: Accept | None) -> Cell:
    told = (lambda: _registers(spot, read())) if callable(read) else _registers(spot, read)
    if accept is None:
        return Cell(address + spot.offset, spot.size, told)
    take, allow = accept
    return Cell(address + spot.offset, spot.size, told, lambda new: take(_number(new)), lambda new: allow(_number(new)))


def _number(words: list[int]) -> int:
    return int.from_bytes(b"".join(u16(word) for word in words), "big")


def _registers(spot: Spot, found: float | str | None) -> bytes:
    if spot.size == 1:
        number = UNIMPLEMENTED[spot.kind] if found is None else round(float(found)) & 0xFFFF
        return number.to_bytes(2, "big")
    if spot.kind.startswith("str"):
        return text(str(found or ""), spot.size)
    if spot.kind == "f":
        return f32(nan if found is None else float(found))
    if spot.size == 4:
        return u64(int(found or 0))
    return u32((UNIMPLEMENTED_TWO[spot.kind] if found is None else int(found)) & 0xFFFFFFFF)
