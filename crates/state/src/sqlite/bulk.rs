//! Many rows in few statements: each statement is a round trip to the connection's thread, so rows go in chunks of a
//! few fixed sizes, whose statements stay prepared.

/// Chunk sizes tried in turn.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// Cuts `rows` into chunks of the fixed sizes.
pub(super) fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
        let (chunk, rest) = rows.split_at(size);
        rows = rest;
        Some(chunk)
    })
}

/// `(?,?),(?,?)`: `rows` times `columns` placeholders.
pub(super) fn placeholders(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row; rows].join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_every_row_once_in_order() {
        for length in [0, 1, 3, 5, 63, 64, 65, 151] {
            let rows: Vec<usize> = (0..length).collect();
            assert_eq!(chunks(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        }
    }

    #[test]
    fn placeholders_have_the_shape_of_values() {
        assert_eq!(placeholders(2, 3), "(?,?,?),(?,?,?)");
    }
}
