//! Many questions at once: who asks twenty finds one answer by chance.

/// Which hypotheses are refuted so that of all those refuted at most the share `fdr` is expected to be
/// wrongly so. Takes natural logarithms of e-values, which may depend on each other in any way and may
/// have been looked at at any time: Wang and Ramdas, "False discovery rate control with e-values"
/// (JRSS B, 2022). What is no number refutes nothing, and helps no other to.
#[must_use]
pub fn e_benjamini_hochberg(log_e: &[f64], fdr: f64) -> Vec<bool> {
    let mut sorted: Vec<f64> = log_e.iter().copied().filter(|log_e| !log_e.is_nan()).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let n = log_e.len() as f64;
    let enough = |rank: usize| (n / (fdr * rank as f64)).ln();
    let n_refuted = (1..=sorted.len()).rev().find(|rank| sorted[rank - 1] >= enough(*rank));
    let limit = n_refuted.map_or(f64::INFINITY, enough);
    log_e.iter().map(|log_e| *log_e >= limit).collect()
}

/// Which hypotheses are refuted so that the chance of even one being wrongly so is at most `alpha`.
/// Takes p-values of tests whose size was fixed beforehand: Holm, "A simple sequentially rejective
/// multiple test procedure" (Scandinavian Journal of Statistics, 1979).
#[must_use]
pub fn holm(p_values: &[f64], alpha: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut refuted = vec![false; p_values.len()];
    for (rank, &at) in order.iter().enumerate() {
        let n_left = (p_values.len() - rank) as f64;
        // A p-value that is no number refutes nothing, nor does any that is greater.
        if p_values[at] <= alpha / n_left {
            refuted[at] = true;
        } else {
            break;
        }
    }
    refuted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(refuted: &[bool]) -> String {
        refuted.iter().map(|refuted| if *refuted { '!' } else { '.' }).collect()
    }

    #[test]
    fn e_values_must_rise_with_the_number_of_questions() {
        let check = |e: &[f64], expect: &str| {
            let log_e: Vec<f64> = e.iter().map(|e| e.ln()).collect();
            assert_eq!(told(&e_benjamini_hochberg(&log_e, 0.1)), expect, "{e:?}");
        };
        check(&[10.1], "!");
        check(&[9.9], ".");
        check(&[10.1, 1.0, 1.0], "...");
        check(&[30.1, 1.0, 1.0], "!..");
        check(&[15.1, 1.0, 15.1], "!.!");
        check(&[10.1, 10.1, 10.1], "!!!");
        check(&[], "");
        // Were it counted as the greatest of three, two of 15 would be enough.
        check(&[f64::NAN, 15.1, 1.0], "...");
        check(&[f64::NAN, 10.1, 15.1], "...");
    }

    #[test]
    fn holm_stops_at_the_first_that_stands() {
        let check = |p: &[f64], expect: &str| assert_eq!(told(&holm(p, 0.05)), expect, "{p:?}");
        check(&[0.01, 0.04, 0.03], "!..");
        check(&[0.01, 0.02, 0.04], "!!!");
        // Six questions: a p-value of 0.028 says nothing.
        check(&[0.028, 0.5, 0.5, 0.5, 0.5, 0.5], "......");
        check(&[f64::NAN, 0.01], ".!");
    }
}
