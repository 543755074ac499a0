//! The known name that is most like an unknown one.

/// Least likeness of a name that is offered as the one meant, from 0 to 1.
const LIKENESS_MIN: f64 = 0.75;

/// The name of `known` that `name` may have been meant to be.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |known: &str| strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase());
    let scored = known.into_iter().map(|known| (likeness(known), known));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= LIKENESS_MIN).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_nonsense_finds_none() {
        let known = ["boundary", "treatment_pct", "profile"];
        assert_eq!(nearest("boundry", known), Some("boundary"));
        assert_eq!(nearest("TREATMENT_PC", known), Some("treatment_pct"));
        assert_eq!(nearest("xyz", known), None);
    }
}
