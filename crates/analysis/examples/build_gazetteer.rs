//! Packs the tables of `xtask/gazetteer/prepare.py` into the files that the crate embeds.
//!
//! `cargo run --release -p crisislens-analysis --example build_gazetteer -- target/gazetteer`
//! The layout is described in `src/place/gazetteer.rs`. Equal tables give equal bytes.

use std::collections::BTreeMap;
use std::path::Path;

use crisislens_analysis::gazetteer_key;

const NO_ADMIN: u32 = u32::MAX;

struct Row {
    kind: u8,
    country: [u8; 2],
    admin: String,
    name: String,
    lat: f32,
    lon: f32,
    population: u32,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let from = std::env::args().nth(1).unwrap_or_else(|| "target/gazetteer".to_owned());
    let into = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/gazetteer");
    std::fs::create_dir_all(&into)?;

    let rows = read_places(&Path::new(&from).join("places.tsv"))?;
    // Sorted by latitude, so that the nearest town is found in a band.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|a, b| rows[*a].lat.total_cmp(&rows[*b].lat).then(a.cmp(b)));
    let mut id_of = vec![0_u32; rows.len()];
    for (id, row) in order.iter().enumerate() {
        id_of[*row] = u32::try_from(id)?;
    }
    std::fs::write(into.join("places.bin"), pack_places(&rows, &order, &id_of)?)?;

    let mut names = read_names(&Path::new(&from).join("names.tsv"), &id_of)?;
    for (row, place) in rows.iter().enumerate().filter(|(_, place)| place.kind == 2) {
        let code = String::from_utf8(place.country.to_vec())?.to_lowercase();
        names.entry(format!("\u{2}{code}")).or_default().push((id_of[row], 0));
    }
    let (fst, lists) = pack_names(&rows, &order, names)?;
    println!("places {}, names.fst {} bytes, lists.bin {} bytes", rows.len(), fst.len(), lists.len());
    std::fs::write(into.join("names.fst"), fst)?;
    std::fs::write(into.join("lists.bin"), lists)?;
    Ok(())
}

fn read_places(path: &Path) -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    let mut rows = Vec::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [kind, country, admin, name, lat, lon, population] = fields[..] else {
            return Err(format!("{}: `{line}` has not seven fields", path.display()).into());
        };
        rows.push(Row {
            kind: match kind {
                "city" => 0,
                "admin1" => 1,
                _ => 2,
            },
            country: country.as_bytes().try_into()?,
            admin: admin.to_owned(),
            name: name.to_owned(),
            lat: lat.parse()?,
            lon: lon.parse()?,
            population: population.parse::<u64>()?.try_into().unwrap_or(u32::MAX),
        });
    }
    Ok(rows)
}

fn pack_places(rows: &[Row], order: &[usize], id_of: &[u32]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let admins: BTreeMap<&str, u32> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.kind == 1)
        .map(|(index, row)| (row.admin.as_str(), id_of[index]))
        .collect();
    let mut table = u32::try_from(rows.len())?.to_le_bytes().to_vec();
    let mut names: Vec<u8> = Vec::new();
    for index in order {
        let row = &rows[*index];
        let mut cut = row.name.len().min(255);
        while !row.name.is_char_boundary(cut) {
            cut -= 1;
        }
        let name = &row.name[..cut];
        table.extend(row.lat.to_le_bytes());
        table.extend(row.lon.to_le_bytes());
        table.extend(row.population.to_le_bytes());
        table.extend(u32::try_from(names.len())?.to_le_bytes());
        table.extend(admins.get(row.admin.as_str()).copied().unwrap_or(NO_ADMIN).to_le_bytes());
        table.extend(row.country);
        table.push(row.kind);
        table.push(u8::try_from(name.len())?);
        names.extend(name.as_bytes());
    }
    table.extend(names);
    Ok(table)
}

type Names = BTreeMap<String, Vec<(u32, u8)>>;

fn read_names(path: &Path, id_of: &[u32]) -> Result<Names, Box<dyn std::error::Error>> {
    let mut names = Names::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let mut fields = line.split('\t');
        let (Some(name), Some(row), Some(flags)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(format!("{}: `{line}` has not three fields", path.display()).into());
        };
        let key = gazetteer_key(name);
        if key.chars().count() >= 2 {
            names.entry(key).or_default().push((id_of[row.parse::<usize>()?], flags.parse()?));
        }
    }
    Ok(names)
}

/// The map and the lists of names with more than one place.
fn pack_names(
    rows: &[Row],
    order: &[usize],
    names: Names,
) -> Result<(Vec<u8>, Vec<u8>), Box<dyn std::error::Error>> {
    let mut map = fst::MapBuilder::memory();
    let mut lists: Vec<u8> = Vec::new();
    for (name, mut entries) in names {
        // A main name before an alternate of the same place; then one entry a place, most people first.
        entries.sort();
        entries.dedup_by_key(|(place, _)| *place);
        entries.sort_by_key(|(place, flags)| {
            let row = &rows[order[*place as usize]];
            (std::cmp::Reverse((row.kind, row.population)), *flags)
        });
        entries.truncate(24);
        let packed: Vec<u32> =
            entries.iter().map(|(place, flags)| (place << 8) | u32::from(*flags)).collect();
        let value = if let [one] = packed[..] {
            (u64::from(one) << 1) | 1
        } else {
            let at = lists.len() as u64;
            lists.extend(u32::try_from(packed.len())?.to_le_bytes());
            packed.iter().for_each(|entry| lists.extend(entry.to_le_bytes()));
            at << 1
        };
        map.insert(name, value)?;
    }
    Ok((map.into_inner()?, lists))
}
