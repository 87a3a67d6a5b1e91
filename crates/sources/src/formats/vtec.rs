//! P-VTEC, the identity that the US National Weather Service gives to one happening over all its bulletins
//! (NWS Instruction 10-1703): `/O.CON.PAFG.HW.W.0011.180816T0000Z-180816T1500Z/`.

use std::collections::HashMap;

use crisislens_model::HazardType;

use crate::draft::Draft;

/// One P-VTEC string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vtec {
    /// What the bulletin does to the happening: NEW, CON, EXT, CAN, EXP, UPG…
    pub(crate) action: String,
    office: String,
    phenomenon: String,
    significance: String,
    number: String,
    /// Event numbers start anew each year.
    year: String,
}

/// An entry of a bulletin with what decides which of several entries stands for the happening.
pub(crate) struct Segment {
    pub(crate) entry: String,
    pub(crate) draft: Result<Draft, String>,
    pub(crate) vtec: Option<Vtec>,
    /// First of its zones, in the order of the alphabet.
    pub(crate) zone: Option<String>,
}

impl Vtec {
    /// The first operational string in `text`. `year` stands in where it holds no date.
    pub(crate) fn find(text: &str, year: i16) -> Option<Self> {
        text.split('/').find_map(|part| Self::read(part.trim(), year))
    }

    fn read(part: &str, year: i16) -> Option<Self> {
        let fields: Vec<&str> = part.split('.').collect();
        let [class, action, office, phenomenon, significance, number, times] = fields.as_slice() else {
            return None;
        };
        let lengths =
            [class.len(), action.len(), office.len(), phenomenon.len(), significance.len(), number.len()];
        if lengths != [1, 3, 4, 2, 1, 4] || *class != "O" || !number.bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        let dated = times.split('-').filter_map(|time| time.get(..2)).find(|year| *year != "00");
        Some(Self {
            action: (*action).to_owned(),
            office: (*office).to_owned(),
            phenomenon: (*phenomenon).to_owned(),
            significance: (*significance).to_owned(),
            number: (*number).to_owned(),
            year: dated.map_or_else(|| year.to_string(), |year| format!("20{year}")),
        })
    }

    /// The happening, the same in every bulletin about it.
    pub(crate) fn event(&self) -> String {
        format!("{}.{}.{}.{}.{}", self.office, self.phenomenon, self.significance, self.number, self.year)
    }

    /// Whether the bulletin ends the happening for its area before its time.
    pub(crate) fn withdraws(&self) -> bool {
        matches!(self.action.as_str(), "CAN" | "UPG")
    }

    /// The hazard of the phenomenon code.
    pub(crate) fn hazard(&self) -> Option<HazardType> {
        Some(match self.phenomenon.as_str() {
            "TO" => HazardType::Tornado,
            "TS" => HazardType::Tsunami,
            "FF" | "FA" | "FL" | "CF" | "LS" | "HY" => HazardType::Flood,
            "HU" | "TY" | "TR" | "TI" | "HI" | "SS" => HazardType::TropicalCyclone,
            "BZ" | "WS" | "WW" | "WC" | "IS" | "LE" | "SQ" | "EC" | "CW" | "FZ" | "FR" | "HZ" | "ZF"
            | "ZR" => HazardType::Winter,
            "EH" | "HT" | "XH" => HazardType::Heat,
            "FW" => HazardType::Wildfire,
            "AF" | "MH" => HazardType::Volcano,
            "SV" | "HW" | "WI" | "EW" | "MA" | "GL" | "SR" | "SC" | "SU" | "DS" | "DU" | "SE" | "HF" => {
                HazardType::Storm
            }
            _ => return None,
        })
    }
}

/// Gives each entry its identity. The happening's own identity goes to the entry that is in force and has the first zone;
/// further entries of the same happening are parts of its area and get that zone added. So a bulletin that cancels one
/// county never withdraws the warning that goes on in the next, and an update is a new revision of the same item.
pub(crate) fn give_identities(segments: &mut [Segment]) {
    let mut heads: HashMap<String, usize> = HashMap::new();
    for (index, segment) in segments.iter().enumerate() {
        let Some(vtec) = &segment.vtec else { continue };
        let head = heads.entry(vtec.event()).or_insert(index);
        if rank(segment) < rank(&segments[*head]) {
            *head = index;
        }
    }
    for (index, segment) in segments.iter_mut().enumerate() {
        let (Some(vtec), Ok(draft)) = (&segment.vtec, &mut segment.draft) else { continue };
        let event = vtec.event();
        draft.stated.event_id = Some(format!("nws:{event}"));
        draft.source_id = match (heads.get(&event) == Some(&index), &segment.zone) {
            (false, Some(zone)) => format!("{event}/{zone}"),
            // Without a zone nothing tells the parts apart: the newest stands for the happening.
            _ => event,
        };
    }
}

fn rank(segment: &Segment) -> (bool, bool, Option<&str>) {
    let ended = segment.vtec.as_ref().is_some_and(|vtec| vtec.withdraws() || vtec.action == "EXP");
    (segment.draft.is_err(), ended, segment.zone.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(vtec: &str, zone: &str) -> Segment {
        Segment {
            entry: zone.to_owned(),
            draft: Ok(Draft::default()),
            vtec: Vtec::find(vtec, 2018),
            zone: Some(zone.to_owned()),
        }
    }

    #[test]
    fn the_happening_is_read_with_its_year() {
        let vtec = Vtec::find("/O.CON.PAFG.HW.W.0011.180816T0000Z-180816T1500Z/", 2020).unwrap();
        assert_eq!(vtec.event(), "PAFG.HW.W.0011.2018");
        let open_ended = "/O.EXT.KLKN.FA.W.0018.000000T0000Z-000000T0000Z/\n/00000.0.SM.000000T0000Z/";
        assert_eq!(Vtec::find(open_ended, 2011).unwrap().event(), "KLKN.FA.W.0018.2011");
        assert_eq!(Vtec::find("no such thing", 2020), None);
        assert_eq!(
            Vtec::find("/T.NEW.KGJT.FF.W.0095.260822T1952Z-260822T2245Z/", 2026),
            None,
            "a test product"
        );
    }

    #[test]
    fn cancelling_a_part_does_not_withdraw_what_goes_on() {
        let mut segments = [
            segment("/O.CAN.KGJT.FF.W.0095.000000T0000Z-260822T2245Z/", "COC001"),
            segment("/O.CON.KGJT.FF.W.0095.000000T0000Z-260822T2245Z/", "COC113"),
        ];
        give_identities(&mut segments);
        let ids: Vec<&str> = segments.iter().map(|s| s.draft.as_ref().unwrap().source_id.as_str()).collect();
        assert_eq!(ids, ["KGJT.FF.W.0095.2026/COC001", "KGJT.FF.W.0095.2026"]);
    }
}
